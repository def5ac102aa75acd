// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the gpu share; see gpu.h. Loop thread. */
#ifndef ORIEL_DEVICE_GPU_INTERNAL_H
#define ORIEL_DEVICE_GPU_INTERNAL_H

#include "device/backing_map.h"
#include "device/gpu.h"
#include "device/gpu_error.h"
#include "device/resource.h"
#include "device/virtio_gpu_abi.h"
#include "server/jobs.h"
#include "server/log.h"

#define GPU_MODULE "gpu"
#define GPU_CONTROL_QUEUE 0
#define GPU_CURSOR_QUEUE 1

/* What a command's handler says instead of an answer. */
enum {
    GPU_ANSWER_LATER = 0, /* a job does the work; it ends in gpu_command_end() */
    GPU_TRY_AGAIN = 1,    /* a picture is lent: again when it comes back */
};

/* The largest body of a command, without what follows in an array. */
union gpu_body {
    struct virtio_gpu_resource_create_2d create_2d;
    struct virtio_gpu_resource_only resource;
    struct virtio_gpu_set_scanout set_scanout;
    struct virtio_gpu_resource_flush flush;
    struct virtio_gpu_transfer_to_host_2d transfer;
    struct virtio_gpu_attach_backing attach;
    struct virtio_gpu_get_edid get_edid;
    struct virtio_gpu_update_cursor cursor;
};

union gpu_payload {
    struct virtio_gpu_resp_display_info display_info;
    struct virtio_gpu_resp_edid edid;
    struct virtio_gpu_resp_resource_uuid uuid;
};

/* One command: a private copy of what the guest said, and where its answer
 * goes. */
struct gpu_command {
    struct virtqueue *queue;
    uint32_t run;                /* of the queue when the command was taken */
    struct guest_memory *memory; /* what the chain points into, referenced */
    struct virtqueue_chain chain;
    struct virtio_gpu_ctrl_hdr header; /* host byte order */
    const char *name;
    union gpu_body body;         /* as the guest wrote it: little-endian */
    union gpu_payload payload;   /* of the answer, little-endian */
    size_t payload_size;
};

struct gpu;

struct gpu_transfer {
    struct job job;
    struct gpu *gpu;
    struct picture *picture;
    struct backing *backing;
    struct backing_map *map; /* to read through; NULL: the backing is gathered */
    struct backing_map *new_map; /* that has to be filled first; owned */
    struct guest_memory *memory;
    uint64_t offset;
    uint8_t *dst;
    size_t row_size, rows;
    int error;
};

struct gpu_scanout {
    struct resource *resource; /* NULL: disabled */
};

struct gpu {
    struct virtio_device device; /* first: the transport hands this back */
    uv_loop_t *loop;
    struct head *heads;
    unsigned nheads;
    struct gpu_limits limits;
    struct resource_table resources;
    struct gpu_scanout scanouts[VIRTIO_GPU_MAX_SCANOUTS];

    /* The control queue works on one command at a time. */
    struct gpu_command control;
    struct gpu_command cursor;
    bool busy;    /* `control` is waiting for a job or a lent picture */
    bool waiting; /* for a lent picture */
    struct gpu_transfer transfer;
    struct backing_map_budget map_budget;
    bool transferring; /* the job is in flight; nothing is taken meanwhile */

    uv_idle_t more; /* active while a turn ended before its queue was empty */
    struct gpu_errors errors;
    uint64_t commands; /* answered so far */
    bool memory_lost; /* said of the present memory table */

    bool closing;
    bool more_closed;
    void (*destroyed)(void *user);
    void *destroyed_user;
};

/* gpu_command.c: runs one command of a queue; an answer (virtio_gpu_type), or
 * one of the above. */
uint32_t gpu_command_run(struct gpu *gpu, struct gpu_command *command);
/* Copies header and body out of the chain. Returns 0 or an error answer. */
uint32_t gpu_command_decode(struct gpu *gpu, struct gpu_command *command);

/* gpu.c: writes the answer of the control queue's command and goes on. */
void gpu_command_end(struct gpu *gpu, uint32_t answer);
/* The job of gpu->transfer has returned. */
void gpu_transfer_returned(struct gpu *gpu);

/* gpu_transfer.c: the answer to a transfer from `memory` that ended with
 * `error`. */
uint32_t gpu_transfer_answer(struct gpu *gpu, int error, const struct guest_memory *memory);

/* The transfer's map, if it has one, goes to its backing or away. */
void gpu_transfer_keep_map(struct gpu *gpu);
/* Maps that were made from another table than the present one go. */
void gpu_transfer_drop_maps(struct gpu *gpu);

/* Handlers, by topic. */
typedef uint32_t gpu_handler(struct gpu *gpu, struct gpu_command *command);
gpu_handler gpu_get_display_info, gpu_get_edid, gpu_set_scanout, gpu_resource_flush; /* gpu_scanout.c */
gpu_handler gpu_resource_create_2d, gpu_resource_unref; /* gpu_resource.c */
gpu_handler gpu_resource_attach_backing, gpu_resource_detach_backing;
gpu_handler gpu_resource_assign_uuid;
gpu_handler gpu_transfer_to_host_2d; /* gpu_transfer.c */
gpu_handler gpu_update_cursor, gpu_move_cursor; /* gpu_cursor.c */

/* gpu_scanout.c: no scanout shows the resource any more. */
void gpu_scanouts_forget(struct gpu *gpu, const struct resource *resource);
/* All scanouts off; `now` without grace, as the guest is gone. */
void gpu_scanouts_reset(struct gpu *gpu);

/* gpu_resource.c: pixman's name of a format; 0 for those that are none. */
pixman_format_code_t gpu_format(uint32_t format);

/* Whether a rectangle (little-endian) lies inside width x height, and what it
 * is in host byte order. */
bool gpu_rect_inside(const struct virtio_gpu_rect *le, uint32_t width, uint32_t height,
                     struct virtio_gpu_rect *rect);

#endif
