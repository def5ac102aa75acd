// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/vhost_user_internal.h"
#include "server/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct virtqueue *ring_queue(struct vhost_user_ring *ring)
{
    return &ring->vhost_user->device->queues[ring->index];
}

/* The eventfds are shared with the VMM, which may have filled or emptied them
 * by the time we look: neither end may ever wait. */
static void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void call_guest(struct virtqueue *queue)
{
    struct vhost_user_ring *ring = queue->transport;
    uint64_t one = 1;
    /* A full counter has an interrupt pending already. */
    if (ring->call_fd >= 0 && write(ring->call_fd, &one, sizeof one) < 0 && errno != EAGAIN)
        log_warning_limited(&ring->vhost_user->log_limit, VHOST_USER_MODULE,
                            "%s: cannot interrupt the guest: %s", ring->vhost_user->device->name,
                            strerror(errno));
}

void vhost_user_rings_init(struct vhost_user *vhost_user)
{
    for (unsigned i = 0; i < vhost_user->device->nqueues; i++) {
        struct vhost_user_ring *ring = &vhost_user->rings[i];
        *ring = (struct vhost_user_ring){
            .vhost_user = vhost_user, .index = i, .call_fd = -1, .err_fd = -1
        };
        struct virtqueue *queue = ring_queue(ring);
        queue->call = call_guest;
        queue->transport = ring;
    }
}

static void notify(struct vhost_user_ring *ring)
{
    struct virtio_device *device = ring->vhost_user->device;
    if (ring_queue(ring)->enabled && ring_queue(ring)->running)
        device->ops->queue_notify(device, ring->index);
}

static void handle_kick(struct fd_watch *watch)
{
    struct vhost_user *vhost_user = watch->user;
    for (unsigned i = 0; i < vhost_user->device->nqueues; i++) {
        struct vhost_user_ring *ring = &vhost_user->rings[i];
        if (ring->kick != watch)
            continue;
        uint64_t count;
        ssize_t n = read(watch->fd, &count, sizeof count);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            /* Readable for ever, but never a kick: looking on would spin. */
            vhost_user_unwatch(vhost_user, &ring->kick);
            return;
        }
        notify(ring);
        return;
    }
}

/*
 * A driver that starts afresh is told from one that goes on after a pause by
 * its rings: all begin at 0, though one of them has handed back more. QEMU
 * before 8 says it in no other way. Only when all rings run: the base comes
 * before the address, so that the used index of an old ring could still stand
 * there.
 */
static void detect_reset(struct vhost_user *vhost_user)
{
    bool went_on = false;
    for (unsigned i = 0; i < vhost_user->device->nqueues; i++) {
        struct vhost_user_ring *ring = &vhost_user->rings[i];
        if (!ring_queue(ring)->running || !ring->fresh)
            return;
        went_on |= ring->handed_back != 0;
    }
    if (!went_on)
        return;
    for (unsigned i = 0; i < vhost_user->device->nqueues; i++)
        vhost_user->rings[i].handed_back = 0;
    log_debug(VHOST_USER_MODULE, "%s: the driver starts anew", vhost_user->device->name);
    vhost_user->device->ops->reset(vhost_user->device);
}

int vhost_user_ring_start(struct vhost_user_ring *ring, int kick_fd)
{
    struct vhost_user *vhost_user = ring->vhost_user;
    struct virtqueue *queue = ring_queue(ring);
    vhost_user_unwatch(vhost_user, &ring->kick);
    set_nonblocking(kick_fd);
    ring->kick = vhost_user_watch(vhost_user, kick_fd, handle_kick);
    if (!ring->kick)
        return -errno;
    if (!queue->running) {
        int error = virtqueue_start(queue, vhost_user->device->memory);
        if (error < 0)
            return error;
        uint16_t used = virtqueue_used_index(queue);
        if (used != ring->base)
            log_info(VHOST_USER_MODULE, "%s: queue %u goes on at its used index %u, not at %u",
                     vhost_user->device->name, ring->index, used, ring->base);
        ring->fresh = ring->base == 0 && used == 0;
        trace(vhost_user_ring, "device=%s queue=%u started=%u", vhost_user->device->name,
              ring->index, used);
        detect_reset(vhost_user);
    }
    /* The guest may have filled the ring before we came to watch it. */
    notify(ring);
    return 0;
}

uint16_t vhost_user_ring_stop(struct vhost_user_ring *ring)
{
    struct vhost_user *vhost_user = ring->vhost_user;
    struct virtqueue *queue = ring_queue(ring);
    vhost_user_unwatch(vhost_user, &ring->kick);
    if (queue->running) {
        vhost_user->device->ops->queue_stop(vhost_user->device, ring->index);
        virtqueue_stop(queue);
        ring->base = queue->last_avail;
        trace(vhost_user_ring, "device=%s queue=%u stopped=%u", vhost_user->device->name,
              ring->index, ring->base);
    }
    ring->handed_back = ring->base;
    return ring->base;
}

static void replace_fd(int *slot, int fd)
{
    if (*slot >= 0)
        close(*slot);
    if (fd >= 0)
        set_nonblocking(fd);
    *slot = fd;
}

void vhost_user_ring_set_call(struct vhost_user_ring *ring, int fd)
{
    replace_fd(&ring->call_fd, fd);
}

void vhost_user_ring_set_err(struct vhost_user_ring *ring, int fd)
{
    replace_fd(&ring->err_fd, fd);
}

void vhost_user_ring_enable(struct vhost_user_ring *ring, bool enable)
{
    bool was = ring_queue(ring)->enabled;
    ring_queue(ring)->enabled = enable;
    trace(vhost_user_ring, "device=%s queue=%u enabled=%d", ring->vhost_user->device->name,
          ring->index, enable);
    if (enable && !was)
        notify(ring);
}

void vhost_user_rings_reset(struct vhost_user *vhost_user)
{
    for (unsigned i = 0; i < vhost_user->device->nqueues; i++) {
        struct vhost_user_ring *ring = &vhost_user->rings[i];
        vhost_user_ring_stop(ring);
        ring_queue(ring)->enabled = false;
        ring->base = 0;
        ring->handed_back = 0;
    }
    vhost_user->device->ops->reset(vhost_user->device);
}
