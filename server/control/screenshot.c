// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/screenshot.h"
#include "device/head.h"
#include "encoders/png.h"
#include "server/control/control.h"
#include "server/core.h"
#include "server/jobs.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

/* Screens compress well; the last percents would take most of the time. */
#define PNG_LEVEL 3

struct screenshot {
    struct control_request *request;
    struct screenshots *all;
    struct screenshot *next; /* in the list of the waiting */
    struct head *head;
    struct head_output output;
    bool active, subscribed, cancelled, busy;
    int error; /* negative errno */

    uv_timer_t timer; /* one-shot, 0 ms: after the head's callback */
    struct job job;
    struct canvas *canvas;  /* that the head has */
    struct canvas *copying; /* that the job copies */
    uint64_t sequence;
    bool torn;

    uint32_t width, height;
    size_t stride;
    uint8_t *pixels;
    char *base64;
    size_t base64_size;
};

static void begin(struct screenshot *shot);

static void unsubscribe(struct screenshot *shot)
{
    if (shot->subscribed)
        head_output_remove(&shot->output);
    shot->subscribed = false;
    canvas_unref(shot->canvas);
    shot->canvas = NULL;
}

static void reply(struct screenshot *shot)
{
    if (shot->error < 0) {
        control_reply_error(shot->request, "the screenshot failed: %s", strerror(-shot->error));
        return;
    }
    json_t *fields = json_pack("{s:i, s:i, s:i, s:s}", "head", (int)shot->head->id, "width",
                               (int)shot->width, "height", (int)shot->height, "format", "png");
    control_reply_large(shot->request, fields, "png", shot->base64, shot->base64_size);
    shot->base64 = NULL;
}

static void start_waiting(struct screenshots *all)
{
    struct screenshot *shot = all->waiting;
    if (shot == NULL || all->active >= SCREENSHOTS_AT_ONCE)
        return;
    all->waiting = shot->next;
    begin(shot);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct screenshot *shot = handle->data;
    struct screenshots *all = shot->all;
    if (shot->active) {
        all->active--;
        start_waiting(all);
    }
    /* The reply may be the last thing that `all` waited for. */
    reply(shot);
    free(shot->pixels);
    free(shot->base64);
    free(shot);
}

/* Answers and frees, in a later turn of the loop. No job may run. */
static void finish(struct screenshot *shot)
{
    unsubscribe(shot);
    uv_close((uv_handle_t *)&shot->timer, on_timer_closed);
}

static void fail(struct screenshot *shot, int error)
{
    shot->error = error;
    finish(shot);
}

/* ---- The second job: PNG and base64 ---- */

static void encode_work(struct job *job)
{
    struct screenshot *shot = (struct screenshot *)((char *)job - offsetof(struct screenshot, job));
    uint8_t *png = NULL;
    size_t size = 0;
    shot->error =
        png_encode(shot->pixels, shot->width, shot->height, shot->stride, PNG_LEVEL, &png, &size);
    if (shot->error != 0)
        return;
    shot->base64_size = BASE64_ENCODE_RAW_LENGTH(size);
    shot->base64 = malloc(shot->base64_size);
    if (shot->base64 == NULL)
        shot->error = -ENOMEM;
    else
        base64_encode_raw(shot->base64, size, png);
    free(png);
}

static void encode_done(struct job *job)
{
    struct screenshot *shot = (struct screenshot *)((char *)job - offsetof(struct screenshot, job));
    if (shot->error == 0 && shot->cancelled)
        shot->error = -ECANCELED;
    finish(shot);
}

/* ---- The first job: the copy ---- */

static void copy_work(struct job *job)
{
    struct screenshot *shot = (struct screenshot *)((char *)job - offsetof(struct screenshot, job));
    const struct canvas *canvas = shot->copying;
    memcpy(shot->pixels, canvas->pixels, shot->stride * shot->height);
    shot->torn = canvas_sequence_after_copy(canvas->header) != shot->sequence;
}

static void copy_done(struct job *job)
{
    struct screenshot *shot = (struct screenshot *)((char *)job - offsetof(struct screenshot, job));
    canvas_unref(shot->copying);
    shot->copying = NULL;
    shot->busy = false;
    if (shot->cancelled) {
        fail(shot, -ECANCELED);
        return;
    }
    /* Fails when the head has another canvas by now; a whole copy of the old
     * one is as good. */
    head_output_taken(&shot->output, shot->sequence);
    if (shot->torn) {
        free(shot->pixels);
        shot->pixels = NULL;
        head_output_credit(&shot->output, 1);
        return;
    }
    unsubscribe(shot);
    shot->busy = true;
    shot->job = (struct job){.work = encode_work, .done = encode_done};
    job_submit(control_loop(shot->request->control), &shot->job);
}

/* ---- What the head says ---- */

static void on_timer(uv_timer_t *timer)
{
    struct screenshot *shot = timer->data;
    if (shot->error != 0)
        finish(shot);
    else if (!shot->busy)
        head_output_credit(&shot->output, 1);
}

/* The head wants its answer after this call has returned. */
static int on_canvas(struct head_output *output, struct canvas *canvas)
{
    struct screenshot *shot = output->user;
    canvas_unref(shot->canvas);
    shot->canvas = canvas_ref(canvas);
    uv_timer_start(&shot->timer, on_timer, 0, 0);
    return 0;
}

static int on_frame(struct head_output *output, uint64_t sequence, const pixman_region32_t *damage,
                    const struct damage_move *move, bool whole)
{
    struct screenshot *shot = output->user;
    struct canvas *canvas = shot->canvas;
    (void)damage;
    (void)move;
    (void)whole; /* the first frame of a subscriber always is */
    shot->width = canvas->width;
    shot->height = canvas->height;
    shot->stride = canvas->stride;
    shot->pixels = malloc(shot->stride * shot->height);
    if (shot->pixels == NULL) {
        shot->error = -ENOMEM;
        uv_timer_start(&shot->timer, on_timer, 0, 0);
        return 0;
    }
    shot->sequence = sequence;
    shot->copying = canvas_ref(canvas);
    shot->busy = true;
    shot->job = (struct job){.work = copy_work, .done = copy_done};
    job_submit(control_loop(shot->request->control), &shot->job);
    return 0;
}

static void on_cursor(struct head_output *output, const struct head_cursor *cursor, bool image)
{
    (void)output;
    (void)cursor;
    (void)image;
}

static const struct head_output_ops ops = {
    .canvas = on_canvas,
    .frame = on_frame,
    .cursor = on_cursor,
};

/* ---- The request ---- */

static void on_cancel(struct control_request *request)
{
    struct screenshot *shot = request->state;
    shot->cancelled = true;
    if (shot->busy || uv_is_closing((uv_handle_t *)&shot->timer))
        return; /* it ends with its job, or ends now */
    for (struct screenshot **at = &shot->all->waiting; *at != NULL; at = &(*at)->next)
        if (*at == shot) {
            *at = shot->next;
            break;
        }
    fail(shot, -ECANCELED);
}

static void begin(struct screenshot *shot)
{
    shot->active = true;
    shot->all->active++;
    shot->output = (struct head_output){.ops = &ops, .user = shot};
    shot->subscribed = true;
    head_output_add(shot->head, &shot->output);
}

void screenshot_handle(struct control_request *request)
{
    struct core *core = control_core(request->control);
    json_int_t head = json_integer_value(json_object_get(request->message, "head"));
    if (head < 0 || head >= core->nheads) {
        control_reply_error(request, "there is no head %lld; there are %u", (long long)head,
                            core->nheads);
        return;
    }
    struct screenshot *shot = calloc(1, sizeof(*shot));
    if (shot == NULL) {
        control_reply_error(request, "out of memory");
        return;
    }
    shot->request = request;
    shot->all = control_screenshots(request->control);
    shot->head = &core->heads[head];
    uv_timer_init(control_loop(request->control), &shot->timer);
    shot->timer.data = shot;
    request->state = shot;
    request->cancel = on_cancel;
    struct screenshot **at = &shot->all->waiting;
    while (*at != NULL)
        at = &(*at)->next;
    *at = shot;
    start_waiting(shot->all);
}
