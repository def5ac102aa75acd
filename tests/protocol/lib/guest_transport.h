// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What carries a virtio device to a test's guest. front_end.h is the one for
 * vhost-user; tests of the device itself use nothing but this, so that they
 * run over any other transport too.
 *
 * One thread. Functions return 0 or a negative errno; -EPIPE: the program
 * under test has closed the connection.
 */
#ifndef ORIEL_TESTS_GUEST_TRANSPORT_H
#define ORIEL_TESTS_GUEST_TRANSPORT_H

#include "tests/protocol/lib/guest_ring.h"

#include <linux/virtio_config.h>

#define GUEST_FEATURE(bit) (1ull << (bit))

struct guest_transport;

struct guest_transport_ops {
    /* The driver says DRIVER_OK: the rings run from index 0. */
    int (*start)(struct guest_transport *transport);
    /* The VMM pauses; when this returns the rings stand still and ring->base
     * is what the device handed back. */
    int (*pause)(struct guest_transport *transport);
    int (*resume)(struct guest_transport *transport);
    /* The driver resets the device (status 0), or the machine is reset. */
    int (*reset)(struct guest_transport *transport);
    /* The guest's memory map changed. */
    int (*memory_changed)(struct guest_transport *transport);
    void (*kick)(struct guest_transport *transport, unsigned queue);
    /* Waits for the queue's interrupt; -ETIMEDOUT when none comes. */
    int (*wait)(struct guest_transport *transport, unsigned queue, int timeout_ms);
    int (*config_read)(struct guest_transport *transport, uint32_t offset, void *data,
                       uint32_t size);
};

struct guest_transport {
    const struct guest_transport_ops *ops;
    struct guest_ram *ram;
    uint64_t device_features; /* offered, known after connecting */
    uint64_t driver_features; /* accepted at start; set by the test */
    struct guest_ring *rings; /* set by the test before start */
    unsigned nrings;
};

#endif
