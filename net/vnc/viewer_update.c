// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer is sent and when.
 *
 * A viewer asks (viewer->requested), frames change what it lacks
 * (viewer->pending), and when both meet and nothing is on its way, one update
 * answers all that was asked: shapes and notices, moves, then pixels.
 */
#include "net/vnc/viewer_private.h"

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
    viewer_update((struct viewer *)((char *)waiter - offsetof(struct viewer, budget_waiter)));
}

void viewer_update_init(struct viewer *viewer)
{
    viewer->budget_waiter.opened = on_budget_opened;
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
    view_fini(&viewer->view);
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

/* The screens that make up its picture, one per head; returns how many. */
static uint8_t list_screens(const struct viewer *viewer, struct rfb_screen *screens)
{
    const struct view *view = &viewer->view;
    if (viewer->width != view->width || viewer->height != view->height) {
        screens[0] = (struct rfb_screen){1, 0, 0, viewer->width, viewer->height};
        return 1;
    }
    uint8_t count = 0;
    for (uint32_t i = 0; i < view->nheads; i++) {
        pixman_box32_t box = view_head_box(&view->heads[i]);
        int32_t right = box.x2 < viewer->width ? box.x2 : viewer->width;
        int32_t bottom = box.y2 < viewer->height ? box.y2 : viewer->height;
        if (box.x1 < right && box.y1 < bottom)
            screens[count++] = (struct rfb_screen){
                view->heads[i].display->head + 1, (uint16_t)box.x1, (uint16_t)box.y1,
                (uint16_t)(right - box.x1), (uint16_t)(bottom - box.y1)};
    }
    return count;
}

static void write_size(struct viewer *viewer, struct bytes *out)
{
    struct rfb_screen screens[LINK_MAX_HEADS];
    bool refused = viewer->size_refused;
    if (viewer->encodings.extended_desktop_size)
        rfb_extended_desktop_size(out, refused ? DESKTOP_SIZE_CLIENT : DESKTOP_SIZE_SERVER,
                                  refused ? DESKTOP_SIZE_PROHIBITED : DESKTOP_SIZE_OK,
                                  viewer->width, viewer->height, screens,
                                  list_screens(viewer, screens));
    else
        rfb_desktop_size(out, viewer->width, viewer->height);
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
static void send_sizes(struct viewer *viewer)
{
    const struct view *view = &viewer->view;
    if (viewer->size_due && viewer->size_refused)
        send_size(viewer);
    if (can_resize(viewer) && (viewer->width != view->width || viewer->height != view->height)) {
        viewer->width = (uint16_t)view->width;
        viewer->height = (uint16_t)view->height;
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
static int add_rects(struct update *update, const pixman_region32_t *region, const uint8_t *pixels,
                     size_t stride, int32_t origin_x, int32_t origin_y)
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

/* A head's part of the viewer's picture that its frame covers. */
static pixman_box32_t frame_box(const struct viewer *viewer, const struct view_head *head)
{
    pixman_box32_t box = view_head_box(head);
    box.x2 = box.x2 < viewer->width ? box.x2 : viewer->width;
    box.y2 = box.y2 < viewer->height ? box.y2 : viewer->height;
    return box;
}

static pixman_box32_t common_box(pixman_box32_t a, pixman_box32_t b)
{
    return (pixman_box32_t){a.x1 > b.x1 ? a.x1 : b.x1, a.y1 > b.y1 ? a.y1 : b.y1,
                            a.x2 < b.x2 ? a.x2 : b.x2, a.y2 < b.y2 ? a.y2 : b.y2};
}

/* The place of a head's cursor, composed for this viewer alone. */
static int add_cursor(struct viewer *viewer, struct view_head *head, pixman_region32_t *region)
{
    const struct cursor *cursor = &head->display->cursor;
    pixman_box32_t box = common_box(view_cursor_box(head), frame_box(viewer, head));
    if (viewer_draws_cursor(viewer) || box.x1 >= box.x2 || box.y1 >= box.y2 ||
        pixman_region32_contains_rectangle(region, &box) == PIXMAN_REGION_OUT)
        return 0;
    if (!head->cursor_patch)
        head->cursor_patch = malloc(sizeof(cursor->pixels));
    if (!head->cursor_patch)
        return -ENOMEM;
    const pixman_box32_t on_head = {box.x1 - head->x, box.y1 - head->y, box.x2 - head->x,
                                    box.y2 - head->y};
    cursor_compose(cursor, &on_head, head->shadow->pixels, head->shadow->stride,
                   head->cursor_patch);
    return move_part(viewer, region, &box, (const uint8_t *)head->cursor_patch,
                     (size_t)(box.x2 - box.x1) * 4, box.x1, box.y1);
}

/* Where each pixel of `region` comes from: a cursor's patch, a frame, or the
 * blackness outside of the heads. Empties the region. */
static int add_pixels(struct viewer *viewer, pixman_region32_t *region)
{
    static const uint8_t black[VIEW_MAX_SIZE * 4];
    int rc = 0;
    viewer->update.nrects = 0;
    for (uint32_t i = 0; i < viewer->view.nheads && rc == 0; i++) {
        struct view_head *head = &viewer->view.heads[i];
        pixman_box32_t box = frame_box(viewer, head);
        if (!head->shadow)
            continue;
        rc = add_cursor(viewer, head, region);
        if (rc == 0)
            rc = move_part(viewer, region, &box, head->shadow->pixels, head->shadow->stride, box.x1,
                           box.y1);
    }
    return rc == 0 ? add_rects(&viewer->update, region, black, 0, 0, 0) : rc;
}

/* What goes before the pixels: the cursor's shape, notices and the moves. */
static void write_prefix(struct viewer *viewer)
{
    struct update *update = &viewer->update;
    const struct cursor *cursor = view_cursor(&viewer->view);
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

/* Starts the encoding; takes over the frames that it needs, and the place in
 * the gate. */
static void send_pixels(struct viewer *viewer, pixman_region32_t *region)
{
    bool subtracted = pixman_region32_subtract(&viewer->pending, &viewer->pending, region);
    view_return_unneeded(&viewer->view, region);
    if (add_pixels(viewer, region) < 0 || viewer->update.prefix.failed || !subtracted) {
        viewer_close(viewer, "out of memory");
        return;
    }
    viewer->sending = true;
    viewer->update_encoding = viewer->encodings.preferred;
    viewer->stream_before = viewer->bytes_sent + viewer->out.size;
    trace(viewer_update_begin, "viewer=%u rects=%u", viewer->id, viewer->update.nrects);
    viewer->owner->changed(viewer);
    viewer->owner->sender_ops->send(viewer->sender, &viewer->update);
}

/* Answers what was asked for, if there is something to say. `region` is what
 * was asked for and has changed. */
static void answer(struct viewer *viewer, pixman_region32_t *region)
{
    bool pixels = pixman_region32_not_empty(region);
    bool wanted = pixels || viewer->cursor_due || viewer->nmoves > 0 || viewer_notices_due(viewer);
    if (pixels && !viewer->has_place)
        viewer->has_place = gate_enter(viewer->owner->gate, &viewer->waiter);
    if (!wanted || (pixels && !viewer->has_place))
        return;
    write_prefix(viewer);
    pixman_region32_clear(&viewer->requested);
    viewer->whole_requested = false;
    if (pixels)
        send_pixels(viewer, region);
    else
        send_finished(viewer, &viewer->update.prefix, viewer->update.nprefix);
}

static bool may_send(struct viewer *viewer)
{
    return viewer->state == VIEWER_RUNNING && !viewer->closing && !viewer->hung_up &&
           !viewer->sending && viewer->out.size < VIEWER_MAX_WAITING &&
           pixman_region32_not_empty(&viewer->requested) &&
           budget_open(viewer->owner->budget, &viewer->budget_waiter);
}

/* What was asked for, has changed, and can be seen in a frame. Returns false
 * when memory is short. */
static bool find_region(struct viewer *viewer, pixman_region32_t *region)
{
    bool found = pixman_region32_intersect(region, &viewer->pending, &viewer->requested);
    for (uint32_t i = 0; i < viewer->view.nheads && found; i++) {
        const struct view_head *head = &viewer->view.heads[i];
        pixman_box32_t box = view_head_box(head);
        pixman_region32_t blind;
        if (head->shadow)
            continue;
        pixman_region32_init_with_extents(&blind, &box);
        found = pixman_region32_subtract(region, region, &blind);
        pixman_region32_fini(&blind);
    }
    return found;
}

static void answer_request(struct viewer *viewer)
{
    pixman_region32_t region;
    /* A move changes what lies outside of the part that was asked for, and
     * goes together with the pixels of its frame. */
    pixman_box32_t all = {0, 0, viewer->width, viewer->height};
    if (pixman_region32_contains_rectangle(&viewer->requested, &all) != PIXMAN_REGION_IN ||
        !view_sees_all(&viewer->view))
        viewer_drop_moves(viewer);
    pixman_region32_init(&region);
    if (find_region(viewer, &region))
        answer(viewer, &region);
    else
        viewer_close(viewer, "out of memory");
    pixman_region32_fini(&region);
}

static void try_update(struct viewer *viewer)
{
    if (!may_send(viewer) || !view_borrow(&viewer->view))
        return;
    send_sizes(viewer);
    /* Who takes one picture and leaves shall not get half of it. */
    bool enough = !viewer->whole_requested || view_sees_all(&viewer->view);
    if (enough && may_send(viewer))
        answer_request(viewer);
    if (!viewer->sending)
        view_return(&viewer->view);
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
    view_return(&viewer->view);
    if (viewer->has_place) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
}
