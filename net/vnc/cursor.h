// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A head's cursor as viewers get it: as a shape that the viewer draws, or
 * composed into the pixels of a viewer that cannot. Loop thread.
 */
#ifndef ORIEL_NET_VNC_CURSOR_H
#define ORIEL_NET_VNC_CURSOR_H

#include "net/link.h"
#include "net/vnc/bytes.h"
#include "net/vnc/pixel_format.h"

#include <pixman.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    bool visible;
    int32_t x, y; /* of the hotspot on the head, pixels */
    uint32_t hot_x, hot_y;
    uint32_t width, height; /* 0: no image */
    /* Premultiplied 0xAARRGGBB, rows packed. */
    uint32_t pixels[LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE];
};

/* True when there is something to see. */
bool cursor_shown(const struct cursor *cursor);
/* Where it covers the head, unclipped; empty when not shown. Places so far out
 * that arithmetic on them would overflow count as not shown. */
pixman_box32_t cursor_box(const struct cursor *cursor);

/* Append one pseudo-rectangle with the shape; an empty one when the cursor is
 * not shown. RichCursor (-239) is in the viewer's pixel format with a mask
 * (opaque from half alpha on), AlphaCursor (-314) is premultiplied RGBA. */
void cursor_write_rich(const struct cursor *cursor, const struct pixel_format *format,
                       struct bytes *out);
void cursor_write_alpha(const struct cursor *cursor, struct bytes *out);

/*
 * Blends the cursor over `box` (head coordinates, inside cursor_box()) of the
 * picture and writes the result, XRGB8888, rows packed, to `patch`. `pixels`
 * is the picture's pixel (0,0), `stride` in bytes.
 */
void cursor_compose(const struct cursor *cursor, const pixman_box32_t *box, const uint8_t *pixels,
                    size_t stride, uint32_t *patch);

#endif
