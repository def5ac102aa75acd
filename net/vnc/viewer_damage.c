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

/* Moves go to a viewer whose picture is what its heads show. */
static bool takes_moves(const struct viewer *viewer, uint32_t count)
{
    const struct view *view = &viewer->view;
    return viewer->encodings.copy_rect && viewer_draws_cursor(viewer) && !view->overlapping &&
           viewer->width == view->width && viewer->height == view->height &&
           viewer->nmoves + count <= LINK_MAX_MOVES;
}

static struct viewer *of_head(struct view_head *head)
{
    return (struct viewer *)((char *)head->view - offsetof(struct viewer, view));
}

static void on_size(struct display_watcher *watcher)
{
    struct view_head *head = view_head_of(watcher);
    struct viewer *viewer = of_head(head);
    if (!view_arrange(&viewer->view, head))
        return;
    /* Also what lies outside of the new picture is another thing now. */
    if (viewer->state != VIEWER_RUNNING) {
        viewer_size_known(viewer);
        return;
    }
    viewer_all_pending(viewer);
    /* The screens may have moved inside of a picture of the same size. */
    viewer->size_due |= viewer->view.all && viewer->encodings.extended_desktop_size;
}

/* Adds what a head has changed; the moves are its own. */
static void add_damage(struct viewer *viewer, const struct view_head *head,
                       const pixman_region32_t *damage)
{
    pixman_region32_t *pending = &viewer->pending, moved;
    if (head->x == 0 && head->y == 0) {
        guard(viewer, pixman_region32_union(pending, pending, (pixman_region32_t *)damage));
        return;
    }
    pixman_region32_init(&moved);
    bool copied = pixman_region32_copy(&moved, (pixman_region32_t *)damage);
    pixman_region32_translate(&moved, head->x, head->y);
    guard(viewer, copied && pixman_region32_union(pending, pending, &moved));
    pixman_region32_fini(&moved);
}

/* In the view's coordinates, which fit where the view's size does. */
static void place_moves(const struct view_head *head, const struct link_move *moves, uint32_t count,
                        struct link_move *placed)
{
    uint16_t x = (uint16_t)head->x, y = (uint16_t)head->y;
    for (uint32_t i = 0; i < count; i++) {
        placed[i] = moves[i];
        placed[i].x = (uint16_t)(placed[i].x + x);
        placed[i].y = (uint16_t)(placed[i].y + y);
        placed[i].source_x = (uint16_t)(placed[i].source_x + x);
        placed[i].source_y = (uint16_t)(placed[i].source_y + y);
    }
}

static void on_frame(struct display_watcher *watcher, const pixman_region32_t *damage,
                     const struct link_move *moves, uint32_t nmoves, const pixman_region32_t *rest)
{
    struct view_head *head = view_head_of(watcher);
    struct viewer *viewer = of_head(head);
    if (viewer->state != VIEWER_RUNNING)
        return; /* all is pending when it starts */
    if (takes_moves(viewer, nmoves)) {
        struct link_move placed[LINK_MAX_MOVES];
        place_moves(head, moves, nmoves, placed);
        add_moves(viewer, placed, nmoves);
        add_damage(viewer, head, rest);
    } else {
        viewer_drop_moves(viewer);
        add_damage(viewer, head, damage);
    }
    damage_bound(&viewer->pending, VIEWER_MAX_PENDING_RECTS);
    viewer_update(viewer);
}

static void on_cursor(struct display_watcher *watcher, const pixman_region32_t *area, bool image)
{
    struct view_head *head = view_head_of(watcher);
    struct viewer *viewer = of_head(head);
    bool other_head = view_cursor_changed(&viewer->view, head);
    bool counts = head == viewer->view.pointer;
    if (viewer->state != VIEWER_RUNNING)
        return;
    if (viewer_draws_cursor(viewer))
        viewer->cursor_due |= other_head || (image && counts);
    else
        add_damage(viewer, head, area);
    if (counts)
        viewer_pointer_moved(viewer);
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
        viewer->whole_requested = true;
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
        for (uint32_t i = 0; i < viewer->view.nheads; i++) {
            pixman_box32_t box = view_cursor_box(&viewer->view.heads[i]);
            add_box(viewer, &box);
        }
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
