// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer is sent and when.
 *
 * A viewer asks (viewer->requested), frames change what it lacks
 * (viewer->pending), and when both meet and nothing is on its way, one update
 * answers all that was asked: shapes and notices, moves, then pixels.
 */
#include "net/vnc/viewer_private.h"

#include "encoders/canvas_layout.h"
#include "net/vnc/rfb_rects.h"
#include "server/trace.h"

#include <errno.h>
#include <stdlib.h>

static bool can_resize(const struct viewer *viewer)
{
    return viewer->encodings.desktop_size || viewer->encodings.extended_desktop_size;
}

static void on_admitted(struct gate_waiter *waiter)
{
    struct viewer *viewer = (struct viewer *)((char *)waiter - offsetof(struct viewer, waiter));
    viewer->has_place = true;
    viewer_update(viewer);
}

static void on_budget_opened(struct budget_waiter *waiter)
{
    viewer_update(
        (struct viewer *)((char *)waiter - offsetof(struct viewer, budget_waiter)));
}

void viewer_update_init(struct viewer *viewer)
{
    viewer->budget_waiter.opened = on_budget_opened;
    viewer->watcher.ops = &viewer_watcher_ops;
    viewer->waiter.admitted = on_admitted;
    pixman_region32_init(&viewer->pending);
    pixman_region32_init(&viewer->requested);
}

void viewer_update_fini(struct viewer *viewer)
{
    pixman_region32_fini(&viewer->pending);
    pixman_region32_fini(&viewer->requested);
    bytes_free(&viewer->update.prefix);
    free(viewer->update.rects);
    free(viewer->cursor_patch);
}

/* A message made of finished rectangles goes straight to the socket's queue. */
static void send_finished(struct viewer *viewer, const struct bytes *rects, uint32_t count)
{
    struct bytes header = {0};
    rfb_update_header(&header, (uint16_t)count);
    if (rects->failed || header.failed ||
        out_queue_append(&viewer->out, header.data, header.size) < 0 ||
        out_queue_append(&viewer->out, rects->data, rects->size) < 0)
        viewer_close(viewer, "out of memory");
    viewer->updates_sent++;
    figures_add(viewer->owner->figures, FIGURES_NO_PIXELS, header.size + rects->size);
    bytes_free(&header);
    viewer_flush(viewer);
}

static void write_size(struct viewer *viewer, struct bytes *out)
{
    if (!viewer->encodings.extended_desktop_size)
        rfb_desktop_size(out, viewer->width, viewer->height);
    else if (viewer->size_refused)
        rfb_extended_desktop_size(out, DESKTOP_SIZE_CLIENT, DESKTOP_SIZE_PROHIBITED, viewer->width,
                                  viewer->height);
    else
        rfb_extended_desktop_size(out, DESKTOP_SIZE_SERVER, DESKTOP_SIZE_OK, viewer->width,
                                  viewer->height);
    viewer->size_due = viewer->size_refused = false;
}

static void send_size(struct viewer *viewer)
{
    struct bytes rect = {0};
    write_size(viewer, &rect);
    send_finished(viewer, &rect, 1);
    bytes_free(&rect);
}

/* Sizes go in messages of their own, before any pixel that depends on them. A
 * changed one uses up what was asked for, since that was about another
 * picture; one that is only told does not. */
static void send_sizes(struct viewer *viewer, const struct shadow *shadow)
{
    if (viewer->size_due && viewer->size_refused)
        send_size(viewer);
    if (can_resize(viewer) &&
        (viewer->width != shadow->width || viewer->height != shadow->height)) {
        viewer->width = (uint16_t)shadow->width;
        viewer->height = (uint16_t)shadow->height;
        viewer->owner->sender_ops->resize(viewer->sender, viewer->width, viewer->height);
        viewer_all_pending(viewer);
        pixman_region32_clear(&viewer->requested);
        send_size(viewer);
    } else if (viewer->size_due) {
        send_size(viewer);
    }
}

/* The rectangles of a region, each with its pixels. `origin` is where (x,y)
 * of the framebuffer would lie. Returns 0 or -ENOMEM. */
static int add_rects(struct update *update, const pixman_region32_t *region,
                     const uint8_t *pixels, size_t stride, int32_t origin_x, int32_t origin_y)
{
    int count;
    const pixman_box32_t *boxes = pixman_region32_rectangles((pixman_region32_t *)region, &count);
    if (update->nrects + (uint32_t)count > update->capacity) {
        uint32_t capacity = update->nrects + (uint32_t)count;
        struct update_rect *rects = realloc(update->rects, capacity * sizeof(*rects));
        if (!rects)
            return -ENOMEM;
        update->rects = rects;
        update->capacity = capacity;
    }
    for (int i = 0; i < count; i++) {
        const pixman_box32_t *box = &boxes[i];
        update->rects[update->nrects++] = (struct update_rect){
            .x = (uint16_t)box->x1,
            .y = (uint16_t)box->y1,
            .width = (uint16_t)(box->x2 - box->x1),
            .height = (uint16_t)(box->y2 - box->y1),
            .pixels = pixels + (size_t)(box->y1 - origin_y) * stride +
                      (stride ? (size_t)(box->x1 - origin_x) * 4 : 0),
            .stride = stride,
        };
    }
    return 0;
}

/* Takes the part of `region` that lies inside `box` out of it and adds it to
 * the update. */
static int move_part(struct viewer *viewer, pixman_region32_t *region, const pixman_box32_t *box,
                     const uint8_t *pixels, size_t stride, int32_t origin_x, int32_t origin_y)
{
    pixman_region32_t part;
    pixman_region32_init_with_extents(&part, (pixman_box32_t *)box);
    bool made = pixman_region32_intersect(&part, &part, region) &&
                pixman_region32_subtract(region, region, &part);
    int rc = made ? add_rects(&viewer->update, &part, pixels, stride, origin_x, origin_y) : -ENOMEM;
    pixman_region32_fini(&part);
    return rc;
}

/* The cursor's place, composed for this viewer alone. */
static int add_cursor(struct viewer *viewer, pixman_region32_t *region,
                      const struct shadow *shadow)
{
    const struct cursor *cursor = &viewer->display->cursor;
    pixman_box32_t box = cursor_box(cursor);
    int32_t right = (int32_t)(viewer->width < shadow->width ? viewer->width : shadow->width);
    int32_t bottom = (int32_t)(viewer->height < shadow->height ? viewer->height : shadow->height);
    box.x1 = box.x1 > 0 ? box.x1 : 0;
    box.y1 = box.y1 > 0 ? box.y1 : 0;
    box.x2 = box.x2 < right ? box.x2 : right;
    box.y2 = box.y2 < bottom ? box.y2 : bottom;
    if (viewer_draws_cursor(viewer) || box.x1 >= box.x2 || box.y1 >= box.y2 ||
        pixman_region32_contains_rectangle(region, &box) == PIXMAN_REGION_OUT)
        return 0;
    if (!viewer->cursor_patch)
        viewer->cursor_patch = malloc(sizeof(cursor->pixels));
    if (!viewer->cursor_patch)
        return -ENOMEM;
    cursor_compose(cursor, &box, shadow->pixels, shadow->stride, viewer->cursor_patch);
    return move_part(viewer, region, &box, (const uint8_t *)viewer->cursor_patch,
                     (size_t)(box.x2 - box.x1) * 4, box.x1, box.y1);
}

/* Where each pixel of `region` comes from: the cursor's patch, the shadow, or
 * the blackness outside of the head. Empties the region. */
static int add_pixels(struct viewer *viewer, pixman_region32_t *region,
                      const struct shadow *shadow)
{
    static const uint8_t black[CANVAS_MAX_SIZE * 4];
    pixman_box32_t picture = {0, 0, (int32_t)shadow->width, (int32_t)shadow->height};
    viewer->update.nrects = 0;
    int rc = add_cursor(viewer, region, shadow);
    if (rc == 0)
        rc = move_part(viewer, region, &picture, shadow->pixels, shadow->stride, 0, 0);
    if (rc == 0)
        rc = add_rects(&viewer->update, region, black, 0, 0, 0);
    return rc;
}

/* What goes before the pixels: the cursor's shape, notices and the moves. */
static void write_prefix(struct viewer *viewer)
{
    struct update *update = &viewer->update;
    const struct cursor *cursor = &viewer->display->cursor;
    bytes_reset(&update->prefix);
    update->nprefix = 0;
    if (viewer->cursor_due) {
        if (viewer->encodings.alpha_cursor)
            cursor_write_alpha(cursor, &update->prefix);
        else
            cursor_write_rich(cursor, &viewer->format, &update->prefix);
        viewer->cursor_due = false;
        update->nprefix++;
    }
    update->nprefix += viewer_notices_write(viewer, &update->prefix);
    for (uint32_t i = 0; i < viewer->nmoves; i++) {
        rfb_copy_rect(&update->prefix, &viewer->moves[i]);
        update->nprefix++;
    }
    viewer->nmoves = 0;
}

/* Starts the encoding; takes over the shadow and the place in the gate. */
static void send_pixels(struct viewer *viewer, pixman_region32_t *region, struct shadow *shadow)
{
    bool subtracted = pixman_region32_subtract(&viewer->pending, &viewer->pending, region);
    if (add_pixels(viewer, region, shadow) < 0 || viewer->update.prefix.failed || !subtracted) {
        display_return(shadow);
        viewer_close(viewer, "out of memory");
        return;
    }
    viewer->sending = true;
    viewer->shadow = shadow;
    viewer->update_encoding = viewer->encodings.preferred;
    viewer->stream_before = viewer->bytes_sent + viewer->out.size;
    trace(viewer_update_begin, "viewer=%u rects=%u", viewer->id, viewer->update.nrects);
    viewer->owner->changed(viewer);
    viewer->owner->sender_ops->send(viewer->sender, &viewer->update);
}

/* Answers what was asked for, if there is something to say; takes over the
 * shadow. `region` is what was asked for and has changed. */
static void answer(struct viewer *viewer, pixman_region32_t *region, struct shadow *shadow)
{
    bool pixels = pixman_region32_not_empty(region);
    bool wanted =
        pixels || viewer->cursor_due || viewer->nmoves > 0 || viewer_notices_due(viewer);
    if (pixels && !viewer->has_place)
        viewer->has_place = gate_enter(viewer->owner->gate, &viewer->waiter);
    if (!wanted || (pixels && !viewer->has_place)) {
        display_return(shadow);
        return;
    }
    write_prefix(viewer);
    pixman_region32_clear(&viewer->requested);
    if (pixels) {
        send_pixels(viewer, region, shadow);
        return;
    }
    display_return(shadow);
    send_finished(viewer, &viewer->update.prefix, viewer->update.nprefix);
}

static bool may_send(struct viewer *viewer)
{
    return viewer->state == VIEWER_RUNNING && !viewer->closing && !viewer->hung_up &&
           !viewer->sending && viewer->out.size < VIEWER_MAX_WAITING &&
           pixman_region32_not_empty(&viewer->requested) &&
           budget_open(viewer->owner->budget, &viewer->budget_waiter);
}

static void try_update(struct viewer *viewer)
{
    struct shadow *shadow = may_send(viewer) ? display_borrow(viewer->display) : NULL;
    if (!shadow)
        return;
    send_sizes(viewer, shadow);
    if (!may_send(viewer)) {
        display_return(shadow);
        return;
    }
    /* A move changes what lies outside of the part that was asked for. */
    pixman_box32_t all = {0, 0, viewer->width, viewer->height};
    if (pixman_region32_contains_rectangle(&viewer->requested, &all) != PIXMAN_REGION_IN)
        viewer_drop_moves(viewer);

    pixman_region32_t region;
    pixman_region32_init(&region);
    if (pixman_region32_intersect(&region, &viewer->pending, &viewer->requested)) {
        answer(viewer, &region, shadow);
    } else {
        display_return(shadow);
        viewer_close(viewer, "out of memory");
    }
    pixman_region32_fini(&region);
}

void viewer_update(struct viewer *viewer)
{
    viewer_send_clipboard(viewer);
    try_update(viewer);
    if (viewer->has_place && !viewer->sending) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
}

static void count_update(struct viewer *viewer)
{
    uint64_t bytes = viewer->bytes_sent + viewer->out.size - viewer->stream_before;
    viewer->updates_sent++;
    figures_add(viewer->owner->figures, viewer->update_encoding, bytes);
    trace(viewer_update_end, "viewer=%u encoding=%s bytes=%llu", viewer->id,
          encoding_name(viewer->update_encoding), (unsigned long long)bytes);
}

void viewer_update_sent(struct viewer *viewer, int error)
{
    viewer->sending = false;
    if (error == 0 && !viewer->hung_up)
        count_update(viewer);
    display_return(viewer->shadow);
    viewer->shadow = NULL;
    if (viewer->has_place) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
}
