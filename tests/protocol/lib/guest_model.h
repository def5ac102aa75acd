// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reference that a device is compared with: what each resource holds and
 * what each head shows, pixel by pixel and without any cleverness. It says
 * which picture a head must show once everything has been flushed.
 *
 * One thread. Backing and resource have the same layout; colours are
 * 0x00RRGGBB whatever the resource's format is.
 */
#ifndef ORIEL_TESTS_GUEST_MODEL_H
#define ORIEL_TESTS_GUEST_MODEL_H

#include "tests/protocol/lib/guest_surface.h"

#define GUEST_MODEL_RESOURCES 12
#define GUEST_MODEL_HEADS 2

struct guest_model_resource {
    bool alive;
    struct guest_surface surface;
    struct guest_image backing; /* what the guest drew */
    struct guest_image host;    /* what was transferred */
};

struct guest_model_head {
    int resource; /* index; -1: none */
    struct gpu_rect part;
    struct guest_image canvas; /* what was published; of the part's size */
};

struct guest_model {
    struct guest_gpu *gpu;
    struct guest_model_resource resources[GUEST_MODEL_RESOURCES];
    struct guest_model_head heads[GUEST_MODEL_HEADS];
    unsigned nheads;
    uint32_t next_id;
};

void guest_model_init(struct guest_model *model, struct guest_gpu *gpu, unsigned nheads);
void guest_model_finish(struct guest_model *model);
/* As at a reset of the device; the resources' memory in the guest is lost. */
void guest_model_clear(struct guest_model *model);

/* Each sends its command (without waiting) and does the same to the model. */
int guest_model_create(struct guest_model *model, uint32_t format, uint32_t width, uint32_t height,
                       enum guest_scatter scatter);
void guest_model_unref(struct guest_model *model, int resource);
void guest_model_draw(struct guest_model *model, int resource, struct gpu_rect rect, uint32_t seed);
void guest_model_transfer(struct guest_model *model, int resource, struct gpu_rect rect);
void guest_model_show(struct guest_model *model, unsigned head, int resource, struct gpu_rect part);
void guest_model_hide(struct guest_model *model, unsigned head);
void guest_model_flush(struct guest_model *model, int resource, struct gpu_rect rect);

/* One of all of these at random; returns what it did. */
const char *guest_model_step(struct guest_model *model, uint64_t *random);
/* Flushes all that is shown, so that canvases are known exactly. */
void guest_model_flush_all(struct guest_model *model);

#endif
