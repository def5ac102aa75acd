// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A watched file descriptor: calls back on the loop thread whenever it is
 * readable. For fds that come and go at run time (kicks, connections), which
 * libuv's poll handles serve only with memory that outlives their closing.
 */
#ifndef ORIEL_DEVICE_FD_WATCH_H
#define ORIEL_DEVICE_FD_WATCH_H

#include <uv.h>

struct fd_watch {
    uv_poll_t poll;
    int fd;
    void (*readable)(struct fd_watch *watch);
    void (*closed)(void *user);
    void *user;
};

/* Owns `fd` from now on, also on failure (NULL with errno). */
struct fd_watch *fd_watch_open(uv_loop_t *loop, int fd, void (*readable)(struct fd_watch *watch),
                               void *user);
/* Stops at once and closes the fd; the memory goes by itself, after which
 * `closed` (may be NULL) is called with the watch's `user`. NULL is fine. */
void fd_watch_close(struct fd_watch *watch, void (*closed)(void *user));

#endif
