// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that pauses and resumes a busy guest at a hundred random points (of a
 * fixed seed): transfers of all sizes, flips between two surfaces on two
 * heads, flushes and cursors stand in the rings, jobs are in flight or not.
 * The VMM gets its answers at once; what it is handed back is the first
 * command without an answer; nothing is written while stopped; each command is
 * answered exactly once, and the pictures are exact.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>
#include <unistd.h>

#define POINTS 100
#define WIDTH 1280
#define HEIGHT 1024
/* QEMU waits with the lock of the whole VM held. */
#define ANSWER_LIMIT_US 50000

static struct guest_machine machine;
static struct guest_surface surfaces[2];
static struct guest_image images[2];
static uint64_t random_state;

#define GPU (&machine.gpu)

static uint32_t below(uint32_t limit)
{
    return check_random_below(&random_state, limit);
}

static struct gpu_rect random_rect(void)
{
    struct gpu_rect rect = {.x = below(WIDTH), .y = below(HEIGHT)};

    rect.width = 1 + below(WIDTH - rect.x);
    rect.height = 1 + below(HEIGHT - rect.y);
    return rect;
}

static void start_guest(const struct guest_machine_options *options)
{
    guest_machine_start(&machine, options);
    for (uint32_t i = 0; i < 2; i++) {
        guest_image_init(&images[i], WIDTH, HEIGHT);
        guest_image_fill_pattern(&images[i], i);
        guest_surface_init(&surfaces[i], GPU, 1 + i, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH,
                           HEIGHT, i == 0 ? GUEST_SCATTER_PAGES : GUEST_SCATTER_NONE);
        guest_surface_create(&surfaces[i]);
        guest_surface_present(&surfaces[i], i, &images[i]);
    }
    guest_gpu_ok(GPU, gpu_create_2d(7, 1, 64, 64));
}

static void send_cursor(void)
{
    struct gpu_command command = below(3) == 0
                                     ? gpu_update_cursor(below(2), 7, below(500), 5, 1, 1)
                                     : gpu_move_cursor(below(2), 7, below(500), below(500));

    if (guest_gpu_outstanding(GPU, GPU_CURSOR_QUEUE) < 12)
        guest_gpu_send(GPU, &command, GPU_ANY_RESPONSE);
}

static void send_work(void)
{
    struct guest_surface *surface = &surfaces[below(2)];
    struct gpu_command command = gpu_edid(below(2));

    switch (below(8)) {
    case 0:
    case 1:
        guest_surface_transfer(surface, guest_surface_rect(surface));
        break;
    case 2:
        guest_surface_transfer(surface, random_rect());
        break;
    case 3:
        guest_surface_flush(surface, random_rect());
        break;
    case 4:
        guest_surface_show(surface, below(2), guest_surface_rect(surface));
        break;
    case 5:
        guest_gpu_send(GPU, &command, VIRTIO_GPU_RESP_OK_EDID);
        break;
    default:
        guest_surface_flush(surface, guest_surface_rect(surface));
        break;
    }
}

/* Returns how many commands were left. */
static unsigned check_handed_back(unsigned pause_us)
{
    unsigned left = 0;

    for (unsigned q = 0; q < 2; q++) {
        struct guest_ring *ring = &GPU->rings[q];
        uint16_t used = guest_ring_device_used(ring);

        CHECK(ring->base == used, "queue %u: handed back %u, used index %u", q, ring->base, used);
        usleep(pause_us);
        CHECK(guest_ring_device_used(ring) == used, "queue %u: answered while stopped", q);
        guest_gpu_collect(GPU, q);
        left += guest_gpu_outstanding(GPU, q);
        assert_int_equal((uint16_t)(ring->base + guest_gpu_outstanding(GPU, q)), ring->avail_idx);
    }
    return left;
}

/* New pictures reach the heads whole. */
static void check_pictures(unsigned seed)
{
    guest_gpu_settle(GPU);
    for (uint32_t i = 0; i < 2; i++) {
        guest_image_fill_pattern(&images[i], seed + i);
        guest_surface_present(&surfaces[i], i, &images[i]);
    }
    for (uint32_t i = 0; i < 2; i++)
        guest_machine_expect(&machine, i, &images[i], "after cont");
}

/* A loaded machine makes answers late, but no turn of the loop long. */
static uint64_t longest_turn_us(void)
{
    json_t *status = oriel_process_request(&machine.oriel, "status", NULL);
    json_t *max = json_object_get(json_object_get(status, "loop"), "max_us");
    uint64_t us = (uint64_t)json_integer_value(max);

    CHECK(json_is_integer(max), "status has figures of the loop");
    json_decref(status);
    return us;
}

static void stops_at_random_points(const struct guest_machine_options *options, uint64_t seed)
{
    struct guest_transport *transport;
    unsigned interrupted = 0, slow = 0;
    uint64_t slowest = 0, turn;

    random_state = seed;
    start_guest(options);
    transport = machine.transport;
    for (unsigned point = 0; point < POINTS; point++) {
        uint64_t *reply_us = &machine.front_end.slowest_reply_us;

        *reply_us = 0;
        for (unsigned n = 1 + below(50); n > 0; n--) {
            send_work();
            if (below(4) == 0)
                send_cursor();
        }
        usleep(below(4) * below(700));
        assert_int_equal(transport->ops->pause(transport), 0);
        interrupted += check_handed_back(point % 20 == 0 ? 100000 : 500) > 0;
        assert_int_equal(transport->ops->resume(transport), 0);
        slow += *reply_us > ANSWER_LIMIT_US * oriel_patience();
        slowest = *reply_us > slowest ? *reply_us : slowest;
        if (point % 10 == 9)
            check_pictures(point);
    }
    guest_gpu_settle(GPU);
    turn = longest_turn_us();
    print_message("%u of %u stops had commands left; the slowest answer took %llu us, the "
                  "longest turn of the loop %llu us of processor time\n",
                  interrupted, POINTS, (unsigned long long)slowest, (unsigned long long)turn);
    CHECK(interrupted > POINTS / 10, "only %u stops interrupted anything", interrupted);
    CHECK(slow <= POINTS / 20, "%u stops were slow, one %llu us", slow,
          (unsigned long long)slowest);
    CHECK(turn < ANSWER_LIMIT_US * oriel_patience(), "a turn took %llu us",
          (unsigned long long)turn);
    for (uint32_t i = 0; i < 2; i++) {
        guest_surface_finish(&surfaces[i]);
        guest_image_finish(&images[i]);
    }
    guest_machine_finish(&machine);
}

static void a_hundred_stops_of_qemu_10(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"}};

    (void)state;
    stops_at_random_points(&options, 0x5eed0001);
}

static void a_hundred_stops_of_qemu_7(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"},
                                                  .front_end.style = FRONT_END_QEMU_7};

    (void)state;
    stops_at_random_points(&options, 0x5eed0002);
}

static void a_hundred_stops_of_a_firmware(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.heads=2"},
        .refuse_features = ~GUEST_FEATURE(VIRTIO_F_VERSION_1),
        .control_size = 128,
    };

    (void)state;
    stops_at_random_points(&options, 0x5eed0003);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_hundred_stops_of_qemu_10),
        GUEST_TEST(a_hundred_stops_of_qemu_7),
        GUEST_TEST(a_hundred_stops_of_a_firmware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
