// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that pauses and resumes a busy guest at ten fixed points, a transfer
 * job in flight at most of them: the VMM gets its answer at once, what it is
 * handed back is the first command without an answer, nothing is written while
 * stopped, each command is answered exactly once, and the picture is exact.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>
#include <unistd.h>

/* QEMU waits with the lock of the whole VM held. */
#define ANSWER_LIMIT_US 50000
#define BIG_ID 1
#define SHOWN_ID 2
#define BIG_EDGE 8192u
/* Commands of a round, and of these a transfer that may be a job. */
#define COMMANDS 30
#define GROUP 5

static struct guest_machine machine;
static struct guest_surface shown;
static struct guest_image image;

static struct virtio_gpu_mem_entry big_backing[16];

/* The backing of a huge resource is one piece of 16 MiB again and again: the
 * guest needs little memory, and the host's copy of 256 MiB takes its time. */
static void alloc_big_backing(void)
{
    const uint32_t piece = 16 * GUEST_RAM_MIB;
    uint64_t gpa = guest_ram_alloc(&machine.ram, piece, 4096);

    for (unsigned i = 0; i < 16; i++)
        big_backing[i] = (struct virtio_gpu_mem_entry){.addr = gpa, .length = piece};
}

static struct gpu_command big_transfer(void)
{
    return gpu_transfer(BIG_ID, (struct gpu_rect){0, 0, BIG_EDGE, BIG_EDGE}, 0);
}

/* Pages that were never touched: a transfer into them is as slow as copying
 * gets. */
static void renew_big(void)
{
    guest_gpu_ok(&machine.gpu, gpu_unref(BIG_ID));
    guest_gpu_ok(&machine.gpu,
                 gpu_create_2d(BIG_ID, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, BIG_EDGE, BIG_EDGE));
    guest_gpu_ok(&machine.gpu, gpu_attach(BIG_ID, big_backing, 16));
}

static void start_guest(const struct guest_machine_options *options)
{
    guest_machine_start(&machine, options);
    alloc_big_backing();
    guest_gpu_ok(&machine.gpu, gpu_create_2d(BIG_ID, 1, 16, 16));
    guest_image_init(&image, 1024, 768);
    guest_surface_init(&shown, &machine.gpu, SHOWN_ID, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 1024, 768,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&shown);
    guest_surface_present(&shown, 0, &image);
}

static void finish_guest(void)
{
    guest_surface_finish(&shown);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

/* Groups of five: a transfer of the huge resource (all of it or a little),
 * then drawing. */
static void send_work(unsigned n, bool big)
{
    struct gpu_rect rect = {(n * 37) % 900, (n * 23) % 700, 100, 50};
    struct gpu_command command;

    switch (n % GROUP) {
    case 0:
        command = big ? big_transfer() : gpu_transfer(BIG_ID, (struct gpu_rect){0, 0, 64, 64}, 0);
        guest_gpu_send(&machine.gpu, &command, VIRTIO_GPU_RESP_OK_NODATA);
        break;
    case 1:
        guest_image_fill(&image, rect, guest_image_colour(n, 5, 9));
        guest_surface_draw(&shown, &image, rect);
        guest_surface_transfer(&shown, rect);
        break;
    case 2:
        guest_surface_flush(&shown, guest_surface_rect(&shown));
        break;
    case 3:
        command = gpu_display_info();
        guest_gpu_send(&machine.gpu, &command, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
        break;
    default:
        guest_surface_transfer(&shown, guest_surface_rect(&shown));
        break;
    }
}

/* Where the VMM stops the guest: after so many answers and so much time. With
 * `job` the command after those answers is a big transfer, in flight then. */
static const struct stop_point {
    unsigned answers;
    unsigned delay_us;
    bool job;
} points[] = {
    {0, 0, true},      {0, 5000, true},  {3, 0, false},  {5, 2000, true},   {8, 0, false},
    {10, 10000, true}, {15, 3000, true}, {19, 0, false}, {20, 20000, true}, {25, 5000, true},
};

static void wait_for_answers(unsigned answers)
{
    guest_gpu_wait(&machine.gpu, GPU_CONTROL_QUEUE, COMMANDS - answers);
}

/* What stands in the used ring is what was handed back, and stays. */
static void check_handed_back(const struct stop_point *point)
{
    struct guest_ring *ring = &machine.gpu.rings[GPU_CONTROL_QUEUE];
    uint16_t used = guest_ring_device_used(ring);

    CHECK(ring->base == used, "handed back %u, used index %u", ring->base, used);
    CHECK(!point->job || (uint16_t)(ring->avail_idx - ring->base) == COMMANDS - point->answers,
          "no job was in flight: %u commands left", (uint16_t)(ring->avail_idx - ring->base));
    usleep(200000);
    CHECK(guest_ring_device_used(ring) == used, "answered while stopped");
}

static void stop_and_continue_at(const struct stop_point *point)
{
    struct guest_transport *transport = machine.transport;
    struct guest_gpu *gpu = &machine.gpu;
    unsigned left;

    renew_big();
    guest_gpu_settle(gpu);
    machine.front_end.slowest_reply_us = 0;
    gpu->hold = true;
    for (unsigned n = 0; n < COMMANDS; n++)
        send_work(n, point->job && n == point->answers);
    gpu->hold = false;
    guest_gpu_release(gpu);
    wait_for_answers(point->answers);
    usleep(point->delay_us);
    assert_int_equal(transport->ops->pause(transport), 0);
    check_handed_back(point);
    guest_gpu_collect(gpu, GPU_CONTROL_QUEUE);
    left = guest_gpu_outstanding(gpu, GPU_CONTROL_QUEUE);
    assert_int_equal((uint16_t)(gpu->rings[0].base + left), gpu->rings[0].avail_idx);
    assert_int_equal(transport->ops->resume(transport), 0);
    guest_gpu_settle(gpu);
}

static void check_picture(const char *what)
{
    guest_surface_transfer(&shown, guest_surface_rect(&shown));
    guest_surface_flush(&shown, guest_surface_rect(&shown));
    guest_gpu_settle(&machine.gpu);
    guest_machine_expect(&machine, 0, &image, what);
}

static uint64_t job_us(void)
{
    uint64_t start;

    renew_big();
    start = check_now_us();
    guest_gpu_ok(&machine.gpu, big_transfer());
    return check_now_us() - start;
}

static void stops_at_ten_points(const struct guest_machine_options *options)
{
    uint64_t job;

    start_guest(options);
    job = job_us();
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        uint64_t waited;

        stop_and_continue_at(&points[i]);
        waited = machine.front_end.slowest_reply_us;
        print_message("point %zu: the slowest answer took %llu us (the job %llu)\n", i,
                      (unsigned long long)waited, (unsigned long long)job);
        /* Half a job: whoever waited for one would be found out. */
        CHECK(waited < ANSWER_LIMIT_US * oriel_patience() && waited < job / 2,
              "point %zu: the VMM waited %llu us", i, (unsigned long long)waited);
        check_picture("after cont");
    }
    finish_guest();
}

static void stop_cont_of_qemu_10(void **state)
{
    (void)state;
    stops_at_ten_points(NULL);
}

static void stop_cont_of_qemu_7(void **state)
{
    const struct guest_machine_options options = {.front_end.style = FRONT_END_QEMU_7};

    (void)state;
    stops_at_ten_points(&options);
}

static void stop_cont_of_a_firmware(void **state)
{
    const struct guest_machine_options options = {
        .refuse_features = ~GUEST_FEATURE(VIRTIO_F_VERSION_1),
        .control_size = 128, /* room for all without indirect descriptors */
    };

    (void)state;
    stops_at_ten_points(&options);
}

/* Stopped and continued without a pause in between, while the job runs: the
 * buffers that are lent to it must not be worked on twice. */
static void stop_cont_twenty_times_in_one_job(void **state)
{
    struct guest_transport *transport;

    (void)state;
    start_guest(NULL);
    transport = machine.transport;
    renew_big();
    for (unsigned n = 0; n < COMMANDS; n++)
        send_work(n, n == 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(transport->ops->pause(transport), 0);
        assert_int_equal(machine.gpu.rings[0].base, guest_ring_device_used(&machine.gpu.rings[0]));
        assert_int_equal(transport->ops->resume(transport), 0);
    }
    check_picture("after twenty stops");
    finish_guest();
}

/* A shown 4K surface: transfer, publish and stop get in each other's way. */
static void stop_while_a_shown_surface_is_written(void **state)
{
    const uint32_t width = 3840, height = 2160;
    struct guest_transport *transport;
    struct guest_surface surface;
    struct guest_image picture;

    (void)state;
    guest_machine_start(&machine, NULL);
    transport = machine.transport;
    guest_image_init(&picture, width, height);
    guest_surface_init(&surface, &machine.gpu, 9, VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, width, height,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &picture);
    for (unsigned i = 0; i < 10; i++) {
        guest_image_fill_pattern(&picture, i);
        guest_surface_draw(&surface, &picture, guest_surface_rect(&surface));
        guest_surface_transfer(&surface, guest_surface_rect(&surface));
        guest_surface_flush(&surface, guest_surface_rect(&surface));
        usleep(1000 * i);
        assert_int_equal(transport->ops->pause(transport), 0);
        assert_int_equal(transport->ops->resume(transport), 0);
        guest_gpu_settle(&machine.gpu);
        if (i % 3 == 0)
            guest_machine_expect(&machine, 0, &picture, "4K after stop and cont");
    }
    guest_surface_finish(&surface);
    guest_image_finish(&picture);
    guest_machine_finish(&machine);
}

/* What the guest made before the pause is there after it: nothing is created
 * again here, the cursor queue included. */
static void everything_survives_a_pause(void **state)
{
    struct guest_transport *transport;

    (void)state;
    start_guest(NULL);
    transport = machine.transport;
    guest_image_fill_pattern(&image, 4);
    guest_surface_present(&shown, 0, &image);
    for (unsigned i = 0; i < 5; i++) {
        struct gpu_command move = gpu_move_cursor(0, 0, i, i);

        assert_int_equal(transport->ops->pause(transport), 0);
        guest_machine_expect(&machine, 0, &image, "paused");
        assert_true(guest_machine_head_is_guest(&machine, 0));
        assert_int_equal(transport->ops->resume(transport), 0);
        guest_gpu_send(&machine.gpu, &move, GPU_ANY_RESPONSE);
        guest_gpu_settle(&machine.gpu);
        assert_int_equal(machine.gpu.rings[GPU_CURSOR_QUEUE].used_idx, i + 1);
    }
    guest_gpu_expect(&machine.gpu, gpu_create_2d(SHOWN_ID, 1, 64, 64),
                     VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    check_picture("after pauses");
    finish_guest();
}

/* What a guest frees may be huge; giving its pages back to the system is work
 * too, and nobody may wait for it. */
static void unref_of_a_huge_resource_holds_up_nobody(void **state)
{
    struct gpu_command unref = gpu_unref(BIG_ID);
    uint64_t best = UINT64_MAX, job;

    (void)state;
    start_guest(NULL);
    for (unsigned i = 0; i < 5; i++) {
        job = job_us();
        machine.front_end.slowest_reply_us = 0;
        guest_gpu_send(&machine.gpu, &unref, VIRTIO_GPU_RESP_OK_NODATA);
        assert_int_equal(front_end_sync(&machine.front_end), 0);
        guest_gpu_settle(&machine.gpu);
        assert_int_equal(front_end_sync(&machine.front_end), 0);
        if (machine.front_end.slowest_reply_us < best)
            best = machine.front_end.slowest_reply_us;
        guest_gpu_ok(&machine.gpu, gpu_create_2d(BIG_ID, 1, 16, 16));
    }
    print_message("answer beside an unref of 256 MiB: %llu us (a job takes %llu)\n",
                  (unsigned long long)best, (unsigned long long)job);
    CHECK(best < 5000 * oriel_patience(), "the VMM waited %llu us", (unsigned long long)best);
    finish_guest();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(stop_cont_of_qemu_10),
        GUEST_TEST(stop_cont_of_qemu_7),
        GUEST_TEST(stop_cont_of_a_firmware),
        GUEST_TEST(stop_cont_twenty_times_in_one_job),
        GUEST_TEST(stop_while_a_shown_surface_is_written),
        GUEST_TEST(everything_survives_a_pause),
        GUEST_TEST(unref_of_a_huge_resource_holds_up_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
