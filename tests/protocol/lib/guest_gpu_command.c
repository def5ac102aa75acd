// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_gpu_command.h"

static struct gpu_command command_of(uint32_t type, size_t size)
{
    return (struct gpu_command){
        .u.hdr = {.type = type},
        .size = size,
        .queue = GPU_CONTROL_QUEUE,
        .response_size = sizeof(struct virtio_gpu_ctrl_hdr),
    };
}

static struct virtio_gpu_rect wire_rect(struct gpu_rect rect)
{
    return (struct virtio_gpu_rect){
        .x = rect.x, .y = rect.y, .width = rect.width, .height = rect.height};
}

struct gpu_command gpu_display_info(void)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_GET_DISPLAY_INFO, sizeof(struct virtio_gpu_ctrl_hdr));

    command.response_size = sizeof(struct virtio_gpu_resp_display_info);
    return command;
}

struct gpu_command gpu_edid(uint32_t scanout)
{
    struct gpu_command command = command_of(VIRTIO_GPU_CMD_GET_EDID, sizeof(command.u.edid));

    command.u.edid.scanout = scanout;
    command.response_size = sizeof(struct virtio_gpu_resp_edid);
    return command;
}

struct gpu_command gpu_create_2d(uint32_t resource, uint32_t format, uint32_t width,
                                 uint32_t height)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, sizeof(command.u.create_2d));

    command.u.create_2d.resource_id = resource;
    command.u.create_2d.format = format;
    command.u.create_2d.width = width;
    command.u.create_2d.height = height;
    return command;
}

struct gpu_command gpu_unref(uint32_t resource)
{
    struct gpu_command command = command_of(VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(command.u.unref));

    command.u.unref.resource_id = resource;
    return command;
}

struct gpu_command gpu_assign_uuid(uint32_t resource)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, sizeof(command.u.uuid));

    command.u.uuid.resource_id = resource;
    command.response_size = sizeof(struct virtio_gpu_resp_resource_uuid);
    return command;
}

struct gpu_command gpu_attach(uint32_t resource, const struct virtio_gpu_mem_entry *entries,
                              uint32_t nentries)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, sizeof(command.u.attach));

    command.u.attach.resource_id = resource;
    command.u.attach.nr_entries = nentries;
    command.tail = entries;
    command.tail_size = sizeof(*entries) * nentries;
    return command;
}

struct gpu_command gpu_detach(uint32_t resource)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING, sizeof(command.u.detach));

    command.u.detach.resource_id = resource;
    return command;
}

struct gpu_command gpu_transfer(uint32_t resource, struct gpu_rect rect, uint64_t offset)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, sizeof(command.u.transfer));

    command.u.transfer.resource_id = resource;
    command.u.transfer.r = wire_rect(rect);
    command.u.transfer.offset = offset;
    return command;
}

struct gpu_command gpu_set_scanout(uint32_t scanout, uint32_t resource, struct gpu_rect rect)
{
    struct gpu_command command =
        command_of(VIRTIO_GPU_CMD_SET_SCANOUT, sizeof(command.u.set_scanout));

    command.u.set_scanout.scanout_id = scanout;
    command.u.set_scanout.resource_id = resource;
    command.u.set_scanout.r = wire_rect(rect);
    return command;
}

struct gpu_command gpu_flush(uint32_t resource, struct gpu_rect rect)
{
    struct gpu_command command = command_of(VIRTIO_GPU_CMD_RESOURCE_FLUSH, sizeof(command.u.flush));

    command.u.flush.resource_id = resource;
    command.u.flush.r = wire_rect(rect);
    return command;
}

static struct gpu_command cursor_command(uint32_t type, uint32_t scanout, uint32_t resource,
                                         uint32_t x, uint32_t y)
{
    struct gpu_command command = command_of(type, sizeof(command.u.cursor));

    command.u.cursor.pos.scanout_id = scanout;
    command.u.cursor.pos.x = x;
    command.u.cursor.pos.y = y;
    command.u.cursor.resource_id = resource;
    command.queue = GPU_CURSOR_QUEUE;
    command.response_size = 0; /* as Linux sends them */
    return command;
}

struct gpu_command gpu_update_cursor(uint32_t scanout, uint32_t resource, uint32_t x, uint32_t y,
                                     uint32_t hot_x, uint32_t hot_y)
{
    struct gpu_command command =
        cursor_command(VIRTIO_GPU_CMD_UPDATE_CURSOR, scanout, resource, x, y);

    command.u.cursor.hot_x = hot_x;
    command.u.cursor.hot_y = hot_y;
    return command;
}

struct gpu_command gpu_move_cursor(uint32_t scanout, uint32_t resource, uint32_t x, uint32_t y)
{
    return cursor_command(VIRTIO_GPU_CMD_MOVE_CURSOR, scanout, resource, x, y);
}

struct gpu_command gpu_bare(uint32_t type, unsigned queue)
{
    struct gpu_command command = command_of(type, sizeof(struct virtio_gpu_ctrl_hdr));

    command.queue = queue;
    return command;
}
