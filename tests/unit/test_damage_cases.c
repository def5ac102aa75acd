// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage in the cases that viewers notice. */
#include "encoders/canvas_layout.h"
#include "encoders/damage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 1920
#define HEIGHT 1080
#define TILES_X ((WIDTH + DAMAGE_TILE - 1) / DAMAGE_TILE)
#define TILES_Y ((HEIGHT + DAMAGE_TILE - 1) / DAMAGE_TILE)

struct fixture {
    uint32_t *canvas, *source;
    size_t stride;
    pixman_region32_t whole, damage;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->stride = canvas_stride(WIDTH);
    f->canvas = malloc(f->stride * HEIGHT);
    f->source = malloc(f->stride * HEIGHT);
    for (size_t i = 0; i < f->stride / 4 * HEIGHT; i++)
        f->canvas[i] = f->source[i] = (uint32_t)(i * 2654435761u);
    pixman_region32_init_rect(&f->whole, 0, 0, WIDTH, HEIGHT);
    pixman_region32_init(&f->damage);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pixman_region32_fini(&f->damage);
    pixman_region32_fini(&f->whole);
    free(f->canvas);
    free(f->source);
    free(f);
    return 0;
}

static uint32_t *source_at(struct fixture *f, uint32_t x, uint32_t y)
{
    return f->source + y * f->stride / 4 + x;
}

static int publish(struct fixture *f, pixman_format_code_t format)
{
    struct damage_source source = {(const uint8_t *)f->source, f->stride, format};

    pixman_region32_clear(&f->damage);
    return damage_publish((uint8_t *)f->canvas, f->stride, &source, &f->whole, &f->damage);
}

static void invert(struct fixture *f, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    for (uint32_t row = y; row < y + height; row++) {
        for (uint32_t column = x; column < x + width; column++)
            *source_at(f, column, row) ^= 0xffffffu;
    }
}

static void assert_damage_is(struct fixture *f, int32_t x1, int32_t y1, int32_t x2, int32_t y2)
{
    const pixman_box32_t *extents = pixman_region32_extents(&f->damage);

    assert_int_equal(extents->x1, x1);
    assert_int_equal(extents->y1, y1);
    assert_int_equal(extents->x2, x2);
    assert_int_equal(extents->y2, y2);
}

static void test_unchanged_frame_is_no_damage(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(publish(f, PIXMAN_x8r8g8b8), 0);
    assert_false(pixman_region32_not_empty(&f->damage));
    for (size_t i = 0; i < f->stride / 4 * HEIGHT; i++)
        f->source[i] ^= 0xff000000u;
    assert_int_equal(publish(f, PIXMAN_a8r8g8b8), 0);
    assert_false(pixman_region32_not_empty(&f->damage));
    /* The bytes that do not count have been taken over: the next comparison
     * is as fast as can be. */
    assert_memory_equal(f->canvas, f->source, WIDTH * 4);
}

/* A blinking cursor inside a frame that is flushed as a whole. */
static void test_small_change_is_few_tiles(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 100; i++) {
        uint32_t x = i * 977 % (WIDTH - 15), y = i * 389 % (HEIGHT - 15);
        uint32_t tiles = ((x + 15) / 64 - x / 64 + 1) * ((y + 15) / 64 - y / 64 + 1);
        invert(f, x, y, 16, 16);
        assert_int_equal(publish(f, PIXMAN_x8r8g8b8), 0);
        assert_in_range(pixman_region32_n_rects(&f->damage), 1, tiles);
        assert_true(tiles <= 4);
        assert_damage_is(f, (int32_t)x, (int32_t)y, (int32_t)x + 16, (int32_t)y + 16);
    }
}

static void test_whole_change_is_one_rectangle(void **state)
{
    struct fixture *f = *state;

    invert(f, 0, 0, WIDTH, HEIGHT);
    assert_int_equal(publish(f, PIXMAN_x8r8g8b8), 0);
    assert_int_equal(pixman_region32_n_rects(&f->damage), 1);
    assert_damage_is(f, 0, 0, WIDTH, HEIGHT);
}

/* One pixel in each tile: as many rectangles as tiles, each of one pixel. */
static void scatter(struct fixture *f)
{
    for (uint32_t i = 0; i < TILES_X * TILES_Y; i++)
        invert(f, i % TILES_X * 64 + i * 7 % 64, i / TILES_X * 64 + i * 5 % 56, 1, 1);
}

static void test_one_pixel_in_each_tile(void **state)
{
    struct fixture *f = *state;
    int count;
    const pixman_box32_t *boxes;

    scatter(f);
    assert_int_equal(publish(f, PIXMAN_x8r8g8b8), 0);
    boxes = pixman_region32_rectangles(&f->damage, &count);
    assert_int_equal(count, TILES_X * TILES_Y);
    for (int i = 0; i < count; i++)
        assert_int_equal((boxes[i].x2 - boxes[i].x1) * (boxes[i].y2 - boxes[i].y1), 1);
}

static void test_unknown_format_is_refused(void **state)
{
    struct fixture *f = *state;

    invert(f, 0, 0, 1, 1);
    assert_int_equal(publish(f, PIXMAN_r5g6b5), -EINVAL);
    assert_false(pixman_region32_not_empty(&f->damage));
    assert_int_not_equal(*f->canvas & 0xffffff, *f->source & 0xffffff);
}

static void test_copy(void **state)
{
    struct fixture *f = *state;
    size_t stride = f->stride + 64;
    uint32_t *copy = calloc(1, stride * HEIGHT);
    pixman_region32_t region;

    pixman_region32_init_rect(&region, 3, 5, 100, 50);
    pixman_region32_union_rect(&region, &region, 1919, 0, 1, 1080);
    damage_copy((uint8_t *)copy, stride, (const uint8_t *)f->source, f->stride, &region);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < stride / 4; x++) {
            bool inside = pixman_region32_contains_point(&region, (int)x, (int)y, NULL);
            assert_int_equal(copy[y * stride / 4 + x], inside ? *source_at(f, x, y) : 0);
        }
    }
    pixman_region32_fini(&region);
    free(copy);
}

/* Bounds a copy of `region` and checks what came out; returns its area. */
static uint64_t check_bound(const pixman_region32_t *region, int max_rects)
{
    const pixman_box32_t *before = pixman_region32_extents(region), *after, *boxes;
    pixman_region32_t bounded, rest;
    uint64_t area = 0;
    int count;

    pixman_region32_init(&bounded);
    pixman_region32_init(&rest);
    pixman_region32_copy(&bounded, region);
    damage_bound(&bounded, max_rects);
    after = pixman_region32_extents(&bounded);
    assert_memory_equal(before, after, sizeof(*before));
    assert_true(pixman_region32_n_rects(&bounded) <= max_rects);
    assert_true(pixman_region32_selfcheck(&bounded));
    pixman_region32_subtract(&rest, region, &bounded);
    assert_false(pixman_region32_not_empty(&rest));
    if (pixman_region32_n_rects(region) <= max_rects)
        assert_true(pixman_region32_equal(&bounded, region));
    boxes = pixman_region32_rectangles(&bounded, &count);
    for (int i = 0; i < count; i++)
        area += (uint64_t)(boxes[i].x2 - boxes[i].x1) * (uint64_t)(boxes[i].y2 - boxes[i].y1);
    pixman_region32_fini(&rest);
    pixman_region32_fini(&bounded);
    return area;
}

static void test_bound(void **state)
{
    struct fixture *f = *state;
    pixman_region32_t clusters;

    scatter(f);
    assert_int_equal(publish(f, PIXMAN_x8r8g8b8), 0);
    for (int max = 1; max < 600; max += max < 20 ? 1 : 37)
        check_bound(&f->damage, max);
    /* Two far corners full of specks: what is between them stays out. */
    pixman_region32_init(&clusters);
    for (int i = 0; i < 40; i++) {
        pixman_region32_union_rect(&clusters, &clusters, i * 7 % 50, i * 3 % 50, 1, 1);
        pixman_region32_union_rect(&clusters, &clusters, 1800 + i * 7 % 50, 1000 + i % 50, 1, 1);
    }
    assert_true(check_bound(&clusters, 8) < 2 * 128 * 128);
    assert_int_equal(check_bound(&clusters, 1), 1850 * 1040);
    pixman_region32_fini(&clusters);
}

#define DAMAGE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(test_unchanged_frame_is_no_damage),
        DAMAGE_TEST(test_small_change_is_few_tiles),
        DAMAGE_TEST(test_whole_change_is_one_rectangle),
        DAMAGE_TEST(test_one_pixel_in_each_tile),
        DAMAGE_TEST(test_unknown_format_is_refused),
        DAMAGE_TEST(test_copy),
        DAMAGE_TEST(test_bound),
    };
    return cmocka_run_group_tests_name("damage cases", tests, NULL, NULL);
}
