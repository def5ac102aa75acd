// SPDX-License-Identifier: GPL-2.0-or-later
/* What a viewer sees in raw pixels, and how frames are taken. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

#include <stdlib.h>
#include <string.h>

static struct vnc_world world;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static struct rfb_client *start_and_connect(const struct fake_core_options *core,
                                            const struct rfb_client_options *client)
{
    vnc_world_start(&world, core);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, world.core.heads[0].width,
                           world.core.heads[0].height, 1);
    return vnc_world_connect(&world, 0, client);
}

static void a_first_picture_is_exact(void **state)
{
    (void)state;
    struct rfb_client *client = start_and_connect(NULL, NULL);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    assert_string_equal(client->name, "machine head 0");
    /* XRGB8888 of this byte order, 24 of 32 bits. */
    static const uint8_t format[13] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
    assert_memory_equal(client->server_format, format, sizeof(format));
    assert_int_equal(world.core.heads[0].subscriptions, 1);
}

/* Odd sizes, and damage of every size anywhere, in frames that pile up. */
static void any_damage_is_exact(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 253, .height = 131};
    struct rfb_client *client = start_and_connect(&options, NULL);
    struct fake_head *head = &world.core.heads[0];
    uint64_t random = 42;
    assert_true(vnc_world_agrees(&world, client, head));
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t x = check_random_below(&random, head->width);
        uint32_t y = check_random_below(&random, head->height);
        uint32_t width = 1 + check_random_below(&random, head->width - x);
        uint32_t height = 1 + check_random_below(&random, head->height - y);
        fake_head_fill_pattern(head, x, y, i % 3 ? width : 1, i % 5 ? height : 1, i);
        if (i % 4 == 0)
            vnc_world_step(&world, 1);
        if (i % 20 == 0)
            assert_true(vnc_world_agrees(&world, client, head));
    }
    assert_true(vnc_world_agrees(&world, client, head));
}

static void small_damage_is_a_small_update(void **state)
{
    (void)state;
    struct rfb_client *client = start_and_connect(NULL, NULL);
    struct fake_head *head = &world.core.heads[0];
    assert_true(vnc_world_agrees(&world, client, head));
    uint64_t pixels = client->pixels_received, updates = client->updates;
    fake_head_fill_pattern(head, 101, 53, 7, 3, 9);
    assert_true(vnc_world_agrees(&world, client, head));
    assert_int_equal(client->pixels_received - pixels, 7 * 3);
    assert_int_equal(client->updates - updates, 1);
}

/* Only what was asked for is sent; the rest stays to be asked for. */
static void a_request_bounds_the_answer(void **state)
{
    (void)state;
    struct rfb_client_options options = {.no_request = true};
    struct rfb_client *client = start_and_connect(NULL, &options);
    struct fake_head *head = &world.core.heads[0];
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    rfb_client_request(client, false, 10, 20, 30, 40);
    WORLD_WAIT(&world, client->updates == 1);
    assert_int_equal(client->pixels_received, 30 * 40);
    assert_int_equal(client->pixels[20 * 320 + 9], 0xdeadbeef);
    assert_int_equal(client->pixels[20 * 320 + 10] & 0xffffff,
                     head->image[20 * 320 + 10] & 0xffffff);
    /* Damage elsewhere answers nothing; damage that touches, only its part. */
    rfb_client_request(client, true, 10, 20, 30, 40);
    fake_head_fill_pattern(head, 100, 100, 50, 50, 5);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 1);
    fake_head_fill_pattern(head, 0, 0, 20, 30, 6);
    WORLD_WAIT(&world, client->updates == 2);
    assert_int_equal(client->pixels_received, 30 * 40 + 10 * 10);
    /* Larger than the framebuffer is clipped, outside of it means nothing. */
    rfb_client_request(client, true, 400, 300, 10, 10);
    rfb_client_request(client, true, 0, 0, 65535, 65535);
    WORLD_WAIT(&world, client->updates == 3);
    assert_true(vnc_world_agrees(&world, client, head));
}

static void a_full_request_needs_no_damage(void **state)
{
    (void)state;
    struct rfb_client_options options = {.no_request = true};
    struct rfb_client *client = start_and_connect(NULL, &options);
    struct fake_head *head = &world.core.heads[0];
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    for (uint64_t i = 1; i <= 5; i++) {
        rfb_client_request_all(client, false);
        WORLD_WAIT(&world, client->updates == i);
        assert_int_equal(client->pixels_received, i * 320 * 200);
        assert_int_equal(vnc_world_differing(client, head), 0);
    }
    assert_int_equal(head->frames, 1);
}

/* Several requests are one answer, and an incremental one waits. */
static void an_incremental_request_waits_for_damage(void **state)
{
    (void)state;
    struct rfb_client_options options = {.no_request = true};
    struct rfb_client *client = start_and_connect(NULL, &options);
    struct fake_head *head = &world.core.heads[0];
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    rfb_client_request_all(client, true);
    WORLD_WAIT(&world, client->updates == 1); /* it had nothing */
    for (int i = 0; i < 3; i++)
        rfb_client_request_all(client, true);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 1);
    fake_head_fill(head, 3, 3, 1, 1, 0x112233);
    WORLD_WAIT(&world, client->updates == 2);
    fake_head_fill(head, 5, 5, 1, 1, 0x445566);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 2);
}

static void a_viewer_waits_for_the_first_frame(void **state)
{
    (void)state;
    vnc_world_start(&world, NULL);
    struct fake_head *head = &world.core.heads[0];
    head->paused = true;
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    vnc_world_run(&world, 300);
    assert_int_equal(client->state, RFB_CLIENT_RUNNING);
    assert_int_equal(client->updates, 0);
    fake_head_fill_pattern(head, 0, 0, 320, 200, 3);
    head->paused = false;
    assert_true(vnc_world_agrees(&world, client, head));
}

static void heads_are_separate(void **state)
{
    (void)state;
    struct fake_core_options options = {.heads = 2};
    vnc_world_start(&world, &options);
    fake_head_resize(&world.core.heads[1], 97, 61);
    for (uint32_t i = 0; i < 2; i++)
        fake_head_fill_pattern(&world.core.heads[i], 0, 0, world.core.heads[i].width,
                               world.core.heads[i].height, 10 + i);
    struct rfb_client *second = vnc_world_connect(&world, 1, NULL);
    assert_true(vnc_world_agrees(&world, second, &world.core.heads[1]));
    assert_string_equal(second->name, "machine head 1");
    /* Nobody looks at the other one. */
    assert_int_equal(world.core.heads[0].subscriptions, 0);
    struct rfb_client *first = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, first, &world.core.heads[0]));
    rfb_client_close(second);
    WORLD_WAIT(&world, world.core.heads[1].unsubscriptions == 1);
    assert_true(world.core.heads[0].subscribed);
    /* And again: a new canvas, a whole frame. */
    fake_head_fill_pattern(&world.core.heads[1], 0, 0, 97, 61, 77);
    second = vnc_world_connect(&world, 1, NULL);
    assert_true(vnc_world_agrees(&world, second, &world.core.heads[1]));
}

/* The order of taking: one frame is out at a time (fake_core checks), each is
 * answered, and as much credit has come as frames have gone plus one. */
static void frames_are_taken_in_order(void **state)
{
    (void)state;
    struct rfb_client *client = start_and_connect(NULL, NULL);
    struct fake_head *head = &world.core.heads[0];
    for (uint32_t i = 0; i < 500; i++) {
        fake_head_fill_pattern(head, i % 300, i % 190, 20, 10, i);
        vnc_world_step(&world, 1);
    }
    assert_true(vnc_world_agrees(&world, client, head));
    WORLD_WAIT(&world, head->credits == head->frames + 1);
    assert_int_equal(head->taken, head->frames);
    assert_true(head->frames > 100);
}

static void a_viewer_is_announced_and_counted(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_COPY_RECT}};
    struct rfb_client *client = start_and_connect(NULL, &options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    WORLD_WAIT(&world, world.core.nviewers == 1 &&
                           strcmp(world.core.viewers[0].told.encoding, "raw") == 0);
    uint64_t bytes = client->bytes, updates = client->updates;
    static const int32_t zrle[] = {ENCODING_ZRLE, 0};
    rfb_client_set_encodings(client, zrle);
    WORLD_WAIT(&world, strcmp(world.core.viewers[0].told.encoding, "zrle") == 0);
    rfb_client_close(client);
    WORLD_WAIT(&world, world.core.viewers[0].gone);
    assert_int_equal(world.core.viewers[0].bytes_sent, bytes);
    assert_int_equal(world.core.viewers[0].updates_sent, updates);
}

/* More viewers than encoders, some coming and going: each gets its turn. */
static void many_viewers_agree(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 800, .height = 600};
    struct rfb_client_options drawing = {.encodings = {ENCODING_ALPHA_CURSOR, ENCODING_COPY_RECT}};
    start_and_connect(&options, NULL);
    struct fake_head *head = &world.core.heads[0];
    for (int i = 1; i < VNC_WORLD_CLIENTS; i++)
        vnc_world_connect(&world, 0, i % 2 ? &drawing : NULL);
    for (uint32_t i = 0; i < 200; i++) {
        fake_head_fill_pattern(head, i, i, 400, 300, i);
        vnc_world_step(&world, 2);
        if (i % 10 == 9) {
            struct rfb_client *client = &world.clients[i / 10 % VNC_WORLD_CLIENTS];
            rfb_client_close(client);
            rfb_client_connect(client, world.core.ports[0], i % 20 == 9 ? &drawing : NULL);
        }
    }
    for (int i = 0; i < VNC_WORLD_CLIENTS; i++)
        assert_true(vnc_world_agrees(&world, &world.clients[i], head));
}

static void a_unix_listener_serves(void **state)
{
    (void)state;
    struct fake_core_options options = {.unix_listener = true};
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 4);
    struct rfb_client *client = &world.clients[world.nclients++];
    rfb_client_connect_unix(client, world.core.unix_path, NULL);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_first_picture_is_exact, finish),
        cmocka_unit_test_teardown(any_damage_is_exact, finish),
        cmocka_unit_test_teardown(small_damage_is_a_small_update, finish),
        cmocka_unit_test_teardown(a_request_bounds_the_answer, finish),
        cmocka_unit_test_teardown(a_full_request_needs_no_damage, finish),
        cmocka_unit_test_teardown(an_incremental_request_waits_for_damage, finish),
        cmocka_unit_test_teardown(a_viewer_waits_for_the_first_frame, finish),
        cmocka_unit_test_teardown(heads_are_separate, finish),
        cmocka_unit_test_teardown(frames_are_taken_in_order, finish),
        cmocka_unit_test_teardown(a_viewer_is_announced_and_counted, finish),
        cmocka_unit_test_teardown(many_viewers_agree, finish),
        cmocka_unit_test_teardown(a_unix_listener_serves, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
