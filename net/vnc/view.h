// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer sees: one head, or all of them at their places in the layout,
 * with black between them. It knows where each head lies in the viewer's
 * picture, which frames it holds while an update is made of them, and which of
 * the heads' cursors is the one that the viewer has.
 *
 * Where heads overlap, the one with the lower number is in front.
 *
 * Loop thread; memory belongs to the owner.
 */
#ifndef ORIEL_NET_VNC_VIEW_H
#define ORIEL_NET_VNC_VIEW_H

#include "net/vnc/display.h"

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

/* RFB's sizes and places are numbers of 16 bits. */
#define VIEW_MAX_SIZE 65535

struct view;

struct view_head {
    struct display_watcher watcher;
    struct view *view;
    struct display *display;
    bool known;             /* its size is */
    int32_t x, y;           /* in the view */
    uint32_t width, height;
    struct shadow *shadow;  /* borrowed, or NULL */
    uint32_t *cursor_patch; /* its cursor's place as composed for this viewer */
};

struct view {
    bool all; /* the layout, also when that is one head */
    bool watching;
    uint32_t nheads;
    struct view_head heads[LINK_MAX_HEADS];
    uint32_t width, height; /* of the picture; 0 until all heads are known */
    bool overlapping;       /* some heads lie over others, or not wholly in the view */
    struct view_head *pointer; /* the head whose cursor counts */
};

/* Of `count` heads; a view that is not of all has one. */
void view_init(struct view *view, struct display *displays, uint32_t count, bool all,
               const struct display_watcher_ops *ops);
/* Lets go of everything but borrowed shadows. */
void view_unwatch(struct view *view);
/* Frees what is left, when nothing is borrowed. */
void view_fini(struct view *view);
/* The ops may be called before it returns, and may unwatch. */
void view_watch(struct view *view);

struct view_head *view_head_of(struct display_watcher *watcher);
/* A head's size or place is another: settles all of the view's. False: there
 * are heads of which nothing is known yet. */
bool view_arrange(struct view *view, struct view_head *changed);

/* Borrows the newest frame of each head that has one; true when there is any. */
bool view_borrow(struct view *view);
/* Each head has lent one. */
bool view_sees_all(const struct view *view);
/* Returns those that `region` of the view does not need. */
void view_return_unneeded(struct view *view, const pixman_region32_t *region);
void view_return(struct view *view);

pixman_box32_t view_head_box(const struct view_head *head);
/* Where its cursor is, in the view; empty when it does not show. */
pixman_box32_t view_cursor_box(const struct view_head *head);
/* A head's cursor changed. True: it is another head's that counts now. */
bool view_cursor_changed(struct view *view, struct view_head *head);
const struct cursor *view_cursor(const struct view *view);

/* The head under a place of the view, or the nearest one; the place becomes
 * the one on that head. */
uint32_t view_find(const struct view *view, int32_t *x, int32_t *y);

#endif
