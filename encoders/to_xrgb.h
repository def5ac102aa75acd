// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversion of the eight 32-bit formats of virtio-gpu to XRGB8888. Each is
 * the same four bytes in another order, so that it takes no scratch image and
 * cannot fail. Any thread.
 */
#ifndef ORIEL_ENCODERS_TO_XRGB_H
#define ORIEL_ENCODERS_TO_XRGB_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

/* Converts `count` pixels; neither pointer needs to be aligned, they must not
 * overlap. The X byte of the result is undefined. */
typedef void (*to_xrgb_row)(void *dst, const void *src, uint32_t count);

/*
 * Finds the conversion for `format`, whose alpha, if any, is ignored. Sets
 * *row to NULL where the pixels are XRGB8888 already. Returns false when the
 * format is none of the eight.
 */
bool to_xrgb_find(pixman_format_code_t format, to_xrgb_row *row);

#endif
