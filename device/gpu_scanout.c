// SPDX-License-Identifier: GPL-2.0-or-later
/* Scanouts: what the guest learns about the heads, and what it shows on them. */
#include "device/edid.h"
#include "device/gpu_internal.h"

#include <stdio.h>
#include <string.h>

uint32_t gpu_get_display_info(struct gpu *gpu, struct gpu_command *command)
{
    struct virtio_gpu_resp_display_info *info = &command->payload.display_info;
    memset(info, 0, sizeof *info);
    for (unsigned i = 0; i < gpu->nheads; i++) {
        const struct head_config *config = &gpu->heads[i].config;
        info->pmodes[i] = (struct virtio_gpu_display_one){
            .r = { htole32((uint32_t)config->x), htole32((uint32_t)config->y),
                   htole32(config->mode.width), htole32(config->mode.height) },
            .enabled = htole32(1),
        };
    }
    command->payload_size = sizeof *info;
    return VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
}

uint32_t gpu_get_edid(struct gpu *gpu, struct gpu_command *command)
{
    uint32_t scanout = le32toh(command->body.get_edid.scanout);
    if (scanout >= gpu->nheads)
        return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
    const struct head_config *config = &gpu->heads[scanout].config;
    struct edid_params params = {
        .name = config->name,
        .serial = scanout + 1,
        .width_mm = config->width_mm,
        .height_mm = config->height_mm,
        .preferred = config->mode,
        .modes = config->modes,
        .nmodes = config->nmodes,
    };
    struct virtio_gpu_resp_edid *edid = &command->payload.edid;
    memset(edid, 0, sizeof *edid);
    int size = edid_generate(&params, edid->edid, sizeof edid->edid);
    if (size < 0)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    edid->size = htole32((uint32_t)size);
    command->payload_size = sizeof *edid;
    return VIRTIO_GPU_RESP_OK_EDID;
}

static void disable_scanout(struct gpu *gpu, uint32_t scanout, bool now)
{
    gpu->scanouts[scanout].resource = NULL;
    head_disable(&gpu->heads[scanout], now);
}

uint32_t gpu_set_scanout(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_set_scanout *body = &command->body.set_scanout;
    uint32_t scanout = le32toh(body->scanout_id), id = le32toh(body->resource_id);
    if (scanout >= gpu->nheads)
        return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
    if (id == 0) {
        disable_scanout(gpu, scanout, false);
        return VIRTIO_GPU_RESP_OK_NODATA;
    }
    struct resource *resource = resource_find(&gpu->resources, id);
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    struct virtio_gpu_rect rect;
    if (!gpu_rect_inside(&body->r, resource->picture->width, resource->picture->height, &rect) ||
        rect.width == 0 || rect.height == 0 || rect.width > gpu->limits.max_scanout_size ||
        rect.height > gpu->limits.max_scanout_size)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    gpu->scanouts[scanout].resource = resource;
    head_set_scanout(&gpu->heads[scanout], resource->picture, rect.x, rect.y, rect.width,
                     rect.height);
    return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t gpu_resource_flush(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_resource_flush *body = &command->body.flush;
    struct resource *resource = resource_find(&gpu->resources, le32toh(body->resource_id));
    if (!resource)
        return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    struct virtio_gpu_rect rect;
    if (!gpu_rect_inside(&body->r, resource->picture->width, resource->picture->height, &rect))
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    resource->picture->unflushed = false;
    for (unsigned i = 0; i < gpu->nheads; i++)
        if (gpu->scanouts[i].resource == resource)
            head_flush(&gpu->heads[i], rect.x, rect.y, rect.width, rect.height);
    return VIRTIO_GPU_RESP_OK_NODATA;
}

void gpu_scanouts_forget(struct gpu *gpu, const struct resource *resource)
{
    for (unsigned i = 0; i < gpu->nheads; i++)
        if (gpu->scanouts[i].resource == resource)
            disable_scanout(gpu, i, false);
}

void gpu_scanouts_reset(struct gpu *gpu)
{
    static const struct head_cursor none;
    for (unsigned i = 0; i < gpu->nheads; i++) {
        struct head *head = &gpu->heads[i];
        disable_scanout(gpu, i, true);
        if (head->cursor.visible || head->cursor.width > 0)
            head_set_cursor(head, &none, true);
    }
}
