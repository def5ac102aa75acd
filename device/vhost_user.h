// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost-user back-end (QEMU's docs/interop/vhost-user.rst): serves one virtio
 * device to one VMM at a time over a unix socket.
 *
 * Loop thread. Never blocks: replies go out at once.
 */
#ifndef ORIEL_DEVICE_VHOST_USER_H
#define ORIEL_DEVICE_VHOST_USER_H

#include "device/virtio_device.h"

#include <stdbool.h>
#include <uv.h>

struct vhost_user;

struct vhost_user_listener {
    /* A VMM has connected, or left. */
    void (*connected)(void *user, bool connected);
    /* It has left, and none can follow: the socket was given connected. */
    void (*ended)(void *user);
};

/*
 * `fd` is a listening unix socket (then VMMs may come and go) or one that is
 * connected already; ownership passes also on failure. NULL with errno set on
 * failure.
 */
struct vhost_user *vhost_user_create(uv_loop_t *loop, struct virtio_device *device, int fd,
                                     const struct vhost_user_listener *events, void *user);
/* Whether a VMM is connected. */
bool vhost_user_connected(const struct vhost_user *vhost_user);
/* Two phases; `done` may be NULL. */
void vhost_user_destroy(struct vhost_user *vhost_user, void (*done)(void *user), void *user);

#endif
