// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A picture: pixels in memory that a head can show, the host copy of a guest's
 * 2D resource or the card. Reference counted on the loop thread.
 *
 * While `lent` is not zero jobs read it: the loop and other jobs do not write
 * it. While `writing` a transfer job writes it and nobody reads.
 */
#ifndef ORIEL_DEVICE_PICTURE_H
#define ORIEL_DEVICE_PICTURE_H

#include <pixman.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct picture {
    unsigned refs;
    uv_loop_t *loop;
    unsigned lent;          /* publish jobs that read it */
    bool writing;           /* a transfer job writes it */
    bool unflushed;         /* written since its last flush */
    uint32_t width, height; /* pixels */
    size_t stride;          /* bytes, width * 4 */
    pixman_format_code_t format;
    uint8_t *pixels;
};

/* One reference, all bytes zero (lazily: untouched memory costs nothing).
 * NULL with errno set on failure. */
struct picture *picture_create(uv_loop_t *loop, uint32_t width, uint32_t height,
                               pixman_format_code_t format);
struct picture *picture_ref(struct picture *picture);
void picture_unref(struct picture *picture); /* NULL is fine */

#endif
