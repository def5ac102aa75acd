// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/backing.h"

#include "device/backing_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct backing *backing_create(uint32_t nentries)
{
    struct backing *backing =
        calloc(1, sizeof *backing + (size_t)nentries * sizeof backing->entries[0]);
    if (backing)
        backing->refs = 1;
    return backing;
}

struct backing *backing_ref(struct backing *backing)
{
    backing->refs++;
    return backing;
}

void backing_unref(struct backing *backing)
{
    if (!backing || --backing->refs > 0)
        return;
    backing_map_destroy(backing->map);
    free(backing);
}

void backing_add(struct backing *backing, uint64_t gpa, uint32_t size)
{
    backing->entries[backing->nentries++] =
        (struct backing_entry){ .gpa = gpa, .start = backing->size, .size = size };
    backing->size += size;
}

/* A place in the backing, and the guest memory that is known to follow there. */
struct cursor {
    const struct backing *backing;
    const struct guest_memory *memory;
    uint32_t entry;
    const uint8_t *at; /* of `position` */
    uint64_t position;
    size_t left; /* bytes at `at` in one piece */
};

static uint32_t find_entry(const struct backing *backing, uint64_t position)
{
    uint32_t low = 0, high = backing->nentries;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct backing_entry *entry = &backing->entries[middle];
        if (entry->start + entry->size <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Looks the cursor's position up anew; rows mostly go on in the same or the
 * next entry, so the search is for the jumps. */
static int cursor_seek(struct cursor *cursor, uint64_t position)
{
    const struct backing *backing = cursor->backing;
    const struct backing_entry *entry = &backing->entries[cursor->entry];
    if (cursor->entry >= backing->nentries || position < entry->start ||
        position - entry->start >= entry->size) {
        cursor->entry = find_entry(backing, position);
        if (cursor->entry >= backing->nentries)
            return -EFAULT;
        entry = &backing->entries[cursor->entry];
    }
    uint64_t inside = position - entry->start;
    cursor->left = (size_t)(entry->size - inside);
    cursor->at = guest_memory_at(cursor->memory, entry->gpa + inside, &cursor->left);
    cursor->position = position;
    return cursor->at ? 0 : -EFAULT;
}

static int cursor_copy(struct cursor *cursor, uint8_t *dst, size_t size)
{
    while (size > 0) {
        if (cursor->left == 0) {
            int error = cursor_seek(cursor, cursor->position);
            if (error < 0)
                return error;
        }
        size_t piece = size < cursor->left ? size : cursor->left;
        memcpy(dst, cursor->at, piece);
        dst += piece;
        size -= piece;
        cursor->at += piece;
        cursor->left -= piece;
        cursor->position += piece;
    }
    return 0;
}

int backing_gather(const struct backing *backing, const struct guest_memory *memory,
                   uint64_t offset, uint8_t *dst, size_t stride, size_t row_size, size_t rows)
{
    if (backing->nentries == 0)
        return rows == 0 || row_size == 0 ? 0 : -EFAULT;
    if (row_size == stride) {
        /* Whole rows are one run of bytes. */
        row_size *= rows;
        stride *= rows;
        rows = rows > 0;
    }
    struct cursor cursor = { .backing = backing, .memory = memory };
    for (size_t row = 0; row < rows; row++) {
        int error = cursor_seek(&cursor, offset + row * stride);
        if (error == 0)
            error = cursor_copy(&cursor, dst + row * stride, row_size);
        if (error < 0)
            return error;
    }
    return 0;
}
