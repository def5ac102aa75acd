// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/canvas_map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

int canvas_map_create(struct canvas_map **map, int fd, uint32_t width, uint32_t height)
{
    struct stat info;
    size_t size = canvas_size(width, height);
    if (fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode) || info.st_size < 0 || (uint64_t)info.st_size < size)
        return -EPROTO;
    struct canvas_map *created = calloc(1, sizeof(*created));
    if (!created)
        return -ENOMEM;
    void *address = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) {
        int error = -errno;
        free(created);
        return error;
    }
    *created = (struct canvas_map){
        .refs = 1,
        .header = address,
        .pixels = (const uint8_t *)address + CANVAS_PIXELS_OFFSET,
        .stride = canvas_stride(width),
        .size = size,
    };
    *map = created;
    return 0;
}

struct canvas_map *canvas_map_ref(struct canvas_map *map)
{
    assert(map->refs > 0);
    map->refs++;
    return map;
}

void canvas_map_unref(struct canvas_map *map)
{
    if (!map)
        return;
    assert(map->refs > 0);
    if (--map->refs > 0)
        return;
    munmap((void *)map->header, map->size);
    free(map);
}
