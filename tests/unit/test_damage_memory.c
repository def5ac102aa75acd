// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of damage when memory runs out: it grows, it is never lost. The
 * C library's allocation functions are replaced for this program, and through
 * them pixman's.
 */
#include "encoders/damage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 1000
#define HEIGHT 600
#define STRIDE (WIDTH * 4)
#define TILES_X ((WIDTH + DAMAGE_TILE - 1) / DAMAGE_TILE)
#define TILES_Y ((HEIGHT + DAMAGE_TILE - 1) / DAMAGE_TILE)

#ifdef __SANITIZE_ADDRESS__

int main(void)
{
    printf("the address sanitizer owns malloc, which this test replaces\n");
    return 77;
}

#else

/* Allocations that still succeed; below zero: all of them. */
static int allocations_left = -1;

void *__libc_malloc(size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_calloc(size_t count, size_t size);

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(memory, size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

static uint32_t canvas[WIDTH * HEIGHT], source[WIDTH * HEIGHT];

/* One pixel in each tile changes, so that the damage has many rectangles. */
static void scatter(void)
{
    for (uint32_t i = 0; i < TILES_X * TILES_Y; i++) {
        uint32_t x = i % TILES_X * 64 + i * 7 % 40, y = i / TILES_X * 64 + i * 5 % 24;
        source[y * WIDTH + x] ^= 0xffffffu;
    }
}

/* Publishes while only so many allocations succeed. */
static int publish(int allocations, pixman_region32_t *damage)
{
    struct damage_source from = {(const uint8_t *)source, STRIDE, PIXMAN_x8r8g8b8};
    pixman_region32_t whole;
    int rc;

    pixman_region32_init_rect(&whole, 0, 0, WIDTH, HEIGHT - 1);
    allocations_left = allocations;
    rc = damage_publish((uint8_t *)canvas, STRIDE, &from, &whole, damage);
    allocations_left = -1;
    pixman_region32_fini(&whole);
    return rc;
}

/* Whichever allocation fails. */
static void test_no_change_is_lost(void **state)
{
    pixman_region32_t damage;
    int failures = 0, rc = -ENOMEM;

    (void)state;
    for (; rc != 0; failures++) {
        scatter();
        pixman_region32_init_rect(&damage, 990, 599, 10, 1);
        rc = publish(failures, &damage);
        assert_memory_equal(canvas, source, sizeof(canvas));
        if (rc != 0) {
            const pixman_box32_t all = {0, 0, WIDTH, HEIGHT};
            assert_int_equal(rc, -ENOMEM);
            assert_int_equal(pixman_region32_n_rects(&damage), 1);
            assert_memory_equal(pixman_region32_extents(&damage), &all, sizeof(all));
        } else {
            assert_int_equal(pixman_region32_n_rects(&damage), TILES_X * TILES_Y + 1);
        }
        pixman_region32_fini(&damage);
    }
    assert_in_range(failures, 3, 50);
}

static void test_bound_covers(void **state)
{
    pixman_region32_t damage;
    pixman_box32_t extents;

    (void)state;
    for (int allocations = 0; allocations < 3; allocations++) {
        scatter();
        pixman_region32_init(&damage);
        assert_int_equal(publish(-1, &damage), 0);
        extents = *pixman_region32_extents(&damage);
        allocations_left = allocations;
        damage_bound(&damage, 8);
        allocations_left = -1;
        assert_in_range(pixman_region32_n_rects(&damage), 1, 8);
        assert_true(pixman_region32_selfcheck(&damage));
        assert_memory_equal(pixman_region32_extents(&damage), &extents, sizeof(extents));
        pixman_region32_fini(&damage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_change_is_lost),
        cmocka_unit_test(test_bound_covers),
    };
    return cmocka_run_group_tests_name("damage memory", tests, NULL, NULL);
}

#endif
