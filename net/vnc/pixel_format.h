// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pixel format that a viewer asked for (PIXEL_FORMAT, RFC 6143, 7.4).
 * Pure functions.
 */
#ifndef ORIEL_NET_VNC_PIXEL_FORMAT_H
#define ORIEL_NET_VNC_PIXEL_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define PIXEL_FORMAT_SIZE 16 /* bytes on the wire */

/* Always true-colour. */
struct pixel_format {
    uint8_t bits_per_pixel; /* 8, 16 or 32 */
    uint8_t depth;
    bool big_endian;
    uint16_t red_max, green_max, blue_max; /* each 2^n - 1 */
    uint8_t red_shift, green_shift, blue_shift;
};

/* XRGB8888 in our byte order: what ServerInit says. */
struct pixel_format pixel_format_server(void);

/* Reads the wire form. -EPROTO for a format that nobody can mean, -EOPNOTSUPP
 * for a colour map: then *format is unchanged. */
int pixel_format_parse(struct pixel_format *format, const uint8_t data[PIXEL_FORMAT_SIZE]);

/* Writes one pixel (0xXXRRGGBB) as bits_per_pixel / 8 bytes to `to`. */
void pixel_format_put(const struct pixel_format *format, uint32_t xrgb, uint8_t *to);

#endif
