// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The known picture: what the guest draws and what the tests expect, from one
 * formula. Blocks of 32x32 pixels are flat, a gradient, noise or two-coloured
 * like text, so that every way of coding a rectangle is used; no two of R, G
 * and B are ever equal, so that a swapped channel cannot hide. Pure.
 */
#ifndef ORIEL_TESTS_GUEST_PATTERN_H
#define ORIEL_TESTS_GUEST_PATTERN_H

#include <stdint.h>

#define PATTERN_CURSOR_SIZE 64

static inline uint32_t pattern_hash(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u ^ seed * 0xc2b2ae3du;

    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return h ^ (h >> 15);
}

/* Green and blue are red plus 1..85 and plus 86..170, modulo 256. */
static inline uint32_t pattern_colour(uint32_t red, uint32_t green, uint32_t blue)
{
    uint32_t r = red & 0xff;
    uint32_t g = (r + 1 + green % 85) & 0xff;
    uint32_t b = (r + 86 + blue % 85) & 0xff;

    return r << 16 | g << 8 | b;
}

/* 0x00RRGGBB at pixel (x,y) of the picture number `seed`. */
static inline uint32_t pattern_pixel(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t block = pattern_hash(x >> 5, y >> 5, seed);
    uint32_t noise;

    switch (block & 3) {
    case 0:
        return pattern_colour(block >> 8, block >> 16, block >> 24);
    case 1:
        return pattern_colour(x * 3 + seed, y * 5 + x, x + y);
    case 2:
        noise = pattern_hash(x, y, seed + 1);
        return pattern_colour(noise, noise >> 8, noise >> 16);
    default:
        noise = pattern_hash(x >> 1, y, seed + 2) & 1 ? block : ~block;
        return pattern_colour(noise >> 4, noise >> 12, noise >> 20);
    }
}

/* 0xAARRGGBB, premultiplied, of the test cursor: an opaque corner, a
 * half-transparent diagonal half, and nothing in the rest. */
static inline uint32_t pattern_cursor_pixel(uint32_t x, uint32_t y)
{
    if (x < 20 && y < 12)
        return 0xff000000u | pattern_colour(x * 9, y * 11, x + y);
    if (x + y < PATTERN_CURSOR_SIZE)
        return 0x80000000u | (0x10 + x) << 16 | (0x30 + y / 2) << 8 | 0x60;
    return 0;
}

/* The colour that fills the whole of frame `n` of a flip run. */
static inline uint32_t pattern_frame_colour(uint32_t n)
{
    uint32_t h = pattern_hash(n, 77, 5);

    return pattern_colour(h, h >> 8, h >> 16);
}

#endif
