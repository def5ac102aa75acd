// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/output_head.h"
#include "encoders/damage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dead link is told like a full one: the head then waits for nothing, and
 * the subscription ends in a moment. */
static int as_head_wants(int r)
{
    return r == 0 ? 0 : -EAGAIN;
}

static int send_canvas(struct head_output *subscription, struct canvas *canvas)
{
    struct output_head *output = subscription->user;
    const struct head *head = output->head;
    const struct link_header header = {
        .type = LINK_HEAD,
        .head = head->id,
        .generation = *output->shared.last_generation + 1,
    };
    struct link_head message = {
        .width = canvas->width,
        .height = canvas->height,
        .stride = (uint32_t)canvas->stride,
        .x = head->config.x,
        .y = head->config.y,
    };
    snprintf(message.name, sizeof(message.name), "%s", head->config.name);
    const struct iovec part = {&message, sizeof(message)};
    int r = link_send(output->shared.link, &header, &part, 1, canvas->fd);
    if (r == 0) {
        (*output->shared.last_generation)++;
        output->generation = header.generation;
        output->shared.sent(output->shared.user);
    }
    return as_head_wants(r);
}

static void copy_rects(struct link_rect *rects, const pixman_box32_t *boxes, int count)
{
    for (int i = 0; i < count; i++)
        rects[i] = (struct link_rect){
            .x = (uint16_t)boxes[i].x1,
            .y = (uint16_t)boxes[i].y1,
            .width = (uint16_t)(boxes[i].x2 - boxes[i].x1),
            .height = (uint16_t)(boxes[i].y2 - boxes[i].y1),
        };
}

static int send_rects(struct output_head *output, uint64_t sequence, pixman_region32_t *damage,
                      const struct damage_move *move, bool whole)
{
    static struct link_rect rects[LINK_MAX_RECTS]; /* loop thread only */
    int count;
    const pixman_box32_t *boxes = pixman_region32_rectangles(damage, &count);
    copy_rects(rects, boxes, count);
    const struct link_header header = {
        .type = LINK_FRAME,
        .head = output->head->id,
        .generation = output->generation,
    };
    struct link_frame frame = {.sequence = sequence,
                               .whole = whole,
                               .nmoves = move != NULL,
                               .nrects = (uint32_t)count};
    struct link_move link_move = {0};
    if (move != NULL)
        link_move = (struct link_move){
            .source_x = (uint16_t)move->source_x,
            .source_y = (uint16_t)move->source_y,
            .x = (uint16_t)move->x,
            .y = (uint16_t)move->y,
            .width = (uint16_t)move->width,
            .height = (uint16_t)move->height,
        };
    const struct iovec parts[] = {
        {&frame, sizeof(frame)},
        {&link_move, move != NULL ? sizeof(link_move) : 0},
        {rects, sizeof(rects[0]) * (size_t)count},
    };
    return link_send(output->shared.link, &header, parts, 3, -1);
}

static int send_frame(struct head_output *subscription, uint64_t sequence,
                      const pixman_region32_t *damage, const struct damage_move *move, bool whole)
{
    struct output_head *output = subscription->user;
    pixman_region32_t bounded;
    pixman_region32_init(&bounded);
    /* Without memory for a copy the head keeps the damage. */
    if (!pixman_region32_copy(&bounded, (pixman_region32_t *)damage))
        return -EAGAIN;
    damage_bound(&bounded, LINK_MAX_RECTS);
    int r = send_rects(output, sequence, &bounded, move, whole);
    pixman_region32_fini(&bounded);
    if (r == 0)
        output->shared.sent(output->shared.user);
    return as_head_wants(r);
}

static int send_cursor_image(struct output_head *output, const struct head_cursor *cursor)
{
    const struct link_header header = {
        .type = LINK_CURSOR,
        .head = output->head->id,
        .generation = output->generation,
    };
    struct link_cursor message = {
        .x = cursor->x,
        .y = cursor->y,
        .visible = cursor->visible,
        .hot_x = cursor->hot_x,
        .hot_y = cursor->hot_y,
        .width = cursor->width,
        .height = cursor->height,
    };
    const struct iovec parts[] = {
        {&message, sizeof(message)},
        {(void *)cursor->pixels, (size_t)cursor->width * cursor->height * 4},
    };
    return link_send(output->shared.link, &header, parts, 2, -1);
}

static int send_cursor_place(struct output_head *output, const struct head_cursor *cursor)
{
    const struct link_cursor_move message = {
        .x = cursor->x,
        .y = cursor->y,
        .visible = cursor->visible,
    };
    return link_send_struct(output->shared.link, LINK_CURSOR_MOVE, output->head->id,
                            output->generation, &message, sizeof(message));
}

/* Sends the newest state of what is owed; the image carries the place. */
static void pay_cursor(struct output_head *output, const struct head_cursor *cursor)
{
    int r = 0;
    if (output->owes_cursor_image)
        r = send_cursor_image(output, cursor);
    else if (output->owes_cursor_place)
        r = send_cursor_place(output, cursor);
    if (r == 0)
        output->owes_cursor_image = output->owes_cursor_place = false;
}

static void send_cursor(struct head_output *subscription, const struct head_cursor *cursor,
                        bool image)
{
    struct output_head *output = subscription->user;
    output->owes_cursor_image = output->owes_cursor_image || image;
    output->owes_cursor_place = true;
    pay_cursor(output, cursor);
}

static const struct head_output_ops ops = {
    .canvas = send_canvas,
    .frame = send_frame,
    .cursor = send_cursor,
};

int output_head_subscribe(struct output_head *output, struct head *head,
                          const struct output_head_shared *shared)
{
    if (output->subscribed)
        return -EPROTO;
    *output = (struct output_head){
        .shared = *shared,
        .head = head,
        .subscription = {.ops = &ops, .user = output},
        .subscribed = true,
    };
    head_output_add(head, &output->subscription);
    return 0;
}

int output_head_unsubscribe(struct output_head *output)
{
    if (!output->subscribed)
        return -EPROTO;
    output->subscribed = false;
    head_output_remove(&output->subscription);
    return 0;
}

int output_head_credit(struct output_head *output, uint32_t generation,
                       const struct link_credit *message)
{
    if (message->frames < 1 || message->frames > 2)
        return -EPROTO;
    if (output->subscribed && generation == output->generation)
        head_output_credit(&output->subscription, message->frames);
    return 0;
}

int output_head_taken(struct output_head *output, uint32_t generation,
                      const struct link_taken *message)
{
    if (!output->subscribed || generation != output->generation)
        return 0;
    return head_output_taken(&output->subscription, message->sequence);
}

/* A program at rest has taken what it was given and has room for more. */
bool output_head_waits(const struct output_head *output)
{
    const struct head_output *subscription = &output->subscription;
    return output->subscribed && (subscription->taking != 0 || subscription->canvas_unanswered ||
                                  subscription->blocked || subscription->credit == 0);
}

uint64_t output_head_frame_ms(const struct output_head *output, uint64_t now_ms)
{
    const struct head_output *subscription = &output->subscription;
    return output->subscribed && subscription->taking != 0
               ? now_ms - subscription->taking_since_ms
               : 0;
}

void output_head_writable(struct output_head *output)
{
    if (!output->subscribed)
        return;
    if (output->owes_cursor_image || output->owes_cursor_place)
        pay_cursor(output, &output->head->cursor);
    head_output_unblock(&output->subscription);
}
