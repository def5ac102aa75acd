// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inner loop of damage.c: one row of pixels, compared and copied.
 *
 * Everything that runs once per pixel is behind this one function, so that
 * versions of it for other instruction sets can stand in a table. Any thread.
 */
#ifndef ORIEL_ENCODERS_DAMAGE_ROW_H
#define ORIEL_ENCODERS_DAMAGE_ROW_H

#include <stdint.h>

/* A pixel anywhere in memory: a source may lie at any byte of guest memory. */
typedef uint32_t __attribute__((aligned(1))) damage_pixel;

/*
 * The changes seen so far in one tile of a band: columns and rows in canvas
 * coordinates, the right and bottom ones exclusive. right == 0: none yet.
 */
struct damage_tile {
    uint32_t left, right, top, bottom;
};

/*
 * Makes `width` pixels of canvas row `y`, from column `x` on, equal to `src`,
 * and widens the tile of each changed pixel to include it. `canvas` and `src`
 * point at the pixel of column `x`; tiles[0] is the one that holds it.
 *
 * Where only the X byte differs it is copied too, though it is no change:
 * otherwise the bytes would differ at each further comparison.
 */
void damage_row(damage_pixel *canvas, const damage_pixel *src, uint32_t x, uint32_t y,
                uint32_t width, struct damage_tile *tiles);

#endif
