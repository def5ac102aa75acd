// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A display: one of the core's heads as this program sees it, with the canvas,
 * two shadows and the cursor. It subscribes to the head while somebody watches
 * it, takes each frame with a job that copies what a shadow lacks, and tells
 * the watchers what changed.
 *
 * Loop thread. Memory belongs to the owner, who keeps it until no copy is in
 * progress any more, which the end of the loop guarantees.
 */
#ifndef ORIEL_NET_VNC_DISPLAY_H
#define ORIEL_NET_VNC_DISPLAY_H

#include "net/link.h"
#include "net/vnc/canvas_map.h"
#include "net/vnc/cursor.h"
#include "net/vnc/shadow.h"

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct display;
struct display_watcher;

/* Callbacks may remove watchers, their own and others. */
struct display_watcher_ops {
    /* The head's size is known (display->width, height), also when it was
     * known already at display_watch(). */
    void (*size)(struct display_watcher *watcher);
    /* display->newest is a new frame. It differs from the one before inside
     * `damage`, and after `moves` were applied to that one only inside `rest`
     * (a part of `damage`). */
    void (*frame)(struct display_watcher *watcher, const pixman_region32_t *damage,
                  const struct link_move *moves, uint32_t nmoves, const pixman_region32_t *rest);
    /* The cursor changed; where it was and is lies inside `area`. `image` says
     * that more than its place did. */
    void (*cursor)(struct display_watcher *watcher, const pixman_region32_t *area, bool image);
};

/* Embedded in its owner. */
struct display_watcher {
    const struct display_watcher_ops *ops;
    struct display *display; /* NULL: watches none */
    struct display_watcher *next, *previous;
};

struct display_ops {
    /* Sends a message to the core. Never fails: what the socket does not take
     * now is sent later. */
    void (*send)(struct display *display, uint32_t type, uint32_t generation, const void *payload,
                 size_t size);
};

struct take;

struct display {
    uv_loop_t *loop;
    const struct display_ops *ops;
    void *user;
    uint32_t head;

    bool subscribed;
    uint32_t generation;    /* of the canvas */
    struct canvas_map *map; /* NULL: no canvas yet */
    uint32_t width, height; /* of the canvas, pixels */
    int32_t x, y;           /* of the head in the layout */
    struct shadow *shadows[2];
    struct shadow *newest; /* one of them, or NULL before the first frame */
    struct take *taking;   /* the copy in progress, or NULL */
    bool credited;         /* the core may send a frame */
    /* The last copy was torn, so that no frame is known to the watchers until
     * the next good one, which then counts as wholly changed. */
    bool torn;
    struct cursor cursor;

    struct display_watcher *watchers;
    struct display_watcher *next_told; /* whose turn it is while they are told something */
    uint64_t frames_taken, frames_torn;
};

void display_init(struct display *display, uv_loop_t *loop, uint32_t head,
                  const struct display_ops *ops, void *user);
/* Lets go of everything. Watchers must be gone. */
void display_fini(struct display *display);

void display_watch(struct display *display, struct display_watcher *watcher);
void display_unwatch(struct display_watcher *watcher);

/* The newest frame, for somebody who encodes from it; NULL before the first
 * and after a torn one. It stays as it is until display_return(). */
struct shadow *display_borrow(struct display *display);
/* Works also when the display has let go of the shadow meanwhile. */
void display_return(struct shadow *shadow);

/* Messages of the core for this head, checked here. Return 0 or a negative
 * errno, -EPROTO when a value is out of bounds. */
int display_handle_head(struct display *display, uint32_t generation, const struct link_head *head,
                        int fd); /* does not take fd */
int display_handle_frame(struct display *display, uint32_t generation,
                         const struct link_frame *frame);
int display_handle_cursor(struct display *display, const struct link_cursor *cursor);
int display_handle_cursor_move(struct display *display, const struct link_cursor_move *move);

#endif
