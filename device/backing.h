// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The backing of a resource: pieces of guest memory, in order, that together
 * are one range of bytes (virtio 1.2, 5.7.6.8, struct virtio_gpu_mem_entry).
 *
 * Kept as guest-physical ranges, which outlive every change of the guest's
 * memory map, and looked up at every use. Immutable once made (but for `map`)
 * and reference counted on the loop thread; a job may read through it on any
 * thread.
 */
#ifndef ORIEL_DEVICE_BACKING_H
#define ORIEL_DEVICE_BACKING_H

#include "device/guest_memory.h"

#include <stddef.h>
#include <stdint.h>

struct backing_entry {
    uint64_t gpa;
    uint64_t start; /* of this piece in the backing, bytes */
    uint32_t size;  /* bytes */
};

struct backing_map;

struct backing {
    unsigned refs;
    /* The second way to the same bytes; the loop's, lent to transfers. */
    struct backing_map *map;  /* NULL: none; owned */
    uint64_t map_refused;     /* serial of a table that it cannot be mapped from */
    unsigned large_transfers; /* that it has seen */
    uint32_t nentries;
    uint64_t size; /* bytes in all */
    struct backing_entry entries[];
};

/* With room for `nentries` (0 is fine), none of them set. */
struct backing *backing_create(uint32_t nentries);
struct backing *backing_ref(struct backing *backing);
void backing_unref(struct backing *backing); /* NULL is fine */

/* Sets the next entry; entries are set in order, before anybody reads. */
void backing_add(struct backing *backing, uint64_t gpa, uint32_t size);

/*
 * Gathers `rows` rows of `row_size` bytes: row n starts at `offset` + n *
 * `stride` of the backing and goes to `dst` + n * `stride`. The caller has
 * checked that all lies inside the backing. Returns 0, or -EFAULT when a piece
 * is not memory any more (rows before it have been copied).
 */
int backing_gather(const struct backing *backing, const struct guest_memory *memory,
                   uint64_t offset, uint8_t *dst, size_t stride, size_t row_size, size_t rows);

#endif
