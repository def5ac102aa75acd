// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/unmap.h"

#include "server/jobs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Below this it takes less than a third of a millisecond. */
#define INLINE_BYTES (4u << 20)
#define INLINE_COUNT 16
#define PIECE_BYTES ((size_t)8 << 20)

struct range {
    void *address;
    size_t size;
};

struct unmap_job {
    struct job job;
    struct range *ranges; /* owned */
    size_t n;
};

/* What is held back; loop thread, as everything here but run_unmap(). */
static struct {
    bool active;
    struct range *ranges;
    size_t n, capacity, bytes;
} held;

/* Piece by piece: whoever else maps or unmaps, the loop for one, waits until
 * the kernel is done with one. */
static void unmap_range(const struct range *range)
{
    for (size_t done = 0; done < range->size; done += PIECE_BYTES) {
        size_t left = range->size - done;
        munmap((uint8_t *)range->address + done, left < PIECE_BYTES ? left : PIECE_BYTES);
    }
}

static void run_unmap(struct job *job)
{
    struct unmap_job *unmap = (struct unmap_job *)job;
    for (size_t i = 0; i < unmap->n; i++)
        unmap_range(&unmap->ranges[i]);
}

static void handle_unmap_done(struct job *job)
{
    struct unmap_job *unmap = (struct unmap_job *)job;
    free(unmap->ranges);
    free(unmap);
}

/* Owns `ranges`. */
static void submit(uv_loop_t *loop, struct range *ranges, size_t n)
{
    struct unmap_job *unmap = malloc(sizeof *unmap);
    if (!unmap) {
        for (size_t i = 0; i < n; i++)
            munmap(ranges[i].address, ranges[i].size);
        free(ranges);
        return;
    }
    *unmap = (struct unmap_job){ .job = { .work = run_unmap, .done = handle_unmap_done },
                                 .ranges = ranges,
                                 .n = n };
    job_submit(loop, &unmap->job);
}

static bool hold(void *address, size_t size)
{
    if (held.n == held.capacity) {
        size_t capacity = held.capacity > 0 ? 2 * held.capacity : 64;
        struct range *ranges = realloc(held.ranges, capacity * sizeof *ranges);
        if (!ranges)
            return false;
        held.ranges = ranges;
        held.capacity = capacity;
    }
    held.ranges[held.n++] = (struct range){ address, size };
    held.bytes += size;
    return true;
}

void unmap_soon(uv_loop_t *loop, void *address, size_t size)
{
    if (held.active && hold(address, size))
        return;
    struct range *range = size > INLINE_BYTES ? malloc(sizeof *range) : NULL;
    if (!range) {
        munmap(address, size);
        return;
    }
    *range = (struct range){ address, size };
    submit(loop, range, 1);
}

void unmap_hold(void)
{
    held.active = true;
}

void unmap_release(uv_loop_t *loop)
{
    struct range *ranges = held.ranges;
    size_t n = held.n, bytes = held.bytes;
    held.active = false;
    held.ranges = NULL;
    held.n = held.capacity = held.bytes = 0;
    if (n > INLINE_COUNT || bytes > INLINE_BYTES) {
        submit(loop, ranges, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        munmap(ranges[i].address, ranges[i].size);
    free(ranges);
}
