// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection that shows the whole layout. */
#include "tests/protocol/lib/rfb_client_input.h"
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

#include <stdlib.h>
#include <string.h>

#define HEADS 3

static struct vnc_world world;
static struct fake_core *const core = &world.core;
static const struct rfb_client_options resizing = {
    .encodings = {ENCODING_EXTENDED_DESKTOP_SIZE, ENCODING_COPY_RECT, ENCODING_CURSOR}};
static const struct rfb_client_options plain = {.encodings = {ENCODING_EXTENDED_DESKTOP_SIZE}};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

/* Three heads of different sizes; a gap below the second and the third one far
 * away, so that there is black between them. */
static void start(void)
{
    static const struct {
        uint32_t width, height;
        int32_t x, y;
    } places[HEADS] = {{320, 200, 0, 0}, {160, 120, 320, 0}, {100, 90, 500, 150}};
    struct fake_core_options options = {.heads = HEADS, .all_heads = true};
    vnc_world_start(&world, &options);
    for (uint32_t i = 0; i < HEADS; i++) {
        struct fake_head *head = &core->heads[i];
        fake_head_resize(head, places[i].width, places[i].height);
        fake_head_place(head, places[i].x, places[i].y);
        fake_head_fill_pattern(head, 0, 0, head->width, head->height, i + 1);
    }
}

/* ---- what the whole should look like ---- */

struct bounds {
    int32_t left, top, right, bottom;
};

static struct bounds layout_bounds(void)
{
    struct bounds b = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
    for (uint32_t i = 0; i < HEADS; i++) {
        const struct fake_head *head = &core->heads[i];
        int32_t right = head->x + (int32_t)head->width, bottom = head->y + (int32_t)head->height;
        b.left = head->x < b.left ? head->x : b.left;
        b.top = head->y < b.top ? head->y : b.top;
        b.right = right > b.right ? right : b.right;
        b.bottom = bottom > b.bottom ? bottom : b.bottom;
    }
    return b;
}

static uint32_t layout_pixel(const struct bounds *bounds, uint32_t x, uint32_t y)
{
    for (uint32_t i = 0; i < HEADS; i++) {
        const struct fake_head *head = &core->heads[i];
        int64_t on_x = (int64_t)x + bounds->left - head->x;
        int64_t on_y = (int64_t)y + bounds->top - head->y;
        if (on_x >= 0 && on_y >= 0 && on_x < head->width && on_y < head->height)
            return head->image[(size_t)on_y * head->width + (size_t)on_x];
    }
    return 0;
}

static uint64_t differing(const struct rfb_client *client)
{
    struct bounds bounds = layout_bounds();
    uint64_t count = 0;
    if (client->width != bounds.right - bounds.left || client->height != bounds.bottom - bounds.top)
        return UINT64_MAX;
    for (uint32_t y = 0; y < client->height; y++) {
        for (uint32_t x = 0; x < client->width; x++)
            count +=
                ((client->pixels[(size_t)y * client->width + x] ^ layout_pixel(&bounds, x, y)) &
                 0xffffff) != 0;
    }
    return count;
}

static bool quiet(void)
{
    for (uint32_t i = 0; i < HEADS; i++) {
        if (!fake_head_quiet(&core->heads[i]))
            return false;
    }
    return true;
}

static bool agrees(struct rfb_client *client)
{
    uint64_t end = check_now_us() + 10000000ull * oriel_patience();
    while (!quiet() || client->in_update || differing(client) != 0) {
        if (check_now_us() > end)
            return false;
        vnc_world_step(&world, 20);
    }
    return true;
}

static struct rfb_client *start_with(const struct rfb_client_options *options)
{
    start();
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    assert_true(agrees(client));
    return client;
}

/* ---- the picture ---- */

static void it_is_the_whole_layout(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    assert_int_equal(client->width, 600);
    assert_int_equal(client->height, 240);
    assert_string_equal(client->name, "machine");
    assert_int_equal(core->viewers[0].told.all_heads, 1);
    assert_int_equal(core->viewers[0].head, 0);
    WORLD_WAIT(&world, client->extended_size.count > 0);
    assert_int_equal(client->extended_size.screens, HEADS);
    for (uint32_t i = 0; i < HEADS; i++) {
        assert_int_equal(client->extended_size.screen[i].id, i + 1);
        assert_int_equal(client->extended_size.screen[i].x, core->heads[i].x);
        assert_int_equal(client->extended_size.screen[i].y, core->heads[i].y);
        assert_int_equal(client->extended_size.screen[i].width, core->heads[i].width);
        assert_int_equal(client->extended_size.screen[i].height, core->heads[i].height);
    }
}

static void each_head_changes_at_its_place(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    uint64_t before = client->pixels_received, random = 3;
    fake_head_fill(&core->heads[2], 10, 20, 5, 4, 0x112233);
    assert_true(agrees(client));
    assert_int_equal(client->pixels_received - before, 20);
    for (uint32_t i = 0; i < 200; i++) {
        struct fake_head *head = &core->heads[i % HEADS];
        uint32_t x = check_random_below(&random, head->width - 20);
        uint32_t y = check_random_below(&random, head->height - 20);
        fake_head_fill_pattern(head, x, y, 20, 20, i);
        if (i % 4 == 0)
            vnc_world_step(&world, 2);
    }
    assert_true(agrees(client));
}

static void moves_are_moved_to_their_head(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&resizing);
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t copies = client->copy_rects;
        struct fake_head *head = &core->heads[1 + i % 2];
        WORLD_WAIT(&world, head->credit > 0 && !client->in_update);
        fake_head_move(head, 5, 40, 3, 10, 60, 30);
        fake_head_fill_pattern(head, 0, 70, 90, 20, i);
        assert_true(agrees(client));
        assert_true(client->copy_rects > copies);
    }
}

static void heads_grow_and_move(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    fake_head_resize(&core->heads[1], 400, 500);
    fake_head_fill_pattern(&core->heads[1], 0, 0, 400, 500, 7);
    assert_true(agrees(client));
    assert_int_equal(client->height, 500);
    /* To the left of and above everything. */
    fake_head_place(&core->heads[2], -150, -70);
    assert_true(agrees(client));
    assert_int_equal(client->extended_size.screen[2].x, 0);
    assert_int_equal(client->extended_size.screen[0].x, 150);
    assert_int_equal(client->extended_size.screen[2].id, 3);
    /* Inside of the same size. */
    unsigned told = client->extended_size.count;
    fake_head_place(&core->heads[0], 0, 30);
    assert_true(agrees(client));
    WORLD_WAIT(&world, client->extended_size.count > told);
    assert_int_equal(client->extended_size.screen[0].y, 100);
    /* Over one another: the lower number is in front. */
    fake_head_place(&core->heads[2], 100, 100);
    fake_head_fill_pattern(&core->heads[2], 0, 0, 100, 90, 11);
    assert_true(agrees(client));
    fake_head_resize(&core->heads[0], 64, 48);
    fake_head_fill_pattern(&core->heads[0], 0, 0, 64, 48, 12);
    assert_true(agrees(client));
}

/* It sees the new picture in the frame of the old. */
static void who_cannot_resize_keeps_its_size(void **state)
{
    (void)state;
    start();
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(agrees(client));
    fake_head_resize(&core->heads[0], 200, 100);
    fake_head_fill_pattern(&core->heads[0], 0, 0, 200, 100, 9);
    fake_head_place(&core->heads[1], 200, 50);
    vnc_world_run(&world, 300);
    assert_int_equal(client->width, 600);
    struct bounds bounds = layout_bounds();
    for (uint32_t y = 0; y < 240; y++) {
        for (uint32_t x = 0; x < 600; x++)
            assert_int_equal((client->pixels[y * 600 + x] ^ layout_pixel(&bounds, x, y)) & 0xffffff,
                             0);
    }
}

/* ---- heads come and go ---- */

static void it_begins_when_all_are_known(void **state)
{
    (void)state;
    start();
    core->heads[1].hidden = true;
    struct rfb_client *client = vnc_world_connect(&world, 0, &plain);
    vnc_world_run(&world, 200);
    assert_int_equal(client->state, RFB_CLIENT_INIT);
    core->heads[1].hidden = false;
    assert_true(agrees(client));
}

/* Programs that save a screen take one update and leave. */
static void the_first_picture_is_whole(void **state)
{
    (void)state;
    static const struct rfb_client_options once = {.no_request = true};
    for (uint32_t late = 0; late < HEADS; late++) {
        start();
        core->heads[late].paused = true;
        struct rfb_client *client = vnc_world_connect(&world, 0, &once);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
        rfb_client_request_all(client, false);
        vnc_world_run(&world, 100);
        assert_int_equal(client->updates, 0);
        core->heads[late].paused = false;
        WORLD_WAIT(&world, client->updates == 1);
        assert_int_equal(differing(client), 0);
        if (late + 1 < HEADS)
            vnc_world_finish(&world);
    }
}

/* A head of which no frame comes does not hold up the others. */
static void a_head_without_frames_delays_no_other(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    core->heads[1].paused = true;
    fake_head_resize(&core->heads[1], 160, 120);
    fake_head_fill_pattern(&core->heads[1], 0, 0, 160, 120, 21);
    vnc_world_run(&world, 100);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t colour = 0x010203 * (i + 1);
        fake_head_fill(&core->heads[2], 0, 0, 30, 30, colour);
        WORLD_WAIT(&world,
                   (client->pixels[(size_t)(150 + 5) * 600 + 500 + 5] & 0xffffff) == colour);
    }
    core->heads[1].paused = false;
    assert_true(agrees(client));
}

static void torn_frames_of_one_are_not_shown(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&resizing);
    for (uint32_t i = 0; i < 20; i++) {
        core->heads[1].tear = i % 2 == 0;
        fake_head_fill_pattern(&core->heads[1], i, i, 50, 50, i);
        fake_head_fill_pattern(&core->heads[0], i, i, 50, 50, i);
        vnc_world_run(&world, 10);
    }
    core->heads[1].tear = false;
    fake_head_fill_pattern(&core->heads[1], 0, 0, 160, 120, 30);
    assert_true(agrees(client));
}

static void all_are_subscribed_while_it_is_there(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    struct rfb_client *single = vnc_world_connect(&world, 1, NULL);
    assert_true(vnc_world_agrees(&world, single, &core->heads[1]));
    assert_int_equal(core->viewers[1].head, 1);
    for (uint32_t i = 0; i < HEADS; i++)
        assert_int_equal(core->heads[i].subscriptions, 1);
    rfb_client_close(client);
    WORLD_WAIT(&world, core->heads[0].unsubscriptions == 1 && core->heads[2].unsubscriptions == 1);
    assert_int_equal(core->heads[1].unsubscriptions, 0);
    fake_head_fill_pattern(&core->heads[1], 0, 0, 50, 50, 31);
    assert_true(vnc_world_agrees(&world, single, &core->heads[1]));
}

/* ---- cursors and pointers ---- */

static void set_cursor(uint32_t head, int32_t x, int32_t y, bool visible, uint32_t colour)
{
    static uint32_t pixels[16 * 16];
    struct link_cursor cursor = {
        .x = x, .y = y, .visible = visible, .hot_x = 2, .hot_y = 3, .width = 16, .height = 16};
    for (int i = 0; i < 256; i++)
        pixels[i] = 0xff000000 | colour;
    fake_head_set_cursor(&core->heads[head], &cursor, pixels);
}

static uint32_t pixel(const struct rfb_client *client, uint32_t x, uint32_t y)
{
    return client->pixels[(size_t)y * client->width + x] & 0xffffff;
}

static void cursors_are_composed_on_their_head(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&plain);
    set_cursor(1, 50, 60, true, 0x123456);
    WORLD_WAIT(&world, pixel(client, 320 + 48, 57) == 0x123456);
    assert_int_equal(pixel(client, 320 + 63, 72), 0x123456);
    assert_int_not_equal(pixel(client, 320 + 64, 72), 0x123456);
    /* At the edge it is cut, and does not reach into the next head. */
    fake_head_move_cursor(&core->heads[1], 0, 60, true);
    WORLD_WAIT(&world, pixel(client, 320, 60) == 0x123456 && !client->in_update);
    assert_int_equal(pixel(client, 319, 60), core->heads[0].image[60 * 320 + 319] & 0xffffff);
    /* Two may show at once. */
    set_cursor(0, 310, 50, true, 0x654321);
    WORLD_WAIT(&world, pixel(client, 312, 50) == 0x654321);
    assert_int_equal(pixel(client, 320, 60), 0x123456);
    fake_head_move_cursor(&core->heads[0], 310, 50, false);
    fake_head_move_cursor(&core->heads[1], 0, 60, false);
    assert_true(agrees(client));
}

static void the_shape_is_that_of_the_head_that_shows_it(void **state)
{
    (void)state;
    struct rfb_client *client = start_with(&resizing);
    unsigned shapes = client->cursor.shapes;
    set_cursor(2, 5, 5, true, 0x0000ff);
    WORLD_WAIT(&world, client->cursor.shapes > shapes && client->cursor.width == 16);
    assert_int_equal(client->cursor.data[0], 0xff); /* blue comes first */
    set_cursor(0, 5, 5, true, 0xff0000);
    WORLD_WAIT(&world, client->cursor.data[2] == 0xff);
    /* It leaves that one again. */
    fake_head_move_cursor(&core->heads[0], 5, 5, false);
    WORLD_WAIT(&world, client->cursor.data[0] == 0xff);
    fake_head_move_cursor(&core->heads[2], 5, 5, false);
    WORLD_WAIT(&world, client->cursor.width == 0);
    /* Who comes later gets what shows now. */
    set_cursor(1, 5, 5, true, 0x00ff00);
    struct rfb_client *later = vnc_world_connect(&world, 0, &resizing);
    WORLD_WAIT(&world, later->cursor.width == 16);
    assert_int_equal(later->cursor.data[1], 0xff);
}

static void the_guests_pointer_is_told_to_who_asked(void **state)
{
    (void)state;
    static const struct rfb_client_options asking = {
        .encodings = {ENCODING_POINTER_POSITION, ENCODING_CURSOR}};
    struct rfb_client *client = start_with(&asking);
    struct rfb_client *other = vnc_world_connect(&world, 0, &resizing);
    assert_true(agrees(other));
    set_cursor(1, 50, 60, true, 0x123456);
    WORLD_WAIT(&world, client->told.positions > 0);
    assert_int_equal(client->told.position_x, 320 + 50);
    assert_int_equal(client->told.position_y, 60);
    fake_head_move_cursor(&core->heads[1], 70, 80, true);
    WORLD_WAIT(&world, client->told.position_x == 320 + 70);
    /* Outside of the picture, and hidden: nothing is said. */
    unsigned positions = client->told.positions;
    fake_head_move_cursor(&core->heads[1], -2000, 10, true);
    fake_head_move_cursor(&core->heads[1], 10, 10, false);
    vnc_world_run(&world, 100);
    assert_int_equal(client->told.positions, positions);
    /* Nor to one that has just moved its own. */
    rfb_client_pointer(client, 0, 330, 20);
    WORLD_WAIT(&world, core->inputs.count > 0);
    fake_head_move_cursor(&core->heads[1], 9, 19, true);
    vnc_world_run(&world, 100);
    assert_int_equal(client->told.positions, positions);
    vnc_world_run(&world, 600);
    fake_head_move_cursor(&core->heads[1], 30, 31, true);
    WORLD_WAIT(&world, client->told.positions > positions);
    assert_int_equal(client->told.position_x, 350);
    assert_int_equal(client->told.position_y, 31);
    assert_int_equal(other->told.positions, 0);
}

static void pointers_reach_the_head_under_them(void **state)
{
    (void)state;
    static const struct {
        uint16_t x, y;
        uint32_t head;
        int32_t on_x, on_y;
    } cases[] = {
        {0, 0, 0, 0, 0},         {319, 199, 0, 319, 199},   {320, 0, 1, 0, 0},
        {479, 119, 1, 159, 119}, {500, 150, 2, 0, 0},       {599, 239, 2, 99, 89},
        {599, 0, 1, 159, 0},     {10, 239, 0, 10, 199},     {330, 150, 0, 319, 150},
        {340, 140, 0, 319, 140}, {65535, 65535, 2, 99, 89},
    };
    struct rfb_client *client = start_with(&plain);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rfb_client_pointer(client, i % 2, cases[i].x, cases[i].y);
        WORLD_WAIT(&world, core->inputs.count == i + 1);
        const struct fake_input *input = &core->inputs.list[i];
        assert_int_equal(input->type, LINK_POINTER);
        assert_int_equal(input->head, cases[i].head);
        assert_int_equal(input->pointer.x, cases[i].on_x);
        assert_int_equal(input->pointer.y, cases[i].on_y);
    }
    rfb_client_key(client, 'x', true);
    WORLD_WAIT(&world, core->inputs.count == sizeof(cases) / sizeof(cases[0]) + 1);
    assert_int_equal(core->inputs.list[core->inputs.count - 1].head, 0);
}

/* ---- names ---- */

static void a_new_name_is_told_to_who_asked(void **state)
{
    (void)state;
    static const struct rfb_client_options asking = {.encodings = {ENCODING_DESKTOP_NAME}};
    struct link_settings settings = {
        .version = LINK_VERSION, .heads = HEADS, .log_level = 1, .sandbox = LINK_SANDBOX_ON};
    struct rfb_client *client = start_with(&asking);
    struct rfb_client *single = vnc_world_connect(&world, 1, &asking);
    struct rfb_client *other = vnc_world_connect(&world, 0, &plain);
    assert_true(agrees(other));
    assert_true(vnc_world_agrees(&world, single, &core->heads[1]));
    assert_int_equal(client->told.names, 0);
    snprintf(settings.name, sizeof(settings.name), "another name");
    fake_core_send(core, LINK_SETTINGS, 0, 0, &settings, sizeof(settings), -1);
    WORLD_WAIT(&world, client->told.names == 1 && single->told.names == 1);
    assert_string_equal(client->name, "another name");
    assert_string_equal(single->name, "another name head 1");
    /* The same once more is no news. */
    fake_core_send(core, LINK_SETTINGS, 0, 0, &settings, sizeof(settings), -1);
    vnc_world_run(&world, 100);
    assert_int_equal(client->told.names, 1);
    assert_string_equal(other->name, "machine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_is_the_whole_layout, finish),
        cmocka_unit_test_teardown(each_head_changes_at_its_place, finish),
        cmocka_unit_test_teardown(moves_are_moved_to_their_head, finish),
        cmocka_unit_test_teardown(heads_grow_and_move, finish),
        cmocka_unit_test_teardown(who_cannot_resize_keeps_its_size, finish),
        cmocka_unit_test_teardown(it_begins_when_all_are_known, finish),
        cmocka_unit_test_teardown(the_first_picture_is_whole, finish),
        cmocka_unit_test_teardown(a_head_without_frames_delays_no_other, finish),
        cmocka_unit_test_teardown(torn_frames_of_one_are_not_shown, finish),
        cmocka_unit_test_teardown(all_are_subscribed_while_it_is_there, finish),
        cmocka_unit_test_teardown(cursors_are_composed_on_their_head, finish),
        cmocka_unit_test_teardown(the_shape_is_that_of_the_head_that_shows_it, finish),
        cmocka_unit_test_teardown(the_guests_pointer_is_told_to_who_asked, finish),
        cmocka_unit_test_teardown(pointers_reach_the_head_under_them, finish),
        cmocka_unit_test_teardown(a_new_name_is_told_to_who_asked, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
