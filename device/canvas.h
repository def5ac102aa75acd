// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A canvas: what the viewers of a head see, XRGB8888 in a memfd that others
 * can map but neither shrink, grow nor write (canvas_layout.h has the layout).
 * Reference counted on the loop thread; pixels are written by the publish job
 * that it is lent to.
 */
#ifndef ORIEL_DEVICE_CANVAS_H
#define ORIEL_DEVICE_CANVAS_H

#include "encoders/canvas_layout.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct canvas {
    unsigned refs;
    uv_loop_t *loop;
    int fd;                 /* the memfd, for whoever shall see it */
    uint32_t width, height; /* pixels */
    size_t stride;          /* bytes */
    size_t size;            /* bytes of the mapping */
    struct canvas_header *header;
    uint8_t *pixels;
};

/* One reference, all pixels black. NULL with errno set on failure. */
struct canvas *canvas_create(uv_loop_t *loop, uint32_t width, uint32_t height);
struct canvas *canvas_ref(struct canvas *canvas);
void canvas_unref(struct canvas *canvas); /* NULL is fine */

#endif
