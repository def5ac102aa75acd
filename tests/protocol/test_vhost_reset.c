// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets, told (RESET_DEVICE) and guessed (QEMU 7.2 says nothing: both bases
 * 0 and both used indexes 0 at KICK), with a transfer job in flight: the ids
 * are free at once, the old job's answer reaches nobody, memory comes back.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <unistd.h>

#define EDGE 4096u /* 64 MiB */

static struct guest_machine machine;
static struct guest_surface big, small;
static struct guest_image image;

static const struct guest_machine_options qemu_10 = {.front_end.style = FRONT_END_QEMU_10};
static const struct guest_machine_options qemu_7 = {.front_end.style = FRONT_END_QEMU_7};
static const struct guest_machine_options firmware_7 = {
    .front_end.style = FRONT_END_QEMU_7,
    .refuse_features = ~GUEST_FEATURE(VIRTIO_F_VERSION_1),
};

static void start_guest(const struct guest_machine_options *options)
{
    guest_machine_start(&machine, options);
    guest_image_init(&image, 300, 200);
    guest_surface_init(&small, &machine.gpu, 1, VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, 300, 200,
                       GUEST_SCATTER_PAGES);
    guest_surface_init(&big, &machine.gpu, 2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, EDGE, EDGE,
                       GUEST_SCATTER_PAGES);
}

static void finish_guest(void)
{
    guest_surface_finish(&big);
    guest_surface_finish(&small);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

static void probe_and_draw(uint32_t seed)
{
    guest_surface_create(&small);
    guest_surface_create(&big);
    guest_image_fill_pattern(&image, seed);
    guest_surface_present(&small, 0, &image);
}

static void reset_with_a_job(const struct guest_machine_options *options)
{
    start_guest(options);
    for (uint32_t i = 0; i < 6; i++) {
        probe_and_draw(i);
        guest_machine_expect(&machine, 0, &image, "picture before a reset");
        guest_surface_transfer(&big, guest_surface_rect(&big));
        guest_surface_transfer(&big, guest_surface_rect(&big));
        guest_surface_flush(&small, guest_surface_rect(&small));
        usleep(2000);
        guest_machine_reset(&machine);
        assert_int_equal(guest_ring_device_used(&machine.gpu.rings[0]), 0);
    }
    probe_and_draw(77);
    guest_machine_expect(&machine, 0, &image, "picture after resets");
    finish_guest();
}

static void told_reset_with_a_job(void **state)
{
    (void)state;
    reset_with_a_job(&qemu_10);
}

static void guessed_reset_with_a_job(void **state)
{
    (void)state;
    reset_with_a_job(&qemu_7);
}

static void guessed_reset_without_event_index(void **state)
{
    (void)state;
    reset_with_a_job(&firmware_7);
}

/* The driver puts its rings elsewhere and of other sizes. */
static void rings_move_at_a_reset(void **state)
{
    static const uint16_t sizes[] = {4, 256, 16, 1024, 64};
    struct guest_transport *transport;

    (void)state;
    start_guest(&qemu_7);
    probe_and_draw(1);
    transport = machine.transport;
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(transport->ops->reset(transport), 0);
        guest_gpu_finish(&machine.gpu);
        guest_gpu_init(&machine.gpu, transport, sizes[i], sizes[i]);
        assert_int_equal(transport->ops->start(transport), 0);
        probe_and_draw(i);
        guest_machine_expect(&machine, 0, &image, "picture of the next driver");
    }
    finish_guest();
}

/* No guest: the card, at once, and not the old picture. */
static void heads_lose_their_guest(void **state)
{
    struct guest_image card;

    (void)state;
    start_guest(&qemu_10);
    probe_and_draw(3);
    guest_machine_expect(&machine, 0, &image, "picture");
    assert_true(guest_machine_head_is_guest(&machine, 0));
    assert_int_equal(machine.transport->ops->reset(machine.transport), 0);
    assert_int_equal(front_end_sync(&machine.front_end), 0);
    assert_false(guest_machine_head_is_guest(&machine, 0));
    guest_machine_screenshot(&machine, 0, &card);
    if (card.width == image.width && card.height == image.height) {
        size_t same = 0, n = (size_t)card.width * card.height;

        for (size_t i = 0; i < n; i++)
            same += ((card.pixels[i] ^ image.pixels[i]) & 0xffffff) == 0;
        CHECK(same < n / 100, "%zu of %zu pixels are still the guest's", same, n);
    }
    guest_image_finish(&card);
    finish_guest();
}

/* A pause right after the driver's start, before it said anything, hands back
 * 0; going on from there is no reset, whatever the device held. */
static void pause_of_a_silent_guest_is_no_reset(void **state)
{
    struct guest_transport *transport;

    (void)state;
    start_guest(&qemu_7);
    transport = machine.transport;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(transport->ops->pause(transport), 0);
        assert_int_equal(transport->ops->resume(transport), 0);
    }
    probe_and_draw(5);
    assert_int_equal(transport->ops->pause(transport), 0);
    assert_int_equal(transport->ops->resume(transport), 0);
    guest_gpu_expect(&machine.gpu, gpu_create_2d(1, 1, 8, 8),
                     VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    guest_machine_expect(&machine, 0, &image, "picture");
    finish_guest();
}

/* A wrapped index is 0 too: used.idx 0 after 65536 answers is no reset, since
 * QEMU hands back what it was handed. Base and used index are then 0 in a ring
 * that goes on, and the other ring tells. */
static void wrapped_index_is_no_reset(void **state)
{
    struct guest_transport *transport;
    struct gpu_command command = gpu_move_cursor(0, 0, 1, 1);

    (void)state;
    start_guest(&qemu_7);
    transport = machine.transport;
    probe_and_draw(5);
    guest_gpu_send(&machine.gpu, &command, GPU_ANY_RESPONSE);
    guest_gpu_settle(&machine.gpu);
    machine.gpu.plain = true;
    while (machine.gpu.sent[0] % 65536 != 0) {
        command = gpu_flush(1, (struct gpu_rect){0, 0, 0, 0});
        guest_gpu_send(&machine.gpu, &command, VIRTIO_GPU_RESP_OK_NODATA);
    }
    guest_gpu_settle(&machine.gpu);
    assert_int_equal(machine.gpu.rings[0].used_idx, 0);
    assert_int_equal(transport->ops->pause(transport), 0);
    assert_int_equal(machine.gpu.rings[0].base, 0);
    assert_int_equal(machine.gpu.rings[1].base, 1);
    assert_int_equal(transport->ops->resume(transport), 0);
    guest_gpu_expect(&machine.gpu, gpu_create_2d(1, 1, 8, 8),
                     VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    guest_machine_expect(&machine, 0, &image, "picture");
    finish_guest();
}

/* Reset again and again under load: neither memory nor descriptors pile up. */
static void reset_storm_leaves_nothing(void **state)
{
    long before = 0, after;
    unsigned fds = 0;

    (void)state;
    start_guest(&qemu_10);
    for (uint32_t i = 0; i < 60; i++) {
        guest_surface_create(&small);
        guest_surface_create(&big);
        guest_surface_transfer(&big, guest_surface_rect(&big));
        guest_surface_show(&small, 0, guest_surface_rect(&small));
        guest_surface_flush(&small, guest_surface_rect(&small));
        usleep(check_random_below(&machine.gpu.random, 10000));
        guest_machine_reset(&machine);
        if (i != 20)
            continue;
        guest_machine_ping(&machine);
        before = oriel_process_memory_kib(&machine.oriel);
        fds = oriel_process_fds(&machine.oriel);
    }
    guest_machine_ping(&machine);
    after = oriel_process_memory_kib(&machine.oriel);
    /* One buffer more or less may be on its way back. */
    CHECK(after < before + (long)(EDGE * EDGE * 4 / 1024) + 20000, "%ld KiB, %ld before", after,
          before);
    assert_true(oriel_process_fds_become(&machine.oriel, fds));
    probe_and_draw(9);
    guest_machine_expect(&machine, 0, &image, "picture after the storm");
    finish_guest();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(told_reset_with_a_job),
        GUEST_TEST(guessed_reset_with_a_job),
        GUEST_TEST(guessed_reset_without_event_index),
        GUEST_TEST(rings_move_at_a_reset),
        GUEST_TEST(heads_lose_their_guest),
        GUEST_TEST(pause_of_a_silent_guest_is_no_reset),
        GUEST_TEST(wrapped_index_is_no_reset),
        GUEST_TEST(reset_storm_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
