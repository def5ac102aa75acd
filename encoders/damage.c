// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/damage.h"

#include "encoders/damage_row.h"
#include "encoders/to_xrgb.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A row is taken in parts of this many pixels: long enough to stream through
 * memory, short enough that a converted part stays in the first-level cache. */
#define SLAB_TILES 64
#define SLAB_PIXELS (SLAB_TILES * DAMAGE_TILE)
/* Boxes collected before they are united with the damage. */
#define BOX_COUNT 256

struct publish {
    uint8_t *canvas;
    size_t canvas_stride;
    const struct damage_source *source;
    to_xrgb_row convert; /* NULL: the source is XRGB8888 */

    pixman_region32_t *damage;
    bool failed; /* memory ran out: `damage` is broken */
    int nboxes;
    pixman_box32_t boxes[BOX_COUNT];
};

static void flush_boxes(struct publish *publish)
{
    pixman_region32_t found;

    if (publish->nboxes == 0 || publish->failed)
        return;
    if (!pixman_region32_init_rects(&found, publish->boxes, publish->nboxes))
        publish->failed = true;
    else if (!pixman_region32_union(publish->damage, publish->damage, &found))
        publish->failed = true;
    pixman_region32_fini(&found);
    publish->nboxes = 0;
}

static void add_box(struct publish *publish, const struct damage_tile *tile)
{
    pixman_box32_t box = {(int32_t)tile->left, (int32_t)tile->top, (int32_t)tile->right,
                          (int32_t)tile->bottom};

    /* Whole tiles in a row, as video makes them, become one box. */
    if (publish->nboxes > 0) {
        pixman_box32_t *last = &publish->boxes[publish->nboxes - 1];
        if (last->x2 == box.x1 && last->y1 == box.y1 && last->y2 == box.y2) {
            last->x2 = box.x2;
            return;
        }
    }
    if (publish->nboxes == BOX_COUNT)
        flush_boxes(publish);
    publish->boxes[publish->nboxes++] = box;
}

/* `box` lies in one row of tiles and spans at most SLAB_TILES of them. */
static void publish_slab(struct publish *publish, const pixman_box32_t *box)
{
    struct damage_tile tiles[SLAB_TILES] = {0};
    uint32_t scratch[SLAB_PIXELS];
    uint32_t x = (uint32_t)box->x1, width = (uint32_t)(box->x2 - box->x1);
    int ntiles = (box->x2 - 1) / DAMAGE_TILE - box->x1 / DAMAGE_TILE + 1;

    for (int32_t y = box->y1; y < box->y2; y++) {
        uint8_t *canvas = publish->canvas + (size_t)y * publish->canvas_stride + (size_t)x * 4;
        const void *row =
            publish->source->pixels + (size_t)y * publish->source->stride + (size_t)x * 4;
        if (publish->convert != NULL) {
            publish->convert(scratch, row, width);
            row = scratch;
        }
        damage_row((damage_pixel *)canvas, row, x, (uint32_t)y, width, tiles);
    }
    for (int i = 0; i < ntiles; i++) {
        if (tiles[i].right != 0)
            add_box(publish, &tiles[i]);
    }
}

/* The multiple of `unit` behind `value`, at most `limit`. */
static int32_t next_multiple(int32_t value, int32_t unit, int32_t limit)
{
    int32_t rest = unit - value % unit;
    return rest < limit - value ? value + rest : limit;
}

/* Row order within a row of tiles: tile after tile reads memory in short
 * pieces, which takes twice as long. */
static void publish_box(struct publish *publish, const pixman_box32_t *box)
{
    pixman_box32_t slab;

    for (slab.y1 = box->y1; slab.y1 < box->y2; slab.y1 = slab.y2) {
        slab.y2 = next_multiple(slab.y1, DAMAGE_TILE, box->y2);
        for (slab.x1 = box->x1; slab.x1 < box->x2; slab.x1 = slab.x2) {
            slab.x2 = next_multiple(slab.x1, SLAB_PIXELS, box->x2);
            publish_slab(publish, &slab);
        }
    }
}

static void extend_box(pixman_box32_t *box, const pixman_box32_t *other)
{
    if (other->x1 >= other->x2)
        return;
    if (box->x1 >= box->x2) {
        *box = *other;
        return;
    }
    box->x1 = other->x1 < box->x1 ? other->x1 : box->x1;
    box->y1 = other->y1 < box->y1 ? other->y1 : box->y1;
    box->x2 = other->x2 > box->x2 ? other->x2 : box->x2;
    box->y2 = other->y2 > box->y2 ? other->y2 : box->y2;
}

int damage_publish(uint8_t *canvas, size_t canvas_stride, const struct damage_source *source,
                   const pixman_region32_t *region, pixman_region32_t *damage)
{
    struct publish publish = {
        .canvas = canvas, .canvas_stride = canvas_stride, .source = source, .damage = damage};
    pixman_box32_t everything = *pixman_region32_extents(damage);
    const pixman_box32_t *boxes;
    int count;

    if (!to_xrgb_find(source->format, &publish.convert))
        return -EINVAL;
    boxes = pixman_region32_rectangles(region, &count);
    for (int i = 0; i < count; i++)
        publish_box(&publish, &boxes[i]);
    flush_boxes(&publish);
    if (!publish.failed)
        return 0;
    /* One rectangle needs no memory. */
    extend_box(&everything, pixman_region32_extents(region));
    pixman_region32_reset(damage, &everything);
    return -ENOMEM;
}

void damage_copy(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t src_stride,
                 const pixman_region32_t *region)
{
    int count;
    const pixman_box32_t *box = pixman_region32_rectangles(region, &count);

    for (; count > 0; count--, box++) {
        size_t offset = (size_t)box->x1 * 4, bytes = (size_t)(box->x2 - box->x1) * 4;
        for (size_t y = (size_t)box->y1; y < (size_t)box->y2; y++)
            memcpy(dst + y * dst_stride + offset, src + y * src_stride + offset, bytes);
    }
}
