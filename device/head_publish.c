// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/head_publish.h"

#include "encoders/damage.h"
#include "server/log.h"
#include "server/trace.h"

#include <stdlib.h>

/* A comparison of fewer pixels than this is done on the loop at once: it takes
 * less time than to hand it to another thread and back. */
#define INLINE_PIXELS (64 * 1024)

/* Everything here is lent to the job, or belongs to it. */
struct publish_job {
    struct job job;
    struct head *head;
    struct canvas *canvas;
    struct picture *picture;
    struct damage_source source;
    pixman_region32_t region, damage;
    struct damage_move move; /* width 0: none was found */
    bool look_for_moves;
    bool abandoned; /* loop only: the head has another canvas by now */
};

static uint64_t region_pixels(const pixman_region32_t *region)
{
    int n;
    const pixman_box32_t *boxes = pixman_region32_rectangles((pixman_region32_t *)region, &n);
    uint64_t pixels = 0;
    for (int i = 0; i < n; i++)
        pixels += (uint64_t)(boxes[i].x2 - boxes[i].x1) * (uint64_t)(boxes[i].y2 - boxes[i].y1);
    return pixels;
}

static void run_publish(struct job *job)
{
    struct publish_job *publish = (struct publish_job *)job;
    struct canvas *canvas = publish->canvas;
    /* A canvas that was never shown has nothing that viewers could move. */
    if (publish->look_for_moves &&
        moves_find(canvas->pixels, canvas->stride, &publish->source,
                   pixman_region32_extents(&publish->region), &publish->move))
        moves_apply(canvas->pixels, canvas->stride, &publish->move);
    /* Without memory for its lists the function copies and reports all. */
    damage_publish(canvas->pixels, canvas->stride, &publish->source, &publish->region,
                   &publish->damage);
}

static void finish_publish(struct publish_job *publish)
{
    struct head *head = publish->head;
    struct picture *picture = publish->picture;
    head->publishing = NULL;
    picture->lent--;
    if (!publish->abandoned) {
        head->canvas_valid = true;
        head->frames_published++;
        trace(head_publish, "head=%u sequence=%llu damage_rects=%d pixels=%llu moves=%d", head->id,
              (unsigned long long)head->sequence, pixman_region32_n_rects(&publish->damage),
              (unsigned long long)region_pixels(&publish->damage), publish->move.width > 0);
        head->pixels_changed += region_pixels(&publish->damage);
        head->moves_found += publish->move.width > 0;
        head_outputs_damage(head, publish->move.width > 0 ? &publish->move : NULL,
                            &publish->damage);
    }
    pixman_region32_fini(&publish->region);
    pixman_region32_fini(&publish->damage);
    canvas_unref(publish->canvas);
    free(publish);
    picture_unref(picture);
    head_outputs_serve(head);
}

static void handle_publish_done(struct job *job)
{
    struct publish_job *publish = (struct publish_job *)job;
    struct head *head = publish->head;
    struct picture *picture = picture_ref(publish->picture);
    finish_publish(publish);
    if (head->closing)
        head_close_continue(head);
    else
        head_publish(head);
    /* Only now: whoever waited may write into the picture, or free us. */
    if (head->picture_returned)
        head->picture_returned(head, picture);
    picture_unref(picture);
}

static struct publish_job *prepare_publish(struct head *head)
{
    struct publish_job *publish = calloc(1, sizeof *publish);
    if (!publish)
        return NULL;
    struct picture *picture = head->source;
    *publish = (struct publish_job){
        .job = { .work = run_publish, .done = handle_publish_done },
        .head = head,
        .canvas = canvas_ref(head->canvas),
        .picture = picture_ref(picture),
        .source = { .pixels = picture->pixels + head->source_y * picture->stride +
                              (size_t)head->source_x * 4,
                    .stride = picture->stride,
                    .format = picture->format },
    };
    pixman_region32_init(&publish->damage);
    pixman_region32_init(&publish->region);
    pixman_region32_intersect_rect(&publish->region, &head->flushed, 0, 0, head->canvas->width,
                                   head->canvas->height);
    pixman_region32_clear(&head->flushed);
    /* Of several rectangles the space between them was not flushed. */
    publish->look_for_moves =
        head->canvas_valid && pixman_region32_n_rects(&publish->region) == 1;
    picture->lent++;
    head->publishing = publish;
    return publish;
}

static void start_publish(struct head *head)
{
    struct publish_job *publish = prepare_publish(head);
    if (!publish) {
        /* The region stays pending; the next flush tries again. */
        log_error("head", "head %u: out of memory", head->id);
        return;
    }
    canvas_sequence_before_write(head->canvas->header, ++head->sequence);
    if (region_pixels(&publish->region) > INLINE_PIXELS) {
        job_submit(head->loop, &publish->job);
        return;
    }
    run_publish(&publish->job);
    finish_publish(publish);
}

static void handle_pace_timer(uv_timer_t *timer)
{
    head_publish(timer->data);
}

static void publish_in(struct head *head, uint64_t ms)
{
    uv_timer_start(&head->pace_timer, handle_pace_timer, ms, 0);
}

/* The guest is in the middle of a frame: it wrote to what is shown, or shows
 * something new, and has not flushed since. */
static bool frame_is_unfinished(const struct head *head)
{
    return head->source->unflushed || head->scanout_changed_unflushed;
}

/* Waits for the rest of an unfinished frame, within limits. */
static bool wait_for_frame(struct head *head)
{
    uint64_t now = uv_now(head->loop);
    if (!frame_is_unfinished(head)) {
        head->wait_until_ms = 0;
        return false;
    }
    if (head->wait_until_ms == 0)
        head->wait_until_ms = now + HEAD_UNFINISHED_MS;
    if (now >= head->wait_until_ms)
        return false;
    publish_in(head, head->wait_until_ms - now);
    return true;
}

static uint64_t pace_interval_ns(const struct head *head)
{
    return 1000000000u / head->config.max_fps;
}

static bool wait_for_pace(struct head *head)
{
    uint64_t now = uv_hrtime();
    if (now >= head->due_ns)
        return false;
    publish_in(head, (head->due_ns - now + 999999) / 1000000);
    return true;
}

/* Keeps to the head's rate over time: timers count whole milliseconds, so the
 * due times advance by the exact interval instead of from the last publish. */
static void advance_pace(struct head *head)
{
    uint64_t now = uv_hrtime(), interval = pace_interval_ns(head);
    head->due_ns = (now - head->due_ns < interval ? head->due_ns : now) + interval;
}

void head_publish(struct head *head)
{
    if (head->closing || head->publishing || !head->outputs || !head->source ||
        head->source->writing || !pixman_region32_not_empty(&head->flushed))
        return;
    if (!head_outputs_ready(head))
        return;
    uint64_t wait_ms;
    if (!head_outputs_released(head, &wait_ms)) {
        publish_in(head, wait_ms);
        return;
    }
    if (wait_for_pace(head) || wait_for_frame(head))
        return;
    uv_timer_stop(&head->pace_timer);
    head->wait_until_ms = 0;
    advance_pace(head);
    start_publish(head);
}

void head_publish_abandon(struct head *head)
{
    if (head->publishing)
        head->publishing->abandoned = true;
}
