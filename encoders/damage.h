// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Damage: which pixels of a picture really changed.
 *
 * Pure functions over pixels, callable from any thread; the caller lends the
 * buffers for the time of the call. Pixels are 32-bit words in host byte
 * order; only the 24 colour bits 0x00ffffff count, the X byte never makes a
 * difference.
 */
#ifndef ORIEL_ENCODERS_DAMAGE_H
#define ORIEL_ENCODERS_DAMAGE_H

#include <pixman.h>
#include <stddef.h>
#include <stdint.h>

/* Edge length in pixels of the squares in which changes are looked for; the
 * grid is anchored at pixel (0,0) of the destination. */
#define DAMAGE_TILE 64

/* The picture that is compared with the canvas. `pixels` points at the pixel
 * that belongs at (0,0) of the canvas; `stride` in bytes. `format` is one of
 * the eight 32-bit formats of virtio-gpu in pixman's terms; alpha is ignored
 * (an alpha format is read as its X sibling). */
struct damage_source {
    const uint8_t *pixels;
    size_t stride;
    pixman_format_code_t format;
};

/*
 * Makes the canvas equal to the source inside `region` (canvas coordinates,
 * inside both pictures) and adds to `damage` exactly the tiles that had a
 * changed pixel, each tightened to its changed rows and columns.
 *
 * canvas: XRGB8888, `canvas_stride` in bytes, a multiple of 4.
 * Returns 0, or -ENOMEM; then all of `region` has been copied and added to
 * the damage, so that no change is ever lost. -EINVAL, and nothing is done,
 * when the format is none of the eight.
 */
int damage_publish(uint8_t *canvas, size_t canvas_stride, const struct damage_source *source,
                   const pixman_region32_t *region, pixman_region32_t *damage);

/*
 * Copies `region` from one XRGB8888 picture to another of the same size.
 * Strides in bytes.
 */
void damage_copy(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t src_stride,
                 const pixman_region32_t *region);

/*
 * Bounds a region: one of more than `max_rects` rectangles is replaced by a
 * coarser region that covers it and has at most `max_rects`.
 */
void damage_bound(pixman_region32_t *region, int max_rects);

#endif
