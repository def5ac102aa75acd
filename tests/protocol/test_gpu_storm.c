// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that ask for all there is while somebody looks slowly: memory stays
 * below a figure that stands here, and the loop's turns stay short.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"
#include "tests/protocol/lib/guest_viewer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct guest_machine machine;

#define GPU (&machine.gpu)
#define EDGE 8192u
#define PICTURE_MIB 256 /* of 8192x8192 pixels */
/*
 * The core: the guest's large picture, one that a publish still reads, one that
 * is being unmapped, the canvas, and the one before it that an output has not
 * let go. oriel-vnc: two canvases that it maps, two shadows, and one frame on
 * its way to the viewer.
 */
#define CORE_MIB (5 * PICTURE_MIB + 64)
#define VNC_MIB (5 * PICTURE_MIB + 64)

static struct virtio_gpu_mem_entry backing[16];

static uint64_t duration_us(unsigned quick_s)
{
    return (getenv("ORIEL_LONG") != NULL ? 600u : quick_s) * 1000000ull;
}

/* One piece of 16 MiB again and again. */
static void alloc_backing(void)
{
    const uint32_t piece = 16 * GUEST_RAM_MIB;
    uint64_t gpa = guest_ram_alloc(&machine.ram, piece, 4096);
    uint32_t *words = guest_ram_host(&machine.ram, gpa, piece);

    for (uint32_t i = 0; i < piece / 4; i++)
        words[i] = i * 2654435761u;
    for (unsigned i = 0; i < 16; i++)
        backing[i] = (struct virtio_gpu_mem_entry){.addr = gpa, .length = piece};
}

static struct gpu_rect square(uint32_t edge)
{
    return (struct gpu_rect){0, 0, edge, edge};
}

static void create(uint32_t id, uint32_t edge)
{
    guest_gpu_ok(GPU, gpu_create_2d(id, 2, edge, edge));
    guest_gpu_ok(GPU, gpu_attach(id, backing, 16));
    guest_gpu_ok(GPU, gpu_transfer(id, square(edge), 0));
}

static void show(uint32_t id, uint32_t edge)
{
    struct gpu_command scanout = gpu_set_scanout(0, id, square(edge));
    struct gpu_command flush = gpu_flush(id, square(edge));

    guest_gpu_send(GPU, &scanout, VIRTIO_GPU_RESP_OK_NODATA);
    guest_gpu_send(GPU, &flush, VIRTIO_GPU_RESP_OK_NODATA);
}

struct peaks {
    long core, vnc;
};

static void sample(struct peaks *peaks, int vnc)
{
    int core = machine.oriel.pid;
    long now = guest_viewer_rss_mib(core, "RssAnon") + guest_viewer_rss_mib(core, "RssShmem");

    peaks->core = now > peaks->core ? now : peaks->core;
    now = guest_viewer_rss_mib(vnc, "RssAnon") + guest_viewer_rss_mib(vnc, "RssShmem");
    peaks->vnc = now > peaks->vnc ? now : peaks->vnc;
}

/* The viewer reads a little each 10 ms. */
static void look_slowly(struct rfb_client *client, struct peaks *peaks, int vnc, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        for (unsigned j = 0; j < 10; j++)
            guest_viewer_turn(client);
        sample(peaks, vnc);
        usleep(10000);
    }
}

/* Row 21: sizes change at flip rate, the smallest and the largest in turn, the
 * large picture is made anew now and then. */
static void row_21_resizes_with_a_slow_viewer(void **state)
{
    const struct guest_machine_options options = {
        .oriel = {.vnc = true, .settings = {"gpu.max-resource-bytes=512M"}}};
    static struct rfb_client client;
    struct peaks peaks = {0, 0};
    uint64_t until = 0;
    uint32_t flips = 0, large = 2;
    int vnc;

    (void)state;
    guest_machine_start(&machine, &options);
    alloc_backing();
    create(1, 16);
    create(2, EDGE);
    guest_viewer_connect(&machine, &client, true);
    vnc = guest_viewer_program(&machine);
    assert_true(vnc > 0);
    for (until = check_now_us() + duration_us(10); check_now_us() < until; flips++) {
        uint32_t edge = flips % 7 == 6 ? 16 + flips % 2000 : EDGE;

        show(1, 16);
        show(large, edge);
        if (flips % 4 == 3) {
            guest_gpu_ok(GPU, gpu_unref(large));
            large = 5 - large;
            create(large, EDGE);
        }
        /* At times long enough for the large picture to reach oriel-vnc. */
        look_slowly(&client, &peaks, vnc, flips % 10 == 9 ? 100 : flips % 3);
    }
    guest_gpu_settle(GPU);
    sample(&peaks, vnc);
    print_message("%u flips, %llu updates: core %ld MiB at most, oriel-vnc %ld MiB\n", 2 * flips,
                  (unsigned long long)client.updates, peaks.core, peaks.vnc);
    CHECK(flips > 8, "%u flips only", 2 * flips);
    CHECK(peaks.core < CORE_MIB + 128 * ((long)oriel_patience() - 1), "core: %ld MiB", peaks.core);
    CHECK(peaks.vnc < VNC_MIB + 128 * ((long)oriel_patience() - 1), "oriel-vnc: %ld MiB",
          peaks.vnc);
    rfb_client_close(&client);
    guest_machine_reset(&machine);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Four buffers of 3840x2160, no two pixels alike, in single pages or in one
 * piece, are flipped through as fast as the ring allows. */
static void turns_are_short_in_full_motion(void **state)
{
    const uint32_t width = 3840, height = 2160;
    const struct guest_machine_options options = {.oriel.vnc = true};
    static struct rfb_client client;
    struct guest_surface surfaces[4];
    struct guest_image image;
    uint64_t until, updates;
    uint32_t flips = 0;
    json_t *status, *loop;
    long long p99, max;

    (void)state;
    guest_machine_start(&machine, &options);
    guest_image_init(&image, width, height);
    for (uint32_t i = 0; i < 4; i++) {
        guest_surface_init(&surfaces[i], GPU, 1 + i, 2, width, height,
                           i % 2 == 0 ? GUEST_SCATTER_PAGES : GUEST_SCATTER_NONE);
        guest_surface_create(&surfaces[i]);
        guest_image_fill_pattern(&image, i);
        guest_surface_present(&surfaces[i], 0, &image);
    }
    guest_viewer_connect(&machine, &client, false);
    updates = client.updates;
    for (until = check_now_us() + duration_us(8); check_now_us() < until; flips++) {
        struct guest_surface *surface = &surfaces[flips % 4];

        guest_surface_transfer(surface, guest_surface_rect(surface));
        guest_surface_show(surface, 0, guest_surface_rect(surface));
        guest_surface_flush(surface, guest_surface_rect(surface));
        for (unsigned i = 0; i < 100; i++)
            guest_viewer_turn(&client);
    }
    guest_gpu_settle(GPU);
    status = oriel_process_request(&machine.oriel, "status", NULL);
    loop = json_object_get(status, "loop");
    p99 = json_integer_value(json_object_get(loop, "p99_us"));
    max = json_integer_value(json_object_get(loop, "max_us"));
    print_message("%u flips, %llu updates; %lld turns of the loop: p50 %lld us, p99 %lld us, "
                  "max %lld us\n",
                  flips, (unsigned long long)(client.updates - updates),
                  (long long)json_integer_value(json_object_get(loop, "turns")),
                  (long long)json_integer_value(json_object_get(loop, "p50_us")), p99, max);
    CHECK(json_integer_value(json_object_get(loop, "turns")) > 200, "no turns");
    CHECK(client.updates - updates > 5, "the viewer saw %llu updates only",
          (unsigned long long)(client.updates - updates));
    CHECK(p99 > 0 && p99 < 5000 * (long long)oriel_patience(), "p99 of a turn: %lld us", p99);
    json_decref(status);
    rfb_client_close(&client);
    for (uint32_t i = 0; i < 4; i++)
        guest_surface_finish(&surfaces[i]);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(row_21_resizes_with_a_slow_viewer),
        GUEST_TEST(turns_are_short_in_full_motion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
