// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A picture in a test's memory: 0x00RRGGBB words, rows packed. Patterns have
 * R, G and B all different, so that swapped channels are found out.
 */
#ifndef ORIEL_TESTS_GUEST_IMAGE_H
#define ORIEL_TESTS_GUEST_IMAGE_H

#include "tests/protocol/lib/guest_gpu_command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_image {
    uint32_t width, height;
    uint32_t *pixels; /* owned */
};

/* All black. */
void guest_image_init(struct guest_image *image, uint32_t width, uint32_t height);
void guest_image_finish(struct guest_image *image);

/* The colour of a pixel of pattern `seed`; neighbours differ. */
uint32_t guest_image_colour(uint32_t seed, uint32_t x, uint32_t y);
void guest_image_fill_pattern(struct guest_image *image, uint32_t seed);
void guest_image_fill(struct guest_image *image, struct gpu_rect rect, uint32_t colour);
/* Copies `rect` of one to (x,y) of the other; both must hold it. */
void guest_image_copy(struct guest_image *to, uint32_t x, uint32_t y,
                      const struct guest_image *from, struct gpu_rect rect);

/* The byte order in which a virtio-gpu format keeps a pixel: the offsets of R,
 * G, B and of the fourth byte. 0 or -EINVAL. */
int guest_image_format_bytes(uint32_t format, uint8_t offsets[4]);
/* A pixel as the guest stores it; the fourth byte is `alpha`. */
uint32_t guest_image_encode(uint32_t format, uint32_t colour, uint8_t alpha);

/* True when both are equal in the colour bits; otherwise says where the first
 * difference is. */
bool guest_image_equal(const struct guest_image *image, const struct guest_image *expected,
                       const char *what);
/* Decodes a PNG file in memory, pixel for pixel. */
void guest_image_read_png(struct guest_image *image, const void *bytes, size_t size);

#endif
