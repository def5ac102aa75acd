// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/damage_row.h"

#include "encoders/damage.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define COLOUR_MASK 0x00ffffffu
/* Pixels looked at in one go: a constant, so that the compiler unrolls the
 * loop over them into vector instructions. */
#define BLOCK 16u

static inline uint32_t colour_difference(damage_pixel a, damage_pixel b)
{
    return (a ^ b) & COLOUR_MASK;
}

static inline bool block_differs(const damage_pixel *a, const damage_pixel *b)
{
    uint32_t difference = 0;
    for (uint32_t i = 0; i < BLOCK; i++)
        difference |= a[i] ^ b[i];
    return (difference & COLOUR_MASK) != 0;
}

/* Index of the first pixel that differs, or `count`. */
static uint32_t first_difference(const damage_pixel *a, const damage_pixel *b, uint32_t count)
{
    uint32_t i = 0;

    while (count - i >= BLOCK && !block_differs(a + i, b + i))
        i += BLOCK;
    while (i < count && colour_difference(a[i], b[i]) == 0)
        i++;
    return i;
}

/* One more than the index of the last pixel that differs, at least `least`. */
static uint32_t last_difference(const damage_pixel *a, const damage_pixel *b, uint32_t least,
                                uint32_t count)
{
    uint32_t i = count;

    while (i - least >= BLOCK && !block_differs(a + i - BLOCK, b + i - BLOCK))
        i -= BLOCK;
    while (i > least && colour_difference(a[i - 1], b[i - 1]) == 0)
        i--;
    return i;
}

/* The row's part in one tile. Returns whether any byte of it differs. */
static bool compare_in_tile(const damage_pixel *canvas, const damage_pixel *src, uint32_t x,
                            uint32_t y, uint32_t count, struct damage_tile *tile)
{
    uint32_t first = 0, known, last;

    /* Where everything moves, the first pixel says so at once. */
    if (colour_difference(canvas[0], src[0]) == 0) {
        if (memcmp(canvas, src, (size_t)count * 4) == 0)
            return false;
        first = first_difference(canvas, src, count);
        if (first == count)
            return true;
    }
    if (tile->right == 0) {
        tile->left = x + first;
        tile->top = y;
    } else if (x + first < tile->left) {
        tile->left = x + first;
    }
    known = tile->right > x + first ? tile->right - x : first + 1;
    last = last_difference(canvas, src, known, count);
    tile->right = x + last;
    tile->bottom = y + 1;
    return true;
}

/* Small copies of a constant size become moves instead of calls, which is
 * twice as fast for the quarter kilobyte of a tile's row. */
static inline void copy_pixels(damage_pixel *canvas, const damage_pixel *src, uint32_t count)
{
    uint32_t i = 0;

    for (; count - i >= BLOCK; i += BLOCK)
        memcpy(canvas + i, src + i, BLOCK * sizeof(*src));
    for (; i < count; i++)
        canvas[i] = src[i];
}

void damage_row(damage_pixel *canvas, const damage_pixel *src, uint32_t x, uint32_t y,
                uint32_t width, struct damage_tile *tiles)
{
    uint32_t count;

    if (memcmp(canvas, src, (size_t)width * 4) == 0)
        return;
    for (uint32_t i = 0; i < width; i += count) {
        count = DAMAGE_TILE - (x + i) % DAMAGE_TILE;
        if (count > width - i)
            count = width - i;
        if (compare_in_tile(canvas + i, src + i, x + i, y, count, tiles++))
            copy_pixels(canvas + i, src + i, count);
    }
}
