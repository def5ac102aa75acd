// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and pointers of viewers, and what of them goes up to the core. */
#include "tests/protocol/lib/input_world.h"

#include <string.h>

static struct vnc_world world;
static const int32_t plain[] = {0};
static const int32_t with_keys[] = {ENCODING_QEMU_KEY, 0};
static const int32_t with_pointer[] = {ENCODING_QEMU_POINTER, 0};
static const int32_t with_buttons[] = {ENCODING_EXTENDED_MOUSE_BUTTONS, 0};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void keysyms_go_up(void **state)
{
    (void)state;
    static const uint32_t keysyms[] = {0x61,      0x41,   0xe9,       0xff0d, 0xffe1,
                                       0x10020ac, 0xfe03, 0xffffffff, 1};
    struct rfb_client *client = input_world_start(&world, plain);
    unsigned count = sizeof(keysyms) / sizeof(keysyms[0]);
    for (unsigned i = 0; i < count; i++) {
        rfb_client_key(client, keysyms[i], true);
        rfb_client_key(client, keysyms[i], false);
    }
    for (unsigned i = 0; i < 2 * count; i++)
        input_world_expect_key(&world, i, LINK_KEY_KEYSYM, keysyms[i / 2], i % 2 == 0);
    /* Any other value than 0 means down; keysym 0 means nothing. */
    rfb_client_send(client, (uint8_t[8]){4, 255, 9, 9, 0, 0, 0, 0x62}, 8);
    rfb_client_key(client, 0, true);
    input_world_expect_key(&world, 2 * count, LINK_KEY_KEYSYM, 0x62, true);
    input_world_expect_count(&world, 2 * count + 1);
}

static void scancodes_are_asked_for_once(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, with_keys);
    assert_int_equal(client->told.keys, 1);
    rfb_client_set_encodings(client, with_keys);
    rfb_client_set_encodings(client, plain);
    rfb_client_set_encodings(client, with_keys);
    input_world_settle(&world, client);
    assert_int_equal(client->told.keys, 1);
    /* And not of a viewer that does not offer them, until it does. */
    struct rfb_client *other = input_world_connect(&world, plain);
    assert_int_equal(other->told.keys, 0);
    rfb_client_set_encodings(other, with_keys);
    WORLD_WAIT(&world, other->told.keys == 1);
}

static void scancodes_go_up(void **state)
{
    (void)state;
    static const uint32_t codes[] = {0x1e, 0x01, 0x58, 0x9d, 0xb8, 0xcb, 0xdd, 0xe01d};
    struct rfb_client *client = input_world_start(&world, with_keys);
    unsigned count = sizeof(codes) / sizeof(codes[0]);
    for (unsigned i = 0; i < count; i++) {
        rfb_client_qemu_key(client, 0x61, codes[i], true);
        rfb_client_qemu_key(client, 0x61, codes[i], false);
    }
    for (unsigned i = 0; i < 2 * count; i++)
        input_world_expect_key(&world, i, LINK_KEY_SCANCODE, codes[i / 2], i % 2 == 0);
    /* A key whose place is not known still means something. */
    rfb_client_qemu_key(client, 0xff8d, 0, true);
    rfb_client_qemu_key(client, 0xff8d, 0, false);
    input_world_expect_key(&world, 2 * count, LINK_KEY_KEYSYM, 0xff8d, true);
    input_world_expect_key(&world, 2 * count + 1, LINK_KEY_KEYSYM, 0xff8d, false);
    rfb_client_qemu_key(client, 0, 0, true);
    /* Both kinds may be mixed. */
    rfb_client_key(client, 0x20, true);
    input_world_expect_key(&world, 2 * count + 2, LINK_KEY_KEYSYM, 0x20, true);
    input_world_expect_count(&world, 2 * count + 3);
}

static void audio_is_no_key(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, with_keys);
    rfb_client_send(client, (uint8_t[4]){255, 1, 0, 0}, 4);
    rfb_client_send(client, (uint8_t[10]){255, 1, 0, 2, 3, 2, 0, 0, 0xac, 0x44}, 10);
    input_world_expect_count(&world, 0);
}

/* What the wheel of an event is, by the buttons before and after. */
struct step {
    uint8_t buttons;
    uint32_t link_buttons;
    int32_t vertical, horizontal;
};

static void buttons_and_wheels_go_up(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0x00, 0, 0, 0},   {0x01, 1, 0, 0},      {0x03, 3, 0, 0},   {0x07, 7, 0, 0},
        {0x04, 4, 0, 0},   {0x00, 0, 0, 0},      {0x08, 0, 120, 0}, {0x08, 0, 0, 0},
        {0x00, 0, 0, 0},   {0x08, 0, 120, 0},    {0x00, 0, 0, 0},   {0x10, 0, -120, 0},
        {0x00, 0, 0, 0},   {0x20, 0, 0, -120},   {0x00, 0, 0, 0},   {0x40, 0, 0, 120},
        {0x00, 0, 0, 0},   {0x80, 8, 0, 0},      {0x81, 9, 0, 0},   {0x00, 0, 0, 0},
        {0x09, 1, 120, 0}, {0x51, 1, -120, 120}, {0x01, 1, 0, 0},   {0x19, 1, 0, 0},
        {0x00, 0, 0, 0},
    };
    struct rfb_client *client = input_world_start(&world, plain);
    unsigned count = sizeof(steps) / sizeof(steps[0]);
    for (unsigned i = 0; i < count; i++)
        rfb_client_pointer(client, steps[i].buttons, (uint16_t)(10 + i), (uint16_t)(199 - i));
    for (unsigned i = 0; i < count; i++) {
        struct link_pointer expected = {.x = (int32_t)(10 + i),
                                        .y = (int32_t)(199 - i),
                                        .buttons = steps[i].link_buttons,
                                        .wheel_vertical = steps[i].vertical,
                                        .wheel_horizontal = steps[i].horizontal};
        input_world_expect_pointer(&world, i, &expected);
    }
    input_world_expect_count(&world, count);
}

/* The core moves to the edge what lies outside. */
static void places_are_passed_on(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, plain);
    rfb_client_pointer(client, 0, 0, 0);
    rfb_client_pointer(client, 0, 319, 199);
    rfb_client_pointer(client, 0, 65535, 65535);
    rfb_client_pointer(client, 0, 0x7fff, 0x7fff);
    input_world_expect_pointer(&world, 0, &(struct link_pointer){.x = 0});
    input_world_expect_pointer(&world, 1, &(struct link_pointer){.x = 319, .y = 199});
    input_world_expect_pointer(&world, 2, &(struct link_pointer){.x = 65535, .y = 65535});
    input_world_expect_pointer(&world, 3, &(struct link_pointer){.x = 0x7fff, .y = 0x7fff});
}

static void more_buttons_need_to_be_agreed_on(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, plain);
    assert_int_equal(client->told.mouse_buttons, 0);
    rfb_client_set_encodings(client, with_buttons);
    WORLD_WAIT(&world, client->told.mouse_buttons == 1);
    rfb_client_extended_pointer(client, 0x00, 5, 6, 0x01);
    rfb_client_extended_pointer(client, 0x01, 5, 6, 0x03);
    rfb_client_extended_pointer(client, 0x08, 5, 6, 0xfe); /* the rest is reserved */
    rfb_client_pointer(client, 0x02, 7, 8);
    /* Byte by byte. */
    static const uint8_t slow[7] = {5, 0x80, 0, 9, 0, 10, 2};
    for (unsigned i = 0; i < sizeof(slow); i++) {
        rfb_client_send(client, slow + i, 1);
        vnc_world_step(&world, 2);
    }
    static const struct link_pointer expected[] = {
        {.x = 5, .y = 6, .buttons = 8},
        {.x = 5, .y = 6, .buttons = 0x19},
        {.x = 5, .y = 6, .buttons = 0x10, .wheel_vertical = 120},
        {.x = 7, .y = 8, .buttons = 2},
        {.x = 9, .y = 10, .buttons = 0x10},
    };
    for (unsigned i = 0; i < 5; i++)
        input_world_expect_pointer(&world, i, &expected[i]);
    /* Who takes it back has eight buttons again. */
    rfb_client_set_encodings(client, plain);
    rfb_client_pointer(client, 0x80, 1, 1);
    rfb_client_pointer(client, 0, 1, 1);
    input_world_expect_pointer(&world, 5, &(struct link_pointer){.x = 1, .y = 1, .buttons = 8});
    input_world_expect_count(&world, 7);
}

static void places_become_ways_for_a_guest_with_a_mouse(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, plain);
    rfb_client_pointer(client, 0, 100, 100);
    input_world_expect_pointer(&world, 0, &(struct link_pointer){.x = 100, .y = 100});
    fake_core_send_seat(&world.core, 0, true);
    input_world_settle(&world, client);
    rfb_client_pointer(client, 0, 110, 95);
    rfb_client_pointer(client, 1, 110, 95);
    rfb_client_pointer(client, 9, 0, 0);
    input_world_expect_pointer(&world, 1, &(struct link_pointer){.relative = 1, .x = 10, .y = -5});
    input_world_expect_pointer(&world, 2, &(struct link_pointer){.relative = 1, .buttons = 1});
    input_world_expect_pointer(
        &world, 3,
        &(struct link_pointer){
            .relative = 1, .x = -110, .y = -95, .buttons = 1, .wheel_vertical = 120});
    /* Nobody knows where the first place of another viewer is from. */
    struct rfb_client *other = input_world_connect(&world, plain);
    rfb_client_pointer(other, 0, 50, 60);
    rfb_client_pointer(other, 0, 51, 60);
    input_world_expect_pointer(&world, 4, &(struct link_pointer){.relative = 1});
    input_world_expect_pointer(&world, 5, &(struct link_pointer){.relative = 1, .x = 1});
    assert_int_equal(client->told.pointers + other->told.pointers, 0);
}

static void ways_of_a_viewer_that_was_told(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, with_pointer);
    assert_int_equal(client->told.pointers, 1);
    assert_false(client->told.relative);
    rfb_client_pointer(client, 0, 100, 100);
    input_world_get(&world, 0);
    fake_core_send_seat(&world.core, 0, true);
    WORLD_WAIT(&world, client->told.pointers == 2);
    assert_true(client->told.relative);
    rfb_client_pointer(client, 0, 0x7fff + 3, 0x7fff - 4);
    rfb_client_pointer(client, 1, 0x7fff, 0x7fff);
    rfb_client_pointer(client, 0, 0x7fff - 1000, 0x7fff + 1000);
    static const struct link_pointer ways[] = {
        {.x = 100, .y = 100},
        {.relative = 1, .x = 3, .y = -4},
        {.relative = 1, .buttons = 1},
        {.relative = 1, .x = -1000, .y = 1000},
    };
    for (unsigned i = 0; i < 4; i++)
        input_world_expect_pointer(&world, i, &ways[i]);
    /* And back again. */
    fake_core_send_seat(&world.core, 0, false);
    WORLD_WAIT(&world, client->told.pointers == 3);
    assert_false(client->told.relative);
    rfb_client_pointer(client, 0, 7, 9);
    input_world_expect_pointer(&world, 4, &(struct link_pointer){.x = 7, .y = 9});
    input_world_expect_count(&world, 5);
    assert_int_equal(client->told.pointers, 3);
}

/* A viewer goes on in the old way until it has read that there is a new one. */
static void what_is_on_its_way_while_the_kind_changes(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, with_pointer);
    rfb_client_pointer(client, 0, 100, 100);
    input_world_get(&world, 0);
    client->stalled = true;
    fake_core_send_seat(&world.core, 0, true);
    vnc_world_run(&world, 100);
    rfb_client_pointer(client, 0, 104, 103);
    input_world_expect_pointer(&world, 1, &(struct link_pointer){.relative = 1, .x = 4, .y = 3});
    client->stalled = false;
    WORLD_WAIT(&world, client->told.pointers == 2);
    rfb_client_pointer(client, 0, 0x7fff + 6, 0x7fff + 7);
    input_world_expect_pointer(&world, 2, &(struct link_pointer){.relative = 1, .x = 6, .y = 7});
    client->stalled = true;
    fake_core_send_seat(&world.core, 0, false);
    vnc_world_run(&world, 100);
    /* Where it is now: at (110,110), and so much further. */
    rfb_client_pointer(client, 0, 0x7fff + 10, 0x7fff - 20);
    input_world_expect_pointer(&world, 3, &(struct link_pointer){.x = 120, .y = 90});
    rfb_client_pointer(client, 0, 0x7fff - 1000, 0x7fff + 1000);
    input_world_expect_pointer(&world, 4, &(struct link_pointer){.x = 0, .y = 199});
    client->stalled = false;
    WORLD_WAIT(&world, client->told.pointers == 3);
    rfb_client_pointer(client, 0, 33, 44);
    rfb_client_pointer(client, 0, 400, 44); /* a place outside, no way any more */
    input_world_expect_pointer(&world, 5, &(struct link_pointer){.x = 33, .y = 44});
    input_world_expect_pointer(&world, 6, &(struct link_pointer){.x = 400, .y = 44});
}

static void a_viewer_that_comes_later_is_told(void **state)
{
    (void)state;
    input_world_start(&world, plain);
    fake_core_send_seat(&world.core, 0, true);
    struct rfb_client *client = input_world_connect(&world, with_pointer);
    assert_int_equal(client->told.pointers, 1);
    assert_true(client->told.relative);
}

static void each_viewer_has_its_own_hands(void **state)
{
    (void)state;
    struct rfb_client *first = input_world_start(&world, plain);
    struct rfb_client *second = input_world_connect(&world, plain);
    rfb_client_pointer(first, 8, 1, 1);
    input_world_expect_pointer(&world, 0,
                               &(struct link_pointer){.x = 1, .y = 1, .wheel_vertical = 120});
    rfb_client_pointer(second, 8, 2, 2);
    input_world_expect_pointer(&world, 1,
                               &(struct link_pointer){.x = 2, .y = 2, .wheel_vertical = 120});
    assert_int_not_equal(world.core.inputs.list[0].viewer, world.core.inputs.list[1].viewer);
}

/* Input of a viewer of the second head says so. */
static void input_belongs_to_its_head(void **state)
{
    (void)state;
    struct fake_core_options options = {.heads = 2};
    vnc_world_start(&world, &options);
    struct rfb_client *client = vnc_world_connect(&world, 1, NULL);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    rfb_client_pointer(client, 1, 3, 4);
    rfb_client_key(client, 0x61, true);
    assert_int_equal(input_world_get(&world, 0)->head, 1);
    assert_int_equal(input_world_get(&world, 1)->head, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keysyms_go_up, finish),
        cmocka_unit_test_teardown(scancodes_are_asked_for_once, finish),
        cmocka_unit_test_teardown(scancodes_go_up, finish),
        cmocka_unit_test_teardown(audio_is_no_key, finish),
        cmocka_unit_test_teardown(buttons_and_wheels_go_up, finish),
        cmocka_unit_test_teardown(places_are_passed_on, finish),
        cmocka_unit_test_teardown(more_buttons_need_to_be_agreed_on, finish),
        cmocka_unit_test_teardown(places_become_ways_for_a_guest_with_a_mouse, finish),
        cmocka_unit_test_teardown(ways_of_a_viewer_that_was_told, finish),
        cmocka_unit_test_teardown(what_is_on_its_way_while_the_kind_changes, finish),
        cmocka_unit_test_teardown(a_viewer_that_comes_later_is_told, finish),
        cmocka_unit_test_teardown(each_viewer_has_its_own_hands, finish),
        cmocka_unit_test_teardown(input_belongs_to_its_head, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
