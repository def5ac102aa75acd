// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/to_xrgb.h"

#include <stddef.h>
#include <string.h>

typedef uint32_t __attribute__((aligned(1))) pixel;

/* Pixels per turn: a constant, so that the compiler makes vector
 * instructions of the loop over them. */
#define BLOCK 16u

static inline uint32_t from_bgrx(uint32_t p)
{
    return __builtin_bswap32(p);
}

static inline uint32_t from_xbgr(uint32_t p)
{
    return (p & 0x0000ff00u) | (p & 0xffu) << 16 | (p >> 16 & 0xffu);
}

static inline uint32_t from_rgbx(uint32_t p)
{
    return p >> 8;
}

/* Whole blocks go through a local copy, which spares the compiler the question
 * whether the pointers overlap. */
#define DEFINE_ROW(name, convert)                                                                  \
    static void name(void *dst, const void *src, uint32_t count)                                   \
    {                                                                                              \
        pixel *to = dst;                                                                           \
        const pixel *from = src;                                                                   \
        uint32_t block[BLOCK];                                                                     \
        for (; count >= BLOCK; count -= BLOCK, to += BLOCK, from += BLOCK) {                       \
            for (uint32_t i = 0; i < BLOCK; i++)                                                   \
                block[i] = convert(from[i]);                                                       \
            memcpy(to, block, sizeof(block));                                                      \
        }                                                                                          \
        for (uint32_t i = 0; i < count; i++)                                                       \
            to[i] = convert(from[i]);                                                              \
    }

DEFINE_ROW(row_from_bgrx, from_bgrx)
DEFINE_ROW(row_from_xbgr, from_xbgr)
DEFINE_ROW(row_from_rgbx, from_rgbx)

static const struct {
    pixman_format_code_t format;
    to_xrgb_row row;
} conversions[] = {
    {PIXMAN_x8r8g8b8, NULL},          {PIXMAN_a8r8g8b8, NULL},
    {PIXMAN_b8g8r8x8, row_from_bgrx}, {PIXMAN_b8g8r8a8, row_from_bgrx},
    {PIXMAN_x8b8g8r8, row_from_xbgr}, {PIXMAN_a8b8g8r8, row_from_xbgr},
    {PIXMAN_r8g8b8x8, row_from_rgbx}, {PIXMAN_r8g8b8a8, row_from_rgbx},
};

bool to_xrgb_find(pixman_format_code_t format, to_xrgb_row *row)
{
    for (size_t i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++) {
        if (conversions[i].format == format) {
            *row = conversions[i].row;
            return true;
        }
    }
    return false;
}
