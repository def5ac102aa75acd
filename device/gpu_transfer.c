// SPDX-License-Identifier: GPL-2.0-or-later
/* TRANSFER_TO_HOST_2D: pixels from guest memory into the host's copy. */
#include "device/gpu_internal.h"
#include "device/unmap.h"
#include "server/trace.h"

#include <errno.h>

/* Fewer bytes are copied at once: handing them to another thread and back
 * takes longer. */
#define INLINE_BYTES (256 * 1024)

/* Smaller pictures are no screen's, and not worth a mapping. */
#define MAP_PIXELS (640u * 480u)
/* Pictures that are transferred once or twice do not pay for one either. */
#define MAP_TRANSFERS 3

/* The way to the bytes is chosen; copies them. */
static int copy_rows(const struct gpu_transfer *transfer)
{
    if (!transfer->map)
        return backing_gather(transfer->backing, transfer->memory, transfer->offset,
                              transfer->dst, transfer->picture->stride, transfer->row_size,
                              transfer->rows);
    backing_map_copy(transfer->map, transfer->offset, transfer->dst, transfer->picture->stride,
                     transfer->row_size, transfer->rows);
    return backing_map_lost(transfer->map) ? -ENODATA : 0;
}

static void run_transfer(struct job *job)
{
    struct gpu_transfer *transfer = (struct gpu_transfer *)job;
    if (transfer->new_map &&
        backing_map_fill(transfer->new_map, transfer->backing, transfer->memory) < 0)
        transfer->map = NULL;
    transfer->error = copy_rows(transfer);
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

/* The map to read a large picture through; NULL: gather. Until the job has
 * filled a new one it belongs to the transfer. */
static void choose_map(struct gpu *gpu, struct gpu_transfer *transfer)
{
    struct backing *backing = transfer->backing;
    const struct picture *picture = transfer->picture;
    uint64_t serial = guest_memory_serial(transfer->memory);
    if (backing->map && backing->map->table == serial) {
        transfer->map = backing->map;
        return;
    }
    uint32_t most = gpu->limits.max_scanout_size;
    if ((uint64_t)picture->width * picture->height < MAP_PIXELS || picture->width > most ||
        picture->height > most || backing->map_refused == serial ||
        ++backing->large_transfers < MAP_TRANSFERS)
        return;
    backing_map_destroy(backing->map);
    backing->map = NULL;
    transfer->map = backing_map_create(gpu->loop, backing, transfer->memory, &gpu->map_budget);
    transfer->new_map = transfer->map;
    if (!transfer->map)
        backing->map_refused = serial;
}

void gpu_transfer_keep_map(struct gpu *gpu)
{
    struct gpu_transfer *transfer = &gpu->transfer;
    struct backing *backing = transfer->backing;
    if (transfer->new_map && transfer->map) {
        backing->map = transfer->new_map;
    } else if (transfer->new_map) {
        backing->map_refused = transfer->new_map->table;
        backing_map_destroy(transfer->new_map);
    }
    transfer->map = transfer->new_map = NULL;
    if (backing->map && (backing_map_lost(backing->map) ||
                         backing->map->table != guest_memory_serial(gpu->device.memory))) {
        backing_map_destroy(backing->map);
        backing->map = NULL;
    }
}

void gpu_transfer_drop_maps(struct gpu *gpu)
{
    /* The one that a job reads through goes when the job returns. */
    const struct backing *lent = gpu->transferring ? gpu->transfer.backing : NULL;
    const uint64_t serial = guest_memory_serial(gpu->device.memory);
    if (gpu->map_budget.maps == 0)
        return;
    unmap_hold();
    for (unsigned i = 0; i < RESOURCE_BUCKETS; i++) {
        for (struct resource *r = gpu->resources.buckets[i]; r; r = r->next) {
            struct backing *backing = r->backing;
            if (!backing || !backing->map || backing == lent || backing->map->table == serial)
                continue;
            backing_map_destroy(backing->map);
            backing->map = NULL;
        }
    }
    unmap_release(gpu->loop);
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
    choose_map(gpu, transfer);
    picture->writing = true;
    gpu->transferring = true;
    job_submit(gpu->loop, &transfer->job);
    return GPU_ANSWER_LATER;
}
