// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/fd_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void handle_readable(uv_poll_t *poll, int status, int events)
{
    struct fd_watch *watch = poll->data;
    /* Errors show themselves to whoever reads. */
    (void)status;
    (void)events;
    watch->readable(watch);
}

struct fd_watch *fd_watch_open(uv_loop_t *loop, int fd, void (*readable)(struct fd_watch *watch),
                               void *user)
{
    struct fd_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        goto failure;
    watch->fd = fd;
    watch->readable = readable;
    watch->user = user;
    watch->poll.data = watch;
    int error = uv_poll_init(loop, &watch->poll, fd);
    if (error < 0) {
        free(watch);
        errno = -error;
        goto failure;
    }
    error = uv_poll_start(&watch->poll, UV_READABLE, handle_readable);
    if (error < 0) {
        fd_watch_close(watch, NULL);
        errno = -error;
        return NULL;
    }
    return watch;

failure:
    error = errno;
    close(fd);
    errno = error;
    return NULL;
}

static void handle_closed(uv_handle_t *handle)
{
    struct fd_watch *watch = handle->data;
    void (*closed)(void *user) = watch->closed;
    void *user = watch->user;
    free(watch);
    if (closed)
        closed(user);
}

void fd_watch_close(struct fd_watch *watch, void (*closed)(void *user))
{
    if (!watch)
        return;
    watch->closed = closed;
    uv_close((uv_handle_t *)&watch->poll, handle_closed);
    close(watch->fd);
}
