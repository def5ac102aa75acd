// SPDX-License-Identifier: GPL-2.0-or-later
/* The cursor queue: images and moves of each head's cursor. */
#include "device/gpu_internal.h"

#include <string.h>

static struct head *cursor_head(struct gpu *gpu, const struct virtio_gpu_update_cursor *body)
{
    uint32_t scanout = le32toh(body->scanout_id);
    return scanout < gpu->nheads ? &gpu->heads[scanout] : NULL;
}

/* The guest gives the image's corner; heads keep the hotspot's place. Values
 * are signed in practice: a cursor half off the left edge has a negative x. */
static int32_t hotspot_place(uint32_t corner, uint32_t hot)
{
    int64_t place = (int64_t)(int32_t)corner + hot;
    return place > INT32_MAX ? INT32_MAX : (int32_t)place;
}

static void place_cursor(struct head_cursor *cursor, const struct virtio_gpu_update_cursor *body)
{
    cursor->x = hotspot_place(le32toh(body->x), cursor->hot_x);
    cursor->y = hotspot_place(le32toh(body->y), cursor->hot_y);
    cursor->visible = body->resource_id != 0;
}

static uint32_t clamp_hotspot(uint32_t hot)
{
    return hot < HEAD_CURSOR_SIZE ? hot : HEAD_CURSOR_SIZE - 1;
}

/* Linux makes its cursors of buffers without alpha by name (all dumb buffers
 * are), and means the alpha that it puts there: QEMU takes it, and so must we. */
static pixman_format_code_t with_alpha(pixman_format_code_t format)
{
    switch (format) {
    case PIXMAN_x8r8g8b8:
        return PIXMAN_a8r8g8b8;
    case PIXMAN_b8g8r8x8:
        return PIXMAN_b8g8r8a8;
    case PIXMAN_x8b8g8r8:
        return PIXMAN_a8b8g8r8;
    case PIXMAN_r8g8b8x8:
        return PIXMAN_r8g8b8a8;
    default:
        return format;
    }
}

/* Whatever the resource's format is, heads have premultiplied ARGB. */
static void copy_image(struct head_cursor *cursor, const struct picture *picture)
{
    const int size = HEAD_CURSOR_SIZE;
    pixman_image_t *src = pixman_image_create_bits_no_clear(
        with_alpha(picture->format), size, size, (uint32_t *)(void *)picture->pixels, (int)picture->stride);
    pixman_image_t *dst = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, size, size,
                                                            cursor->pixels, size * 4);
    if (src && dst)
        pixman_image_composite32(PIXMAN_OP_SRC, src, NULL, dst, 0, 0, 0, 0, 0, 0, size, size);
    if (src)
        pixman_image_unref(src);
    if (dst)
        pixman_image_unref(dst);
}

uint32_t gpu_update_cursor(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_update_cursor *body = &command->body.cursor;
    struct head *head = cursor_head(gpu, body);
    if (!head)
        return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
    uint32_t id = le32toh(body->resource_id);
    struct head_cursor *cursor = &head->cursor;
    if (id != 0) {
        struct resource *resource = resource_find(&gpu->resources, id);
        if (!resource)
            return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
        /* 5.7.6.10: cursors are 64x64. So small a picture is never a job's. */
        if (resource->picture->width != HEAD_CURSOR_SIZE ||
            resource->picture->height != HEAD_CURSOR_SIZE)
            return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
        copy_image(cursor, resource->picture);
        cursor->width = cursor->height = HEAD_CURSOR_SIZE;
        cursor->hot_x = clamp_hotspot(le32toh(body->hot_x));
        cursor->hot_y = clamp_hotspot(le32toh(body->hot_y));
    }
    place_cursor(cursor, body);
    head_set_cursor(head, cursor, true);
    return VIRTIO_GPU_RESP_OK_NODATA;
}

uint32_t gpu_move_cursor(struct gpu *gpu, struct gpu_command *command)
{
    const struct virtio_gpu_update_cursor *body = &command->body.cursor;
    struct head *head = cursor_head(gpu, body);
    if (!head)
        return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
    place_cursor(&head->cursor, body);
    head_set_cursor(head, &head->cursor, false);
    return VIRTIO_GPU_RESP_OK_NODATA;
}
