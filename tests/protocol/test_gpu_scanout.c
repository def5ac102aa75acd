// SPDX-License-Identifier: GPL-2.0-or-later
/* What heads show: scanouts of parts, flips, two heads, flushes. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <unistd.h>

static struct guest_machine machine;

static const struct guest_machine_options two_heads = {
    .oriel.settings = {"gpu.heads=2", "head.0.mode=640x480@60", "head.1.mode=800x600@60"}};

static struct gpu_rect rect_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    return (struct gpu_rect){x, y, width, height};
}

static void make(struct guest_surface *surface, struct guest_image *image, uint32_t id,
                 uint32_t width, uint32_t height)
{
    guest_image_init(image, width, height);
    guest_image_fill_pattern(image, id);
    guest_surface_init(surface, &machine.gpu, id, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, width, height,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(surface);
    guest_surface_draw(surface, image, guest_surface_rect(surface));
    guest_surface_transfer(surface, guest_surface_rect(surface));
    guest_gpu_settle(&machine.gpu);
}

static void drop(struct guest_surface *surface, struct guest_image *image)
{
    guest_surface_finish(surface);
    guest_image_finish(image);
}

/* Fails unless the head shows that part of the image. */
static void expect_part(unsigned head, const struct guest_image *image, struct gpu_rect part)
{
    struct guest_image expected;

    guest_image_init(&expected, part.width, part.height);
    guest_image_copy(&expected, 0, 0, image, part);
    guest_machine_expect(&machine, head, &expected, "part of a resource");
    guest_image_finish(&expected);
}

static void a_part_is_scanned_out(void **state)
{
    static const struct gpu_rect parts[] = {
        {0, 0, 700, 500}, {1, 1, 698, 498}, {333, 111, 64, 64}, {699, 499, 1, 1},
        {0, 250, 700, 1}, {350, 0, 1, 500}, {13, 17, 101, 67},  {14, 17, 101, 67},
    };
    struct guest_surface surface;
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    make(&surface, &image, 1, 700, 500);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 1, parts[i]));
        guest_gpu_ok(&machine.gpu, gpu_flush(1, guest_surface_rect(&surface)));
        expect_part(0, &image, parts[i]);
    }
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

/* Flushes outside of the part that is shown change nothing; inside they do. */
static void flushes_of_a_part(void **state)
{
    struct gpu_rect part = {100, 100, 200, 100};
    struct guest_surface surface;
    struct guest_image image, before;

    (void)state;
    guest_machine_start(&machine, NULL);
    make(&surface, &image, 1, 700, 500);
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 1, part));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, part));
    expect_part(0, &image, part);
    guest_image_init(&before, 700, 500);
    guest_image_copy(&before, 0, 0, &image, guest_surface_rect(&surface));
    guest_image_fill_pattern(&image, 9);
    guest_surface_draw(&surface, &image, guest_surface_rect(&surface));
    guest_surface_transfer(&surface, guest_surface_rect(&surface));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, 100, 500)));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(300, 0, 400, 500)));
    usleep(100000);
    expect_part(0, &before, part);
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(90, 90, 20, 20)));
    guest_image_copy(&before, 100, 100, &image, rect_of(100, 100, 10, 10));
    expect_part(0, &before, part);
    guest_image_finish(&before);
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

/* A screenshot shows what was flushed before it was asked for, the first one
 * and each one after, however short the time since the last. */
static void a_screenshot_is_up_to_date(void **state)
{
    struct guest_surface surface;
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    make(&surface, &image, 1, 320, 240);
    for (uint32_t i = 0; i < 20; i++) {
        guest_image_fill_pattern(&image, i);
        guest_surface_present(&surface, 0, &image);
        guest_machine_expect(&machine, 0, &image, "flushed before the screenshot");
    }
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

/* Transfers without a flush are not shown, a flush shows its rectangle alone. */
static void only_flushed_pixels_are_shown(void **state)
{
    struct gpu_rect rect = {130, 70, 60, 50};
    struct guest_surface surface;
    struct guest_image image, shown;

    (void)state;
    guest_machine_start(&machine, NULL);
    make(&surface, &image, 1, 320, 240);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "first frame");
    guest_image_init(&shown, 320, 240);
    guest_image_copy(&shown, 0, 0, &image, guest_surface_rect(&surface));
    guest_image_fill_pattern(&image, 2);
    guest_surface_draw(&surface, &image, guest_surface_rect(&surface));
    guest_surface_transfer(&surface, guest_surface_rect(&surface));
    guest_gpu_settle(&machine.gpu);
    usleep(100000);
    guest_machine_expect(&machine, 0, &shown, "transferred, not flushed");
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect));
    guest_image_copy(&shown, rect.x, rect.y, &image, rect);
    guest_machine_expect(&machine, 0, &shown, "flushed in part");
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, 0, 0)));
    guest_machine_expect(&machine, 0, &shown, "nothing flushed");
    guest_gpu_ok(&machine.gpu, gpu_flush(1, guest_surface_rect(&surface)));
    guest_machine_expect(&machine, 0, &image, "flushed");
    guest_image_finish(&shown);
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

/* A flip to another resource shows all of it, though only the damage since the
 * frame before last was flushed. */
static void a_flip_shows_the_whole_resource(void **state)
{
    struct guest_surface surfaces[3];
    struct guest_image images[3];

    (void)state;
    guest_machine_start(&machine, NULL);
    for (uint32_t i = 0; i < 3; i++)
        make(&surfaces[i], &images[i], i + 1, 400, 300);
    for (uint32_t i = 0; i < 30; i++) {
        uint32_t which = i % 3;

        guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, which + 1, rect_of(0, 0, 400, 300)));
        guest_gpu_ok(&machine.gpu, gpu_flush(which + 1, rect_of(i, i, 8, 8)));
        guest_machine_expect(&machine, 0, &images[which], "flip");
    }
    for (uint32_t i = 0; i < 3; i++)
        drop(&surfaces[i], &images[i]);
    guest_machine_finish(&machine);
}

static void two_heads_show_what_they_are_told(void **state)
{
    struct guest_surface first, second;
    struct guest_image image, other;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    make(&first, &image, 1, 640, 480);
    make(&second, &other, 2, 800, 600);
    guest_surface_present(&first, 0, &image);
    assert_false(guest_machine_head_is_guest(&machine, 1));
    guest_surface_present(&second, 1, &other);
    guest_machine_expect(&machine, 0, &image, "head 0");
    guest_machine_expect(&machine, 1, &other, "head 1");

    /* One large resource over both, as an X screen; then mirrored. */
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 2, rect_of(0, 0, 400, 600)));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(1, 2, rect_of(400, 0, 400, 600)));
    guest_gpu_ok(&machine.gpu, gpu_flush(2, rect_of(0, 0, 800, 600)));
    expect_part(0, &other, rect_of(0, 0, 400, 600));
    expect_part(1, &other, rect_of(400, 0, 400, 600));
    guest_image_fill_pattern(&other, 55);
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 2, rect_of(0, 0, 800, 600)));
    guest_surface_present(&second, 1, &other);
    guest_machine_expect(&machine, 0, &other, "mirrored on head 0");
    guest_machine_expect(&machine, 1, &other, "mirrored on head 1");

    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 0, rect_of(0, 0, 0, 0)));
    assert_false(guest_machine_head_is_guest(&machine, 0));
    guest_machine_expect(&machine, 1, &other, "head 1 alone");
    drop(&first, &image);
    drop(&second, &other);
    guest_machine_finish(&machine);
}

/* UNREF of what is shown: the head loses its guest, and the id is free. */
/* One resource on several heads: each shows its part, a flush reaches all of
 * them, and each can go alone. */
static void mirrors_show_the_same(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=16"}};
    struct guest_surface surface;
    struct guest_image image;
    struct gpu_rect parts[16], little = {70, 30, 20, 40};

    (void)state;
    guest_machine_start(&machine, &options);
    make(&surface, &image, 5, 320, 240);
    for (uint32_t i = 0; i < 16; i++) {
        /* The first four show all of it. */
        parts[i] = i < 4 ? guest_surface_rect(&surface)
                         : (struct gpu_rect){5 * i, 3 * i, 160, 100 + i};
        guest_surface_show(&surface, i, parts[i]);
    }
    guest_surface_flush(&surface, guest_surface_rect(&surface));
    guest_gpu_settle(&machine.gpu);
    for (uint32_t i = 0; i < 16; i++)
        expect_part(i, &image, parts[i]);
    guest_image_fill(&image, little, 0x123456);
    guest_surface_draw(&surface, &image, little);
    guest_surface_transfer(&surface, little);
    guest_surface_flush(&surface, little);
    guest_gpu_settle(&machine.gpu);
    for (uint32_t i = 0; i < 16; i++)
        expect_part(i, &image, parts[i]);
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(2, 0, (struct gpu_rect){0, 0, 0, 0}));
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(guest_machine_head_is_guest(&machine, i), i != 2);
    guest_image_fill(&image, little, 0x654321);
    guest_surface_draw(&surface, &image, little);
    guest_surface_transfer(&surface, little);
    guest_surface_flush(&surface, little);
    guest_gpu_settle(&machine.gpu);
    for (uint32_t i = 0; i < 16; i++)
        if (i != 2)
            expect_part(i, &image, parts[i]);
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

static void unref_while_shown(void **state)
{
    (void)state;
    guest_machine_start(&machine, &two_heads);
    for (uint32_t i = 0; i < 10; i++) {
        struct guest_surface surface;
        struct guest_image image;

        make(&surface, &image, 1, 640, 480 + i % 3);
        guest_image_fill_pattern(&image, i);
        guest_surface_present(&surface, 0, &image);
        guest_surface_present(&surface, 1, &image);
        guest_machine_expect(&machine, 1, &image, "shown twice");
        guest_gpu_ok(&machine.gpu, gpu_unref(1));
        assert_false(guest_machine_head_is_guest(&machine, 0));
        assert_false(guest_machine_head_is_guest(&machine, 1));
        guest_gpu_expect(&machine.gpu, gpu_flush(1, rect_of(0, 0, 1, 1)),
                         VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
        drop(&surface, &image);
    }
    guest_machine_finish(&machine);
}

/* Sizes change at every flip; each is a new canvas. */
static void sizes_change_at_flip_rate(void **state)
{
    struct guest_surface surface;
    struct guest_image image;
    long before = 0, after;

    (void)state;
    guest_machine_start(&machine, NULL);
    make(&surface, &image, 1, 1500, 1000);
    for (uint32_t i = 0; i < 400; i++) {
        struct gpu_rect part =
            rect_of(i % 16, i % 8, i % 2 ? 16 : 1484 - i % 300, i % 2 ? 16 : 990 - i % 200);

        guest_surface_show(&surface, 0, part);
        guest_surface_flush(&surface, part);
        if (i == 100) {
            expect_part(0, &image, part);
            before = oriel_process_memory_kib(&machine.oriel);
        }
        if (i % 100 == 99) {
            guest_gpu_settle(&machine.gpu);
            expect_part(0, &image, part);
        }
    }
    after = oriel_process_memory_kib(&machine.oriel);
    CHECK(after < before + 20000, "%ld KiB, %ld before", after, before);
    drop(&surface, &image);
    guest_machine_finish(&machine);
}

/* A resource without a backing can be shown: it is black until it is drawn. */
static void an_empty_resource_is_black(void **state)
{
    struct guest_image black;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&black, 50, 40);
    guest_gpu_ok(&machine.gpu, gpu_create_2d(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 50, 40));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 1, rect_of(0, 0, 50, 40)));
    guest_gpu_ok(&machine.gpu, gpu_flush(1, rect_of(0, 0, 50, 40)));
    guest_machine_expect(&machine, 0, &black, "untouched resource");
    guest_image_finish(&black);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_part_is_scanned_out),
        GUEST_TEST(flushes_of_a_part),
        GUEST_TEST(a_screenshot_is_up_to_date),
        GUEST_TEST(only_flushed_pixels_are_shown),
        GUEST_TEST(a_flip_shows_the_whole_resource),
        GUEST_TEST(two_heads_show_what_they_are_told),
        GUEST_TEST(mirrors_show_the_same),
        GUEST_TEST(unref_while_shown),
        GUEST_TEST(sizes_change_at_flip_rate),
        GUEST_TEST(an_empty_resource_is_black),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
