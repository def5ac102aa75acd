// SPDX-License-Identifier: GPL-2.0-or-later
/* VMMs that come, go and come twice; and the socket of GPU_SET_SOCKET. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct guest_machine machine;

static void present(uint32_t id, uint32_t seed)
{
    struct guest_surface surface;
    struct guest_image image;

    guest_image_init(&image, 200, 100);
    guest_image_fill_pattern(&image, seed);
    guest_surface_init(&surface, &machine.gpu, id, VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, 200, 100,
                       GUEST_SCATTER_NONE);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "picture");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
}

/* The VMM ends without a word, as one that was killed. */
static void replace_vmm(void)
{
    front_end_finish(&machine.front_end);
    guest_gpu_finish(&machine.gpu);
    machine.has_gpu = false;
    front_end_init(&machine.front_end, &machine.ram, NULL);
    assert_int_equal(front_end_connect(&machine.front_end, machine.oriel.gpu_socket), 0);
    assert_int_equal(front_end_realize(&machine.front_end), 0);
    guest_machine_probe(&machine, NULL);
}

static void vmms_come_and_go(void **state)
{
    unsigned fds = 0, maps = 0;

    (void)state;
    guest_machine_start(&machine, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        present(1, i);
        assert_true(guest_machine_head_is_guest(&machine, 0));
        replace_vmm();
        guest_machine_ping(&machine);
        if (i == 3) {
            fds = oriel_process_fds(&machine.oriel);
            maps = oriel_process_maps_like(&machine.oriel, "guest-ram");
        }
        assert_false(guest_machine_head_is_guest(&machine, 0));
    }
    assert_true(oriel_process_fds_become(&machine.oriel, fds));
    assert_int_equal(oriel_process_maps_like(&machine.oriel, "guest-ram"), maps);
    present(1, 99);
    guest_machine_finish(&machine);
}

/* Nothing of a guest's memory is kept when its VMM has gone. */
static void memory_is_given_back(void **state)
{
    uint64_t until = check_now_us() + 5000000;

    (void)state;
    guest_machine_start(&machine, NULL);
    present(1, 1);
    assert_true(oriel_process_maps_like(&machine.oriel, "guest-ram") > 0);
    front_end_finish(&machine.front_end);
    while (oriel_process_maps_like(&machine.oriel, "guest-ram") > 0 && check_now_us() < until)
        usleep(10000);
    assert_int_equal(oriel_process_maps_like(&machine.oriel, "guest-ram"), 0);
    assert_int_equal(oriel_process_fds_like(&machine.oriel, "guest-ram"), 0);
    guest_machine_finish(&machine);
}

static void a_second_vmm_is_refused(void **state)
{
    struct front_end second;

    (void)state;
    guest_machine_start(&machine, NULL);
    present(1, 1);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t features;
        int error;

        front_end_init(&second, &machine.ram, NULL);
        error = front_end_connect(&second, machine.oriel.gpu_socket);
        if (error == 0)
            error = front_end_ask(&second, FE_GET_FEATURES, &features);
        CHECK(error == -EPIPE || error == -ECONNREFUSED, "the second VMM got %d", error);
        front_end_finish(&second);
        present(2 + i, i);
    }
    guest_gpu_settle(&machine.gpu);
    replace_vmm();
    present(1, 7);
    guest_machine_finish(&machine);
}

/* 1: closed by the back-end, 0: open. */
static bool is_closed(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};

    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & (POLLHUP | POLLRDHUP));
}

/* QEMU's main loop spins on a side channel that closes under it. */
static void side_channels_are_kept_and_replaced(void **state)
{
    int old[8];

    (void)state;
    guest_machine_start(&machine, NULL);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t until = check_now_us() + 2000000;

        old[i] = fcntl(machine.front_end.side_fd, F_DUPFD_CLOEXEC, 3);
        assert_int_equal(front_end_send_side_socket(&machine.front_end), 0);
        assert_int_equal(front_end_sync(&machine.front_end), 0);
        present(1 + i, i);
        assert_false(is_closed(machine.front_end.side_fd));
        while (!is_closed(old[i]) && check_now_us() < until)
            usleep(1000);
        CHECK(is_closed(old[i]), "the channel before the last is still open");
    }
    for (unsigned i = 0; i < 8; i++)
        close(old[i]);
    guest_machine_finish(&machine);
}

/* Whatever QEMU writes there is taken away, and nothing is ever answered. */
static void side_channel_is_drained(void **state)
{
    static const char bytes[65536];
    size_t sent = 0;
    char byte;
    int fd;

    (void)state;
    guest_machine_start(&machine, NULL);
    fd = machine.front_end.side_fd;
    while (sent < 8u << 20) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
        ssize_t n;

        CHECK(poll(&poll_fd, 1, 5000) == 1, "full after %zu bytes", sent);
        n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0, "send");
        sent += (size_t)n;
    }
    assert_false(is_closed(fd));
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    present(1, 5);
    guest_machine_finish(&machine);
}

/* QEMU closes its end when the device stops; that must not keep us busy. */
static void closed_side_channel_costs_nothing(void **state)
{
    unsigned long long before, after;

    (void)state;
    guest_machine_start(&machine, NULL);
    present(1, 5);
    close(machine.front_end.side_fd);
    machine.front_end.side_fd = -1;
    assert_int_equal(front_end_sync(&machine.front_end), 0);
    usleep(100000);
    before = oriel_process_cpu_us(&machine.oriel);
    usleep(500000);
    after = oriel_process_cpu_us(&machine.oriel);
    CHECK(after - before < 100000, "%llu us of CPU in half a second", after - before);
    present(2, 6);
    guest_machine_finish(&machine);
}

/* SIGTERM with a VMM connected, a guest drawing and work in the ring. */
static void ends_within_a_second(void **state)
{
    unsigned took_ms = 0;

    (void)state;
    guest_machine_start(&machine, NULL);
    present(1, 5);
    for (unsigned i = 0; i < 30; i++) {
        struct gpu_command command = gpu_display_info();

        guest_gpu_send(&machine.gpu, &command, GPU_ANY_RESPONSE);
    }
    assert_int_equal(oriel_process_stop(&machine.oriel, &took_ms), 0);
    CHECK(took_ms < 1000 * oriel_patience(), "%u ms", took_ms);
    guest_machine_teardown(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(vmms_come_and_go),        GUEST_TEST(memory_is_given_back),
        GUEST_TEST(a_second_vmm_is_refused), GUEST_TEST(side_channels_are_kept_and_replaced),
        GUEST_TEST(side_channel_is_drained), GUEST_TEST(closed_side_channel_costs_nothing),
        GUEST_TEST(ends_within_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
