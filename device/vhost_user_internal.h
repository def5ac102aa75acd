// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the vhost-user transport share; see vhost_user.h. */
#ifndef ORIEL_DEVICE_VHOST_USER_INTERNAL_H
#define ORIEL_DEVICE_VHOST_USER_INTERNAL_H

#include "device/fd_watch.h"
#include "device/vhost_user.h"
#include "device/vhost_user_message.h"
#include "server/log.h"

#define VHOST_USER_MODULE "vhost-user"

/* What the protocol knows of a queue; its rings are in struct virtqueue. */
struct vhost_user_ring {
    struct vhost_user *vhost_user;
    unsigned index;
    struct fd_watch *kick; /* NULL: stopped, or nothing to wait for */
    int call_fd, err_fd;   /* -1: none */
    uint16_t base;         /* of SET_VRING_BASE */
    bool fresh;            /* the current run began with base and used index 0 */
    uint16_t handed_back;  /* of the last GET_VRING_BASE */
};

struct vhost_user {
    uv_loop_t *loop;
    struct virtio_device *device;
    struct fd_watch *listener;   /* NULL when one connected socket was given */
    struct fd_watch *connection; /* NULL: no VMM */
    struct fd_watch *gpu_socket; /* of GPU_SET_SOCKET: drained, else unused */
    struct vhost_user_message message;
    struct vhost_user_ring rings[VIRTIO_DEVICE_MAX_QUEUES];
    uint64_t protocol_features;
    bool features_refused;
    struct log_limit log_limit;

    const struct vhost_user_listener *events;
    void *user;

    unsigned open_watches;
    bool closing;
    void (*closed)(void *user);
    void *closed_user;
};

/* A watch that vhost_user_destroy() waits for. */
struct fd_watch *vhost_user_watch(struct vhost_user *vhost_user, int fd,
                                  void (*readable)(struct fd_watch *watch));
void vhost_user_unwatch(struct vhost_user *vhost_user, struct fd_watch **watch);

/* vhost_user_ring.c */
void vhost_user_rings_init(struct vhost_user *vhost_user);
/* Starts the ring with this kick fd, which it owns. 0 or a negative errno. */
int vhost_user_ring_start(struct vhost_user_ring *ring, int kick_fd);
/* Stops it; returns the avail index to go on with. */
uint16_t vhost_user_ring_stop(struct vhost_user_ring *ring);
void vhost_user_ring_set_call(struct vhost_user_ring *ring, int fd);
void vhost_user_ring_set_err(struct vhost_user_ring *ring, int fd);
void vhost_user_ring_enable(struct vhost_user_ring *ring, bool enable);
/* Stops all rings, drops their fds, and resets the device. */
void vhost_user_rings_reset(struct vhost_user *vhost_user);

/* vhost_user_request.c: answers vhost_user->message, which is complete.
 * A negative errno means that the connection is to be cut; with -ESHUTDOWN it
 * has been said why. */
int vhost_user_handle_request(struct vhost_user *vhost_user);
/* Makes `memory` (a reference passes, NULL: none) the device's table. */
void vhost_user_set_memory(struct vhost_user *vhost_user, struct guest_memory *memory);

#endif
