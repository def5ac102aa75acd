// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves become CopyRect where the viewer's own picture allows it. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

static struct vnc_world world;
static const struct rfb_client_options copying = {
    .encodings = {ENCODING_COPY_RECT, ENCODING_CURSOR},
};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static struct rfb_client *start(const struct rfb_client_options *options)
{
    struct fake_core_options core = {.width = 301, .height = 203};
    vnc_world_start(&world, &core);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 301, 203, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    return client;
}

static void a_scroll_costs_no_pixels(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    uint64_t pixels = client->pixels_received;
    /* Up, down, left and right, source and target overlapping. */
    fake_head_move(head, 10, 30, 10, 14, 200, 100);
    assert_true(vnc_world_agrees(&world, client, head));
    fake_head_move(head, 10, 14, 10, 45, 200, 100);
    assert_true(vnc_world_agrees(&world, client, head));
    fake_head_move(head, 40, 20, 33, 20, 200, 100);
    assert_true(vnc_world_agrees(&world, client, head));
    fake_head_move(head, 33, 20, 60, 27, 200, 100);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->pixels_received, pixels);
    assert_int_equal(client->copy_rects, 4);
}

static void rest_and_move_come_together(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    uint64_t pixels = client->pixels_received, updates = client->updates;
    fake_head_move(head, 0, 16, 0, 0, 301, 187);
    fake_head_fill_pattern(head, 0, 187, 301, 16, 5);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->pixels_received - pixels, 301 * 16);
    assert_int_equal(client->copy_rects, 1);
    assert_int_equal(client->updates - updates, 1);
}

static void who_did_not_ask_gets_pixels(void **state)
{
    (void)state;
    struct rfb_client *client = start(NULL);
    fake_head_move(&world.core.heads[0], 10, 30, 10, 14, 200, 100);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    assert_int_equal(client->copy_rects, 0);
}

/* Where the source is still to be sent, the target is sent as pixels. */
static void a_pending_source_is_not_copied(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    client->auto_request = false;
    /* Uses up the request that is out; from now on damage piles up. */
    fake_head_fill(head, 0, 0, 1, 1, 0x010203);
    assert_true(vnc_world_agrees(&world, client, head));
    fake_head_fill_pattern(head, 50, 50, 20, 20, 8);
    WORLD_WAIT(&world, fake_head_quiet(head));
    fake_head_move(head, 40, 40, 100, 100, 40, 40);
    WORLD_WAIT(&world, fake_head_quiet(head));
    /* This one's source is clean, but for the first move's target. */
    fake_head_move(head, 0, 0, 200, 0, 40, 40);
    WORLD_WAIT(&world, fake_head_quiet(head));
    uint64_t copies = client->copy_rects;
    client->auto_request = true;
    rfb_client_request_all(client, true);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->copy_rects - copies, 1);
}

/* Moves that wait are in order, and a full request voids them. */
static void waiting_moves_are_kept_or_dropped_whole(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    client->auto_request = false;
    fake_head_fill(head, 0, 0, 1, 1, 0x010203);
    assert_true(vnc_world_agrees(&world, client, head));
    for (uint32_t i = 0; i < 5; i++) {
        fake_head_move(head, 20 + i, 20, 21 + i, 23, 100, 50);
        WORLD_WAIT(&world, fake_head_quiet(head));
    }
    rfb_client_request_all(client, true);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->copy_rects, 5);
    for (uint32_t i = 0; i < 5; i++) {
        fake_head_move(head, 20 + i, 20, 21 + i, 23, 100, 50);
        WORLD_WAIT(&world, fake_head_quiet(head));
    }
    rfb_client_request_all(client, false);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->copy_rects, 5);
}

/* A request for a part cannot be answered with moves from elsewhere. */
static void a_partial_request_gets_no_moves(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    client->auto_request = false;
    fake_head_fill(head, 0, 0, 1, 1, 0x010203);
    assert_true(vnc_world_agrees(&world, client, head));
    fake_head_move(head, 0, 0, 100, 100, 50, 50);
    WORLD_WAIT(&world, fake_head_quiet(head));
    rfb_client_request(client, true, 90, 90, 100, 100);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->copy_rects, 0);
}

/* Random moves and damage, with a viewer that asks now and then. */
static void any_mixture_is_exact(void **state)
{
    (void)state;
    struct rfb_client *client = start(&copying);
    struct fake_head *head = &world.core.heads[0];
    uint64_t random = 7;
    for (uint32_t i = 0; i < 400; i++) {
        uint32_t width = 1 + check_random_below(&random, 150);
        uint32_t height = 1 + check_random_below(&random, 100);
        uint32_t x = check_random_below(&random, 301 - width + 1);
        uint32_t y = check_random_below(&random, 203 - height + 1);
        uint32_t to_x = check_random_below(&random, 301 - width + 1);
        uint32_t to_y = check_random_below(&random, 203 - height + 1);
        if (i % 3 == 0)
            fake_head_move(head, x, y, to_x, to_y, width, height);
        else
            fake_head_fill_pattern(head, x, y, width / 4 + 1, height / 4 + 1, i);
        /* The fake core merges nothing: a frame per step keeps moves valid. */
        WORLD_WAIT(&world, fake_head_quiet(head));
        client->auto_request = i % 8 > 3;
        if (i % 8 == 4)
            rfb_client_request_all(client, true);
    }
    client->auto_request = true;
    rfb_client_request_all(client, true);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_true(client->copy_rects > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_scroll_costs_no_pixels, finish),
        cmocka_unit_test_teardown(rest_and_move_come_together, finish),
        cmocka_unit_test_teardown(who_did_not_ask_gets_pixels, finish),
        cmocka_unit_test_teardown(a_pending_source_is_not_copied, finish),
        cmocka_unit_test_teardown(waiting_moves_are_kept_or_dropped_whole, finish),
        cmocka_unit_test_teardown(a_partial_request_gets_no_moves, finish),
        cmocka_unit_test_teardown(any_mixture_is_exact, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
