// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device's side of a split virtqueue (virtio 1.2, section 2.7), with
 * indirect descriptors and event indexes.
 *
 * Loop thread. Everything that the guest shares is read once into private
 * memory and checked there; a guest can make its own queue useless, nothing
 * more.
 */
#ifndef ORIEL_DEVICE_VIRTQUEUE_H
#define ORIEL_DEVICE_VIRTQUEUE_H

#include "device/guest_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VIRTQUEUE_MAX_SIZE 32768
/* Descriptors of one chain, and pieces of memory they make (a descriptor that
 * crosses a region's end makes two). */
#define VIRTQUEUE_MAX_DESCRIPTORS 1024
#define VIRTQUEUE_MAX_PIECES (VIRTQUEUE_MAX_DESCRIPTORS + GUEST_MEMORY_MAX_REGIONS)

struct virtqueue {
    /* Set by the transport while the queue is stopped. */
    uint16_t size;                               /* entries, a power of two */
    uint64_t desc_user, avail_user, used_user;   /* addresses of the VMM's */
    bool indirect, event_idx;                    /* negotiated */
    void (*call)(struct virtqueue *queue);       /* interrupts the guest */
    void *transport;                             /* for `call` */

    bool running;       /* may be popped and pushed */
    bool enabled;       /* and the driver wants it to be; the transport says so */
    bool broken;        /* the guest corrupted it: silent until the next start */
    uint32_t run;       /* number of this run; changes at every start and stop */
    uint16_t last_avail; /* next entry of the avail ring to take */

    /* Private. */
    uint8_t *desc, *avail, *used; /* in guest memory, valid while running */
    uint16_t used_index;
    uint16_t signalled_used;      /* used index at the last interrupt decision */
    bool signalled_valid;
};

/* One chain of descriptors, looked up and split into memory that the device
 * reads (first) and memory that it writes. */
struct virtqueue_chain {
    uint16_t head;
    unsigned nread, nwrite;         /* pieces; the written ones follow */
    size_t read_size, write_size;   /* bytes */
    struct iovec pieces[VIRTQUEUE_MAX_PIECES];
};

/*
 * Starts the queue where the used index in memory says: all devices answer in
 * order, so the first entry without an answer is the next one to take, also
 * when the one that ran the queue before us is gone. The rings are looked up
 * in `memory`; all of each must lie in one region. Returns 0, -EINVAL for a
 * bad size or alignment, -EFAULT for addresses outside of memory.
 */
int virtqueue_start(struct virtqueue *queue, const struct guest_memory *memory);
void virtqueue_stop(struct virtqueue *queue);
/* Looks the rings of a running queue up in another table. -EFAULT: they are
 * gone, and the queue is broken. */
int virtqueue_move(struct virtqueue *queue, const struct guest_memory *memory);

/*
 * Takes the next chain. Returns 1; 0 when there is none (the guest will kick
 * for the next one); -EBADMSG when the chain was malformed: it has been
 * answered with no bytes, more may follow; -EIO when the ring itself is
 * corrupt: the queue is broken and nothing follows.
 */
int virtqueue_pop(struct virtqueue *queue, const struct guest_memory *memory,
                  struct virtqueue_chain *chain);
/* Answers a chain, with `size` bytes written to it. */
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t size);
/* Interrupts the guest when it wants to know of what was pushed since. */
void virtqueue_flush(struct virtqueue *queue);
/* The used index as the guest sees it; only while running. */
uint16_t virtqueue_used_index(const struct virtqueue *queue);

/* Copies out of, or into, a chain; returns the bytes copied. */
size_t virtqueue_chain_read(const struct virtqueue_chain *chain, size_t offset, void *data,
                            size_t size);
size_t virtqueue_chain_write(const struct virtqueue_chain *chain, size_t offset,
                             const void *data, size_t size);

#endif
