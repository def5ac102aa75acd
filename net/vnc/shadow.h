// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A shadow: this program's own copy of a head's picture, from which viewers'
 * updates are encoded. Nobody writes one while it has users.
 *
 * Reference counted on the loop thread. The display holds one reference, and
 * each user (an encoding in progress, a copy into it) another.
 */
#ifndef ORIEL_NET_VNC_SHADOW_H
#define ORIEL_NET_VNC_SHADOW_H

#include <pixman.h>
#include <stddef.h>
#include <stdint.h>

struct display;

struct shadow {
    unsigned refs;
    struct display *display; /* NULL once the display has let go of it */
    uint32_t width, height;  /* pixels */
    size_t stride;           /* bytes */
    uint8_t *pixels;         /* XRGB8888, as in the canvas */
    /* What the canvas shows differently; loop thread, between copies. */
    pixman_region32_t missing;
};

/* One reference; everything is missing. NULL when memory is short. */
struct shadow *shadow_create(struct display *display, uint32_t width, uint32_t height);
struct shadow *shadow_ref(struct shadow *shadow);
void shadow_unref(struct shadow *shadow); /* NULL is fine */

#endif
