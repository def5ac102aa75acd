// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/gpu.h"

#include "device/gpu_internal.h"
#include "server/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A turn of the loop that serves a guest which never stops asking ends after
 * this long; the rest comes in the next turn. */
#define TURN_NS 1000000
/* Malformed chains that are passed over in one go. */
#define TURN_BAD_CHAINS 64

static struct gpu *device_gpu(struct virtio_device *device)
{
    return (struct gpu *)device;
}

/* 5.7.6.7: an answer repeats the fence that it completes. */
static struct virtio_gpu_ctrl_hdr answer_header(const struct gpu_command *command,
                                                uint32_t answer)
{
    const struct virtio_gpu_ctrl_hdr *request = &command->header;
    struct virtio_gpu_ctrl_hdr header = { .type = htole32(answer) };
    if (!(request->flags & VIRTIO_GPU_FLAG_FENCE))
        return header;
    uint32_t flags = VIRTIO_GPU_FLAG_FENCE;
    if (request->flags & VIRTIO_GPU_FLAG_INFO_RING_IDX) {
        flags |= VIRTIO_GPU_FLAG_INFO_RING_IDX;
        header.ring_idx = request->ring_idx;
    }
    header.flags = htole32(flags);
    header.fence_id = htole64(request->fence_id);
    header.ctx_id = htole32(request->ctx_id);
    return header;
}

/* Writes as much of the answer as the guest left room for. */
static void write_answer(struct gpu *gpu, struct gpu_command *command, uint32_t answer)
{
    struct virtio_gpu_ctrl_hdr header = answer_header(command, answer);
    if (answer >= VIRTIO_GPU_RESP_ERR_UNSPEC)
        gpu_error_report(&gpu->errors, gpu_error_of_answer(answer),
                         "the guest's %s (type 0x%x) is answered with error 0x%x",
                         command->name, command->header.type, answer);
    size_t size = virtqueue_chain_write(&command->chain, 0, &header, sizeof header);
    if (size == sizeof header && answer < VIRTIO_GPU_RESP_ERR_UNSPEC)
        size += virtqueue_chain_write(&command->chain, size, &command->payload,
                                      command->payload_size);
    virtqueue_push(command->queue, command->chain.head, (uint32_t)size);
    gpu->commands++;
    trace(gpu_answer, "name=%s answer=0x%x bytes=%zu", command->name, answer, size);
}

static void go_on_later(struct gpu *gpu);

/* Takes the next command of a queue. False: there is none in this turn. */
static bool take_command(struct gpu *gpu, struct gpu_command *command, struct virtqueue *queue)
{
    for (unsigned bad = 0; bad < TURN_BAD_CHAINS; bad++) {
        int result = virtqueue_pop(queue, gpu->device.memory, &command->chain);
        if (result == 0)
            return false;
        if (result == 1) {
            command->queue = queue;
            command->run = queue->run;
            command->memory = guest_memory_ref(gpu->device.memory);
            return true;
        }
        gpu_error_report(&gpu->errors, result == -EIO ? GPU_ERROR_RING : GPU_ERROR_CHAIN,
                         "queue %u: the guest's %s", (unsigned)(queue - gpu->device.queues),
                         result == -EIO ? "ring is corrupt, it is ignored from now on"
                                        : "descriptor chain is malformed");
    }
    go_on_later(gpu);
    return false;
}

static void release_command(struct gpu_command *command)
{
    guest_memory_unref(command->memory);
    command->memory = NULL;
}

static void answer_command(struct gpu *gpu, struct gpu_command *command, uint32_t answer)
{
    /* A queue that was stopped meanwhile has handed the command back. */
    if (command->queue->run == command->run)
        write_answer(gpu, command, answer);
    release_command(command);
}

/* Runs commands until the queue is empty, one needs time, or the turn is over. */
static void serve_control(struct gpu *gpu)
{
    struct virtqueue *queue = &gpu->device.queues[GPU_CONTROL_QUEUE];
    uint64_t start = uv_hrtime();
    while (!gpu->busy && !gpu->transferring && take_command(gpu, &gpu->control, queue)) {
        uint32_t answer = gpu_command_decode(gpu, &gpu->control);
        if (answer == 0)
            answer = gpu_command_run(gpu, &gpu->control);
        gpu->waiting = answer == GPU_TRY_AGAIN;
        gpu->busy = gpu->waiting || answer == GPU_ANSWER_LATER;
        if (gpu->busy)
            break;
        answer_command(gpu, &gpu->control, answer);
        if (uv_hrtime() - start > TURN_NS) {
            go_on_later(gpu);
            break;
        }
    }
    virtqueue_flush(queue);
}

/* Cursor commands have no answer but their descriptor's return. */
static void serve_cursor(struct gpu *gpu)
{
    struct virtqueue *queue = &gpu->device.queues[GPU_CURSOR_QUEUE];
    struct gpu_command *command = &gpu->cursor;
    uint64_t start = uv_hrtime();
    while (take_command(gpu, command, queue)) {
        uint32_t answer = gpu_command_decode(gpu, command);
        if (answer == 0)
            answer = gpu_command_run(gpu, command);
        answer_command(gpu, command, answer);
        if (uv_hrtime() - start > TURN_NS) {
            go_on_later(gpu);
            break;
        }
    }
    virtqueue_flush(queue);
}

static void handle_more(uv_idle_t *more)
{
    struct gpu *gpu = more->data;
    uv_idle_stop(more);
    serve_control(gpu);
    serve_cursor(gpu);
}

static void go_on_later(struct gpu *gpu)
{
    if (!gpu->closing)
        uv_idle_start(&gpu->more, handle_more);
}

void gpu_command_end(struct gpu *gpu, uint32_t answer)
{
    gpu->busy = false;
    answer_command(gpu, &gpu->control, answer);
    serve_control(gpu);
}

static void destroy_if_done(struct gpu *gpu)
{
    if (!gpu->closing || !gpu->more_closed || gpu->transferring)
        return;
    void (*destroyed)(void *user) = gpu->destroyed;
    void *user = gpu->destroyed_user;
    free(gpu);
    if (destroyed)
        destroyed(user);
}

void gpu_transfer_returned(struct gpu *gpu)
{
    struct picture *picture = gpu->transfer.picture;
    uint32_t answer =
        gpu_transfer_answer(gpu, gpu->transfer.error, gpu->transfer.memory);
    gpu->transferring = false;
    gpu_transfer_keep_map(gpu);
    picture->writing = false;
    for (unsigned i = 0; i < gpu->nheads; i++)
        if (gpu->heads[i].source == picture)
            head_source_written(&gpu->heads[i]);
    backing_unref(gpu->transfer.backing);
    guest_memory_unref(gpu->transfer.memory);
    picture_unref(picture);
    if (gpu->closing)
        destroy_if_done(gpu);
    else if (gpu->busy)
        gpu_command_end(gpu, answer);
    else
        serve_control(gpu);
}

/* A head has given a picture back; a command may have waited for it. */
static void handle_picture_returned(struct head *head, struct picture *picture)
{
    struct gpu *gpu = head->user;
    (void)picture;
    if (!gpu->waiting)
        return;
    uint32_t answer = gpu_command_run(gpu, &gpu->control);
    gpu->waiting = answer == GPU_TRY_AGAIN;
    if (answer != GPU_TRY_AGAIN && answer != GPU_ANSWER_LATER)
        gpu_command_end(gpu, answer);
}

static void config_read(struct virtio_device *device, uint32_t offset, void *data, uint32_t size)
{
    struct virtio_gpu_config config = { .num_scanouts = htole32(device_gpu(device)->nheads) };
    virtio_config_copy(&config, sizeof config, offset, data, size);
}

/* The only field that a driver writes is events_clear, and vhost-user keeps
 * the events to itself. */
static void config_write(struct virtio_device *device, uint32_t offset, const void *data,
                         uint32_t size)
{
    (void)device;
    (void)offset;
    (void)data;
    (void)size;
}

static void queue_notify(struct virtio_device *device, unsigned index)
{
    if (index == GPU_CONTROL_QUEUE)
        serve_control(device_gpu(device));
    else
        serve_cursor(device_gpu(device));
}

/* The command that has no answer yet is handed back: whoever starts the queue
 * again gets it once more. A job that works for it comes back to nobody. */
static void queue_stop(struct virtio_device *device, unsigned index)
{
    struct gpu *gpu = device_gpu(device);
    if (index != GPU_CONTROL_QUEUE || !gpu->busy)
        return;
    device->queues[index].last_avail--;
    gpu->busy = false;
    gpu->waiting = false;
    release_command(&gpu->control);
}

static void reset(struct virtio_device *device)
{
    struct gpu *gpu = device_gpu(device);
    gpu_scanouts_reset(gpu);
    resource_remove_all(&gpu->resources);
}

/* Backings and rings are looked up at every use; only maps hold on to memory
 * that may be gone. */
static void memory_changed(struct virtio_device *device)
{
    device_gpu(device)->memory_lost = false;
    gpu_transfer_drop_maps(device_gpu(device));
}

static const struct virtio_device_ops gpu_ops = {
    .config_read = config_read,
    .config_write = config_write,
    .queue_notify = queue_notify,
    .queue_stop = queue_stop,
    .reset = reset,
    .memory_changed = memory_changed,
};

struct gpu *gpu_create(uv_loop_t *loop, struct head *heads, unsigned nheads,
                       const struct gpu_limits *limits)
{
    struct gpu *gpu = calloc(1, sizeof *gpu);
    if (!gpu)
        return NULL;
    int error = uv_idle_init(loop, &gpu->more);
    if (error < 0) {
        free(gpu);
        errno = -error;
        return NULL;
    }
    gpu->more.data = gpu;
    gpu->loop = loop;
    gpu->heads = heads;
    gpu->nheads = nheads;
    gpu->limits = *limits;
    gpu->resources.loop = loop;
    gpu->device.ops = &gpu_ops;
    gpu->device.name = "gpu";
    gpu->device.device_features = 1ull << VIRTIO_GPU_F_EDID | 1ull << VIRTIO_GPU_F_RESOURCE_UUID;
    gpu->device.nqueues = 2;
    for (unsigned i = 0; i < nheads; i++) {
        heads[i].picture_returned = handle_picture_returned;
        heads[i].user = gpu;
    }
    return gpu;
}

struct virtio_device *gpu_device(struct gpu *gpu)
{
    return &gpu->device;
}

const struct gpu_errors *gpu_guest_errors(const struct gpu *gpu)
{
    return &gpu->errors;
}

static void handle_more_closed(uv_handle_t *handle)
{
    struct gpu *gpu = handle->data;
    gpu->more_closed = true;
    destroy_if_done(gpu);
}

void gpu_figures(const struct gpu *gpu, struct gpu_figures *figures)
{
    *figures = (struct gpu_figures){ .commands = gpu->commands,
                                     .resources = gpu->resources.count,
                                     .resource_bytes = gpu->resources.bytes };
}

void gpu_destroy(struct gpu *gpu, void (*done)(void *user), void *user)
{
    gpu->closing = true;
    gpu->destroyed = done;
    gpu->destroyed_user = user;
    for (unsigned i = 0; i < gpu->nheads; i++)
        gpu->heads[i].picture_returned = NULL;
    if (gpu->busy)
        queue_stop(&gpu->device, GPU_CONTROL_QUEUE);
    resource_remove_all(&gpu->resources);
    uv_close((uv_handle_t *)&gpu->more, handle_more_closed);
}
