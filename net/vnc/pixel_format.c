// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/pixel_format.h"

#include "net/vnc/bytes.h"

#include <endian.h>
#include <errno.h>

struct pixel_format pixel_format_server(void)
{
    return (struct pixel_format){
        .bits_per_pixel = 32,
        .depth = 24,
        .big_endian = __BYTE_ORDER == __BIG_ENDIAN,
        .red_max = 255,
        .green_max = 255,
        .blue_max = 255,
        .red_shift = 16,
        .green_shift = 8,
        .blue_shift = 0,
    };
}

/* The bits that one colour takes, or 0 when they do not fit the pixel. */
static uint32_t colour_mask(const struct pixel_format *format, uint16_t max, uint8_t shift)
{
    if (max == 0 || (max & (max + 1u)) != 0 || shift >= format->bits_per_pixel)
        return 0;
    uint64_t mask = (uint64_t)max << shift;
    return mask >> format->bits_per_pixel ? 0 : (uint32_t)mask;
}

static bool is_sound(const struct pixel_format *format)
{
    uint32_t red = colour_mask(format, format->red_max, format->red_shift);
    uint32_t green = colour_mask(format, format->green_max, format->green_shift);
    uint32_t blue = colour_mask(format, format->blue_max, format->blue_shift);
    return red && green && blue && !(red & green) && !(red & blue) && !(green & blue) &&
           format->depth >= 1 && format->depth <= format->bits_per_pixel;
}

int pixel_format_parse(struct pixel_format *format, const uint8_t data[PIXEL_FORMAT_SIZE])
{
    struct pixel_format parsed = {
        .bits_per_pixel = data[0],
        .depth = data[1],
        .big_endian = data[2] != 0,
        .red_max = get_u16(data + 4),
        .green_max = get_u16(data + 6),
        .blue_max = get_u16(data + 8),
        .red_shift = data[10],
        .green_shift = data[11],
        .blue_shift = data[12],
    };
    if (parsed.bits_per_pixel != 8 && parsed.bits_per_pixel != 16 && parsed.bits_per_pixel != 32)
        return -EPROTO;
    if (data[3] == 0)
        return -EOPNOTSUPP;
    if (!is_sound(&parsed))
        return -EPROTO;
    *format = parsed;
    return 0;
}

static uint32_t scale(uint32_t value, uint32_t max)
{
    return (value * max + 127) / 255;
}

void pixel_format_put(const struct pixel_format *format, uint32_t xrgb, uint8_t *to)
{
    uint32_t pixel = scale(xrgb >> 16 & 0xff, format->red_max) << format->red_shift |
                     scale(xrgb >> 8 & 0xff, format->green_max) << format->green_shift |
                     scale(xrgb & 0xff, format->blue_max) << format->blue_shift;
    unsigned size = format->bits_per_pixel / 8;
    for (unsigned i = 0; i < size; i++) {
        unsigned shift = 8 * (format->big_endian ? size - 1 - i : i);
        to[i] = (uint8_t)(pixel >> shift);
    }
}
