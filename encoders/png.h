// SPDX-License-Identifier: GPL-2.0-or-later
/* PNG encoding of a picture through libpng. Any thread. */
#ifndef ORIEL_ENCODERS_PNG_H
#define ORIEL_ENCODERS_PNG_H

#include <stddef.h>
#include <stdint.h>

/*
 * Encodes `width` x `height` XRGB8888 pixels (`stride` in bytes) as an RGB
 * PNG. `level` is zlib's, 0 (fast) to 9 (small). On success *out is malloc'ed
 * and belongs to the caller. Returns 0, -ENOMEM or -EINVAL.
 */
int png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, size_t stride, int level,
               uint8_t **out, size_t *out_size);

#endif
