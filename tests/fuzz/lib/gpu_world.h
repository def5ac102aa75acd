// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the targets of the device share: a loop with two small heads, the gpu
 * on them, an output that looks at each head when the input says so, and the
 * guest's memory as a file. Fresh for each input. One thread.
 */
#ifndef ORIEL_TESTS_FUZZ_GPU_WORLD_H
#define ORIEL_TESTS_FUZZ_GPU_WORLD_H

#include "device/gpu.h"
#include "device/head.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define GPU_WORLD_HEADS 2
#define GPU_WORLD_RAM ((size_t)512 * 1024)

struct gpu_world_output {
    struct head_output output;
    bool subscribed;
    uint64_t sequence; /* of the frame that it has not taken yet; 0: none */
};

struct gpu_world {
    uv_loop_t loop;
    struct head *heads; /* allocated, so that their bounds are known */
    struct gpu *gpu;
    struct gpu_world_output outputs[GPU_WORLD_HEADS];
    int ram; /* memfd of GPU_WORLD_RAM bytes, zeroes at first */
    unsigned open_heads;
};

void gpu_world_start(struct gpu_world *world);
/* The transport is gone. Everything ends, and nothing may be left. */
void gpu_world_finish(struct gpu_world *world);

/* Writes into the guest's memory; what lies outside is left out. */
void gpu_world_write(struct gpu_world *world, uint64_t offset, const void *data, size_t size);

/* One step of a head's output: 0 comes or goes, 1 takes its frame, else gives
 * credit. */
void gpu_world_output_step(struct gpu_world *world, unsigned head, unsigned what);

#endif
