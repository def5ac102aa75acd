// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/cursor.h"

#include "net/vnc/encodings.h"
#include "net/vnc/rfb_rects.h"

#include <string.h>

/* Twice the largest head, either way. */
#define FARTHEST 32768

bool cursor_shown(const struct cursor *cursor)
{
    return cursor->visible && cursor->width > 0 && cursor->height > 0;
}

pixman_box32_t cursor_box(const struct cursor *cursor)
{
    if (!cursor_shown(cursor) || cursor->x < -FARTHEST || cursor->x > FARTHEST ||
        cursor->y < -FARTHEST || cursor->y > FARTHEST)
        return (pixman_box32_t){0, 0, 0, 0};
    int32_t x = cursor->x - (int32_t)cursor->hot_x, y = cursor->y - (int32_t)cursor->hot_y;
    return (pixman_box32_t){x, y, x + (int32_t)cursor->width, y + (int32_t)cursor->height};
}

/* The straight colour of a premultiplied pixel. */
static uint32_t unpremultiply(uint32_t argb)
{
    uint32_t alpha = argb >> 24, colour = 0;
    if (alpha == 0)
        return 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        uint32_t value = ((argb >> shift & 0xff) * 255 + alpha / 2) / alpha;
        colour |= (value > 255 ? 255 : value) << shift;
    }
    return colour;
}

static bool opaque(uint32_t argb)
{
    return argb >> 24 >= 128;
}

static void write_header(const struct cursor *cursor, int32_t encoding, struct bytes *out)
{
    if (cursor_shown(cursor))
        rfb_rect_header(out, (uint16_t)cursor->hot_x, (uint16_t)cursor->hot_y,
                        (uint16_t)cursor->width, (uint16_t)cursor->height, encoding);
    else
        rfb_rect_header(out, 0, 0, 0, 0, encoding);
}

void cursor_write_rich(const struct cursor *cursor, const struct pixel_format *format,
                       struct bytes *out)
{
    write_header(cursor, ENCODING_CURSOR, out);
    if (!cursor_shown(cursor))
        return;
    size_t count = (size_t)cursor->width * cursor->height;
    size_t pixel_size = format->bits_per_pixel / 8u, mask_stride = (cursor->width + 7u) / 8u;
    uint8_t *pixels = bytes_extend(out, count * pixel_size + mask_stride * cursor->height);
    if (!pixels)
        return;
    uint8_t *mask = pixels + count * pixel_size;
    memset(mask, 0, mask_stride * cursor->height);
    for (size_t i = 0; i < count; i++) {
        uint32_t argb = cursor->pixels[i];
        size_t x = i % cursor->width, y = i / cursor->width;
        pixel_format_put(format, opaque(argb) ? unpremultiply(argb) : 0, pixels + i * pixel_size);
        if (opaque(argb))
            mask[y * mask_stride + x / 8] |= (uint8_t)(0x80 >> x % 8);
    }
}

void cursor_write_alpha(const struct cursor *cursor, struct bytes *out)
{
    write_header(cursor, ENCODING_ALPHA_CURSOR, out);
    bytes_u32(out, ENCODING_RAW);
    if (!cursor_shown(cursor))
        return;
    size_t count = (size_t)cursor->width * cursor->height;
    uint8_t *rgba = bytes_extend(out, count * 4);
    for (size_t i = 0; rgba && i < count; i++) {
        uint32_t argb = cursor->pixels[i];
        put_u32(rgba + 4 * i, argb << 8 | argb >> 24);
    }
}

static uint32_t blend(uint32_t argb, uint32_t below)
{
    uint32_t inverse = 255 - (argb >> 24), result = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        uint32_t value = (argb >> shift & 0xff) + ((below >> shift & 0xff) * inverse + 127) / 255;
        result |= (value > 255 ? 255 : value) << shift;
    }
    return result;
}

void cursor_compose(const struct cursor *cursor, const pixman_box32_t *box, const uint8_t *pixels,
                    size_t stride, uint32_t *patch)
{
    pixman_box32_t at = cursor_box(cursor);
    for (int32_t y = box->y1; y < box->y2; y++) {
        const uint8_t *row = pixels + (size_t)y * stride;
        const uint32_t *image = cursor->pixels + (size_t)(y - at.y1) * cursor->width;
        for (int32_t x = box->x1; x < box->x2; x++) {
            uint32_t below;
            memcpy(&below, row + (size_t)x * 4, sizeof(below));
            *patch++ = blend(image[x - at.x1], below);
        }
    }
}
