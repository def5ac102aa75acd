// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * damage_publish() against a reference that looks at each pixel, over random
 * pictures, changes and regions. The seed is fixed; ORIEL_TEST_SEED sets
 * another one.
 */
#include "encoders/damage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPERATIONS 10000
#define OPERATIONS_PER_WORLD 40
#define COLOUR 0x00ffffffu

/* Where red, green and blue are in a word of each format. */
static const struct layout {
    pixman_format_code_t format;
    int red, green, blue, other;
} layouts[] = {
    {PIXMAN_x8r8g8b8, 16, 8, 0, 24}, {PIXMAN_a8r8g8b8, 16, 8, 0, 24},
    {PIXMAN_b8g8r8x8, 8, 16, 24, 0}, {PIXMAN_b8g8r8a8, 8, 16, 24, 0},
    {PIXMAN_x8b8g8r8, 0, 8, 16, 24}, {PIXMAN_a8b8g8r8, 0, 8, 16, 24},
    {PIXMAN_r8g8b8x8, 24, 16, 8, 0}, {PIXMAN_r8g8b8a8, 24, 16, 8, 0},
};
#define LAYOUT_COUNT (sizeof(layouts) / sizeof(layouts[0]))

/* A canvas, its source, and what the source shows. Allocations end with the
 * last pixel, so that sanitizers see each byte read or written too far. */
struct world {
    const struct layout *layout;
    int32_t width, height;
    uint32_t *colours; /* 0x00RRGGBB, rows packed */
    uint8_t *source_memory, *canvas_memory, *canvas_before;
    size_t source_offset, source_stride, canvas_offset, canvas_stride, canvas_bytes;
    uint8_t *changed;  /* per pixel: the reference's view */
    uint8_t *expected; /* per pixel: damage that must come */
};

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % limit;
}

static uint8_t *source_row(struct world *w, int32_t y)
{
    return w->source_memory + w->source_offset + (size_t)y * w->source_stride;
}

static uint8_t *canvas_row(struct world *w, uint8_t *memory, int32_t y)
{
    return memory + w->canvas_offset + (size_t)y * w->canvas_stride;
}

static void set_pixel(struct world *w, int32_t x, int32_t y, uint32_t colour, uint32_t other)
{
    const struct layout *l = w->layout;
    uint32_t word = (colour >> 16 & 255) << l->red | (colour >> 8 & 255) << l->green |
                    (colour & 255) << l->blue | (other & 255) << l->other;

    memcpy(source_row(w, y) + (size_t)x * 4, &word, 4);
    w->colours[(size_t)y * (size_t)w->width + (size_t)x] = colour & COLOUR;
}

static uint32_t colour_at(const struct world *w, int32_t x, int32_t y)
{
    return w->colours[(size_t)y * (size_t)w->width + (size_t)x];
}

static uint32_t canvas_colour(struct world *w, int32_t x, int32_t y)
{
    uint32_t word;
    memcpy(&word, canvas_row(w, w->canvas_memory, y) + (size_t)x * 4, 4);
    return word & COLOUR;
}

static void pick_size(struct world *w)
{
    switch (random_below(8)) {
    case 0: /* wider than what is compared in one go */
        w->width = 4000 + (int32_t)random_below(4400);
        w->height = 1 + (int32_t)random_below(6);
        break;
    case 1:
        w->width = 1 + (int32_t)random_below(5);
        w->height = 1 + (int32_t)random_below(200);
        break;
    default:
        w->width = 1 + (int32_t)random_below(300);
        w->height = 1 + (int32_t)random_below(200);
    }
}

static void world_init(struct world *w)
{
    size_t pixels, row;

    w->layout = &layouts[random_below(LAYOUT_COUNT)];
    pick_size(w);
    row = (size_t)w->width * 4;
    pixels = (size_t)w->width * (size_t)w->height;
    w->source_offset = random_below(8);
    w->source_stride = row + random_below(14);
    w->canvas_offset = 4 * random_below(4);
    w->canvas_stride = row + 4 * random_below(17);
    w->canvas_bytes = w->canvas_offset + (size_t)(w->height - 1) * w->canvas_stride + row;
    w->source_memory = malloc(w->source_offset + (size_t)(w->height - 1) * w->source_stride + row);
    w->canvas_memory = malloc(w->canvas_bytes);
    w->canvas_before = malloc(w->canvas_bytes);
    w->colours = calloc(pixels, 4);
    w->changed = malloc(pixels);
    w->expected = malloc(pixels);
    for (size_t i = 0; i < w->canvas_bytes; i++)
        w->canvas_memory[i] = (uint8_t)random_below(256);
    for (int32_t y = 0; y < w->height; y++) {
        for (int32_t x = 0; x < w->width; x++)
            set_pixel(w, x, y, random_below(1 << 24), random_below(256));
    }
}

static void world_finish(struct world *w)
{
    free(w->source_memory);
    free(w->canvas_memory);
    free(w->canvas_before);
    free(w->colours);
    free(w->changed);
    free(w->expected);
}

static pixman_box32_t random_box(const struct world *w)
{
    pixman_box32_t box;
    box.x1 = (int32_t)random_below((uint32_t)w->width);
    box.y1 = (int32_t)random_below((uint32_t)w->height);
    box.x2 = box.x1 + 1 + (int32_t)random_below((uint32_t)(w->width - box.x1));
    box.y2 = box.y1 + 1 + (int32_t)random_below((uint32_t)(w->height - box.y1));
    return box;
}

static void change_pixels(struct world *w)
{
    for (uint32_t count = 1 + random_below(12); count > 0; count--)
        set_pixel(w, (int32_t)random_below((uint32_t)w->width),
                  (int32_t)random_below((uint32_t)w->height), random_below(1 << 24),
                  random_below(256));
}

/* One bit of one pixel: nothing smaller can change. */
static void change_bit(struct world *w)
{
    int32_t x = (int32_t)random_below((uint32_t)w->width);
    int32_t y = (int32_t)random_below((uint32_t)w->height);
    set_pixel(w, x, y, colour_at(w, x, y) ^ 1u << random_below(24), random_below(256));
}

static void change_box(struct world *w)
{
    pixman_box32_t box = random_box(w);
    uint32_t colour = random_below(1 << 24);
    bool noise = random_below(2) == 0;

    for (int32_t y = box.y1; y < box.y2; y++) {
        for (int32_t x = box.x1; x < box.x2; x++)
            set_pixel(w, x, y, noise ? random_below(1 << 24) : colour, random_below(256));
    }
}

/* The X or alpha byte is no change. */
static void change_other_bytes(struct world *w)
{
    pixman_box32_t box = random_box(w);
    for (int32_t y = box.y1; y < box.y2; y++) {
        for (int32_t x = box.x1; x < box.x2; x++)
            set_pixel(w, x, y, colour_at(w, x, y), random_below(256));
    }
}

static void change_nothing(struct world *w)
{
    (void)w;
}

static void (*const changes[])(struct world *) = {
    change_pixels, change_bit, change_bit, change_box, change_other_bytes, change_nothing,
};
#define CHANGE_COUNT (sizeof(changes) / sizeof(changes[0]))

static void random_region(const struct world *w, pixman_region32_t *region)
{
    uint32_t kind = random_below(4);

    pixman_region32_init(region);
    if (kind == 0) {
        pixman_region32_union_rect(region, region, 0, 0, (unsigned)w->width, (unsigned)w->height);
        return;
    }
    for (uint32_t count = random_below(6); count > 0; count--) {
        pixman_box32_t box = random_box(w);
        if (kind == 1) { /* small ones, many of them inside one tile */
            box.x2 = box.x2 < box.x1 + 20 ? box.x2 : box.x1 + 20;
            box.y2 = box.y2 < box.y1 + 20 ? box.y2 : box.y1 + 20;
        }
        pixman_region32_union_rect(region, region, box.x1, box.y1, (unsigned)(box.x2 - box.x1),
                                   (unsigned)(box.y2 - box.y1));
    }
}

static void paint(const struct world *w, uint8_t *mask, const pixman_box32_t *box)
{
    for (int32_t y = box->y1; y < box->y2; y++)
        memset(mask + (size_t)y * (size_t)w->width + box->x1, 1, (size_t)(box->x2 - box->x1));
}

static void paint_region(const struct world *w, uint8_t *mask, const pixman_region32_t *region)
{
    int count;
    const pixman_box32_t *boxes = pixman_region32_rectangles(region, &count);
    for (int i = 0; i < count; i++)
        paint(w, mask, &boxes[i]);
}

/* Paints the bounds of the changed pixels in a part of a tile. */
static void expect_part(struct world *w, const pixman_box32_t *part)
{
    pixman_box32_t bounds = {INT32_MAX, INT32_MAX, 0, 0};

    for (int32_t y = part->y1; y < part->y2; y++) {
        for (int32_t x = part->x1; x < part->x2; x++) {
            if (colour_at(w, x, y) == canvas_colour(w, x, y))
                continue;
            w->changed[(size_t)y * (size_t)w->width + (size_t)x] = 1;
            bounds.x1 = x < bounds.x1 ? x : bounds.x1;
            bounds.y1 = y < bounds.y1 ? y : bounds.y1;
            bounds.x2 = x >= bounds.x2 ? x + 1 : bounds.x2;
            bounds.y2 = y + 1;
        }
    }
    if (bounds.y2 != 0)
        paint(w, w->expected, &bounds);
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static void expect_region(struct world *w, const pixman_region32_t *region)
{
    int count;
    const pixman_box32_t *box = pixman_region32_rectangles(region, &count);
    pixman_box32_t part;

    for (; count > 0; count--, box++) {
        for (part.y1 = box->y1; part.y1 < box->y2; part.y1 = part.y2) {
            part.y2 = least((part.y1 / DAMAGE_TILE + 1) * DAMAGE_TILE, box->y2);
            for (part.x1 = box->x1; part.x1 < box->x2; part.x1 = part.x2) {
                part.x2 = least((part.x1 / DAMAGE_TILE + 1) * DAMAGE_TILE, box->x2);
                expect_part(w, &part);
            }
        }
    }
}

static void check_damage(struct world *w, const pixman_region32_t *damage)
{
    size_t pixels = (size_t)w->width * (size_t)w->height;
    uint8_t *got = calloc(pixels, 1);

    paint_region(w, got, damage);
    for (size_t i = 0; i < pixels; i++) {
        if (w->changed[i] && !got[i])
            fail_msg("changed pixel %zu of %dx%d is not damaged", i, w->width, w->height);
        if (got[i] != w->expected[i])
            fail_msg("pixel %zu of %dx%d: damage is %d", i, w->width, w->height, got[i]);
    }
    free(got);
}

/* Equal to the source inside the region; each byte as before outside. */
static void check_canvas(struct world *w, const pixman_region32_t *region)
{
    int count;
    const pixman_box32_t *box = pixman_region32_rectangles(region, &count);

    for (; count > 0; count--, box++) {
        for (int32_t y = box->y1; y < box->y2; y++) {
            size_t offset = (size_t)box->x1 * 4, bytes = (size_t)(box->x2 - box->x1) * 4;
            for (int32_t x = box->x1; x < box->x2; x++)
                assert_int_equal(canvas_colour(w, x, y), colour_at(w, x, y));
            memcpy(canvas_row(w, w->canvas_before, y) + offset,
                   canvas_row(w, w->canvas_memory, y) + offset, bytes);
        }
    }
    assert_memory_equal(w->canvas_before, w->canvas_memory, w->canvas_bytes);
}

static void operate(struct world *w)
{
    struct damage_source source = {w->source_memory + w->source_offset, w->source_stride,
                                   w->layout->format};
    size_t pixels = (size_t)w->width * (size_t)w->height;
    pixman_region32_t region, damage;

    changes[random_below(CHANGE_COUNT)](w);
    random_region(w, &region);
    pixman_region32_init(&damage);
    if (random_below(4) == 0) { /* what was damaged before stays damaged */
        pixman_region32_fini(&damage);
        random_region(w, &damage);
    }
    memcpy(w->canvas_before, w->canvas_memory, w->canvas_bytes);
    memset(w->changed, 0, pixels);
    memset(w->expected, 0, pixels);
    paint_region(w, w->expected, &damage);
    expect_region(w, &region);

    assert_int_equal(damage_publish(w->canvas_memory + w->canvas_offset, w->canvas_stride, &source,
                                    &region, &damage),
                     0);
    check_damage(w, &damage);
    check_canvas(w, &region);
    pixman_region32_fini(&damage);
    pixman_region32_fini(&region);
}

static void test_random_operations(void **state)
{
    const char *seed = getenv("ORIEL_TEST_SEED");
    struct world world;

    (void)state;
    random_state = seed != NULL ? strtoull(seed, NULL, 0) : 20250911;
    printf("ORIEL_TEST_SEED=%llu\n", (unsigned long long)random_state);
    random_state = random_state * 0x9e3779b97f4a7c15u | 1;
    for (int i = 0; i < OPERATIONS; i++) {
        if (i % OPERATIONS_PER_WORLD == 0) {
            if (i > 0)
                world_finish(&world);
            world_init(&world);
        }
        operate(&world);
    }
    world_finish(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations),
    };
    return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
