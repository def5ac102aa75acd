// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio device, as its transport sees it. The gpu and the input devices
 * implement it once; vhost-user (and later vfio-user) carry it.
 *
 * Everything runs on the loop thread. Nothing here ever blocks: the VMM waits
 * for the transport's answers with its big lock held.
 */
#ifndef ORIEL_DEVICE_VIRTIO_DEVICE_H
#define ORIEL_DEVICE_VIRTIO_DEVICE_H

#include "device/guest_memory.h"
#include "device/virtqueue.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VIRTIO_DEVICE_MAX_QUEUES 2

/* Virtio 1.2, section 6. */
#define VIRTIO_F_RING_INDIRECT_DESC 28
#define VIRTIO_F_RING_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34

struct virtio_device;

struct virtio_device_ops {
    /* The guest read `size` bytes of the configuration at `offset`; bytes
     * beyond the device's configuration read as zero. */
    void (*config_read)(struct virtio_device *device, uint32_t offset, void *data, uint32_t size);
    void (*config_write)(struct virtio_device *device, uint32_t offset, const void *data,
                         uint32_t size);
    /* A queue runs and may have work: called at every kick and once after
     * every start. */
    void (*queue_notify)(struct virtio_device *device, unsigned index);
    /* The queue stops now. What it popped and has not pushed is given back:
     * the device sets queue->last_avail to the first chain that has no
     * answer, and drops answers of before by the queue's run number. */
    void (*queue_stop)(struct virtio_device *device, unsigned index);
    /* Drops everything that the guest ever said. */
    void (*reset)(struct virtio_device *device);
    /* device->memory is another table now; addresses are to be looked up
     * again. NULL: no memory. */
    void (*memory_changed)(struct virtio_device *device);
};

struct virtio_device {
    const struct virtio_device_ops *ops;
    const char *name;         /* for the log */
    uint64_t device_features; /* offered, without the transport's bits */
    uint64_t features;        /* accepted by the guest */
    unsigned nqueues;
    struct virtqueue queues[VIRTIO_DEVICE_MAX_QUEUES];
    struct guest_memory *memory; /* the current table, one reference */
};

/* What config_read() answers: that part of a configuration of `config_size`
 * bytes, and zeros beyond its end. */
static inline void virtio_config_copy(const void *config, size_t config_size, uint32_t offset,
                                      void *data, uint32_t size)
{
    memset(data, 0, size);
    if (offset < config_size)
        memcpy(data, (const uint8_t *)config + offset,
               size < config_size - offset ? size : config_size - offset);
}

#endif
