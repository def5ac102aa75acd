// SPDX-License-Identifier: GPL-2.0-or-later
/* Pixels on their way from guest memory to the canvas. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <stdlib.h>

static struct guest_machine machine;

static struct gpu_rect rect_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    return (struct gpu_rect){x, y, width, height};
}

/* Every format, every way a backing may lie in memory, odd sizes: one picture. */
static void all_formats_give_the_same_picture(void **state)
{
    static const uint32_t formats[] = {1, 2, 3, 4, 67, 68, 121, 134};
    static const enum guest_scatter scatters[] = {GUEST_SCATTER_NONE, GUEST_SCATTER_PAGES,
                                                  GUEST_SCATTER_ODD};
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 321, 173);
    guest_image_fill_pattern(&image, 12);
    for (uint32_t i = 0; i < 24; i++) {
        struct guest_surface surface;

        guest_surface_init(&surface, &machine.gpu, i + 1, formats[i % 8], image.width, image.height,
                           scatters[i / 8]);
        guest_surface_create(&surface);
        guest_surface_present(&surface, 0, &image);
        guest_machine_expect(&machine, 0, &image, "picture");
        guest_surface_unref(&surface);
        guest_gpu_settle(&machine.gpu);
        guest_surface_finish(&surface);
    }
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

static void backing_crosses_regions(void **state)
{
    struct guest_surface surface;
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 1111, 777);
    guest_image_fill_pattern(&image, 31);
    guest_surface_init(&surface, &machine.gpu, 1, VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, 1111, 777,
                       GUEST_SCATTER_BORDER);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "picture across regions");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

/* Sub-rectangles with the offset of their first pixel, as Linux sends them:
 * only their pixels change, whatever else stands in the backing. */
static void rectangles_are_transferred_exactly(enum guest_scatter scatter, uint32_t width,
                                               uint32_t height)
{
    struct guest_surface surface;
    struct guest_image image, next;
    uint64_t random = 4711;

    guest_image_init(&image, width, height);
    guest_image_init(&next, width, height);
    guest_surface_init(&surface, &machine.gpu, 1, VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, width, height,
                       scatter);
    guest_surface_create(&surface);
    guest_image_fill_pattern(&image, 1);
    guest_surface_present(&surface, 0, &image);
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t x = check_random_below(&random, width), y = check_random_below(&random, height);
        struct gpu_rect rect = rect_of(x, y, 1 + check_random_below(&random, width - x),
                                       1 + check_random_below(&random, height - y));

        guest_image_fill_pattern(&next, i + 2);
        guest_surface_draw(&surface, &next, guest_surface_rect(&surface));
        guest_surface_transfer(&surface, rect);
        guest_surface_flush(&surface, guest_surface_rect(&surface));
        guest_gpu_settle(&machine.gpu);
        guest_image_copy(&image, x, y, &next, rect);
        guest_machine_expect(&machine, 0, &image, "after a sub-rectangle");
    }
    guest_surface_unref(&surface);
    guest_gpu_settle(&machine.gpu);
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_image_finish(&next);
}

static void small_rectangles(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    rectangles_are_transferred_exactly(GUEST_SCATTER_ODD, 97, 61);
    rectangles_are_transferred_exactly(GUEST_SCATTER_PAGES, 1, 300);
    rectangles_are_transferred_exactly(GUEST_SCATTER_NONE, 300, 1);
    guest_machine_finish(&machine);
}

/* Large enough that they are a job's. */
static void large_rectangles(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    rectangles_are_transferred_exactly(GUEST_SCATTER_PAGES, 803, 607);
    guest_machine_finish(&machine);
}

/* The offset says where in the backing the rectangle begins, and nothing but
 * the offset does: any part of the backing can go to any place. */
static void offset_is_independent_of_the_place(void **state)
{
    const uint32_t edge = 128;
    struct guest_surface surface;
    struct guest_image image, shown;
    struct gpu_command command;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, edge, edge);
    guest_image_init(&shown, edge, edge);
    guest_image_fill_pattern(&image, 5);
    guest_surface_init(&surface, &machine.gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, edge, edge,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_draw(&surface, &image, guest_surface_rect(&surface));
    guest_surface_show(&surface, 0, guest_surface_rect(&surface));
    command = gpu_transfer(1, rect_of(70, 80, 30, 40), (5 * edge + 7) * 4);
    guest_gpu_ok(&machine.gpu, command);
    guest_image_copy(&shown, 70, 80, &image, rect_of(7, 5, 30, 40));
    command = gpu_transfer(1, rect_of(0, 0, 20, 1), ((edge - 1) * edge + edge - 20) * 4);
    guest_gpu_ok(&machine.gpu, command);
    guest_image_copy(&shown, 0, 0, &image, rect_of(edge - 20, edge - 1, 20, 1));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, edge, edge)));
    guest_machine_expect(&machine, 0, &shown, "moved parts");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_image_finish(&shown);
    guest_machine_finish(&machine);
}

/* What the guest draws after a transfer is not shown before the next one. */
static void pixels_are_taken_at_the_transfer(void **state)
{
    struct guest_surface surface;
    struct guest_image image, later;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 640, 480);
    guest_image_init(&later, 640, 480);
    guest_image_fill_pattern(&image, 1);
    guest_image_fill_pattern(&later, 2);
    guest_surface_init(&surface, &machine.gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 640, 480,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_draw(&surface, &image, guest_surface_rect(&surface));
    guest_surface_transfer(&surface, guest_surface_rect(&surface));
    guest_gpu_settle(&machine.gpu);
    guest_surface_draw(&surface, &later, guest_surface_rect(&surface));
    guest_surface_show(&surface, 0, guest_surface_rect(&surface));
    guest_surface_flush(&surface, guest_surface_rect(&surface));
    guest_gpu_settle(&machine.gpu);
    guest_machine_expect(&machine, 0, &image, "before the next transfer");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_image_finish(&later);
    guest_machine_finish(&machine);
}

/* 16384 single pages: the most that a backing may have, in random order. */
static void backing_of_the_most_pages(void **state)
{
    struct guest_surface surface;
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 4096, 4096);
    guest_image_fill_pattern(&image, 77);
    guest_surface_init(&surface, &machine.gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 4096, 4096,
                       GUEST_SCATTER_PAGES);
    assert_int_equal(surface.nentries, 16384);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "16384 pages");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

/* The same pages more than once, in an order of the guest's own. */
static void entries_may_overlap(void **state)
{
    struct virtio_gpu_mem_entry entries[4];
    struct guest_image image, expected;
    uint64_t gpa;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 64, 16);
    guest_image_init(&expected, 64, 64);
    guest_image_fill_pattern(&image, 3);
    gpa = guest_ram_alloc(&machine.ram, 4096, 4096);
    for (unsigned i = 0; i < 4; i++) {
        entries[i] = (struct virtio_gpu_mem_entry){.addr = gpa, .length = 4096};
        guest_image_copy(&expected, 0, 16 * i, &image, rect_of(0, 0, 64, 16));
    }
    guest_ram_write(&machine.ram, gpa, image.pixels, 4096);
    guest_gpu_ok(&machine.gpu, gpu_create_2d(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 64, 64));
    guest_gpu_ok(&machine.gpu, gpu_attach(1, entries, 4));
    guest_gpu_ok(&machine.gpu, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 1, rect_of(0, 0, 64, 64)));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, 64, 64)));
    guest_machine_expect(&machine, 0, &expected, "the same page four times");
    guest_image_finish(&image);
    guest_image_finish(&expected);
    guest_machine_finish(&machine);
}

/* Another backing for the same resource: its pixels stay until they are
 * transferred again. */
static void backing_is_replaced(void **state)
{
    struct guest_surface first, second;
    struct guest_image image, next;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 200, 200);
    guest_image_init(&next, 200, 200);
    guest_image_fill_pattern(&image, 1);
    guest_image_fill_pattern(&next, 2);
    guest_surface_init(&first, &machine.gpu, 1, 2, 200, 200, GUEST_SCATTER_PAGES);
    guest_surface_init(&second, &machine.gpu, 1, 2, 200, 200, GUEST_SCATTER_ODD);
    guest_surface_create(&first);
    guest_surface_present(&first, 0, &image);
    guest_gpu_ok(&machine.gpu, gpu_detach(1));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, 200, 200)));
    guest_machine_expect(&machine, 0, &image, "without a backing");
    guest_gpu_ok(&machine.gpu, gpu_attach(1, second.entries, second.nentries));
    guest_surface_present(&second, 0, &next);
    guest_machine_expect(&machine, 0, &next, "with another backing");
    guest_surface_finish(&first);
    guest_surface_finish(&second);
    guest_image_finish(&image);
    guest_image_finish(&next);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(all_formats_give_the_same_picture),
        GUEST_TEST(backing_crosses_regions),
        GUEST_TEST(small_rectangles),
        GUEST_TEST(large_rectangles),
        GUEST_TEST(offset_is_independent_of_the_place),
        GUEST_TEST(pixels_are_taken_at_the_transfer),
        GUEST_TEST(backing_of_the_most_pages),
        GUEST_TEST(entries_may_overlap),
        GUEST_TEST(backing_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
