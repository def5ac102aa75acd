// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/gpu_error.h"

#include "device/virtio_gpu_abi.h"

static const char *const names[GPU_ERRORS] = {
    [GPU_ERROR_UNSPECIFIED] = "unspecified",
    [GPU_ERROR_OUT_OF_MEMORY] = "out_of_memory",
    [GPU_ERROR_SCANOUT_ID] = "invalid_scanout_id",
    [GPU_ERROR_RESOURCE_ID] = "invalid_resource_id",
    [GPU_ERROR_CONTEXT_ID] = "invalid_context_id",
    [GPU_ERROR_PARAMETER] = "invalid_parameter",
    [GPU_ERROR_CHAIN] = "malformed_chain",
    [GPU_ERROR_RING] = "corrupt_ring",
    [GPU_ERROR_MEMORY] = "lost_memory",
};

const char *gpu_error_name(enum gpu_error kind)
{
    return names[kind];
}

enum gpu_error gpu_error_of_answer(uint32_t answer)
{
    uint32_t kind = answer - VIRTIO_GPU_RESP_ERR_UNSPEC;
    return kind <= GPU_ERROR_PARAMETER ? (enum gpu_error)kind : GPU_ERROR_UNSPECIFIED;
}
