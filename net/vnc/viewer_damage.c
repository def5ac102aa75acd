// SPDX-License-Identifier: GPL-2.0-or-later
/* What a viewer lacks, and what it has asked for. */
#include "net/vnc/viewer_private.h"

#include "encoders/damage.h"
#include "server/trace.h"

bool viewer_draws_cursor(const struct viewer *viewer)
{
    return viewer->encodings.cursor || viewer->encodings.alpha_cursor;
}

static bool boxes_meet(const pixman_box32_t *a, const pixman_box32_t *b)
{
    return a->x1 < b->x2 && b->x1 < a->x2 && a->y1 < b->y2 && b->y1 < a->y2;
}

void viewer_all_pending(struct viewer *viewer)
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
        viewer_all_pending(viewer);
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

void viewer_drop_moves(struct viewer *viewer)
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
    return viewer->encodings.copy_rect && viewer_draws_cursor(viewer) &&
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
        viewer_all_pending(viewer);
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
        viewer_drop_moves(viewer);
        guard(viewer, pixman_region32_union(pending, pending, (pixman_region32_t *)damage));
    }
    damage_bound(pending, VIEWER_MAX_PENDING_RECTS);
    viewer_update(viewer);
}

static void on_cursor(struct display_watcher *watcher, const pixman_region32_t *area, bool image)
{
    struct viewer *viewer = of_watcher(watcher);
    if (viewer_draws_cursor(viewer))
        viewer->cursor_due |= image;
    else
        guard(viewer, pixman_region32_union(&viewer->pending, &viewer->pending,
                                            (pixman_region32_t *)area));
    viewer_update(viewer);
}

const struct display_watcher_ops viewer_watcher_ops = {
    .size = on_size,
    .frame = on_frame,
    .cursor = on_cursor,
};

void viewer_request(struct viewer *viewer, bool incremental, const pixman_box32_t *area)
{
    pixman_box32_t box = *area;
    trace(viewer_request, "viewer=%u incremental=%d x=%d y=%d width=%d height=%d", viewer->id,
          incremental, box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1);
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
        viewer_drop_moves(viewer);
        add_box(viewer, &box);
        damage_bound(&viewer->pending, VIEWER_MAX_PENDING_RECTS);
        viewer->size_due |= viewer->encodings.extended_desktop_size;
    }
    viewer_update(viewer);
}

void viewer_set_encodings(struct viewer *viewer, const struct encodings *encodings)
{
    bool drew = viewer->encodings_known && viewer_draws_cursor(viewer);
    viewer->encodings = *encodings;
    viewer->encodings_known = true;
    if (!encodings->copy_rect || !viewer_draws_cursor(viewer))
        viewer_drop_moves(viewer);
    if (viewer_draws_cursor(viewer) != drew) {
        /* From now on the cursor is in its picture, or is there no more. */
        pixman_box32_t box = cursor_box(&viewer->display->cursor);
        add_box(viewer, &box);
        viewer->cursor_due = viewer_draws_cursor(viewer);
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
