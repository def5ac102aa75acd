// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two ways in which a backing is read, piece by piece and through one
 * mapping of all of it, give the same pixels, however the backing lies; what
 * can be mapped is, from the third transfer on, and what may be mapped is
 * bounded.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 1920u
#define HEIGHT 1080u
#define BYTES (WIDTH * HEIGHT * 4)
#define PAGES ((BYTES + 4095) / 4096)
#define MIB (1u << 20)

static struct guest_machine machine;

#define GPU (&machine.gpu)

static unsigned maps(void)
{
    return oriel_process_maps_like(&machine.oriel, "guest-ram");
}

/* Mappings go in jobs, which take their time. */
static void expect_maps(unsigned expected)
{
    uint64_t until = check_now_us() + 5000000;

    while (maps() != expected)
        CHECK(check_now_us() < until, "%u mappings, expected %u", maps(), expected);
}

static struct gpu_rect random_large_rect(uint64_t *random)
{
    struct gpu_rect rect = {.width = 600 + check_random_below(random, WIDTH - 600),
                            .height = 200 + check_random_below(random, HEIGHT - 200)};

    rect.x = check_random_below(random, WIDTH - rect.width + 1);
    rect.y = check_random_below(random, HEIGHT - rect.height + 1);
    return rect;
}

/* Draws and transfers whole pictures and parts, each checked; `mapped` is how
 * many mappings there have to be after the third transfer. */
static void check_both_ways(struct guest_surface *surface, unsigned mapped)
{
    uint64_t random = 77;
    struct guest_image image;
    unsigned before = maps();

    guest_image_init(&image, WIDTH, HEIGHT);
    guest_surface_create(surface);
    for (unsigned i = 0; i < 6; i++) {
        struct gpu_rect rect = i % 2 == 0 ? guest_surface_rect(surface) : random_large_rect(&random);

        for (uint32_t y = rect.y; y < rect.y + rect.height; y++)
            for (uint32_t x = rect.x; x < rect.x + rect.width; x++)
                image.pixels[(size_t)y * WIDTH + x] = guest_image_colour(i, x, y);
        guest_surface_draw(surface, &image, rect);
        guest_surface_transfer(surface, rect);
        if (i == 0)
            guest_surface_show(surface, 0, guest_surface_rect(surface));
        guest_surface_flush(surface, rect);
        guest_gpu_settle(GPU);
        CHECK(maps() == before + (i < 2 ? 0 : mapped), "%u mappings after transfer %u, expected %u",
              maps() - before, i, i < 2 ? 0 : mapped);
        guest_machine_expect(&machine, 0, &image, i < 2 ? "gathered" : "mapped");
    }
    guest_surface_unref(surface);
    guest_gpu_settle(GPU);
    expect_maps(before);
    guest_image_finish(&image);
}

static void run_with(enum guest_scatter scatter, unsigned mapped)
{
    struct guest_surface surface;

    guest_machine_start(&machine, NULL);
    guest_surface_init(&surface, GPU, 9, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH, HEIGHT, scatter);
    check_both_ways(&surface, mapped);
    guest_surface_finish(&surface);
    guest_machine_finish(&machine);
}

static void one_entry(void **state)
{
    (void)state;
    run_with(GUEST_SCATTER_NONE, 1);
}

/* Pieces of odd sizes, which share pages: only gathered. */
static void odd_entries(void **state)
{
    (void)state;
    run_with(GUEST_SCATTER_ODD, 0);
}

/* A surface whose entries the test lays out itself. */
static void surface_of(struct guest_surface *surface, const struct virtio_gpu_mem_entry *entries,
                       uint32_t n)
{
    uint64_t bytes = 0;

    *surface = (struct guest_surface){.gpu = GPU,
                                      .id = 9,
                                      .format = VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
                                      .width = WIDTH,
                                      .height = HEIGHT,
                                      .nentries = n};
    surface->entries = calloc(n, sizeof(*entries));
    assert_non_null(surface->entries);
    memcpy(surface->entries, entries, n * sizeof(*entries));
    for (uint32_t i = 0; i < n; i++)
        bytes += entries[i].length;
    assert_true(bytes >= BYTES);
}

/* `n` pieces of whole pages, shuffled, no two of which follow each other. */
static void scattered_in(unsigned n)
{
    static struct virtio_gpu_mem_entry entries[PAGES];
    unsigned each = (PAGES + n - 1) / n;
    struct guest_surface surface;
    uint64_t random = n, gpa;

    guest_machine_start(&machine, NULL);
    gpa = guest_ram_alloc(&machine.ram, (uint64_t)n * (each + 1) * 4096, 4096);
    for (unsigned i = 0; i < n; i++)
        entries[i] = (struct virtio_gpu_mem_entry){
            .addr = gpa + (uint64_t)i * (each + 1) * 4096, .length = each * 4096};
    for (unsigned i = n; i > 1; i--) {
        unsigned other = check_random_below(&random, i);
        struct virtio_gpu_mem_entry swap = entries[i - 1];

        entries[i - 1] = entries[other];
        entries[other] = swap;
    }
    surface_of(&surface, entries, n);
    check_both_ways(&surface, n);
    guest_surface_finish(&surface);
    guest_machine_finish(&machine);
}

static void two_hundred_entries(void **state)
{
    (void)state;
    scattered_in(200);
}

static void single_pages(void **state)
{
    (void)state;
    assert_int_equal(PAGES, 2025);
    scattered_in(PAGES);
}

/* One entry across the border of two regions, two memfds. */
static void across_two_regions(void **state)
{
    struct virtio_gpu_mem_entry entry = {.addr = 4 * GUEST_RAM_GIB + 256 * MIB - 1000 * 4096,
                                         .length = PAGES * 4096};
    struct guest_surface surface;

    (void)state;
    guest_machine_start(&machine, NULL);
    surface_of(&surface, &entry, 1);
    check_both_ways(&surface, 2);
    guest_surface_finish(&surface);
    guest_machine_finish(&machine);
}

/* The last pages below the hole that ends at 4 GiB, and the first ones above
 * it: one file, in which they follow each other. */
static void across_the_hole(void **state)
{
    const struct virtio_gpu_mem_entry entries[] = {
        {.addr = 256 * MIB - 1000 * 4096, .length = 1000 * 4096},
        {.addr = 4 * GUEST_RAM_GIB, .length = (PAGES - 1000) * 4096},
    };
    struct guest_surface surface;
    unsigned runs = 1; /* the kernel joins what follows in one file */

    (void)state;
    guest_machine_start(&machine, NULL);
    surface_of(&surface, entries, 2);
    check_both_ways(&surface, runs);
    guest_surface_finish(&surface);
    guest_machine_finish(&machine);
}

static void transfer_often(uint32_t id, uint32_t width, uint32_t height)
{
    struct gpu_command command = gpu_transfer(id, (struct gpu_rect){0, 0, width, height}, 0);

    for (unsigned i = 0; i < 5; i++)
        guest_gpu_send(GPU, &command, VIRTIO_GPU_RESP_OK_NODATA);
    guest_gpu_settle(GPU);
}

/* More than a picture may have, and more than all may have together, is
 * gathered. */
static void mappings_are_bounded(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.max-backing-entries=65536"}};
    static struct virtio_gpu_mem_entry entries[8192];
    unsigned before, now;
    uint64_t gpa;

    (void)state;
    guest_machine_start(&machine, &options);
    gpa = guest_ram_alloc(&machine.ram, 8192 * 8192ull, 4096);
    for (unsigned i = 0; i < 8192; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = gpa + i * 8192ull, .length = 4096};
    before = maps();
    guest_gpu_ok(GPU, gpu_create_2d(100, 2, 3840, 2160)); /* 8100 pages */
    guest_gpu_ok(GPU, gpu_attach(100, entries, 8100));
    transfer_often(100, 3840, 2160);
    assert_int_equal(maps(), before);
    for (uint32_t id = 1; id <= 10; id++) {
        guest_gpu_ok(GPU, gpu_create_2d(id, 2, WIDTH, HEIGHT));
        guest_gpu_ok(GPU, gpu_attach(id, entries, PAGES));
        transfer_often(id, WIDTH, HEIGHT);
        now = maps() - before;
        CHECK(now == PAGES * (id < 8 ? id : 8), "%u mappings of %u pictures", now, id);
    }
    guest_gpu_ok(GPU, gpu_detach(3)); /* makes room for another one */
    transfer_often(9, WIDTH, HEIGHT);
    guest_gpu_ok(GPU, gpu_detach(9));
    guest_gpu_ok(GPU, gpu_attach(9, entries, PAGES));
    transfer_often(9, WIDTH, HEIGHT);
    assert_int_equal(maps() - before, PAGES * 8);
    guest_machine_reset(&machine);
    expect_maps(before);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* A new table while the map is in use and while it is not: what is read next
 * comes from the new memory, and the old one is let go. */
static void another_table(void **state)
{
    const uint64_t hotplug = 16 * GUEST_RAM_GIB;
    const struct virtio_gpu_mem_entry entry = {.addr = hotplug, .length = PAGES * 4096};
    const struct gpu_rect all = {0, 0, WIDTH, HEIGHT};
    struct gpu_command transfer = gpu_transfer(1, all, 0);
    struct guest_transport *transport;
    struct guest_image image;
    unsigned before = 0;

    (void)state;
    guest_machine_start(&machine, NULL);
    transport = machine.transport;
    guest_image_init(&image, WIDTH, HEIGHT);
    for (uint32_t i = 0; i < 12; i++) {
        struct guest_ram_region *region;
        uint32_t *words, colour = guest_image_colour(i, 1, 2);

        if (i > 0)
            guest_ram_remove(&machine.ram, hotplug);
        region = guest_ram_add(&machine.ram, hotplug, 16 * MIB, 0);
        words = (uint32_t *)(void *)region->host;
        for (uint32_t n = 0; n < BYTES / 4; n++)
            words[n] = colour;
        assert_int_equal(transport->ops->memory_changed(transport), 0);
        if (i == 0) {
            guest_gpu_ok(GPU, gpu_create_2d(1, 2, WIDTH, HEIGHT));
            guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
            guest_gpu_ok(GPU, gpu_set_scanout(0, 1, all));
            before = maps();
        }
        guest_gpu_settle(GPU);
        expect_maps(before);
        for (unsigned n = 0; n < 4; n++)
            guest_gpu_send(GPU, &transfer, VIRTIO_GPU_RESP_OK_NODATA);
        guest_gpu_ok(GPU, gpu_flush(1, all));
        assert_int_equal(maps(), before + 1);
        guest_image_fill(&image, all, colour);
        guest_machine_expect(&machine, 0, &image, "from the new table");
        /* At every other change of the table a job is at it. */
        if (i % 2 == 0)
            guest_gpu_send(GPU, &transfer, GPU_ANY_RESPONSE);
    }
    guest_gpu_settle(GPU);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(one_entry),
        GUEST_TEST(two_hundred_entries),
        GUEST_TEST(single_pages),
        GUEST_TEST(odd_entries),
        GUEST_TEST(across_two_regions),
        GUEST_TEST(across_the_hole),
        GUEST_TEST(mappings_are_bounded),
        GUEST_TEST(another_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
