// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/head.h"

#include "device/head_publish.h"
#include "encoders/card.h"
#include "encoders/damage.h"
#include "server/log.h"
#include "server/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Guests turn their scanout off for a moment at every mode change; the card
 * comes only when they mean it. */
#define CARD_GRACE_MS 250

/* Another canvas for another size. */
static int renew_canvas(struct head *head, uint32_t width, uint32_t height)
{
    struct canvas *canvas = canvas_create(head->loop, width, height);
    if (!canvas) {
        log_error("head", "head %u: no canvas of %ux%u: %s", head->id, width, height,
                  strerror(errno));
        return -errno;
    }
    head_publish_abandon(head);
    canvas_unref(head->canvas);
    head->canvas = canvas;
    head->canvas_valid = false;
    trace(head_canvas, "head=%u size=%ux%u", head->id, width, height);
    head_outputs_canvas(head);
    return 0;
}

static void mark_all_flushed(struct head *head)
{
    pixman_region32_fini(&head->flushed);
    pixman_region32_init_rect(&head->flushed, 0, 0, head->canvas->width, head->canvas->height);
}

static void set_source(struct head *head, struct picture *picture, uint32_t x, uint32_t y,
                       bool guest)
{
    if (picture)
        picture_ref(picture);
    picture_unref(head->source);
    head->source = picture;
    head->source_x = x;
    head->source_y = y;
    head->guest = guest;
}

static void show_card(struct head *head)
{
    struct canvas *canvas = head->canvas;
    struct picture *card = picture_create(head->loop, canvas->width, canvas->height,
                                          PIXMAN_x8r8g8b8);
    if (!card) {
        log_error("head", "head %u: no memory for the card", head->id);
        return;
    }
    char detail[96];
    if (head->card_reason)
        snprintf(detail, sizeof detail, "%s", head->card_reason);
    else
        snprintf(detail, sizeof detail, "head %u - waiting for the guest", head->id);
    card_draw(card->pixels, card->width, card->height, card->stride, "NO SIGNAL", detail);
    set_source(head, card, 0, 0, false);
    picture_unref(card);
    head->scanout_changed_unflushed = false;
    mark_all_flushed(head);
    head_publish(head);
}

static void handle_card_timer(uv_timer_t *timer)
{
    show_card(timer->data);
}

int head_init(struct head *head, uv_loop_t *loop, uint32_t id, const struct head_config *config)
{
    memset(head, 0, sizeof *head);
    head->loop = loop;
    head->id = id;
    head->config = *config;
    head->canvas = canvas_create(loop, config->mode.width, config->mode.height);
    if (!head->canvas)
        return -errno;
    pixman_region32_init(&head->flushed);
    uv_timer_init(loop, &head->pace_timer);
    uv_timer_init(loop, &head->card_timer);
    head->pace_timer.data = head;
    head->card_timer.data = head;
    head->open_handles = 2;
    show_card(head);
    return 0;
}

static void handle_timer_closed(uv_handle_t *handle)
{
    struct head *head = handle->data;
    head->open_handles--;
    head_close_continue(head);
}

void head_close_continue(struct head *head)
{
    if (head->open_handles > 0 || head->publishing || !head->close_cb)
        return;
    set_source(head, NULL, 0, 0, false);
    canvas_unref(head->canvas);
    head->canvas = NULL;
    pixman_region32_fini(&head->flushed);
    void (*close_cb)(struct head *head) = head->close_cb;
    head->close_cb = NULL;
    close_cb(head);
}

void head_close(struct head *head, void (*close_cb)(struct head *head))
{
    head->closing = true;
    head->close_cb = close_cb;
    head_publish_abandon(head);
    uv_close((uv_handle_t *)&head->pace_timer, handle_timer_closed);
    uv_close((uv_handle_t *)&head->card_timer, handle_timer_closed);
}

void head_set_scanout(struct head *head, struct picture *picture, uint32_t x, uint32_t y,
                      uint32_t width, uint32_t height)
{
    uv_timer_stop(&head->card_timer);
    bool resized = width != head->canvas->width || height != head->canvas->height;
    /* Guests repeat the command with every flip, often with the same resource. */
    if (!resized && picture == head->source && x == head->source_x && y == head->source_y)
        return;
    if (resized && renew_canvas(head, width, height) < 0) {
        head_disable(head, true);
        return;
    }
    uint32_t suppressed;
    if ((!head->guest || resized) && log_limit_allows(&head->log_limit, &suppressed))
        log_info("head", "head %u: the guest shows %ux%u", head->id, width, height);
    set_source(head, picture, x, y, true);
    head->scanout_changed_unflushed = true;
    /* Another resource may differ anywhere from what is on the canvas. */
    mark_all_flushed(head);
    head_publish(head);
}

void head_disable(struct head *head, bool now)
{
    if (!head->guest && head->source)
        return;
    if (head->guest)
        log_debug("head", "head %u: the guest shows nothing", head->id);
    /* What was flushed and never published is lost with its source; the canvas
     * keeps the last picture until the card or the next one comes. */
    pixman_region32_clear(&head->flushed);
    set_source(head, NULL, 0, 0, false);
    head->scanout_changed_unflushed = false;
    uv_timer_stop(&head->pace_timer);
    if (now) {
        uv_timer_stop(&head->card_timer);
        show_card(head);
    } else {
        uv_timer_start(&head->card_timer, handle_card_timer, CARD_GRACE_MS, 0);
    }
}

void head_flush(struct head *head, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    head->scanout_changed_unflushed = false;
    trace(head_flush, "head=%u rect=%u,%u+%ux%u", head->id, x, y, width, height);
    /* The scanout may show a part of the resource only. */
    pixman_region32_t region;
    pixman_region32_init_rect(&region, (int)x, (int)y, width, height);
    pixman_region32_translate(&region, -(int)head->source_x, -(int)head->source_y);
    pixman_region32_intersect_rect(&region, &region, 0, 0, head->canvas->width,
                                   head->canvas->height);
    pixman_region32_union(&head->flushed, &head->flushed, &region);
    pixman_region32_fini(&region);
    damage_bound(&head->flushed, HEAD_MAX_RECTS);
    head_publish(head);
}

void head_source_written(struct head *head)
{
    head_publish(head);
}

void head_set_cursor(struct head *head, const struct head_cursor *cursor, bool image)
{
    if (cursor != &head->cursor)
        head->cursor = *cursor;
    head_outputs_cursor(head, image);
}
