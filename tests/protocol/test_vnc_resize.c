// SPDX-License-Identifier: GPL-2.0-or-later
/* The head gets another size: who can follow does, who cannot sees a part. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"

static struct vnc_world world;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static struct rfb_client *start(const struct rfb_client_options *options)
{
    vnc_world_start(&world, NULL);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    return client;
}

static void resize(uint32_t width, uint32_t height, uint32_t seed)
{
    fake_head_resize(&world.core.heads[0], width, height);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, width, height, seed);
}

static void follow(int32_t encoding)
{
    static const uint32_t sizes[][2] = {{640, 480}, {1, 1}, {97, 211}, {1024, 3}, {320, 200}};
    struct rfb_client_options options = {.encodings = {encoding}};
    struct rfb_client *client = start(&options);
    struct fake_head *head = &world.core.heads[0];
    for (uint32_t i = 0; i < 5; i++) {
        resize(sizes[i][0], sizes[i][1], i + 2);
        assert_true(vnc_world_agrees(&world, client, head));
        assert_int_equal(client->resizes, i + 1);
        fake_head_fill_pattern(head, 0, 0, 1, 1, i + 7);
        assert_true(vnc_world_agrees(&world, client, head));
    }
}

static void desktop_size_is_followed(void **state)
{
    (void)state;
    follow(ENCODING_DESKTOP_SIZE);
}

static void extended_desktop_size_is_followed(void **state)
{
    (void)state;
    follow(ENCODING_EXTENDED_DESKTOP_SIZE);
}

/* Sizes that come faster than anybody can look at them. */
static void many_sizes_end_well(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_DESKTOP_SIZE}};
    struct rfb_client *client = start(&options);
    uint64_t random = 3;
    for (uint32_t i = 0; i < 100; i++) {
        resize(1 + check_random_below(&random, 400), 1 + check_random_below(&random, 400), i);
        vnc_world_step(&world, (int)check_random_below(&random, 5));
    }
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

/* A part of the picture, and black where there is none. */
static uint64_t differing_part(const struct rfb_client *client, uint16_t width, uint16_t height)
{
    const struct fake_head *head = &world.core.heads[0];
    uint64_t differing = client->width != width || client->height != height;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t want = x < head->width && y < head->height
                                ? head->image[(size_t)y * head->width + x]
                                : 0;
            differing += ((client->pixels[(size_t)y * width + x] ^ want) & 0xffffff) != 0;
        }
    }
    return differing;
}

static void who_cannot_follow_keeps_its_size(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{640, 480}, {100, 50}, {400, 50}, {100, 400}, {320, 200}};
    struct rfb_client *client = start(NULL);
    struct fake_head *head = &world.core.heads[0];
    for (uint32_t i = 0; i < 5; i++) {
        resize(sizes[i][0], sizes[i][1], i + 2);
        WORLD_WAIT(&world, fake_head_quiet(head) && differing_part(client, 320, 200) == 0);
        fake_head_fill_pattern(head, 0, 0, head->width, head->height, i + 20);
        WORLD_WAIT(&world, fake_head_quiet(head) && differing_part(client, 320, 200) == 0);
    }
    assert_int_equal(client->resizes, 0);
}

/* The protocol's answer to each full request, and the refusal. */
static void extended_size_is_told_and_refused(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_EXTENDED_DESKTOP_SIZE}};
    struct rfb_client *client = start(&options);
    assert_int_equal(client->extended_size.reason, 0);
    assert_int_equal(client->extended_size.status, 0);
    assert_int_equal(client->extended_size.width, 320);
    assert_int_equal(client->extended_size.height, 200);
    unsigned told = client->extended_size.count;
    assert_true(told >= 1);
    rfb_client_request_all(client, false);
    WORLD_WAIT(&world, client->extended_size.count > told);
    told = client->extended_size.count;
    uint8_t message[24] = {251, 0, 3, 32, 2, 88, 1};
    put_u16(message + 16, 800);
    put_u16(message + 18, 600);
    rfb_client_send(client, message, sizeof(message));
    WORLD_WAIT(&world, client->extended_size.count > told);
    assert_int_equal(client->extended_size.reason, 1);
    assert_int_equal(client->extended_size.status, 1);
    assert_int_equal(client->extended_size.width, 320);
    assert_int_equal(client->resizes, 0);
    fake_head_fill_pattern(&world.core.heads[0], 7, 7, 30, 30, 9);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

/* Wider than what the library can send in one row. */
static void very_wide_and_very_high(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_DESKTOP_SIZE}};
    struct rfb_client *client = start(&options);
    resize(16384, 5, 3);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    resize(3, 16384, 4);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(desktop_size_is_followed, finish),
        cmocka_unit_test_teardown(extended_desktop_size_is_followed, finish),
        cmocka_unit_test_teardown(many_sizes_end_well, finish),
        cmocka_unit_test_teardown(who_cannot_follow_keeps_its_size, finish),
        cmocka_unit_test_teardown(extended_size_is_told_and_refused, finish),
        cmocka_unit_test_teardown(very_wide_and_very_high, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
