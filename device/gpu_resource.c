// SPDX-License-Identifier: GPL-2.0-or-later
/* Resources and their backing. */
#include "device/gpu_internal.h"

#include <string.h>
#include <sys/random.h>

/* virtio-gpu names bytes in memory order, pixman the bits of a little-endian
 * word from the top. */
static const struct {
    uint32_t format;
    pixman_format_code_t pixman;
} formats[] = {
    { VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, PIXMAN_a8r8g8b8 },
    { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, PIXMAN_x8r8g8b8 },
    { VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, PIXMAN_b8g8r8a8 },
    { VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, PIXMAN_b8g8r8x8 },
    { VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, PIXMAN_a8b8g8r8 },
    { VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, PIXMAN_r8g8b8x8 },
    { VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, PIXMAN_r8g8b8a8 },
    { VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, PIXMAN_x8b8g8r8 },
};

pixman_format_code_t gpu_format(uint32_t format)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].format == format)
            return formats[i].pixman;
    return 0;
}

uint32_t gpu_resource_create_2d(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_resource_create_2d *body = &command->body.create_2d;
    uint32_t id = le32toh(body->resource_id);
    uint32_t width = le32toh(body->width), height = le32toh(body->height);
    if (id == 0 || resource_find(&gpu->resources, id))
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    pixman_format_code_t format = gpu_format(le32toh(body->format));
    if (format == 0 || width == 0 || height == 0)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    if (gpu->resources.count >= gpu->limits.max_resources ||
        resource_bytes(width, height) > gpu->limits.max_resource_bytes - gpu->resources.bytes ||
        !resource_add(&gpu->resources, id, width, height, format))
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t gpu_resource_unref(struct gpu *gpu, struct gpu_command *command)
{
    struct resource *resource =
        resource_find(&gpu->resources, le32toh(command->body.resource.resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    gpu_scanouts_forget(gpu, resource);
    resource_remove(&gpu->resources, resource);
    return VIRTIO_GPU_RESP_OK_NODATA;
}

/* Of all backings together; see struct gpu_limits. */
static uint64_t max_entries(const struct gpu_limits *limits)
{
    return limits->max_resource_bytes / 4096 + limits->max_resources;
}

/* The entries follow the command; they are read in blocks, so that a guest
 * cannot make us hold its array twice. */
static uint32_t read_entries(struct gpu *gpu, struct gpu_command *command,
                             struct backing *backing, uint32_t nentries)
{
    struct virtio_gpu_mem_entry block[256];
    size_t offset = sizeof(struct virtio_gpu_ctrl_hdr) + sizeof(struct virtio_gpu_attach_backing);
    for (uint32_t done = 0; done < nentries;) {
        uint32_t n = nentries - done < 256 ? nentries - done : 256;
        size_t size = n * sizeof block[0];
        if (virtqueue_chain_read(&command->chain, offset, block, size) < size)
            return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t gpa = le64toh(block[i].addr);
            uint32_t length = le32toh(block[i].length);
            if (!guest_memory_covers(gpu->device.memory, gpa, length))
                return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
            backing_add(backing, gpa, length);
        }
        offset += size;
        done += n;
    }
    return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t gpu_resource_attach_backing(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_attach_backing *body = &command->body.attach;
    struct resource *resource = resource_find(&gpu->resources, le32toh(body->resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    uint32_t nentries = le32toh(body->nr_entries);
    if (resource->backing)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    if (nentries > gpu->limits.max_backing_entries)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    if (nentries > max_entries(&gpu->limits) - gpu->resources.entries)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    struct backing *backing = backing_create(nentries);
    if (!backing)
        return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    uint32_t answer = read_entries(gpu, command, backing, nentries);
    if (answer == VIRTIO_GPU_RESP_OK_NODATA)
        resource_attach(&gpu->resources, resource, backing);
    else
        backing_unref(backing);
    return answer;
}

uint32_t gpu_resource_detach_backing(struct gpu *gpu, struct gpu_command *command)
{
    struct resource *resource =
        resource_find(&gpu->resources, le32toh(command->body.resource.resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    if (!resource->backing)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    resource_detach(&gpu->resources, resource);
    return VIRTIO_GPU_RESP_OK_NODATA;
}

/* 5.7.6.8: the same one, however often it is asked for. */
uint32_t gpu_resource_assign_uuid(struct gpu *gpu, struct gpu_command *command)
{
    struct resource *resource =
        resource_find(&gpu->resources, le32toh(command->body.resource.resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    if (!resource->has_uuid) {
        if (getrandom(resource->uuid, sizeof resource->uuid, GRND_NONBLOCK) !=
            (ssize_t)sizeof resource->uuid)
            return VIRTIO_GPU_RESP_ERR_UNSPEC;
        resource->uuid[6] = (uint8_t)((resource->uuid[6] & 0x0f) | 0x40);
        resource->uuid[8] = (uint8_t)((resource->uuid[8] & 0x3f) | 0x80);
        resource->has_uuid = true;
    }
    struct virtio_gpu_resp_resource_uuid *answer = &command->payload.uuid;
    memcpy(answer->uuid, resource->uuid, sizeof answer->uuid);
    command->payload_size = sizeof *answer;
    return VIRTIO_GPU_RESP_OK_RESOURCE_UUID;
}
