// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver's side of a split virtqueue (virtio 1.2, section 2.7), in guest
 * RAM: indirect descriptors, EVENT_IDX on or off, any split of a buffer over
 * descriptors. It checks what the device puts into the used ring: every chain
 * comes back once, and in the order in which it was made available.
 *
 * One thread. Addresses are guest-physical.
 */
#ifndef ORIEL_TESTS_GUEST_RING_H
#define ORIEL_TESTS_GUEST_RING_H

#include "tests/protocol/lib/guest_ram.h"

#include <linux/virtio_ring.h>

#define GUEST_RING_MAX_SIZE 1024
#define GUEST_RING_MAX_PARTS 512 /* descriptors of an indirect table */

struct guest_part {
    uint64_t gpa;
    uint32_t size;
    bool writable;
};

struct guest_ring {
    struct guest_ram *ram;
    unsigned index; /* of the queue in its device */
    uint16_t size;
    bool event_idx;
    uint64_t desc, avail, used, tables;
    uint16_t base;      /* what the transport starts the ring with */
    uint16_t avail_idx; /* of the next chain that is made available */
    uint16_t told_idx;  /* avail_idx when the device was last told of it */
    uint16_t used_idx;  /* of the next used element that is looked at */
    uint16_t nfree, free_head;
    uint16_t next[GUEST_RING_MAX_SIZE];    /* list of free descriptors */
    void *tokens[GUEST_RING_MAX_SIZE];     /* by head; NULL: not outstanding */
    uint16_t lengths[GUEST_RING_MAX_SIZE]; /* direct descriptors, by head */
    uint16_t order[GUEST_RING_MAX_SIZE];   /* heads as they were made available */
    unsigned order_first, order_count;
};

/* Allocates the ring in guest RAM, empty. `size`: 1..1024, a power of two. */
void guest_ring_init(struct guest_ring *ring, struct guest_ram *ram, unsigned index, uint16_t size,
                     bool event_idx);
/* As a driver that probes afresh: everything zero, nothing outstanding. */
void guest_ring_clear(struct guest_ring *ring);

/*
 * Puts a chain together and makes it available, without telling the device.
 * Readable parts come first. `indirect` needs one descriptor for any number
 * of parts. Returns 0, or -ENOSPC when descriptors are lacking.
 */
int guest_ring_add(struct guest_ring *ring, const struct guest_part *parts, unsigned nparts,
                   bool indirect, void *token);
/* Makes a head available that the caller has written descriptors for; it
 * comes back with `token`. For chains that no driver would make. */
void guest_ring_add_raw(struct guest_ring *ring, uint16_t head, void *token);
/* Takes `n` descriptors that are not in use, for guest_ring_add_raw(). */
void guest_ring_reserve(struct guest_ring *ring, uint16_t *descriptors, unsigned n);
void guest_ring_set_desc(struct guest_ring *ring, uint16_t index, const struct vring_desc *desc);

/* Shows the device the new avail index; whether it asked for a kick. */
bool guest_ring_publish(struct guest_ring *ring);
/* The next used element: its token, or NULL when there is none. */
void *guest_ring_take(struct guest_ring *ring, uint32_t *used_len);
/* Asks for an interrupt at the next used element; false: there is one now. */
bool guest_ring_arm(struct guest_ring *ring);
/* used.idx as the device has it. */
uint16_t guest_ring_device_used(struct guest_ring *ring);
void guest_ring_set_avail_index(struct guest_ring *ring, uint16_t index);

#endif
