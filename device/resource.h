// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resources of the guest (virtio 1.2, 5.7.2): an id, a host copy of its pixels
 * and the guest memory behind it. Loop thread; owned by their table.
 */
#ifndef ORIEL_DEVICE_RESOURCE_H
#define ORIEL_DEVICE_RESOURCE_H

#include "device/backing.h"
#include "device/picture.h"

#include <stdbool.h>
#include <stdint.h>

#define RESOURCE_UUID_SIZE 16

struct resource {
    uint32_t id;
    struct picture *picture;
    struct backing *backing; /* NULL: none attached */
    bool has_uuid;
    uint8_t uuid[RESOURCE_UUID_SIZE]; /* version 4, RFC 4122, once it was asked for */
    struct resource *next;   /* in its bucket */
};

#define RESOURCE_BUCKETS 1024

struct resource_table {
    struct resource *buckets[RESOURCE_BUCKETS];
    uint32_t count;
    uint64_t bytes; /* of all pictures */
    uint64_t entries; /* of all backings */
    uv_loop_t *loop; /* set by the owner */
};

uint64_t resource_bytes(uint32_t width, uint32_t height);
struct resource *resource_find(const struct resource_table *table, uint32_t id);
/* Adds a resource whose id is free. NULL: out of memory. */
struct resource *resource_add(struct resource_table *table, uint32_t id, uint32_t width,
                              uint32_t height, pixman_format_code_t format);
/* Attaches a backing, whose reference passes, to a resource without one, and
 * takes it away again. */
void resource_attach(struct resource_table *table, struct resource *resource,
                     struct backing *backing);
void resource_detach(struct resource_table *table, struct resource *resource);
/* Pixels that are lent to a job stay until it returns. */
void resource_remove(struct resource_table *table, struct resource *resource);
void resource_remove_all(struct resource_table *table);

#endif
