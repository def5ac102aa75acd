// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A canvas of the core's, mapped read-only (encoders/canvas_layout.h).
 * Reference counted on the loop thread: the display holds one reference and a
 * copy in progress another, so that a new canvas never unmaps the old one
 * under a copy.
 */
#ifndef ORIEL_NET_VNC_CANVAS_MAP_H
#define ORIEL_NET_VNC_CANVAS_MAP_H

#include "encoders/canvas_layout.h"

#include <stddef.h>
#include <stdint.h>

struct canvas_map {
    unsigned refs;
    const struct canvas_header *header;
    const uint8_t *pixels;
    size_t stride, size; /* bytes */
};

/* Does not take fd. Returns 0 or a negative errno: -EPROTO when the file is
 * too small for a canvas of that size. */
int canvas_map_create(struct canvas_map **map, int fd, uint32_t width, uint32_t height);
struct canvas_map *canvas_map_ref(struct canvas_map *map);
void canvas_map_unref(struct canvas_map *map); /* NULL is fine */

#endif
