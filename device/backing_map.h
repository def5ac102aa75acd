// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A backing mapped as one range of bytes: page-aligned runs of the guest's
 * memory, each mapped over its place in a reservation, so that a copy need not
 * look up piece by piece. An alternative to backing_gather() that gives the
 * same bytes, for large pictures that are transferred again and again.
 *
 * Measured (tests/bench/bench_transfer.c): half the time where a picture lies
 * in thousands of single pages, little where it lies in large pieces; a mapping
 * costs as much as 5 to 50 transfers save.
 *
 * Created and destroyed on the loop thread; filled and read by the job that it
 * is lent to. Pages that the guest takes away read as zeros (memory_guard.h).
 */
#ifndef ORIEL_DEVICE_BACKING_MAP_H
#define ORIEL_DEVICE_BACKING_MAP_H

#include "device/backing.h"

#include <stdbool.h>
#include <uv.h>

/* Each run is a mapping of its own, of which a process may have some 65000. */
#define BACKING_MAP_MAX_RUNS 4096u        /* of one backing */
#define BACKING_MAP_TOTAL_RUNS 16384u     /* of all */
#define BACKING_MAP_TOTAL_MAPS 256u

/* What all maps of one owner have together. */
struct backing_map_budget {
    unsigned maps, runs;
};

struct backing_map {
    uv_loop_t *loop;
    struct backing_map_budget *budget;
    uint64_t table; /* serial of the memory table that it was made from */
    uint8_t *base;
    size_t size;
    int guard;
    unsigned runs;
};

/*
 * A reservation for the backing, not filled yet. NULL: it cannot be mapped
 * (nothing in it, pieces that do not begin and end at pages, too many runs, or
 * the system refuses); it is gathered then. `budget` must outlive the map.
 */
struct backing_map *backing_map_create(uv_loop_t *loop, const struct backing *backing,
                                       const struct guest_memory *memory,
                                       struct backing_map_budget *budget);
/* Maps the runs. Any thread. Returns 0, -EFAULT when a piece is not memory, or
 * mmap's error (huge pages cannot be mapped at small ones' places). */
int backing_map_fill(struct backing_map *map, const struct backing *backing,
                     const struct guest_memory *memory);
/* As backing_gather(). Any thread. */
void backing_map_copy(const struct backing_map *map, uint64_t offset, uint8_t *dst, size_t stride,
                      size_t row_size, size_t rows);
bool backing_map_lost(const struct backing_map *map);
void backing_map_destroy(struct backing_map *map); /* NULL is fine */

#endif
