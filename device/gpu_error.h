// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mistakes of a guest: counted by kind, and said in the log a few times at
 * most. Loop thread.
 */
#ifndef ORIEL_DEVICE_GPU_ERROR_H
#define ORIEL_DEVICE_GPU_ERROR_H

#include "server/log.h"

#include <stdint.h>

enum gpu_error {
    /* Answers to a command (virtio 1.2, 5.7.6.7). */
    GPU_ERROR_UNSPECIFIED,
    GPU_ERROR_OUT_OF_MEMORY,
    GPU_ERROR_SCANOUT_ID,
    GPU_ERROR_RESOURCE_ID,
    GPU_ERROR_CONTEXT_ID,
    GPU_ERROR_PARAMETER,
    GPU_ERROR_CHAIN,  /* a malformed chain of descriptors */
    GPU_ERROR_RING,   /* a ring that is corrupt as a whole */
    GPU_ERROR_MEMORY, /* memory that was promised and taken away */
    GPU_ERRORS,
};

/* Zero-initialised by the owner. */
struct gpu_errors {
    uint64_t count[GPU_ERRORS];
    struct log_limit limits[GPU_ERRORS];
};

/* As in status: "invalid_parameter". */
const char *gpu_error_name(enum gpu_error kind);
/* The kind of an error answer (enum virtio_gpu_type). */
enum gpu_error gpu_error_of_answer(uint32_t answer);

#define gpu_error_report(errors, kind, ...)                                            \
    do {                                                                               \
        (errors)->count[(kind)]++;                                                     \
        log_warning_limited(&(errors)->limits[(kind)], "gpu", __VA_ARGS__);            \
    } while (0)

#endif
