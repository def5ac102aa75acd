// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/head_publish.h"

#include "encoders/damage.h"
#include "server/trace.h"

#include <errno.h>

static uint64_t now_ms(const struct head *head)
{
    return uv_now(head->loop);
}

static void owe_whole(struct head_output *output)
{
    const struct canvas *canvas = output->head->canvas;
    output->move.width = 0;
    pixman_region32_fini(&output->pending);
    pixman_region32_init_rect(&output->pending, 0, 0, canvas->width, canvas->height);
}

/* What the output was told of the canvas before is void. */
static void owe_canvas(struct head_output *output)
{
    output->canvas_pending = true;
    output->credit = 0;
    output->taking = 0;
    output->stale = false;
    owe_whole(output);
}

static bool is_whole(const struct head *head, const pixman_region32_t *region)
{
    pixman_box32_t all = { 0, 0, (int32_t)head->canvas->width, (int32_t)head->canvas->height };
    return pixman_region32_contains_rectangle((pixman_region32_t *)region, &all) ==
           PIXMAN_REGION_IN;
}

static bool owes_nothing(const struct head_output *output)
{
    return output->move.width == 0 &&
           !pixman_region32_not_empty((pixman_region32_t *)&output->pending);
}

static void owe_rectangle(struct head_output *output, const struct damage_move *move)
{
    pixman_region32_union_rect(&output->pending, &output->pending, (int)move->x, (int)move->y,
                               move->width, move->height);
}

/* A move is right only for an output that has everything before it; for the
 * others the place where it ends is damage like any other. */
static void owe_move(struct head_output *output, const struct damage_move *move)
{
    if (move && owes_nothing(output)) {
        output->move = *move;
        return;
    }
    if (output->move.width > 0)
        owe_rectangle(output, &output->move);
    output->move.width = 0;
    if (move)
        owe_rectangle(output, move);
}

static void serve_canvas(struct head_output *output)
{
    if (output->canvas_unanswered)
        return;
    /* Set before the call: the answer may come from inside it. */
    output->canvas_pending = false;
    output->canvas_unanswered = true;
    if (output->ops->canvas(output, output->head->canvas) == 0)
        return;
    output->canvas_pending = true;
    output->canvas_unanswered = false;
    output->blocked = true;
}

static void serve_frame(struct head_output *output)
{
    struct head *head = output->head;
    /* A canvas that is being written, or was never written, is no frame. */
    if (head->publishing || !head->canvas_valid || output->credit == 0 || output->taking != 0 ||
        owes_nothing(output))
        return;
    bool whole = is_whole(head, &output->pending);
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    pixman_region32_copy(&damage, &output->pending);
    pixman_region32_clear(&output->pending);
    struct damage_move move = output->move;
    output->move.width = 0;
    output->credit--;
    output->taking = head->sequence;
    output->taking_since_ms = now_ms(head);
    trace(head_frame, "head=%u sequence=%llu damage_rects=%d whole=%d", head->id,
          (unsigned long long)head->sequence, pixman_region32_n_rects(&damage), whole);
    if (output->ops->frame(output, head->sequence, &damage, move.width > 0 ? &move : NULL, whole) <
        0) {
        output->credit++;
        output->taking = 0;
        output->blocked = true;
        output->move = move;
        pixman_region32_union(&output->pending, &output->pending, &damage);
    }
    pixman_region32_fini(&damage);
}

static void serve(struct head_output *output)
{
    if (output->blocked)
        return;
    if (output->canvas_pending)
        serve_canvas(output);
    else if (!output->canvas_unanswered)
        serve_frame(output);
}

/* An output can take something again. A publish that is due, now or in a
 * moment, brings newer pixels than the canvas has, and serves it then. */
static void publish_or_serve(struct head_output *output)
{
    struct head *head = output->head;
    head_publish(head);
    bool due = head->source && pixman_region32_not_empty(&head->flushed);
    if (output->canvas_pending || !due)
        serve(output);
}

void head_outputs_serve(struct head *head)
{
    for (struct head_output *output = head->outputs; output; output = output->next)
        serve(output);
}

void head_outputs_damage(struct head *head, const struct damage_move *move,
                         const pixman_region32_t *damage)
{
    for (struct head_output *output = head->outputs; output; output = output->next) {
        bool empty = !move && !pixman_region32_not_empty((pixman_region32_t *)damage);
        if (empty)
            continue;
        owe_move(output, move);
        pixman_region32_union(&output->pending, &output->pending,
                              (pixman_region32_t *)damage);
        damage_bound(&output->pending, HEAD_MAX_RECTS);
    }
}

void head_outputs_canvas(struct head *head)
{
    for (struct head_output *output = head->outputs; output; output = output->next) {
        owe_canvas(output);
        serve(output);
    }
}

void head_outputs_cursor(struct head *head, bool image)
{
    for (struct head_output *output = head->outputs; output; output = output->next)
        output->ops->cursor(output, &head->cursor, image);
}

bool head_outputs_released(struct head *head, uint64_t *wait_ms)
{
    bool released = true;
    *wait_ms = HEAD_STALE_MS;
    for (struct head_output *output = head->outputs; output; output = output->next) {
        if (output->taking == 0 || output->stale)
            continue;
        uint64_t taken = now_ms(head) - output->taking_since_ms;
        if (taken >= HEAD_STALE_MS) {
            output->stale = true;
            continue;
        }
        released = false;
        if (HEAD_STALE_MS - taken < *wait_ms)
            *wait_ms = HEAD_STALE_MS - taken;
    }
    return released;
}

bool head_outputs_ready(const struct head *head)
{
    for (const struct head_output *output = head->outputs; output; output = output->next)
        if (output->credit > 0 && output->taking == 0 && !output->canvas_pending &&
            !output->canvas_unanswered && !output->blocked)
            return true;
    return false;
}

void head_output_add(struct head *head, struct head_output *output)
{
    output->head = head;
    output->blocked = false;
    output->canvas_unanswered = false;
    pixman_region32_init(&output->pending);
    owe_canvas(output);
    output->next = head->outputs;
    head->outputs = output;
    serve(output);
    output->ops->cursor(output, &head->cursor, true);
    /* Nobody looked until now: the canvas may be behind. */
    head_publish(head);
}

void head_output_remove(struct head_output *output)
{
    struct head *head = output->head;
    if (!head)
        return;
    struct head_output **link = &head->outputs;
    while (*link != output)
        link = &(*link)->next;
    *link = output->next;
    output->head = NULL;
    pixman_region32_fini(&output->pending);
    /* The publish may have waited for this output alone. */
    head_publish(head);
}

void head_output_credit(struct head_output *output, uint32_t frames)
{
    output->canvas_unanswered = false;
    output->credit += frames;
    if (output->credit > HEAD_OUTPUT_MAX_CREDIT)
        output->credit = HEAD_OUTPUT_MAX_CREDIT;
    publish_or_serve(output);
}

int head_output_taken(struct head_output *output, uint64_t sequence)
{
    if (output->taking == 0 || output->taking != sequence)
        return -EPROTO;
    output->taking = 0;
    trace(head_taken, "head=%u sequence=%llu ms=%llu stale=%d", output->head->id,
          (unsigned long long)sequence,
          (unsigned long long)(now_ms(output->head) - output->taking_since_ms), output->stale);
    if (output->stale) {
        output->stale = false;
        owe_whole(output);
    }
    publish_or_serve(output);
    return 0;
}

void head_output_unblock(struct head_output *output)
{
    if (!output->blocked)
        return;
    output->blocked = false;
    publish_or_serve(output);
}
