// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver's framebuffer: a 2D resource with its backing in guest memory, the
 * picture drawn in the backing, and the commands that bring it to a head.
 *
 * One thread. The commands are sent without waiting and must be answered OK,
 * unless a function says otherwise.
 */
#ifndef ORIEL_TESTS_GUEST_SURFACE_H
#define ORIEL_TESTS_GUEST_SURFACE_H

#include "tests/protocol/lib/guest_gpu.h"
#include "tests/protocol/lib/guest_image.h"

/* How the backing lies in guest memory. */
enum guest_scatter {
    GUEST_SCATTER_NONE,   /* one piece */
    GUEST_SCATTER_PAGES,  /* pages in random order */
    GUEST_SCATTER_BORDER, /* one piece across the border of two regions (PC layout) */
    GUEST_SCATTER_ODD,    /* pieces of odd sizes: pixels are cut in two */
};

struct guest_surface {
    struct guest_gpu *gpu;
    uint32_t id, format, width, height;
    struct virtio_gpu_mem_entry *entries;
    uint32_t nentries;
};

/* Allocates the backing; sends nothing. */
void guest_surface_init(struct guest_surface *surface, struct guest_gpu *gpu, uint32_t id,
                        uint32_t format, uint32_t width, uint32_t height,
                        enum guest_scatter scatter);
void guest_surface_finish(struct guest_surface *surface);
struct gpu_rect guest_surface_rect(const struct guest_surface *surface);

/* RESOURCE_CREATE_2D and ATTACH_BACKING. */
void guest_surface_create(struct guest_surface *surface);
/* Bytes of the backing. */
void guest_surface_write(struct guest_surface *surface, size_t offset, const void *data,
                         size_t size);
/* Draws `rect` of the image (of the surface's size) into the backing. */
void guest_surface_draw(struct guest_surface *surface, const struct guest_image *image,
                        struct gpu_rect rect);
void guest_surface_transfer(struct guest_surface *surface, struct gpu_rect rect);
void guest_surface_flush(struct guest_surface *surface, struct gpu_rect rect);
void guest_surface_show(struct guest_surface *surface, uint32_t scanout, struct gpu_rect rect);
void guest_surface_unref(struct guest_surface *surface);
/* All of it: draw, transfer, show on the scanout, flush, settle. */
void guest_surface_present(struct guest_surface *surface, uint32_t scanout,
                           const struct guest_image *image);

#endif
