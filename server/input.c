// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/input.h"

#include "device/input_queue.h"
#include "device/vhost_user.h"
#include "device/virtio_input.h"
#include "server/log.h"
#include "server/qmp.h"
#include "server/qmp_input.h"
#include "server/typist.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct input {
    struct input_config config;
    struct seat *seat;
    struct virtio_input *devices[INPUT_DEVICES]; /* NULL where there is no socket */
    struct vhost_user *transports[INPUT_DEVICES];
    uv_timer_t turns[INPUT_DEVICES];
    struct qmp *qmp; /* NULL: not configured */
    struct qmp_input *qmp_input;
    struct typist *typist; /* NULL: paste is off */
    struct input_state state;
    struct log_limit log_limit;
    unsigned closing; /* parts that have not ended yet */
    void (*done)(void *user);
    void *user;
};

static const enum virtio_input_kind kinds[INPUT_DEVICES] = {
    [SEAT_KEYBOARD] = VIRTIO_INPUT_KEYBOARD,
    [SEAT_TABLET] = VIRTIO_INPUT_TABLET,
    [SEAT_MOUSE] = VIRTIO_INPUT_MOUSE,
};

static const char *const names[INPUT_DEVICES] = { "keyboard", "tablet", "mouse" };

enum route { ROUTE_NONE, ROUTE_VIRTIO, ROUTE_QMP };

/* A driver that runs comes first. Without one the firmware's devices are the
 * ones that the guest looks at, unless it stands still: then what is typed
 * waits for the driver that it had. */
static enum route find_route(const struct input *input, enum seat_device device)
{
    const struct virtio_input *virtio = input->devices[device];
    if (virtio && virtio_input_active(virtio))
        return ROUTE_VIRTIO;
    if (input->qmp && qmp_guest_runs(input->qmp))
        return ROUTE_QMP;
    return virtio && virtio_input_has_driver(virtio) ? ROUTE_VIRTIO : ROUTE_NONE;
}

const char *input_route(const struct input *input, enum seat_device device)
{
    static const char *const texts[] = { "none", "virtio", "qmp" };
    return texts[find_route(input, device)];
}

static void set_state(struct input *input, struct input_state state)
{
    if (state.leds == input->state.leds && state.relative == input->state.relative)
        return;
    input->state = state;
    input->config.changed(input->config.user);
}

static bool is_active(const struct input *input, enum seat_device device)
{
    return input->devices[device] && virtio_input_active(input->devices[device]);
}

/* A guest that drives only the mouse wants ways; one that drives neither, for
 * it stands still or boots, says nothing. Asked before each event of a pointer:
 * a driver that goes is seen by nothing else than its ring that stands while
 * others run, and rings stop and start one by one. */
static void choose_pointer_kind(struct input *input)
{
    bool tablet = is_active(input, SEAT_TABLET), mouse = is_active(input, SEAT_MOUSE);
    if (tablet || mouse)
        set_state(input, (struct input_state){ input->state.leds, !tablet });
}

static void handle_report(void *user, enum seat_device device,
                          const struct input_event_value *events, size_t n)
{
    struct input *input = user;
    if (device != SEAT_KEYBOARD)
        choose_pointer_kind(input);
    switch (find_route(input, device)) {
    case ROUTE_VIRTIO:
        virtio_input_report(input->devices[device], events, n);
        break;
    case ROUTE_QMP:
        if (qmp_input_report(input->qmp_input, events, n) < 0)
            log_warning_limited(&input->log_limit, "input",
                                "the VMM takes input too slowly, some is dropped");
        break;
    default:
        log_warning_limited(&input->log_limit, "input",
                            "the guest has no driver for the %s, its events are dropped",
                            names[device]);
        break;
    }
}

static const struct seat_ops seat_ops = { handle_report };

static void handle_leds(void *user, uint32_t leds)
{
    struct input *input = user;
    seat_set_leds(input->seat, leds);
    set_state(input, (struct input_state){ leds, input->state.relative });
}

/* A driver has come: what was pressed by way of QMP is not released there by
 * anybody else. */
static void leave_qmp(struct input *input, enum seat_device device)
{
    if (!input->qmp_input || !virtio_input_has_driver(input->devices[device]))
        return;
    if (device == SEAT_KEYBOARD)
        qmp_input_release(input->qmp_input, 1, BTN_MISC - 1);
    else
        qmp_input_release(input->qmp_input, BTN_MISC, INPUT_QUEUE_KEYS - 1);
}

static void handle_driver_changed(void *user, struct virtio_input *changed)
{
    struct input *input = user;
    for (unsigned i = 0; i < INPUT_DEVICES; i++) {
        if (input->devices[i] != changed)
            continue;
        log_debug("input", "the guest's %s driver %s", names[i],
                  virtio_input_has_driver(changed) ? "runs" : "is gone");
        leave_qmp(input, (enum seat_device)i);
        seat_device_restarted(input->seat, (enum seat_device)i);
    }
    choose_pointer_kind(input);
}

static void handle_turn_end(uv_timer_t *timer)
{
    struct input *input = timer->data;
    virtio_input_next_turn(input->devices[timer - input->turns]);
}

static void handle_turn(void *user, struct virtio_input *device, unsigned ms)
{
    struct input *input = user;
    for (unsigned i = 0; i < INPUT_DEVICES; i++)
        if (input->devices[i] == device)
            uv_timer_start(&input->turns[i], handle_turn_end, ms, 0);
}

static const struct virtio_input_listener device_listener = { handle_leds, handle_driver_changed,
                                                              handle_turn };

static void handle_transport_connected(void *user, bool connected)
{
    (void)user;
    (void)connected;
}

static void handle_transport_ended(void *user)
{
    (void)user;
}

static const struct vhost_user_listener transport_listener = { handle_transport_connected,
                                                               handle_transport_ended };

static void handle_qmp_ready(void *user, bool ready)
{
    struct input *input = user;
    if (!ready)
        qmp_input_clear(input->qmp_input);
}

static const struct qmp_listener qmp_listener = { handle_qmp_ready };

static void start_timers(struct input *input, uv_loop_t *loop)
{
    for (unsigned i = 0; i < INPUT_DEVICES; i++) {
        uv_timer_init(loop, &input->turns[i]);
        input->turns[i].data = input;
    }
}

static int open_device(struct input *input, uv_loop_t *loop, enum seat_device device)
{
    int fd = input->config.fds[device];
    if (fd < 0)
        return 0;
    input->config.fds[device] = -1;
    char serial[64];
    snprintf(serial, sizeof serial, "%s-%s",
             input->config.serial ? input->config.serial : "oriel", names[device]);
    input->devices[device] =
        virtio_input_create(kinds[device], serial, &device_listener, input);
    if (!input->devices[device]) {
        close(fd);
        return -errno;
    }
    input->transports[device] =
        vhost_user_create(loop, virtio_input_device(input->devices[device]), fd,
                          &transport_listener, input);
    return input->transports[device] ? 0 : -errno;
}

static int open_qmp(struct input *input, uv_loop_t *loop)
{
    if (!input->config.qmp)
        return 0;
    input->qmp = qmp_create(loop, input->config.qmp, &qmp_listener, input);
    if (!input->qmp)
        return -errno;
    input->qmp_input = qmp_input_create(loop, input->qmp);
    return input->qmp_input ? 0 : -ENOMEM;
}

static int open_parts(struct input *input, uv_loop_t *loop)
{
    input->seat = seat_create(&input->config.keyboard, input->config.heads,
                              input->config.nheads, &seat_ops, input);
    if (!input->seat)
        return -errno;
    if (input->config.paste) {
        input->typist = typist_create(loop, input->seat);
        if (!input->typist)
            return -errno;
    }
    int error = open_qmp(input, loop);
    for (unsigned i = 0; i < INPUT_DEVICES && error == 0; i++)
        error = open_device(input, loop, (enum seat_device)i);
    return error;
}

struct input *input_create(uv_loop_t *loop, const struct input_config *config)
{
    struct input *input = calloc(1, sizeof *input);
    int error = -ENOMEM;
    if (input) {
        input->config = *config;
        start_timers(input, loop);
        error = open_parts(input, loop);
        if (error == 0)
            return input;
        input_destroy(input, NULL, NULL);
    } else {
        for (unsigned i = 0; i < INPUT_DEVICES; i++)
            if (config->fds[i] >= 0)
                close(config->fds[i]);
    }
    errno = -error;
    return NULL;
}

struct seat *input_seat(struct input *input)
{
    return input->seat;
}

struct input_state input_state(const struct input *input)
{
    return input->state;
}

void input_vmm_connected(struct input *input, bool connected)
{
    if (input->qmp)
        qmp_vmm_connected(input->qmp, connected);
}

int input_paste(struct input *input, const char *text, size_t size)
{
    return input->typist ? typist_type(input->typist, text, size) : -EPERM;
}

static void handle_part_done(void *user)
{
    struct input *input = user;
    if (--input->closing > 0)
        return;
    for (unsigned i = 0; i < INPUT_DEVICES; i++)
        virtio_input_destroy(input->devices[i]);
    seat_destroy(input->seat);
    void (*done)(void *user) = input->done;
    void *done_user = input->user;
    free(input);
    if (done)
        done(done_user);
}

static void handle_timer_closed(uv_handle_t *handle)
{
    handle_part_done(handle->data);
}

void input_destroy(struct input *input, void (*done)(void *user), void *user)
{
    input->done = done;
    input->user = user;
    /* One for ourselves, so that the end comes after the last line here. */
    input->closing = 1;
    if (input->typist) {
        input->closing++;
        typist_destroy(input->typist, handle_part_done, input);
        input->typist = NULL;
    }
    for (unsigned i = 0; i < INPUT_DEVICES; i++) {
        input->closing++;
        uv_close((uv_handle_t *)&input->turns[i], handle_timer_closed);
        if (input->config.fds[i] >= 0)
            close(input->config.fds[i]);
        if (!input->transports[i])
            continue;
        input->closing++;
        vhost_user_destroy(input->transports[i], handle_part_done, input);
        input->transports[i] = NULL;
    }
    /* QMP gives its replies back at once, while the input that waits for them
     * is still there. */
    if (input->qmp_input) {
        input->closing++;
        qmp_input_destroy(input->qmp_input, handle_part_done, input);
    }
    if (input->qmp) {
        input->closing++;
        qmp_destroy(input->qmp, handle_part_done, input);
    }
    handle_part_done(input);
}
