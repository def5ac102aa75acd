// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer is shown and when.
 *
 * A viewer asks (viewer->requested), frames change what it lacks
 * (viewer->pending), and when both meet and nothing is on its way, one update
 * answers all that was asked: shapes, moves, then pixels.
 */
#include "net/vnc/viewer.h"

#include "encoders/canvas_layout.h"
#include "encoders/damage.h"
#include "net/vnc/rfb_rects.h"

#include <errno.h>
#include <stdlib.h>

static bool draws_cursor(const struct viewer *viewer)
{
    return viewer->encodings.cursor || viewer->encodings.alpha_cursor;
}

static bool can_resize(const struct viewer *viewer)
{
    return viewer->encodings.desktop_size || viewer->encodings.extended_desktop_size;
}

static bool boxes_meet(const pixman_box32_t *a, const pixman_box32_t *b)
{
    return a->x1 < b->x2 && b->x1 < a->x2 && a->y1 < b->y2 && b->y1 < a->y2;
}

static void all_pending(struct viewer *viewer)
{
    viewer->nmoves = 0;
    pixman_region32_fini(&viewer->pending);
    pixman_region32_init_rect(&viewer->pending, 0, 0, viewer->width, viewer->height);
}

/* When memory is short, pixman leaves a region that is broken and empty. The
 * cure is to take everything for changed, which needs no memory. */
static void guard(struct viewer *viewer, bool succeeded)
{
    if (!succeeded)
        all_pending(viewer);
}

static void add_box(struct viewer *viewer, const pixman_box32_t *box)
{
    pixman_region32_t *pending = &viewer->pending;
    if (box->x1 < box->x2 && box->y1 < box->y2)
        guard(viewer, pixman_region32_union_rect(pending, pending, box->x1, box->y1,
                                                 (unsigned)(box->x2 - box->x1),
                                                 (unsigned)(box->y2 - box->y1)));
}

static pixman_box32_t move_target(const struct link_move *move)
{
    return (pixman_box32_t){move->x, move->y, move->x + move->width, move->y + move->height};
}

static pixman_box32_t move_source(const struct link_move *move)
{
    return (pixman_box32_t){move->source_x, move->source_y, move->source_x + move->width,
                            move->source_y + move->height};
}

/* Gives up the moves that wait: where they lead is sent as pixels. */
static void drop_moves(struct viewer *viewer)
{
    uint32_t count = viewer->nmoves;
    viewer->nmoves = 0;
    for (uint32_t i = 0; i < count; i++) {
        pixman_box32_t target = move_target(&viewer->moves[i]);
        add_box(viewer, &target);
    }
}

/* The source must hold what the core thinks it holds: nothing that is still
 * to be sent, and nothing that another move of the same frame has put there. */
static bool source_is_good(struct viewer *viewer, const struct link_move *moves, uint32_t i)
{
    pixman_box32_t source = move_source(&moves[i]);
    if (pixman_region32_contains_rectangle(&viewer->pending, &source) != PIXMAN_REGION_OUT)
        return false;
    for (uint32_t k = 0; k < i; k++) {
        pixman_box32_t target = move_target(&moves[k]);
        if (boxes_meet(&source, &target))
            return false;
    }
    return true;
}

static void add_moves(struct viewer *viewer, const struct link_move *moves, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pixman_box32_t target = move_target(&moves[i]);
        if (!source_is_good(viewer, moves, i)) {
            add_box(viewer, &target);
            continue;
        }
        pixman_region32_t moved;
        pixman_region32_init_with_extents(&moved, &target);
        viewer->moves[viewer->nmoves++] = moves[i];
        guard(viewer, pixman_region32_subtract(&viewer->pending, &viewer->pending, &moved));
        pixman_region32_fini(&moved);
    }
}

/* Moves go to a viewer whose picture is the head's picture. */
static bool takes_moves(const struct viewer *viewer, uint32_t count)
{
    const struct display *display = viewer->display;
    return viewer->encodings.copy_rect && draws_cursor(viewer) &&
           viewer->width == display->width && viewer->height == display->height &&
           viewer->nmoves + count <= LINK_MAX_MOVES;
}

static struct viewer *of_watcher(struct display_watcher *watcher)
{
    return (struct viewer *)((char *)watcher - offsetof(struct viewer, watcher));
}

static void on_size(struct display_watcher *watcher)
{
    struct viewer *viewer = of_watcher(watcher);
    /* Also what lies outside of the new picture is another thing now. */
    if (viewer->state == VIEWER_RUNNING)
        all_pending(viewer);
    else
        viewer_size_known(viewer);
}

static void on_frame(struct display_watcher *watcher, const pixman_region32_t *damage,
                     const struct link_move *moves, uint32_t nmoves,
                     const pixman_region32_t *rest)
{
    struct viewer *viewer = of_watcher(watcher);
    pixman_region32_t *pending = &viewer->pending;
    if (takes_moves(viewer, nmoves)) {
        add_moves(viewer, moves, nmoves);
        guard(viewer, pixman_region32_union(pending, pending, (pixman_region32_t *)rest));
    } else {
        drop_moves(viewer);
        guard(viewer, pixman_region32_union(pending, pending, (pixman_region32_t *)damage));
    }
    damage_bound(pending, VIEWER_MAX_PENDING_RECTS);
    viewer_update(viewer);
}

static void on_cursor(struct display_watcher *watcher, const pixman_region32_t *area, bool image)
{
    struct viewer *viewer = of_watcher(watcher);
    if (draws_cursor(viewer))
        viewer->cursor_due |= image;
    else
        guard(viewer, pixman_region32_union(&viewer->pending, &viewer->pending,
                                            (pixman_region32_t *)area));
    viewer_update(viewer);
}

static const struct display_watcher_ops watcher_ops = {
    .size = on_size,
    .frame = on_frame,
    .cursor = on_cursor,
};

static void on_admitted(struct gate_waiter *waiter)
{
    struct viewer *viewer = (struct viewer *)((char *)waiter - offsetof(struct viewer, waiter));
    viewer->has_place = true;
    viewer_update(viewer);
}

void viewer_update_init(struct viewer *viewer)
{
    viewer->watcher.ops = &watcher_ops;
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

void viewer_request(struct viewer *viewer, bool incremental, const pixman_box32_t *area)
{
    pixman_box32_t box = *area;
    if (box.x2 > viewer->width)
        box.x2 = viewer->width;
    if (box.y2 > viewer->height)
        box.y2 = viewer->height;
    if (box.x1 >= box.x2 || box.y1 >= box.y2)
        return;
    pixman_region32_union_rect(&viewer->requested, &viewer->requested, box.x1, box.y1,
                               (unsigned)(box.x2 - box.x1), (unsigned)(box.y2 - box.y1));
    damage_bound(&viewer->requested, VIEWER_MAX_REQUESTED_RECTS);
    if (!incremental) {
        /* It says that it has nothing there, so nothing can be moved from it. */
        drop_moves(viewer);
        add_box(viewer, &box);
        damage_bound(&viewer->pending, VIEWER_MAX_PENDING_RECTS);
        viewer->size_due |= viewer->encodings.extended_desktop_size;
    }
    viewer_update(viewer);
}

void viewer_set_encodings(struct viewer *viewer, const struct encodings *encodings)
{
    bool drew = viewer->encodings_known && draws_cursor(viewer);
    viewer->encodings = *encodings;
    viewer->encodings_known = true;
    if (!encodings->copy_rect || !draws_cursor(viewer))
        drop_moves(viewer);
    if (draws_cursor(viewer) != drew) {
        /* From now on the cursor is in its picture, or is there no more. */
        pixman_box32_t box = cursor_box(&viewer->display->cursor);
        add_box(viewer, &box);
        viewer->cursor_due = draws_cursor(viewer);
    }
    if (!encodings->extended_desktop_size)
        viewer->size_due = viewer->size_refused = false;
    viewer_update(viewer);
}

void viewer_refuse_size(struct viewer *viewer)
{
    if (!viewer->encodings.extended_desktop_size)
        return;
    viewer->size_due = viewer->size_refused = true;
    viewer_update(viewer);
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
    bytes_free(&header);
    viewer->updates_sent++;
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
        all_pending(viewer);
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
    if (draws_cursor(viewer) || box.x1 >= box.x2 || box.y1 >= box.y2 ||
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

/* What goes before the pixels: the cursor's shape and the moves. */
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
    viewer->owner->sender_ops->send(viewer->sender, &viewer->update);
}

/* Answers what was asked for, if there is something to say; takes over the
 * shadow. `region` is what was asked for and has changed. */
static void answer(struct viewer *viewer, pixman_region32_t *region, struct shadow *shadow)
{
    bool pixels = pixman_region32_not_empty(region);
    bool wanted = pixels || viewer->cursor_due || viewer->nmoves > 0;
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

static bool may_send(const struct viewer *viewer)
{
    return viewer->state == VIEWER_RUNNING && !viewer->closing && !viewer->sending &&
           viewer->out.size < VIEWER_MAX_WAITING &&
           pixman_region32_not_empty((pixman_region32_t *)&viewer->requested);
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
        drop_moves(viewer);

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
    try_update(viewer);
    if (viewer->has_place && !viewer->sending) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
}

void viewer_update_sent(void *user, int error)
{
    struct viewer *viewer = user;
    viewer->sending = false;
    viewer->updates_sent += error == 0;
    display_return(viewer->shadow);
    viewer->shadow = NULL;
    if (viewer->has_place) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
}
