// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builders for the virtio-gpu commands of a 2D guest (virtio 1.2, section
 * 5.7.6). Plain values; tests change fields of them to make wrong ones.
 */
#ifndef ORIEL_TESTS_GUEST_GPU_COMMAND_H
#define ORIEL_TESTS_GUEST_GPU_COMMAND_H

#include <linux/virtio_gpu.h>
#include <stddef.h>
#include <stdint.h>

#define GPU_CONTROL_QUEUE 0u
#define GPU_CURSOR_QUEUE 1u

struct gpu_rect {
    uint32_t x, y, width, height;
};

struct gpu_command {
    union {
        struct virtio_gpu_ctrl_hdr hdr;
        struct virtio_gpu_resource_create_2d create_2d;
        struct virtio_gpu_resource_unref unref;
        struct virtio_gpu_set_scanout set_scanout;
        struct virtio_gpu_resource_flush flush;
        struct virtio_gpu_transfer_to_host_2d transfer;
        struct virtio_gpu_resource_attach_backing attach;
        struct virtio_gpu_resource_detach_backing detach;
        struct virtio_gpu_cmd_get_edid edid;
        struct virtio_gpu_resource_assign_uuid uuid;
        struct virtio_gpu_update_cursor cursor;
        uint8_t bytes[128];
    } u;
    size_t size;      /* bytes of u that are sent */
    const void *tail; /* then these */
    size_t tail_size;
    unsigned queue;
    size_t response_size; /* writable bytes that are offered */
};

struct gpu_command gpu_display_info(void);
struct gpu_command gpu_edid(uint32_t scanout);
struct gpu_command gpu_create_2d(uint32_t resource, uint32_t format, uint32_t width,
                                 uint32_t height);
struct gpu_command gpu_unref(uint32_t resource);
struct gpu_command gpu_assign_uuid(uint32_t resource);
/* `entries` stay the caller's until the command has been sent. */
struct gpu_command gpu_attach(uint32_t resource, const struct virtio_gpu_mem_entry *entries,
                              uint32_t nentries);
struct gpu_command gpu_detach(uint32_t resource);
struct gpu_command gpu_transfer(uint32_t resource, struct gpu_rect rect, uint64_t offset);
struct gpu_command gpu_set_scanout(uint32_t scanout, uint32_t resource, struct gpu_rect rect);
struct gpu_command gpu_flush(uint32_t resource, struct gpu_rect rect);
struct gpu_command gpu_update_cursor(uint32_t scanout, uint32_t resource, uint32_t x, uint32_t y,
                                     uint32_t hot_x, uint32_t hot_y);
struct gpu_command gpu_move_cursor(uint32_t scanout, uint32_t resource, uint32_t x, uint32_t y);
/* Only a header of that type. */
struct gpu_command gpu_bare(uint32_t type, unsigned queue);

#endif
