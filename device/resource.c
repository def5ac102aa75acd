// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/resource.h"

#include "device/unmap.h"

#include <stdlib.h>

/* Guests number their resources from 1 on, which needs no mixing. */
static struct resource **bucket(const struct resource_table *table, uint32_t id)
{
    return (struct resource **)&table->buckets[id % RESOURCE_BUCKETS];
}

uint64_t resource_bytes(uint32_t width, uint32_t height)
{
    return (uint64_t)width * 4 * height;
}

struct resource *resource_find(const struct resource_table *table, uint32_t id)
{
    struct resource *resource = *bucket(table, id);
    while (resource && resource->id != id)
        resource = resource->next;
    return resource;
}

struct resource *resource_add(struct resource_table *table, uint32_t id, uint32_t width,
                              uint32_t height, pixman_format_code_t format)
{
    struct resource *resource = calloc(1, sizeof *resource);
    if (!resource)
        return NULL;
    resource->id = id;
    resource->picture = picture_create(table->loop, width, height, format);
    if (!resource->picture) {
        free(resource);
        return NULL;
    }
    resource->next = *bucket(table, id);
    *bucket(table, id) = resource;
    table->count++;
    table->bytes += resource_bytes(width, height);
    return resource;
}

void resource_attach(struct resource_table *table, struct resource *resource,
                     struct backing *backing)
{
    resource->backing = backing;
    table->entries += backing->nentries;
}

void resource_detach(struct resource_table *table, struct resource *resource)
{
    table->entries -= resource->backing->nentries;
    backing_unref(resource->backing);
    resource->backing = NULL;
}

void resource_remove(struct resource_table *table, struct resource *resource)
{
    struct resource **link = bucket(table, resource->id);
    while (*link != resource)
        link = &(*link)->next;
    *link = resource->next;
    table->count--;
    table->bytes -= resource_bytes(resource->picture->width, resource->picture->height);
    picture_unref(resource->picture);
    if (resource->backing)
        resource_detach(table, resource);
    free(resource);
}

void resource_remove_all(struct resource_table *table)
{
    unmap_hold();
    for (unsigned i = 0; i < RESOURCE_BUCKETS; i++)
        while (table->buckets[i])
            resource_remove(table, table->buckets[i]);
    unmap_release(table->loop);
}
