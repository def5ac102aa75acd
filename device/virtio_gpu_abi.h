// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands, answers and layouts of virtio-gpu (virtio 1.2, section 5.7.6). All
 * fields are little-endian in guest memory; the structs here hold what was
 * copied from there, and le32() and friends read them.
 */
#ifndef ORIEL_DEVICE_VIRTIO_GPU_ABI_H
#define ORIEL_DEVICE_VIRTIO_GPU_ABI_H

#include <endian.h>
#include <stdint.h>

#define VIRTIO_GPU_F_EDID 1
#define VIRTIO_GPU_F_RESOURCE_UUID 2

#define VIRTIO_GPU_MAX_SCANOUTS 16
#define VIRTIO_GPU_EDID_SIZE 1024
#define VIRTIO_GPU_UUID_SIZE 16

enum virtio_gpu_type {
    VIRTIO_GPU_CMD_GET_DISPLAY_INFO = 0x100,
    VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
    VIRTIO_GPU_CMD_RESOURCE_UNREF,
    VIRTIO_GPU_CMD_SET_SCANOUT,
    VIRTIO_GPU_CMD_RESOURCE_FLUSH,
    VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
    VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
    VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
    VIRTIO_GPU_CMD_GET_CAPSET_INFO,
    VIRTIO_GPU_CMD_GET_CAPSET,
    VIRTIO_GPU_CMD_GET_EDID,
    VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,

    VIRTIO_GPU_CMD_UPDATE_CURSOR = 0x300,
    VIRTIO_GPU_CMD_MOVE_CURSOR,

    VIRTIO_GPU_RESP_OK_NODATA = 0x1100,
    VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
    VIRTIO_GPU_RESP_OK_CAPSET_INFO,
    VIRTIO_GPU_RESP_OK_CAPSET,
    VIRTIO_GPU_RESP_OK_EDID,
    VIRTIO_GPU_RESP_OK_RESOURCE_UUID,

    VIRTIO_GPU_RESP_ERR_UNSPEC = 0x1200,
    VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY,
    VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID,
    VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID,
    VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID,
    VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER,
};

#define VIRTIO_GPU_FLAG_FENCE 1u
#define VIRTIO_GPU_FLAG_INFO_RING_IDX 2u

/* Formats name the bytes in memory order. */
enum virtio_gpu_format {
    VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM = 1,
    VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM = 2,
    VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM = 3,
    VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM = 4,
    VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM = 67,
    VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM = 68,
    VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM = 121,
    VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM = 134,
};

struct virtio_gpu_ctrl_hdr {
    uint32_t type, flags;
    uint64_t fence_id;
    uint32_t ctx_id;
    uint8_t ring_idx, padding[3];
};

struct virtio_gpu_rect {
    uint32_t x, y, width, height;
};

struct virtio_gpu_display_one {
    struct virtio_gpu_rect r;
    uint32_t enabled, flags;
};

struct virtio_gpu_resp_display_info {
    struct virtio_gpu_display_one pmodes[VIRTIO_GPU_MAX_SCANOUTS];
};

struct virtio_gpu_resource_create_2d {
    uint32_t resource_id, format, width, height;
};

/* RESOURCE_UNREF, RESOURCE_DETACH_BACKING and RESOURCE_ASSIGN_UUID. */
struct virtio_gpu_resource_only {
    uint32_t resource_id, padding;
};

struct virtio_gpu_set_scanout {
    struct virtio_gpu_rect r;
    uint32_t scanout_id, resource_id;
};

struct virtio_gpu_resource_flush {
    struct virtio_gpu_rect r;
    uint32_t resource_id, padding;
};

struct virtio_gpu_transfer_to_host_2d {
    struct virtio_gpu_rect r;
    uint64_t offset;
    uint32_t resource_id, padding;
};

struct virtio_gpu_attach_backing {
    uint32_t resource_id, nr_entries;
};

struct virtio_gpu_mem_entry {
    uint64_t addr;
    uint32_t length, padding;
};

struct virtio_gpu_get_edid {
    uint32_t scanout, padding;
};

struct virtio_gpu_resp_edid {
    uint32_t size, padding;
    uint8_t edid[VIRTIO_GPU_EDID_SIZE];
};

struct virtio_gpu_resp_resource_uuid {
    uint8_t uuid[VIRTIO_GPU_UUID_SIZE];
};

/* UPDATE_CURSOR and MOVE_CURSOR; (x,y) is the image's upper left corner. */
struct virtio_gpu_update_cursor {
    uint32_t scanout_id, x, y, pos_padding;
    uint32_t resource_id, hot_x, hot_y, padding;
};

struct virtio_gpu_config {
    uint32_t events_read, events_clear, num_scanouts, num_capsets;
};

#endif
