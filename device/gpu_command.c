// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/gpu_internal.h"
#include "server/trace.h"

#include <string.h>

struct gpu_command_entry {
    uint32_t type;
    unsigned queue;
    size_t body_size; /* without arrays that follow */
    gpu_handler *handle;
    const char *name;
};

#define CONTROL GPU_CONTROL_QUEUE
#define CURSOR GPU_CURSOR_QUEUE

/* Virtio 1.2, 5.7.6.8 and 5.7.6.10. */
static const struct gpu_command_entry commands[] = {
    { VIRTIO_GPU_CMD_GET_DISPLAY_INFO, CONTROL, 0, gpu_get_display_info, "GET_DISPLAY_INFO" },
    { VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, CONTROL, sizeof(struct virtio_gpu_resource_create_2d),
      gpu_resource_create_2d, "RESOURCE_CREATE_2D" },
    { VIRTIO_GPU_CMD_RESOURCE_UNREF, CONTROL, sizeof(struct virtio_gpu_resource_only),
      gpu_resource_unref, "RESOURCE_UNREF" },
    { VIRTIO_GPU_CMD_SET_SCANOUT, CONTROL, sizeof(struct virtio_gpu_set_scanout),
      gpu_set_scanout, "SET_SCANOUT" },
    { VIRTIO_GPU_CMD_RESOURCE_FLUSH, CONTROL, sizeof(struct virtio_gpu_resource_flush),
      gpu_resource_flush, "RESOURCE_FLUSH" },
    { VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, CONTROL,
      sizeof(struct virtio_gpu_transfer_to_host_2d), gpu_transfer_to_host_2d,
      "TRANSFER_TO_HOST_2D" },
    { VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, CONTROL, sizeof(struct virtio_gpu_attach_backing),
      gpu_resource_attach_backing, "RESOURCE_ATTACH_BACKING" },
    { VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, CONTROL, sizeof(struct virtio_gpu_resource_only),
      gpu_resource_detach_backing, "RESOURCE_DETACH_BACKING" },
    { VIRTIO_GPU_CMD_GET_EDID, CONTROL, sizeof(struct virtio_gpu_get_edid), gpu_get_edid,
      "GET_EDID" },
    { VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, CONTROL, sizeof(struct virtio_gpu_resource_only),
      gpu_resource_assign_uuid, "RESOURCE_ASSIGN_UUID" },
    { VIRTIO_GPU_CMD_UPDATE_CURSOR, CURSOR, sizeof(struct virtio_gpu_update_cursor),
      gpu_update_cursor, "UPDATE_CURSOR" },
    { VIRTIO_GPU_CMD_MOVE_CURSOR, CURSOR, sizeof(struct virtio_gpu_update_cursor),
      gpu_move_cursor, "MOVE_CURSOR" },
};

static const struct gpu_command_entry *find_command(const struct gpu *gpu,
                                                    const struct gpu_command *command)
{
    unsigned queue = (unsigned)(command->queue - gpu->device.queues);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].type == command->header.type && commands[i].queue == queue)
            return &commands[i];
    return NULL;
}

uint32_t gpu_command_decode(struct gpu *gpu, struct gpu_command *command)
{
    struct virtio_gpu_ctrl_hdr *header = &command->header;
    const struct virtqueue_chain *chain = &command->chain;
    memset(header, 0, sizeof *header);
    command->payload_size = 0;
    command->name = "command";
    if (virtqueue_chain_read(chain, 0, header, sizeof *header) < sizeof *header) {
        memset(header, 0, sizeof *header);
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    }
    header->type = le32toh(header->type);
    header->flags = le32toh(header->flags);
    header->fence_id = le64toh(header->fence_id);
    header->ctx_id = le32toh(header->ctx_id);
    const struct gpu_command_entry *entry = find_command(gpu, command);
    if (!entry)
        return VIRTIO_GPU_RESP_ERR_UNSPEC;
    command->name = entry->name;
    trace(gpu_command, "name=%s type=0x%x flags=0x%x fence=%llu", entry->name, header->type,
          header->flags, (unsigned long long)header->fence_id);
    if (virtqueue_chain_read(chain, sizeof *header, &command->body, entry->body_size) <
        entry->body_size)
        return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    return 0;
}

uint32_t gpu_command_run(struct gpu *gpu, struct gpu_command *command)
{
    return find_command(gpu, command)->handle(gpu, command);
}

bool gpu_rect_inside(const struct virtio_gpu_rect *le, uint32_t width, uint32_t height,
                     struct virtio_gpu_rect *rect)
{
    *rect = (struct virtio_gpu_rect){ le32toh(le->x), le32toh(le->y), le32toh(le->width),
                                      le32toh(le->height) };
    return rect->x <= width && rect->width <= width - rect->x && rect->y <= height &&
           rect->height <= height - rect->y;
}
