// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resources of the guest (virtio 1.2, 5.7.2): an id, a host copy of its pixels
 * and the guest memory behind it. Loop thread; owned by their table.
 */
#ifndef ORIEL_DEVICE_RESOURCE_H
#define ORIEL_DEVICE_RESOURCE_H

#include "device/backing.h"
#include "device/picture.h"

#include <stdint.h>

struct resource {
    uint32_t id;
    struct picture *picture;
    struct backing *backing; /* NULL: none attached */
    struct resource *next;   /* in its bucket */
};

#define RESOURCE_BUCKETS 1024

struct resource_table {
    struct resource *buckets[RESOURCE_BUCKETS];
    uint32_t count;
    uint64_t bytes; /* of all pictures */
    uv_loop_t *loop; /* set by the owner */
};

uint64_t resource_bytes(uint32_t width, uint32_t height);
struct resource *resource_find(const struct resource_table *table, uint32_t id);
/* Adds a resource whose id is free. NULL: out of memory. */
struct resource *resource_add(struct resource_table *table, uint32_t id, uint32_t width,
                              uint32_t height, pixman_format_code_t format);
/* Pixels that are lent to a job stay until it returns. */
void resource_remove(struct resource_table *table, struct resource *resource);
void resource_remove_all(struct resource_table *table);

#endif
