// SPDX-License-Identifier: GPL-2.0-or-later
/* TRANSFER_TO_HOST_2D: pixels from guest memory into the host's copy. */
#include "device/gpu_internal.h"
#include "server/trace.h"

#include <errno.h>

/* Fewer bytes are copied at once: handing them to another thread and back
 * takes longer. */
#define INLINE_BYTES (256 * 1024)

static void run_transfer(struct job *job)
{
    struct gpu_transfer *transfer = (struct gpu_transfer *)job;
    transfer->error = backing_gather(transfer->backing, transfer->memory, transfer->offset,
                                     transfer->dst, transfer->picture->stride,
                                     transfer->row_size, transfer->rows);
    /* Lost pages read as zeros, which are nobody's picture. */
    if (transfer->error == 0 && guest_memory_lost(transfer->memory))
        transfer->error = -ENODATA;
    trace(gpu_transfer, "offset=%llu row_bytes=%zu rows=%zu error=%d",
          (unsigned long long)transfer->offset, (size_t)transfer->row_size,
          (size_t)transfer->rows, transfer->error);
}

uint32_t gpu_transfer_answer(struct gpu *gpu, int error, const struct guest_memory *memory)
{
    if (error == 0)
        return VIRTIO_GPU_RESP_OK_NODATA;
    if (error == -ENODATA && !gpu->memory_lost && memory == gpu->device.memory) {
        gpu->memory_lost = true;
        gpu_error_report(&gpu->errors, GPU_ERROR_MEMORY,
                         "the guest's memory has been truncated: no picture can be transferred "
                         "from it until the VMM sends another memory table");
    }
    return VIRTIO_GPU_RESP_ERR_UNSPEC;
}

static void handle_transfer_done(struct job *job)
{
    struct gpu_transfer *transfer = (struct gpu_transfer *)job;
    gpu_transfer_returned(transfer->gpu);
}

/* Whether the rows that a transfer reads lie inside the backing. */
static bool rows_inside(uint64_t size, uint64_t offset, const struct virtio_gpu_rect *rect,
                        size_t stride)
{
    if (rect->width == 0 || rect->height == 0)
        return true;
    uint64_t span = (uint64_t)stride * (rect->height - 1) + (uint64_t)rect->width * 4;
    return offset <= size && span <= size - offset;
}

uint32_t gpu_transfer_to_host_2d(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_transfer_to_host_2d *body = &command->body.transfer;
    struct resource *resource = resource_find(&gpu->resources, le32toh(body->resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    if (!resource->backing)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    struct picture *picture = resource->picture;
    uint64_t offset = le64toh(body->offset);
    struct virtio_gpu_rect rect;
    if (!gpu_rect_inside(&body->r, picture->width, picture->height, &rect) ||
        !rows_inside(resource->backing->size, offset, &rect, picture->stride))
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    if (rect.width == 0 || rect.height == 0)
        return VIRTIO_GPU_RESP_OK_NODATA;
    if (picture->lent > 0)
        return GPU_TRY_AGAIN;

    struct gpu_transfer *transfer = &gpu->transfer;
    *transfer = (struct gpu_transfer){
        .job = { .work = run_transfer, .done = handle_transfer_done },
        .gpu = gpu,
        .picture = picture,
        .backing = resource->backing,
        .memory = gpu->device.memory,
        .offset = offset,
        .dst = picture->pixels + rect.y * picture->stride + (size_t)rect.x * 4,
        .row_size = (size_t)rect.width * 4,
        .rows = rect.height,
    };
    picture->unflushed = true;
    if (transfer->row_size * transfer->rows <= INLINE_BYTES) {
        run_transfer(&transfer->job);
        return gpu_transfer_answer(gpu, transfer->error, transfer->memory);
    }
    picture_ref(picture);
    backing_ref(resource->backing);
    guest_memory_ref(gpu->device.memory);
    picture->writing = true;
    gpu->transferring = true;
    job_submit(gpu->loop, &transfer->job);
    return GPU_ANSWER_LATER;
}
