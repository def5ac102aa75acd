// SPDX-License-Identifier: GPL-2.0-or-later
/* The cursor as a shape, and composed for viewers that cannot draw one. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

#include <stdlib.h>
#include <string.h>

#define CURSOR_WIDTH 19
#define CURSOR_HEIGHT 13

static struct vnc_world world;
static uint32_t pixels[CURSOR_WIDTH * CURSOR_HEIGHT];

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

/* All alphas, premultiplied. */
static void make_pixels(uint32_t seed)
{
    for (uint32_t i = 0; i < CURSOR_WIDTH * CURSOR_HEIGHT; i++) {
        uint32_t alpha = (i + seed) * 255 / (CURSOR_WIDTH * CURSOR_HEIGHT) & 0xff;
        uint32_t red = (i * 3 + seed) % 256 * alpha / 255, green = (i * 7) % 256 * alpha / 255;
        uint32_t blue = (i * 11 + 99) % 256 * alpha / 255;
        pixels[i] = alpha << 24 | red << 16 | green << 8 | blue;
    }
}

static void set_cursor(int32_t x, int32_t y, bool visible)
{
    struct link_cursor cursor = {.x = x, .y = y, .visible = visible, .hot_x = 4, .hot_y = 9,
                                 .width = CURSOR_WIDTH, .height = CURSOR_HEIGHT};
    fake_head_set_cursor(&world.core.heads[0], &cursor, pixels);
}

static struct rfb_client *start(const struct rfb_client_options *options)
{
    vnc_world_start(&world, NULL);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
    make_pixels(0);
    set_cursor(100, 50, true);
    return vnc_world_connect(&world, 0, options);
}

static uint32_t channel(uint32_t value, unsigned shift)
{
    return value >> shift & 0xff;
}

/* Colour of one channel over a background, as porter-duff has it. */
static uint32_t over(uint32_t source, uint32_t below, unsigned shift)
{
    uint32_t inverse = 255 - (source >> 24);
    uint32_t value = channel(source, shift) + (channel(below, shift) * inverse + 127) / 255;
    return (value > 255 ? 255 : value) << shift;
}

/* What a viewer should see with the cursor at that place. */
static uint64_t differing_with_cursor(const struct rfb_client *client)
{
    const struct fake_head *head = &world.core.heads[0];
    uint64_t differing = 0;
    if (!client->pixels || client->width != head->width)
        return UINT64_MAX;
    for (int32_t y = 0; y < (int32_t)head->height; y++) {
        for (int32_t x = 0; x < (int32_t)head->width; x++) {
            uint32_t want = head->image[(size_t)y * head->width + (size_t)x];
            int32_t cx = x - (head->cursor.x - 4), cy = y - (head->cursor.y - 9);
            if (head->cursor.visible && cx >= 0 && cx < CURSOR_WIDTH && cy >= 0 &&
                cy < CURSOR_HEIGHT) {
                uint32_t source = pixels[cy * CURSOR_WIDTH + cx];
                want = over(source, want, 16) | over(source, want, 8) | over(source, want, 0);
            }
            uint32_t is = client->pixels[(size_t)y * head->width + (size_t)x];
            differing += ((is ^ want) & 0xffffff) != 0;
        }
    }
    return differing;
}

#define EXPECT_COMPOSED(client)                                                              \
    WORLD_WAIT(&world, fake_head_quiet(&world.core.heads[0]) && !(client)->in_update &&      \
                           differing_with_cursor(client) == 0)

static void alpha_cursor_is_exact(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_CURSOR, ENCODING_ALPHA_CURSOR}};
    struct rfb_client *client = start(&options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    assert_int_equal(client->cursor.shapes, 1);
    assert_int_equal(client->cursor.encoding, ENCODING_ALPHA_CURSOR);
    assert_int_equal(client->cursor.width, CURSOR_WIDTH);
    assert_int_equal(client->cursor.height, CURSOR_HEIGHT);
    assert_int_equal(client->cursor.hot_x, 4);
    assert_int_equal(client->cursor.hot_y, 9);
    static const uint8_t raw[4];
    assert_memory_equal(client->cursor.data, raw, 4);
    for (int i = 0; i < CURSOR_WIDTH * CURSOR_HEIGHT; i++) {
        const uint8_t *p = client->cursor.data + 4 + 4 * i;
        assert_int_equal((uint32_t)p[3] << 24 | p[0] << 16 | p[1] << 8 | p[2], pixels[i]);
    }
}

static void check_rich(const struct rfb_client *client)
{
    size_t count = CURSOR_WIDTH * CURSOR_HEIGHT, mask_stride = (CURSOR_WIDTH + 7) / 8;
    const uint8_t *mask = client->cursor.data + count * 4;
    assert_int_equal(client->cursor.size, count * 4 + mask_stride * CURSOR_HEIGHT);
    for (size_t i = 0; i < count; i++) {
        uint32_t value, alpha = pixels[i] >> 24;
        memcpy(&value, client->cursor.data + 4 * i, 4);
        bool shown = mask[i / CURSOR_WIDTH * mask_stride + i % CURSOR_WIDTH / 8] >>
                         (7 - i % CURSOR_WIDTH % 8) & 1;
        assert_int_equal(shown, alpha >= 128);
        for (unsigned shift = 0; shown && shift <= 16; shift += 8) {
            int straight = (int)((channel(pixels[i], shift) * 255 + alpha / 2) / alpha);
            assert_true(abs((int)channel(value, shift) - straight) <= 1);
        }
    }
}

static void rich_cursor_is_exact(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_CURSOR}};
    struct rfb_client *client = start(&options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    assert_int_equal(client->cursor.encoding, ENCODING_CURSOR);
    check_rich(client);
}

/* 16 bits per pixel, big-endian: the shape is in the viewer's format. */
static void rich_cursor_is_in_the_viewers_format(void **state)
{
    (void)state;
    struct rfb_client_options options = {
        .encodings = {ENCODING_CURSOR},
        .pixel_format = {16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0},
    };
    struct rfb_client *client = start(&options);
    WORLD_WAIT(&world, client->cursor.shapes == 1 && client->updates > 0);
    for (int i = 0; i < CURSOR_WIDTH * CURSOR_HEIGHT; i++) {
        uint32_t value = (uint32_t)client->cursor.data[2 * i] << 8 | client->cursor.data[2 * i + 1];
        uint32_t alpha = pixels[i] >> 24;
        if (alpha < 128)
            continue;
        int red = (int)((channel(pixels[i], 16) * 31 + alpha / 2) / alpha);
        int green = (int)((channel(pixels[i], 8) * 63 + alpha / 2) / alpha);
        int blue = (int)((channel(pixels[i], 0) * 31 + alpha / 2) / alpha);
        assert_true(abs((int)(value >> 11) - red) <= 1);
        assert_true(abs((int)(value >> 5 & 63) - green) <= 1);
        assert_true(abs((int)(value & 31) - blue) <= 1);
    }
}

static void changes_of_the_shape_arrive(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_CURSOR, ENCODING_ALPHA_CURSOR}};
    struct rfb_client *client = start(&options);
    struct fake_head *head = &world.core.heads[0];
    assert_true(vnc_world_agrees(&world, client, head));
    uint64_t received = client->pixels_received, updates = client->updates;
    /* Moving is the viewer's own business. */
    for (int32_t i = 0; i < 20; i++)
        fake_head_move_cursor(head, i, i, true);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, updates);
    make_pixels(77);
    set_cursor(10, 10, true);
    WORLD_WAIT(&world, client->cursor.shapes == 2);
    assert_int_equal(client->cursor.width, CURSOR_WIDTH);
    /* Hidden is an empty shape, and shown again is the old one. */
    fake_head_move_cursor(head, 10, 10, false);
    WORLD_WAIT(&world, client->cursor.shapes == 3);
    assert_int_equal(client->cursor.width, 0);
    assert_int_equal(client->cursor.height, 0);
    fake_head_move_cursor(head, 10, 10, true);
    WORLD_WAIT(&world, client->cursor.shapes == 4);
    assert_int_equal(client->cursor.width, CURSOR_WIDTH);
    assert_int_equal(client->pixels_received, received);
    /* Each used up one request, and the picture goes on. */
    fake_head_fill(head, 5, 5, 9, 9, 0x778899);
    assert_true(vnc_world_agrees(&world, client, head));
}

/* No answer without a question. */
static void a_shape_waits_for_a_request(void **state)
{
    (void)state;
    struct rfb_client_options options = {.encodings = {ENCODING_CURSOR}, .no_request = true};
    struct rfb_client *client = start(&options);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    rfb_client_request_all(client, false);
    WORLD_WAIT(&world, client->updates == 1);
    make_pixels(5);
    set_cursor(10, 10, true);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 1);
    rfb_client_request_all(client, true);
    WORLD_WAIT(&world, client->updates == 2);
    assert_int_equal(client->cursor.shapes, 2);
}

static void who_cannot_draw_it_has_it_composed(void **state)
{
    (void)state;
    struct rfb_client *client = start(NULL);
    struct fake_head *head = &world.core.heads[0];
    EXPECT_COMPOSED(client);
    /* Over the edges, outside, over new pixels, hidden, changed. */
    static const int32_t places[][2] = {{0, 0}, {319, 199}, {-3, 100}, {330, 210}, {160, 208},
                                        {-500, -500}, {40, 40}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        fake_head_move_cursor(head, places[i][0], places[i][1], true);
        EXPECT_COMPOSED(client);
    }
    fake_head_fill_pattern(head, 30, 20, 60, 60, 3);
    EXPECT_COMPOSED(client);
    make_pixels(100);
    set_cursor(45, 44, true);
    EXPECT_COMPOSED(client);
    fake_head_move_cursor(head, 45, 44, false);
    EXPECT_COMPOSED(client);
    fake_head_move_cursor(head, 50, 44, true);
    EXPECT_COMPOSED(client);
    assert_int_equal(client->cursor.shapes, 0);
}

/* It is never painted into what another viewer gets. */
static void composing_stays_private(void **state)
{
    (void)state;
    struct rfb_client_options drawing = {.encodings = {ENCODING_ALPHA_CURSOR}};
    struct rfb_client *composed = start(NULL);
    struct rfb_client *drawn = vnc_world_connect(&world, 0, &drawing);
    struct fake_head *head = &world.core.heads[0];
    for (int32_t i = 0; i < 100; i++) {
        fake_head_move_cursor(head, i * 3, i * 2, true);
        fake_head_fill_pattern(head, (uint32_t)i, 30, 200, 100, (uint32_t)i);
        vnc_world_step(&world, 2);
    }
    EXPECT_COMPOSED(composed);
    assert_true(vnc_world_agrees(&world, drawn, head));
    /* Also after everything is asked for anew. */
    rfb_client_request_all(drawn, false);
    vnc_world_run(&world, 100);
    assert_int_equal(vnc_world_differing(drawn, head), 0);
}

static void only_the_cursors_place_is_sent(void **state)
{
    (void)state;
    struct rfb_client *client = start(NULL);
    EXPECT_COMPOSED(client);
    uint64_t received = client->pixels_received;
    fake_head_move_cursor(&world.core.heads[0], 200, 150, true);
    EXPECT_COMPOSED(client);
    assert_int_equal(client->pixels_received - received, 2 * CURSOR_WIDTH * CURSOR_HEIGHT);
}

/* A viewer that learns or forgets to draw cursors. */
static void encodings_may_change(void **state)
{
    (void)state;
    static const int32_t drawing[] = {ENCODING_CURSOR, 0}, none[] = {ENCODING_COPY_RECT, 0};
    struct rfb_client *client = start(NULL);
    struct fake_head *head = &world.core.heads[0];
    EXPECT_COMPOSED(client);
    rfb_client_set_encodings(client, drawing);
    assert_true(vnc_world_agrees(&world, client, head));
    WORLD_WAIT(&world, client->cursor.shapes == 1);
    rfb_client_set_encodings(client, none);
    EXPECT_COMPOSED(client);
    /* Moves would drag the cursor along. */
    fake_head_move(head, 80, 30, 100, 60, 100, 100);
    EXPECT_COMPOSED(client);
    assert_int_equal(client->copy_rects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(alpha_cursor_is_exact, finish),
        cmocka_unit_test_teardown(rich_cursor_is_exact, finish),
        cmocka_unit_test_teardown(rich_cursor_is_in_the_viewers_format, finish),
        cmocka_unit_test_teardown(changes_of_the_shape_arrive, finish),
        cmocka_unit_test_teardown(a_shape_waits_for_a_request, finish),
        cmocka_unit_test_teardown(who_cannot_draw_it_has_it_composed, finish),
        cmocka_unit_test_teardown(composing_stays_private, finish),
        cmocka_unit_test_teardown(only_the_cursors_place_is_sent, finish),
        cmocka_unit_test_teardown(encodings_may_change, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
