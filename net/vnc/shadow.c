// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/shadow.h"

#include "encoders/canvas_layout.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

struct shadow *shadow_create(struct display *display, uint32_t width, uint32_t height)
{
    struct shadow *shadow = calloc(1, sizeof(*shadow));
    if (!shadow)
        return NULL;
    shadow->stride = canvas_stride(width);
    /* Mapped, so that the memory goes back to the system with the shadow. */
    void *pixels = mmap(NULL, shadow->stride * height, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pixels == MAP_FAILED) {
        free(shadow);
        return NULL;
    }
    shadow->refs = 1;
    shadow->display = display;
    shadow->width = width;
    shadow->height = height;
    shadow->pixels = pixels;
    pixman_region32_init_rect(&shadow->missing, 0, 0, width, height);
    return shadow;
}

struct shadow *shadow_ref(struct shadow *shadow)
{
    assert(shadow->refs > 0);
    shadow->refs++;
    return shadow;
}

void shadow_unref(struct shadow *shadow)
{
    if (!shadow)
        return;
    assert(shadow->refs > 0);
    if (--shadow->refs > 0)
        return;
    pixman_region32_fini(&shadow->missing);
    munmap(shadow->pixels, shadow->stride * shadow->height);
    free(shadow);
}
