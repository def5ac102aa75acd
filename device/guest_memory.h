// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory: the one table of the guest's RAM and the only way to it.
 *
 * A table is immutable and reference counted on the loop thread; a change of
 * the guest's memory map makes a new one. Jobs read and write through a table
 * that was referenced for them. Mappings are shared between tables, so that a
 * table that is sent again costs no mmap, and a region that is gone stays
 * mapped until the last job that may use it has returned.
 */
#ifndef ORIEL_DEVICE_GUEST_MEMORY_H
#define ORIEL_DEVICE_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_MEMORY_MAX_REGIONS 64

/* One region, as vhost-user describes it. */
struct guest_memory_region {
    uint64_t gpa;       /* guest-physical address */
    uint64_t size;      /* bytes */
    uint64_t user_addr; /* the VMM's address of it, in which rings are given */
    uint64_t offset;    /* in the file */
};

struct guest_memory;

/*
 * A table of `n` regions (0 is fine), fds[i] being the file of region i; the
 * fds stay the caller's. `old` (may be NULL) lends its mappings where they are
 * of the same file range. NULL with errno: EINVAL for regions that are empty,
 * wrap, overlap or lie outside their file, ENOSPC for too many, or mmap's.
 */
struct guest_memory *guest_memory_create(const struct guest_memory_region *regions,
                                         const int *fds, unsigned n,
                                         const struct guest_memory *old);
/* `old` (may be NULL) and one more region. */
struct guest_memory *guest_memory_with(const struct guest_memory *old,
                                       const struct guest_memory_region *region, int fd);
/* `old` without the region of that gpa, size and user address; errno ENOENT. */
struct guest_memory *guest_memory_without(const struct guest_memory *old,
                                          const struct guest_memory_region *region);

struct guest_memory *guest_memory_ref(struct guest_memory *memory);
void guest_memory_unref(struct guest_memory *memory); /* NULL is fine */

/* A number of its own for every layout of memory, never used again; a table
 * that is sent again has that of the one before. 0: no table. */
uint64_t guest_memory_serial(const struct guest_memory *memory);
unsigned guest_memory_regions(const struct guest_memory *memory);
/* Whether the guest took pages away that the table promises. */
bool guest_memory_lost(const struct guest_memory *memory);

/* The bytes at `gpa`: a pointer, and in *size how many of the `*size` wanted
 * follow in one piece (more may follow in the next region). NULL when there is
 * no memory at that address, or no table. Any thread. */
void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa, size_t *size);
/* Maps the bytes at `gpa` once more, read-only, over whatever is mapped at `at`:
 * as many of the `*size` wanted as follow in one piece, whole pages. Returns 0,
 * -EFAULT when there is no memory at that address, or mmap's error. Any thread. */
int guest_memory_map(const struct guest_memory *memory, uint64_t gpa, size_t *size, void *at);
/* `size` bytes at an address of the VMM's, in one piece; NULL otherwise. */
void *guest_memory_at_user(const struct guest_memory *memory, uint64_t user_addr, size_t size);
/* Whether all of [gpa, gpa+size) is memory. */
bool guest_memory_covers(const struct guest_memory *memory, uint64_t gpa, uint64_t size);

#endif
