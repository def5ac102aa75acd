// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/view.h"

#include <stdlib.h>

void view_init(struct view *view, struct display *displays, uint32_t count, bool all,
               const struct display_watcher_ops *ops)
{
    view->all = all;
    view->nheads = count;
    view->pointer = &view->heads[0];
    for (uint32_t i = 0; i < count; i++) {
        struct view_head *head = &view->heads[i];
        head->view = view;
        head->display = &displays[i];
        head->watcher.ops = ops;
    }
}

void view_watch(struct view *view)
{
    view->watching = true;
    for (uint32_t i = 0; i < view->nheads && view->watching; i++)
        display_watch(view->heads[i].display, &view->heads[i].watcher);
}

void view_unwatch(struct view *view)
{
    view->watching = false;
    for (uint32_t i = 0; i < view->nheads; i++)
        display_unwatch(&view->heads[i].watcher);
}

void view_fini(struct view *view)
{
    for (uint32_t i = 0; i < view->nheads; i++)
        free(view->heads[i].cursor_patch);
}

struct view_head *view_head_of(struct display_watcher *watcher)
{
    return (struct view_head *)((char *)watcher - offsetof(struct view_head, watcher));
}

static bool heads_meet(const struct view_head *a, const struct view_head *b)
{
    pixman_box32_t p = view_head_box(a), q = view_head_box(b);
    return p.x1 < q.x2 && q.x1 < p.x2 && p.y1 < q.y2 && q.y1 < p.y2;
}

static void find_overlaps(struct view *view)
{
    view->overlapping = false;
    for (uint32_t i = 0; i < view->nheads; i++) {
        pixman_box32_t box = view_head_box(&view->heads[i]);
        view->overlapping |= box.x2 > VIEW_MAX_SIZE || box.y2 > VIEW_MAX_SIZE;
        for (uint32_t k = 0; k < i; k++)
            view->overlapping |= heads_meet(&view->heads[i], &view->heads[k]);
    }
}

/* Moves the layout's first corner to (0,0). */
static void place(struct view *view)
{
    int32_t left = INT32_MAX, top = INT32_MAX, right = 0, bottom = 0;
    for (uint32_t i = 0; i < view->nheads; i++) {
        const struct display *display = view->heads[i].display;
        left = display->x < left ? display->x : left;
        top = display->y < top ? display->y : top;
    }
    for (uint32_t i = 0; i < view->nheads; i++) {
        struct view_head *head = &view->heads[i];
        head->x = head->display->x - left;
        head->y = head->display->y - top;
        head->width = head->display->width;
        head->height = head->display->height;
        pixman_box32_t box = view_head_box(head);
        right = box.x2 > right ? box.x2 : right;
        bottom = box.y2 > bottom ? box.y2 : bottom;
    }
    view->width = (uint32_t)(right < VIEW_MAX_SIZE ? right : VIEW_MAX_SIZE);
    view->height = (uint32_t)(bottom < VIEW_MAX_SIZE ? bottom : VIEW_MAX_SIZE);
}

/* Keeps the one that counts while it shows. */
static void choose_pointer(struct view *view)
{
    for (uint32_t i = 0; i < view->nheads; i++) {
        if (cursor_shown(view_cursor(view)))
            return;
        if (cursor_shown(&view->heads[i].display->cursor))
            view->pointer = &view->heads[i];
    }
}

bool view_arrange(struct view *view, struct view_head *changed)
{
    changed->known = true;
    for (uint32_t i = 0; i < view->nheads; i++) {
        if (!view->heads[i].known)
            return false;
    }
    place(view);
    find_overlaps(view);
    choose_pointer(view);
    return true;
}

bool view_borrow(struct view *view)
{
    bool any = false;
    for (uint32_t i = 0; i < view->nheads; i++) {
        view->heads[i].shadow = display_borrow(view->heads[i].display);
        any |= view->heads[i].shadow != NULL;
    }
    return any;
}

bool view_sees_all(const struct view *view)
{
    for (uint32_t i = 0; i < view->nheads; i++) {
        if (!view->heads[i].shadow)
            return false;
    }
    return true;
}

static void return_one(struct view_head *head)
{
    if (head->shadow)
        display_return(head->shadow);
    head->shadow = NULL;
}

void view_return_unneeded(struct view *view, const pixman_region32_t *region)
{
    for (uint32_t i = 0; i < view->nheads; i++) {
        pixman_box32_t box = view_head_box(&view->heads[i]);
        if (pixman_region32_contains_rectangle((pixman_region32_t *)region, &box) ==
            PIXMAN_REGION_OUT)
            return_one(&view->heads[i]);
    }
}

void view_return(struct view *view)
{
    for (uint32_t i = 0; i < view->nheads; i++)
        return_one(&view->heads[i]);
}

pixman_box32_t view_head_box(const struct view_head *head)
{
    return (pixman_box32_t){head->x, head->y, head->x + (int32_t)head->width,
                            head->y + (int32_t)head->height};
}

pixman_box32_t view_cursor_box(const struct view_head *head)
{
    pixman_box32_t box = cursor_box(&head->display->cursor);
    if (box.x1 >= box.x2)
        return box;
    return (pixman_box32_t){box.x1 + head->x, box.y1 + head->y, box.x2 + head->x, box.y2 + head->y};
}

bool view_cursor_changed(struct view *view, struct view_head *head)
{
    const struct view_head *before = view->pointer;
    if (cursor_shown(&head->display->cursor)) {
        view->pointer = head;
    } else {
        choose_pointer(view);
    }
    return view->pointer != before;
}

const struct cursor *view_cursor(const struct view *view)
{
    return &view->pointer->display->cursor;
}

/* How far a value lies outside of [0, size). */
static int64_t outside(int64_t value, int64_t size)
{
    return value < 0 ? -value : value >= size ? value - size + 1 : 0;
}

static int32_t clamp(int64_t value, int64_t size)
{
    return (int32_t)(value < 0 ? 0 : value >= size ? size - 1 : value);
}

uint32_t view_find(const struct view *view, int32_t *x, int32_t *y)
{
    const struct view_head *best = &view->heads[0];
    int64_t best_distance = INT64_MAX;
    for (uint32_t i = 0; i < view->nheads; i++) {
        const struct view_head *head = &view->heads[i];
        int64_t dx = outside((int64_t)*x - head->x, head->width);
        int64_t dy = outside((int64_t)*y - head->y, head->height);
        int64_t distance = dx * dx + dy * dy;
        if (distance < best_distance) {
            best = head;
            best_distance = distance;
        }
    }
    *x = clamp((int64_t)*x - best->x, best->width);
    *y = clamp((int64_t)*y - best->y, best->height);
    return best->display->head;
}
