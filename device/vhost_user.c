// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/vhost_user.h"

#include "device/vhost_user_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void handle_unwatched(void *user)
{
    struct vhost_user *vhost_user = user;
    if (--vhost_user->open_watches > 0 || !vhost_user->closing)
        return;
    void (*closed)(void *user) = vhost_user->closed;
    void *closed_user = vhost_user->closed_user;
    free(vhost_user);
    if (closed)
        closed(closed_user);
}

struct fd_watch *vhost_user_watch(struct vhost_user *vhost_user, int fd,
                                  void (*readable)(struct fd_watch *watch))
{
    struct fd_watch *watch = fd_watch_open(vhost_user->loop, fd, readable, vhost_user);
    if (watch)
        vhost_user->open_watches++;
    return watch;
}

void vhost_user_unwatch(struct vhost_user *vhost_user, struct fd_watch **watch)
{
    (void)vhost_user;
    fd_watch_close(*watch, handle_unwatched);
    *watch = NULL;
}

static void disconnect(struct vhost_user *vhost_user)
{
    struct virtio_device *device = vhost_user->device;
    vhost_user_unwatch(vhost_user, &vhost_user->connection);
    vhost_user_unwatch(vhost_user, &vhost_user->gpu_socket);
    vhost_user_rings_reset(vhost_user);
    for (unsigned i = 0; i < device->nqueues; i++) {
        vhost_user_ring_set_call(&vhost_user->rings[i], -1);
        vhost_user_ring_set_err(&vhost_user->rings[i], -1);
    }
    vhost_user_set_memory(vhost_user, NULL);
    vhost_user_message_clear(&vhost_user->message);
    device->features = 0;
    vhost_user->protocol_features = 0;
    vhost_user->features_refused = false;
}

static void lose_connection(struct vhost_user *vhost_user, int error)
{
    const char *name = vhost_user->device->name;
    if (error == -ECONNRESET)
        log_info(VHOST_USER_MODULE, "%s: the VMM is gone", name);
    else if (error != -ESHUTDOWN)
        log_error(VHOST_USER_MODULE, "%s: the VMM is cut off: %s", name, strerror(-error));
    disconnect(vhost_user);
    vhost_user->events->connected(vhost_user->user, false);
    if (!vhost_user->listener)
        vhost_user->events->ended(vhost_user->user);
}

static void handle_message(struct fd_watch *watch)
{
    struct vhost_user *vhost_user = watch->user;
    /* The VMM waits for answers one by one and bursts are short: all that has
     * come is handled in this turn. */
    while (vhost_user->connection == watch) {
        int result = vhost_user_message_read(&vhost_user->message, watch->fd);
        if (result == 0)
            return;
        if (result > 0)
            result = vhost_user_handle_request(vhost_user);
        vhost_user_message_clear(&vhost_user->message);
        if (result < 0)
            lose_connection(vhost_user, result);
    }
}

static int connect_vmm(struct vhost_user *vhost_user, int fd)
{
    vhost_user->connection = vhost_user_watch(vhost_user, fd, handle_message);
    if (!vhost_user->connection)
        return -errno;
    log_info(VHOST_USER_MODULE, "%s: a VMM has connected", vhost_user->device->name);
    vhost_user->events->connected(vhost_user->user, true);
    return 0;
}

/* A VMM that ended and one that comes can be seen in the same turn of the
 * loop, in either order; the one that ended may have left messages unread. */
static bool connection_is_dead(const struct vhost_user *vhost_user)
{
    struct pollfd poll_fd = { .fd = vhost_user->connection->fd };
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLHUP | POLLERR));
}

static void handle_connection(struct fd_watch *watch)
{
    struct vhost_user *vhost_user = watch->user;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (vhost_user->connection && connection_is_dead(vhost_user))
        lose_connection(vhost_user, -ECONNRESET);
    if (vhost_user->connection) {
        log_warning_limited(&vhost_user->log_limit, VHOST_USER_MODULE,
                            "%s: a second VMM is refused, one is connected",
                            vhost_user->device->name);
        close(fd);
        return;
    }
    if (connect_vmm(vhost_user, fd) < 0)
        log_error(VHOST_USER_MODULE, "%s: cannot serve a VMM: %s", vhost_user->device->name,
                  strerror(errno));
}

static int open_socket(struct vhost_user *vhost_user, int fd)
{
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    if (!listening)
        return connect_vmm(vhost_user, fd);
    vhost_user->listener = vhost_user_watch(vhost_user, fd, handle_connection);
    return vhost_user->listener ? 0 : -errno;
}

struct vhost_user *vhost_user_create(uv_loop_t *loop, struct virtio_device *device, int fd,
                                     const struct vhost_user_listener *events, void *user)
{
    struct vhost_user *vhost_user = calloc(1, sizeof *vhost_user);
    if (!vhost_user) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    vhost_user->loop = loop;
    vhost_user->device = device;
    vhost_user->events = events;
    vhost_user->user = user;
    vhost_user_message_init(&vhost_user->message);
    vhost_user_rings_init(vhost_user);
    int error = open_socket(vhost_user, fd);
    if (error < 0) {
        free(vhost_user);
        errno = -error;
        return NULL;
    }
    return vhost_user;
}

bool vhost_user_connected(const struct vhost_user *vhost_user)
{
    return vhost_user->connection != NULL;
}

void vhost_user_destroy(struct vhost_user *vhost_user, void (*done)(void *user), void *user)
{
    vhost_user->closing = true;
    vhost_user->closed = done;
    vhost_user->closed_user = user;
    /* One more, so that the last of these cannot finish before we do. */
    vhost_user->open_watches++;
    if (vhost_user->connection)
        disconnect(vhost_user);
    vhost_user_unwatch(vhost_user, &vhost_user->listener);
    handle_unwatched(vhost_user);
}
