// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/display.h"

#include "net/vnc/display_take.h"

#include <errno.h>
#include <string.h>

/* Of a head in the layout, either way: so far out nobody could see it. */
#define MAX_PLACE (1 << 20)

void display_init(struct display *display, uv_loop_t *loop, uint32_t head,
                  const struct display_ops *ops, void *user)
{
    *display = (struct display){.loop = loop, .ops = ops, .user = user, .head = head};
}

/* A shadow that is still used stays until its users return it; a copy in
 * progress ends by itself and is thrown away. */
static void drop_canvas(struct display *display)
{
    take_orphan(display->taking);
    display->taking = NULL;
    display->newest = NULL;
    for (int i = 0; i < 2; i++) {
        if (display->shadows[i])
            display->shadows[i]->display = NULL;
        shadow_unref(display->shadows[i]);
        display->shadows[i] = NULL;
    }
    canvas_map_unref(display->map);
    display->map = NULL;
    display->credited = false;
    display->torn = false;
}

void display_fini(struct display *display)
{
    drop_canvas(display);
}

static void unsubscribe(struct display *display)
{
    display->subscribed = false;
    drop_canvas(display);
    display->cursor.visible = false;
    display->cursor.width = display->cursor.height = 0;
    display->ops->send(display, LINK_UNSUBSCRIBE, 0, NULL, 0);
}

void display_watch(struct display *display, struct display_watcher *watcher)
{
    watcher->display = display;
    watcher->previous = NULL;
    watcher->next = display->watchers;
    if (watcher->next)
        watcher->next->previous = watcher;
    display->watchers = watcher;
    if (!display->subscribed) {
        display->subscribed = true;
        display->ops->send(display, LINK_SUBSCRIBE, 0, NULL, 0);
    } else if (display->map) {
        watcher->ops->size(watcher);
    }
}

void display_unwatch(struct display_watcher *watcher)
{
    struct display *display = watcher->display;
    if (!display)
        return;
    if (watcher->previous)
        watcher->previous->next = watcher->next;
    else
        display->watchers = watcher->next;
    if (watcher->next)
        watcher->next->previous = watcher->previous;
    if (display->next_told == watcher)
        display->next_told = watcher->next;
    watcher->display = NULL;
    if (!display->watchers)
        unsubscribe(display);
}

struct shadow *display_borrow(struct display *display)
{
    return display->newest && !display->torn ? shadow_ref(display->newest) : NULL;
}

void display_return(struct shadow *shadow)
{
    struct display *display = shadow->display;
    shadow_unref(shadow);
    if (display)
        display_give_credit(display);
}

static int check_head(const struct display *display, uint32_t generation,
                      const struct link_head *head)
{
    bool fits = head->width >= 1 && head->width <= CANVAS_MAX_SIZE && head->height >= 1 &&
                head->height <= CANVAS_MAX_SIZE && head->stride == canvas_stride(head->width) &&
                head->x >= -MAX_PLACE && head->x <= MAX_PLACE && head->y >= -MAX_PLACE &&
                head->y <= MAX_PLACE && memchr(head->name, '\0', sizeof(head->name)) != NULL;
    bool is_new = !display->map || generation != display->generation;
    return fits && is_new ? 0 : -EPROTO;
}

int display_handle_head(struct display *display, uint32_t generation, const struct link_head *head,
                        int fd)
{
    /* It may have been on its way when the last watcher left. */
    if (!display->subscribed)
        return 0;
    int rc = check_head(display, generation, head);
    if (rc < 0)
        return rc;
    drop_canvas(display);
    rc = canvas_map_create(&display->map, fd, head->width, head->height);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 2; i++) {
        display->shadows[i] = shadow_create(display, head->width, head->height);
        if (!display->shadows[i])
            return -ENOMEM;
    }
    display->generation = generation;
    display->width = head->width;
    display->height = head->height;
    display->x = head->x;
    display->y = head->y;
    display_give_credit(display);

    for (struct display_watcher *w = display->watchers; w; w = display->next_told) {
        display->next_told = w->next;
        w->ops->size(w);
    }
    return 0;
}

static void tell_cursor(struct display *display, const pixman_box32_t *old, bool image)
{
    pixman_box32_t new_box = cursor_box(&display->cursor);
    pixman_region32_t area;
    pixman_region32_init_with_extents(&area, (pixman_box32_t *)old);
    pixman_region32_union_rect(&area, &area, new_box.x1, new_box.y1,
                               (unsigned)(new_box.x2 - new_box.x1),
                               (unsigned)(new_box.y2 - new_box.y1));
    for (struct display_watcher *w = display->watchers; w; w = display->next_told) {
        display->next_told = w->next;
        w->ops->cursor(w, &area, image);
    }
    pixman_region32_fini(&area);
}

int display_handle_cursor(struct display *display, const struct link_cursor *message)
{
    /* link.c has checked the size against the bounds of struct cursor. */
    bool empty = message->width == 0 && message->height == 0;
    bool fits = message->visible <= 1 && (message->width == 0) == (message->height == 0) &&
                (empty || (message->hot_x < message->width && message->hot_y < message->height));
    if (!fits)
        return -EPROTO;
    if (!display->subscribed)
        return 0;
    struct cursor *cursor = &display->cursor;
    pixman_box32_t old = cursor_box(cursor);
    cursor->visible = message->visible;
    cursor->x = message->x;
    cursor->y = message->y;
    cursor->hot_x = message->hot_x;
    cursor->hot_y = message->hot_y;
    cursor->width = message->width;
    cursor->height = message->height;
    memcpy(cursor->pixels, message + 1, (size_t)message->width * message->height * 4);
    tell_cursor(display, &old, true);
    return 0;
}

int display_handle_cursor_move(struct display *display, const struct link_cursor_move *move)
{
    if (move->visible > 1)
        return -EPROTO;
    if (!display->subscribed)
        return 0;
    struct cursor *cursor = &display->cursor;
    pixman_box32_t old = cursor_box(cursor);
    bool image = cursor->visible != (bool)move->visible;
    cursor->visible = move->visible;
    cursor->x = move->x;
    cursor->y = move->y;
    tell_cursor(display, &old, image);
    return 0;
}
