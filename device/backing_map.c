// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/backing_map.h"

#include "device/memory_guard.h"
#include "device/unmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

/* Pieces that follow each other in guest memory, as one. Returns the entry
 * behind the run. */
static uint32_t next_run(const struct backing *backing, uint32_t first, uint64_t *size)
{
    uint64_t end = backing->entries[first].gpa;
    uint32_t i = first;
    *size = 0;
    while (i < backing->nentries && backing->entries[i].gpa == end) {
        end += backing->entries[i].size;
        *size += backing->entries[i].size;
        i++;
    }
    return i;
}

/* Runs, or 0 when one of them cannot be mapped behind the one before. A run
 * across the border of two regions counts for one; borders are few. */
static unsigned count_runs(const struct backing *backing)
{
    unsigned runs = 0;
    for (uint32_t i = 0; i < backing->nentries;) {
        const struct backing_entry *entry = &backing->entries[i];
        uint64_t size;
        if (entry->gpa % PAGE != 0 || entry->start % PAGE != 0)
            return 0;
        i = next_run(backing, i, &size);
        runs++;
    }
    return runs;
}

struct backing_map *backing_map_create(uv_loop_t *loop, const struct backing *backing,
                                       const struct guest_memory *memory,
                                       struct backing_map_budget *budget)
{
    unsigned runs = count_runs(backing);
    if (runs == 0 || runs > BACKING_MAP_MAX_RUNS ||
        runs > BACKING_MAP_TOTAL_RUNS - budget->runs || budget->maps >= BACKING_MAP_TOTAL_MAPS)
        return NULL;
    struct backing_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->size = (backing->size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    map->base = mmap(NULL, map->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                     0);
    if (map->base == MAP_FAILED)
        goto reserve_failure;
    map->guard = memory_guard_add(map->base, map->size, PAGE);
    if (map->guard < 0)
        goto guard_failure;
    map->loop = loop;
    map->budget = budget;
    map->table = guest_memory_serial(memory);
    map->runs = runs;
    budget->maps++;
    budget->runs += runs;
    return map;

guard_failure:
    munmap(map->base, map->size);
reserve_failure:
    free(map);
    return NULL;
}

int backing_map_fill(struct backing_map *map, const struct backing *backing,
                     const struct guest_memory *memory)
{
    for (uint32_t i = 0; i < backing->nentries;) {
        uint64_t gpa = backing->entries[i].gpa, size;
        uint8_t *at = map->base + backing->entries[i].start;
        i = next_run(backing, i, &size);
        size = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        while (size > 0) {
            size_t piece = (size_t)size;
            int error = guest_memory_map(memory, gpa, &piece, at);
            if (error < 0)
                return error;
            gpa += piece;
            at += piece;
            size -= piece;
        }
    }
    /* A VMM's core dump has the guest's memory; ours need not repeat it. */
    madvise(map->base, map->size, MADV_DONTDUMP);
    return 0;
}

void backing_map_copy(const struct backing_map *map, uint64_t offset, uint8_t *dst, size_t stride,
                      size_t row_size, size_t rows)
{
    const uint8_t *src = map->base + offset;
    if (row_size == stride) {
        memcpy(dst, src, row_size * rows);
        return;
    }
    for (size_t row = 0; row < rows; row++)
        memcpy(dst + row * stride, src + row * stride, row_size);
}

bool backing_map_lost(const struct backing_map *map)
{
    return memory_guard_lost(map->guard);
}

void backing_map_destroy(struct backing_map *map)
{
    if (!map)
        return;
    map->budget->maps--;
    map->budget->runs -= map->runs;
    memory_guard_remove(map->guard);
    unmap_soon(map->loop, map->base, map->size);
    free(map);
}
