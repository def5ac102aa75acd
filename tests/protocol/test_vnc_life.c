// SPDX-License-Identifier: GPL-2.0-or-later
/* When the program rests, ends, and comes again. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_MS 10000

static struct vnc_world world;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static struct rfb_client *start(const struct fake_core_options *options)
{
    vnc_world_start(&world, options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    return client;
}

/* Viewers with requests out, a stalled one, and nothing happens: no byte, and
 * no thread of the program is ever scheduled. */
static void a_static_screen_costs_nothing(void **state)
{
    (void)state;
    struct rfb_client_options drawing = {.encodings = {ENCODING_ALPHA_CURSOR}};
    struct fake_core_options options = {.idle_timeout_ms = 3000};
    struct rfb_client *client = start(&options);
    struct rfb_client *other = vnc_world_connect(&world, 0, &drawing);
    struct rfb_client *mute = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, other, &world.core.heads[0]));
    assert_true(vnc_world_agrees(&world, mute, &world.core.heads[0]));
    mute->stalled = true;
    /* The core is told that they are idle, at most a second later. */
    vnc_world_run(&world, 1500);
    uint64_t switches = vnc_world_switches(&world);
    uint64_t bytes = client->bytes + other->bytes;
    vnc_world_run(&world, QUIET_MS);
    uint64_t after = vnc_world_switches(&world);
    assert_int_equal(client->bytes + other->bytes, bytes);
    /* A sanitizer's runtime has a thread that wakes up by itself, up to ten
     * times a second. */
    if (getenv("ORIEL_SANITIZE"))
        assert_true(after - switches < 200);
    else
        assert_int_equal(after, switches);
}

static void without_viewers_nothing_is_subscribed(void **state)
{
    (void)state;
    struct rfb_client *client = start(NULL);
    rfb_client_close(client);
    WORLD_WAIT(&world, world.core.heads[0].unsubscriptions == 1);
    uint64_t frames = world.core.heads[0].frames;
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 100, 100, 2);
    vnc_world_run(&world, 200);
    assert_int_equal(world.core.heads[0].frames, frames);
}

static void it_ends_with_its_link(void **state)
{
    (void)state;
    start(NULL);
    assert_int_equal(fake_core_finish(&world.core), 0);
    WORLD_WAIT(&world, world.clients[0].state == RFB_CLIENT_CLOSED);
}

/* Ends while an update is being encoded and a viewer does not read. */
static void it_ends_with_its_link_at_any_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct fake_core_options options = {.width = 1280, .height = 800};
        struct rfb_client_options narrow = {.small_buffer = true};
        vnc_world_start(&world, &options);
        world.may_end = true;
        fake_head_fill_pattern(&world.core.heads[0], 0, 0, 1280, 800, i);
        struct rfb_client *client = vnc_world_connect(&world, 0, i % 2 ? &narrow : NULL);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
        client->stalled = i % 3 == 0;
        vnc_world_run(&world, i);
        uint64_t before = check_now_us();
        assert_int_equal(fake_core_finish(&world.core), 0);
        assert_true(check_now_us() - before < 1000000u * oriel_patience());
        rfb_client_close(client);
    }
}

static void it_ends_when_nobody_looks(void **state)
{
    (void)state;
    struct fake_core_options options = {.idle_timeout_ms = 500};
    struct rfb_client *client = start(&options);
    vnc_world_run(&world, 1200);
    assert_int_equal(client->state, RFB_CLIENT_RUNNING);
    rfb_client_close(client);
    world.may_end = true;
    vnc_world_run(&world, 250);
    assert_int_equal(fake_core_wait(&world.core, 0, 0), -ETIMEDOUT);
    assert_int_equal(fake_core_wait(&world.core, 0, 3000), 0);
    /* Who comes then waits for the next one. */
    client = vnc_world_connect(&world, 0, NULL);
    vnc_world_run(&world, 100);
    fake_core_spawn(&world.core);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

static void it_stays_when_it_is_told_to(void **state)
{
    (void)state;
    struct fake_core_options options = {.idle_timeout_ms = 0};
    struct rfb_client *client = start(&options);
    rfb_client_close(client);
    vnc_world_run(&world, 1500);
    assert_int_equal(fake_core_wait(&world.core, 0, 0), -ETIMEDOUT);
}

static void killed_it_comes_again(void **state)
{
    (void)state;
    start(NULL);
    world.may_end = true;
    for (uint32_t i = 0; i < 5; i++) {
        fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, i);
        vnc_world_run(&world, i);
        assert_int_equal(fake_core_wait(&world.core, SIGKILL, 2000), 128 + SIGKILL);
        struct rfb_client *client = &world.clients[0];
        WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
        rfb_client_close(client);
        /* Connected before the successor lives, at once served by it. */
        rfb_client_connect(client, world.core.ports[0], NULL);
        fake_core_spawn(&world.core);
        assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    }
}

/* More than it takes wait in the listener's queue until one leaves. */
static void there_is_a_limit_to_viewers(void **state)
{
    (void)state;
    enum { LIMIT = 256, MORE = 8 };
    static struct rfb_client crowd[LIMIT + MORE];
    struct rfb_client_options options = {.no_request = true};
    vnc_world_start(&world, NULL);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
    unsigned running = 0;
    for (unsigned i = 0; i < LIMIT + MORE; i++) {
        rfb_client_connect(&crowd[i], world.core.ports[0], &options);
        for (int k = 0; i < LIMIT && crowd[i].state != RFB_CLIENT_RUNNING; k++) {
            CHECK(k < 2000 * (int)oriel_patience(), "viewer %u is not served", i);
            vnc_world_step(&world, 1);
            rfb_client_step(&crowd[i]);
        }
    }
    for (int k = 0; k < 100; k++) {
        vnc_world_step(&world, 2);
        for (unsigned i = 0; i < LIMIT + MORE; i++)
            rfb_client_step(&crowd[i]);
    }
    for (unsigned i = 0; i < LIMIT + MORE; i++)
        running += crowd[i].state == RFB_CLIENT_RUNNING;
    assert_int_equal(running, LIMIT);
    for (unsigned i = 0; i < MORE; i++)
        rfb_client_close(&crowd[i]);
    for (unsigned i = LIMIT; i < LIMIT + MORE; i++) {
        for (int k = 0; crowd[i].state != RFB_CLIENT_RUNNING; k++) {
            CHECK(k < 5000, "viewer %u is not served", i);
            vnc_world_step(&world, 1);
            rfb_client_step(&crowd[i]);
        }
    }
    rfb_client_request_all(&crowd[LIMIT], false);
    while (crowd[LIMIT].updates == 0) {
        vnc_world_step(&world, 1);
        rfb_client_step(&crowd[LIMIT]);
    }
    assert_int_equal(vnc_world_differing(&crowd[LIMIT], &world.core.heads[0]), 0);
    for (unsigned i = MORE; i < LIMIT + MORE; i++)
        rfb_client_close(&crowd[i]);
    WORLD_WAIT(&world, fake_core_live_viewers(&world.core) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_static_screen_costs_nothing, finish),
        cmocka_unit_test_teardown(without_viewers_nothing_is_subscribed, finish),
        cmocka_unit_test_teardown(it_ends_with_its_link, finish),
        cmocka_unit_test(it_ends_with_its_link_at_any_time),
        cmocka_unit_test_teardown(it_ends_when_nobody_looks, finish),
        cmocka_unit_test_teardown(it_stays_when_it_is_told_to, finish),
        cmocka_unit_test_teardown(killed_it_comes_again, finish),
        cmocka_unit_test_teardown(there_is_a_limit_to_viewers, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
