// SPDX-License-Identifier: GPL-2.0-or-later
/* Viewers with bad manners delay nobody else, and cost little. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 1280
#define HEIGHT 800
#define WINDOWS 7
#define WINDOW_MS 400
#define FRAME_MS 16

static struct vnc_world world;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

/* A guest at 60 Hz that changes a part of its screen each time. */
static void run_guest(unsigned ms)
{
    static uint32_t frame;
    struct fake_head *head = &world.core.heads[0];
    uint64_t start = check_now_us(), next = start;
    while (check_now_us() - start < ms * 1000ull) {
        if (check_now_us() >= next) {
            fake_head_fill_pattern(head, frame % 900, frame % 500, 300, 200, frame);
            frame++;
            next += FRAME_MS * 1000;
        }
        uint64_t now = check_now_us();
        vnc_world_step(&world, next > now ? (int)((next - now) / 1000) : 0);
    }
}

static uint64_t updates_in_a_window(const struct rfb_client *client)
{
    uint64_t before = client->updates;
    run_guest(WINDOW_MS);
    return client->updates - before;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *values)
{
    qsort(values, WINDOWS, sizeof(*values), compare);
    return values[WINDOWS / 2];
}

/* One that stops reading in the middle of a large update, one that sends half
 * a message, one that says nothing at all, one that half shakes hands. */
static void connect_the_rude(void)
{
    struct rfb_client_options narrow = {.small_buffer = true}, silent = {.version = ""},
                              half = {.version = "RFB 00"};
    struct rfb_client *stalled = vnc_world_connect(&world, 0, &narrow);
    WORLD_WAIT(&world, stalled->updates > 0);
    for (int i = 0; i < 50; i++)
        rfb_client_request_all(stalled, false);
    stalled->stalled = true;
    struct rfb_client *partial = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, partial->updates > 0);
    static const uint8_t start_of_list[] = {2, 0, 0, 50, 0, 0};
    partial->auto_request = false;
    rfb_client_send(partial, start_of_list, sizeof(start_of_list));
    vnc_world_connect(&world, 0, &silent);
    vnc_world_connect(&world, 0, &half);
}

static void disconnect_the_rude(void)
{
    while (world.nclients > 1)
        rfb_client_close(&world.clients[--world.nclients]);
    WORLD_WAIT(&world, fake_core_live_viewers(&world.core) == 1);
}

static void the_fourth_keeps_its_rate(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = WIDTH, .height = HEIGHT};
    uint64_t alone[WINDOWS], among[WINDOWS];
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, WIDTH, HEIGHT, 1);
    struct rfb_client *good = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, good->updates > 0);
    run_guest(200);
    for (int i = 0; i < WINDOWS; i++) {
        alone[i] = updates_in_a_window(good);
        connect_the_rude();
        run_guest(100);
        among[i] = updates_in_a_window(good);
        disconnect_the_rude();
    }
    uint64_t rate_alone = median(alone), rate_among = median(among);
    print_message("updates per %d ms: alone %lu, among the rude %lu, ratio %.3f\n", WINDOW_MS,
                  (unsigned long)rate_alone, (unsigned long)rate_among,
                  (double)rate_among / (double)rate_alone);
    assert_true(rate_alone >= WINDOW_MS / FRAME_MS / 2 || getenv("ORIEL_SANITIZE"));
    assert_true(rate_among * 100 >= rate_alone * 95);
    assert_true(vnc_world_agrees(&world, good, &world.core.heads[0]));
}

/* A viewer that catches up after a long stall sees the newest picture, and
 * had at most one update and a little waiting for it. */
static void a_stalled_viewer_costs_one_update(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = WIDTH, .height = HEIGHT};
    struct rfb_client_options narrow = {.small_buffer = true};
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, WIDTH, HEIGHT, 1);
    struct rfb_client *stalled = vnc_world_connect(&world, 0, &narrow);
    WORLD_WAIT(&world, stalled->updates > 0);
    stalled->stalled = true;
    for (int i = 0; i < 30; i++) {
        rfb_client_request_all(stalled, false);
        run_guest(50);
    }
    stalled->stalled = false;
    stalled->auto_request = false;
    uint64_t bytes = stalled->bytes;
    WORLD_WAIT(&world, !stalled->in_update && stalled->input_size == 0);
    vnc_world_run(&world, 300);
    /* What was encoded before the stall was noticed, and what followed it. */
    assert_true(stalled->bytes - bytes < 4 * (uint64_t)WIDTH * HEIGHT * 4);
    stalled->auto_request = true;
    rfb_client_request_all(stalled, true);
    assert_true(vnc_world_agrees(&world, stalled, &world.core.heads[0]));
}

/* Viewers that vanish while an update is encoded for them. */
static void vanishing_viewers_leave_nothing(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = WIDTH, .height = HEIGHT};
    struct rfb_client_options narrow = {.small_buffer = true};
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, WIDTH, HEIGHT, 1);
    struct rfb_client *good = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, good->updates > 0);
    for (int i = 0; i < 40; i++) {
        struct rfb_client *client = vnc_world_connect(&world, 0, i % 2 ? &narrow : NULL);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
        rfb_client_request_all(client, false);
        vnc_world_run(&world, (unsigned)i % 5);
        rfb_client_close(client);
        world.nclients--;
    }
    WORLD_WAIT(&world, fake_core_live_viewers(&world.core) == 1);
    assert_int_equal(world.core.nviewers, 41);
    assert_true(vnc_world_agrees(&world, good, &world.core.heads[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_fourth_keeps_its_rate, finish),
        cmocka_unit_test_teardown(a_stalled_viewer_costs_one_update, finish),
        cmocka_unit_test_teardown(vanishing_viewers_leave_nothing, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
