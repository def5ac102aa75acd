// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/qmp_input.h"

#include "device/input_queue.h"
#include "device/scancode.h"
#include "server/log.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

/* A PS/2 keyboard holds 16 bytes and forgets what comes on top; firmware reads
 * it some 50 times a second. So many ms between two keys, as QEMU's own VNC
 * server has it (key-delay-ms). */
#define KEY_PACE_MS 10
#define MAX_EVENTS_PER_COMMAND INPUT_QUEUE_MAX_REPORT

struct qmp_input {
    uv_loop_t *loop;
    struct qmp *qmp;
    struct input_queue queue;
    uv_timer_t pace;
    bool sending; /* a command has no reply yet */
    bool closing;
    void (*done)(void *user);
    void *user;
    struct log_limit log_limit;
};

static const struct {
    uint16_t code;
    const char *name;
} buttons[] = {
    { BTN_LEFT, "left" },  { BTN_MIDDLE, "middle" }, { BTN_RIGHT, "right" },
    { BTN_SIDE, "side" },  { BTN_EXTRA, "extra" },
};

static json_t *button_event(const char *button, bool down)
{
    return json_pack("{s:s, s:{s:b, s:s}}", "type", "btn", "data", "down", down, "button",
                     button);
}

static json_t *axis_event(const char *type, const char *axis, int32_t value)
{
    return json_pack("{s:s, s:{s:s, s:i}}", "type", type, "data", "axis", axis, "value", value);
}

static void append_key(json_t *list, const struct input_event_value *event)
{
    for (size_t i = 0; i < sizeof buttons / sizeof buttons[0]; i++)
        if (buttons[i].code == event->code) {
            json_array_append_new(list, button_event(buttons[i].name, event->value));
            return;
        }
    uint32_t scancode = scancode_from_evdev(event->code);
    if (scancode != 0)
        json_array_append_new(
            list, json_pack("{s:s, s:{s:b, s:{s:s, s:i}}}", "type", "key", "data", "down",
                            event->value, "key", "type", "number", "data", (int)scancode));
}

/* QEMU's wheel is a button that goes down and up for each step. */
static void append_wheel(json_t *list, const char *plus, const char *minus, int32_t steps)
{
    const char *button = steps > 0 ? plus : minus;
    for (int32_t i = 0; i < abs(steps) && i < 8; i++) {
        json_array_append_new(list, button_event(button, true));
        json_array_append_new(list, button_event(button, false));
    }
}

static void append_event(json_t *list, const struct input_event_value *event)
{
    if (event->type == EV_KEY)
        append_key(list, event);
    else if (event->type == EV_ABS)
        json_array_append_new(list, axis_event("abs", event->code == ABS_X ? "x" : "y",
                                               event->value));
    else if (event->type == EV_REL && event->code == REL_WHEEL)
        append_wheel(list, "wheel-up", "wheel-down", event->value);
    else if (event->type == EV_REL && event->code == REL_HWHEEL)
        append_wheel(list, "wheel-right", "wheel-left", event->value);
    else if (event->type == EV_REL && (event->code == REL_X || event->code == REL_Y))
        json_array_append_new(list, axis_event("rel", event->code == REL_X ? "x" : "y",
                                               event->value));
}

/* Takes one report off the queue. *keyboard: it has a key of a keyboard. */
static json_t *take_report(struct qmp_input *input, bool *keyboard)
{
    json_t *list = json_array();
    *keyboard = false;
    const struct input_event_value *event;
    while ((event = input_queue_first(&input->queue)) != NULL) {
        bool end = event->type == EV_SYN;
        if (event->type == EV_KEY && event->code < BTN_MISC)
            *keyboard = true;
        append_event(list, event);
        input_queue_drop_first(&input->queue);
        if (end)
            break;
    }
    return list;
}

static void send_next(struct qmp_input *input);

static void handle_pace(uv_timer_t *timer)
{
    send_next(timer->data);
}

static void handle_sent(struct qmp_input *input, const char *error)
{
    input->sending = false;
    if (error)
        log_warning_limited(&input->log_limit, "qmp", "the VMM took no input: %s", error);
    /* The pace of keys is kept by the timer. */
    if (!uv_is_active((uv_handle_t *)&input->pace))
        send_next(input);
}

static void handle_reply(void *user, const json_t *result, const char *error)
{
    (void)result;
    handle_sent(user, error);
}

static void send_next(struct qmp_input *input)
{
    while (!input->sending && !input->closing && input_queue_first(&input->queue)) {
        bool keyboard;
        json_t *list = take_report(input, &keyboard);
        if (json_array_size(list) == 0) {
            json_decref(list);
            continue;
        }
        int error = qmp_execute(input->qmp, "input-send-event",
                                json_pack("{s:o}", "events", list), handle_reply, input);
        if (error < 0) {
            qmp_input_clear(input);
            return;
        }
        input->sending = true;
        if (keyboard)
            uv_timer_start(&input->pace, handle_pace, KEY_PACE_MS, 0);
    }
}

struct qmp_input *qmp_input_create(uv_loop_t *loop, struct qmp *qmp)
{
    struct qmp_input *input = calloc(1, sizeof *input);
    if (!input)
        return NULL;
    input->loop = loop;
    input->qmp = qmp;
    uv_timer_init(loop, &input->pace);
    input->pace.data = input;
    input_queue_clear(&input->queue);
    return input;
}

/* The pace of keys is kept by the timer. */
static void send_unless_paced(struct qmp_input *input)
{
    if (!uv_is_active((uv_handle_t *)&input->pace))
        send_next(input);
}

int qmp_input_report(struct qmp_input *input, const struct input_event_value *events, size_t n)
{
    if (!input_queue_add(&input->queue, events, n))
        return -ENOBUFS;
    send_unless_paced(input);
    return 0;
}

void qmp_input_release(struct qmp_input *input, uint16_t first, uint16_t last)
{
    input_queue_release(&input->queue, first, last);
    send_unless_paced(input);
}

void qmp_input_clear(struct qmp_input *input)
{
    input_queue_clear(&input->queue);
    uv_timer_stop(&input->pace);
}

static void handle_closed(uv_handle_t *handle)
{
    struct qmp_input *input = handle->data;
    void (*done)(void *user) = input->done;
    void *user = input->user;
    free(input);
    if (done)
        done(user);
}

void qmp_input_destroy(struct qmp_input *input, void (*done)(void *user), void *user)
{
    input->closing = true;
    input->done = done;
    input->user = user;
    uv_close((uv_handle_t *)&input->pace, handle_closed);
}
