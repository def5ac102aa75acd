// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtio-gpu device (virtio 1.2, section 5.7): queues, command table,
 * resources, scanouts. What it shows goes to its heads.
 */
#ifndef ORIEL_DEVICE_GPU_H
#define ORIEL_DEVICE_GPU_H

#include "device/gpu_error.h"
#include "device/head.h"
#include "device/virtio_device.h"

#include <stdint.h>
#include <uv.h>

/*
 * What one guest may make us hold; beyond it commands are answered with
 * OUT_OF_MEMORY (INVALID_PARAMETER for one backing of too many entries). All
 * backings together have at most one entry per 4 KiB of max_resource_bytes and
 * one more per resource: as many as guests need whose memory is in single
 * pages, and 24 bytes each.
 */
struct gpu_limits {
    uint64_t max_resource_bytes; /* host copies of all resources together */
    uint32_t max_resources;
    uint32_t max_backing_entries; /* per resource */
    uint32_t max_scanout_size;    /* pixels, each way */
};
/* The most that a backing may be allowed: 8192x8192 in single pages. What a
 * command of so many takes on the loop is bounded by it. */
#define GPU_MAX_BACKING_ENTRIES 65536u

#define GPU_LIMITS_DEFAULT                                                                 \
    ((struct gpu_limits){ .max_resource_bytes = 1024ull << 20, .max_resources = 65536,     \
                          .max_backing_entries = 16384, .max_scanout_size = 8192 })

struct gpu;

/* `heads` (1..16) stay the caller's and must outlive the gpu. NULL with errno
 * set on failure. */
struct gpu *gpu_create(uv_loop_t *loop, struct head *heads, unsigned nheads,
                       const struct gpu_limits *limits);
struct virtio_device *gpu_device(struct gpu *gpu);
/* Mistakes of guests since the start, by kind. */
const struct gpu_errors *gpu_guest_errors(const struct gpu *gpu);

struct gpu_figures {
    uint64_t commands; /* answered since the start */
    uint32_t resources;
    uint64_t resource_bytes; /* of all their pictures */
};
void gpu_figures(const struct gpu *gpu, struct gpu_figures *figures);

/* Two phases: jobs in flight are waited for. The transport is closed before. */
void gpu_destroy(struct gpu *gpu, void (*done)(void *user), void *user);

#endif
