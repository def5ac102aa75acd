// SPDX-License-Identifier: GPL-2.0-or-later
/* How much waits for viewers that do not read, each and all together. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/viewer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 1920
#define HEIGHT 1200
/* Of raw pixels, the largest that there is, with some headers. */
#define ONE_UPDATE ((uint64_t)WIDTH * HEIGHT * 4 + 4096)

static struct vnc_world world;
static struct fake_core *const core = &world.core;
static const struct rfb_client_options narrow = {.small_buffer = true};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void start(uint64_t max_bytes)
{
    struct fake_core_options options = {
        .width = WIDTH, .height = HEIGHT, .policy.max_bytes = max_bytes};
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&core->heads[0], 0, 0, WIDTH, HEIGHT, 1);
}

/* In the order in which they log in, as the core knows them. */
static struct rfb_client *connect_one(const struct rfb_client_options *options)
{
    uint32_t before = core->nviewers;
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    WORLD_WAIT(&world, core->nviewers > before);
    return client;
}

static void ask(void)
{
    fake_core_ask(core);
    WORLD_WAIT(&world, core->answered == core->asked);
}

static uint64_t queued_for_all(void)
{
    uint64_t sum = 0;
    ask();
    for (uint32_t i = 0; i < core->nviewers; i++)
        sum += core->viewers[i].gone ? 0 : core->viewers[i].told.bytes_queued;
    return sum;
}

/* However long it sleeps and whatever it asks for, and while the guest goes on. */
static void a_sleeper_costs_one_update_and_a_little(void **state)
{
    (void)state;
    uint64_t most = 0;
    start(0);
    struct rfb_client *sleeper = connect_one(&narrow);
    WORLD_WAIT(&world, sleeper->updates > 0);
    sleeper->stalled = true;
    for (uint32_t i = 0; i < 100; i++) {
        static const uint8_t size[8] = {251};
        fake_head_fill_pattern(&core->heads[0], 0, 0, WIDTH, HEIGHT, i);
        rfb_client_request_all(sleeper, i % 2);
        rfb_client_send(sleeper, size, sizeof(size));
        vnc_world_run(&world, 10);
        ask();
        if (core->viewers[0].told.bytes_queued > most)
            most = core->viewers[0].told.bytes_queued;
    }
    print_message("at most %lu bytes, %lu are allowed\n", (unsigned long)most,
                  (unsigned long)(ONE_UPDATE + VIEWER_MAX_WAITING));
    assert_true(most > ONE_UPDATE / 2); /* it does not read, indeed */
    assert_true(most <= ONE_UPDATE + VIEWER_MAX_WAITING);
    sleeper->stalled = false;
    assert_true(vnc_world_agrees(&world, sleeper, &core->heads[0]));
}

/* Sleepers use up what there is for all; others wait, and go on when some of
 * it is free again. */
static void all_together_have_a_limit(void **state)
{
    (void)state;
    enum { SLEEPERS = 5 };
    const uint64_t limit = 6u << 20;
    uint64_t most = 0;
    struct rfb_client *sleepers[SLEEPERS];
    start(limit);
    struct rfb_client *reader = connect_one(NULL);
    assert_true(vnc_world_agrees(&world, reader, &core->heads[0]));
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = connect_one(&narrow);
        WORLD_WAIT(&world, sleepers[i]->state == RFB_CLIENT_RUNNING);
        sleepers[i]->stalled = true;
        uint64_t queued = queued_for_all();
        most = queued > most ? queued : most;
    }
    for (int i = 0; i < 20; i++) {
        uint64_t queued = queued_for_all();
        most = queued > most ? queued : most;
        vnc_world_run(&world, 20);
    }
    /* What was begun when there was room is finished. */
    uint64_t allowed = limit + sysconf(_SC_NPROCESSORS_ONLN) * ONE_UPDATE;
    print_message("at most %lu bytes, %lu are allowed\n", (unsigned long)most,
                  (unsigned long)allowed);
    assert_true(most >= limit && most <= allowed);
    uint64_t updates = reader->updates;
    fake_head_fill(&core->heads[0], 0, 0, 10, 10, 0x123456);
    vnc_world_run(&world, 300);
    assert_int_equal(reader->updates, updates);
    /* The ones that had the bytes leave. */
    for (int i = 0; i < SLEEPERS; i++)
        rfb_client_close(sleepers[i]);
    assert_true(vnc_world_agrees(&world, reader, &core->heads[0]));
    assert_int_equal(queued_for_all(), 0);
}

/* A new limit counts at once. */
static void a_higher_limit_lets_them_go_on(void **state)
{
    (void)state;
    start(1 << 20);
    struct rfb_client *reader = connect_one(NULL);
    assert_true(vnc_world_agrees(&world, reader, &core->heads[0]));
    struct rfb_client *sleeper = connect_one(&narrow);
    WORLD_WAIT(&world, sleeper->state == RFB_CLIENT_RUNNING);
    sleeper->stalled = true;
    WORLD_WAIT(&world, queued_for_all() > 1 << 20);
    uint64_t updates = reader->updates;
    fake_head_fill(&core->heads[0], 0, 0, 10, 10, 0x123456);
    vnc_world_run(&world, 200);
    assert_int_equal(reader->updates, updates);
    core->options.policy.max_bytes = 64 << 20;
    fake_core_send_policy(core);
    assert_true(vnc_world_agrees(&world, reader, &core->heads[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_sleeper_costs_one_update_and_a_little, finish),
        cmocka_unit_test_teardown(all_together_have_a_limit, finish),
        cmocka_unit_test_teardown(a_higher_limit_lets_them_go_on, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
