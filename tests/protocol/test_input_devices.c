// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pointers, wheels, LEDs and who holds what, from viewers to the guest's rings
 * and back.
 */
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/input_machine.h"

#include <linux/input-event-codes.h>
#include <signal.h>
#include <string.h>

#define AXIS_RANGE 0x8000 /* the tablet's axes run from 0 to one less */

static struct input_machine machine;
static const int32_t with_leds[] = {ENCODING_QEMU_LEDS, 0};
static const int32_t with_pointer[] = {ENCODING_QEMU_POINTER, 0};
static const int32_t with_buttons[] = {ENCODING_EXTENDED_MOUSE_BUTTONS, 0};

static struct guest_input *const tablet = &machine.devices[INPUT_TABLET];
static struct guest_input *const mouse = &machine.devices[INPUT_MOUSE];
static struct guest_input *const keyboard = &machine.devices[INPUT_KEYBOARD];

/* The pixel that a guest of that width makes of an axis's value: by shifting,
 * as Linux's input drivers of X and libinput do, and by the width less one. */
static void expect_pixel(int32_t value, uint32_t pixel, uint32_t size)
{
    assert_in_range(value, 0, AXIS_RANGE - 1);
    assert_int_equal((uint64_t)value * size / AXIS_RANGE, pixel);
    double scaled = (double)value * (size - 1) / (AXIS_RANGE - 1);
    assert_true(scaled > pixel - 1.0 && scaled < pixel + 1.0);
}

/* A report of a place, and nothing else, at event `at`. */
static void expect_place(unsigned at, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    INPUT_WAIT(&machine, tablet->count >= at + 3);
    assert_int_equal(tablet->events[at].type, EV_ABS);
    assert_int_equal(tablet->events[at].code, ABS_X);
    expect_pixel(tablet->events[at].value, x, width);
    assert_int_equal(tablet->events[at + 1].type, EV_ABS);
    assert_int_equal(tablet->events[at + 1].code, ABS_Y);
    expect_pixel(tablet->events[at + 1].value, y, height);
    guest_input_expect(tablet, at + 2, EV_SYN, SYN_REPORT, 0);
}

static void corners_of_one_head(void **state)
{
    (void)state;
    static const uint16_t places[][2] = {{0, 0},     {1279, 0}, {0, 799},  {1279, 799},
                                         {640, 400}, {1, 798},  {1278, 1}, {333, 777}};
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    assert_int_equal(viewer->width, 1280);
    for (unsigned i = 0; i < 8; i++) {
        rfb_client_pointer(viewer, 0, places[i][0], places[i][1]);
        expect_place(3 * i, places[i][0], places[i][1], 1280, 800);
    }
    /* Beside the head is at its edge. */
    rfb_client_pointer(viewer, 0, 65535, 65535);
    expect_place(24, 1279, 799, 1280, 800);
    assert_int_equal(mouse->count + keyboard->count, 0);
    input_machine_finish(&machine);
}

/* Two heads of different sizes, the second to the right and further down: the
 * tablet is the box around both. */
static void corners_of_two_heads(void **state)
{
    (void)state;
    struct input_machine_options options = {
        .machine.oriel.settings = {"gpu.heads=2", "head.0.mode=1280x800", "head.1.mode=1024x768",
                                   "head.1.position=1280,100"}};
    static const struct {
        uint16_t width, height;
        uint32_t x, y;
    } heads[] = {{1280, 800, 0, 0}, {1024, 768, 1280, 100}};
    const uint32_t width = 1280 + 1024, height = 868;
    input_machine_start(&machine, &options);
    unsigned at = 0;
    for (unsigned h = 0; h < 2; h++) {
        struct rfb_client *viewer = input_machine_connect(&machine, h, NULL);
        assert_int_equal(viewer->width, heads[h].width);
        assert_int_equal(viewer->height, heads[h].height);
        for (unsigned corner = 0; corner < 4; corner++) {
            uint16_t x = corner & 1 ? heads[h].width - 1 : 0;
            uint16_t y = corner & 2 ? heads[h].height - 1 : 0;
            rfb_client_pointer(viewer, 0, x, y);
            expect_place(at, heads[h].x + x, heads[h].y + y, width, height);
            at += 3;
        }
    }
    input_machine_finish(&machine);
}

static void expect_report(unsigned *at, const struct guest_input_event *events, unsigned n)
{
    INPUT_WAIT(&machine, tablet->count >= *at + n + 1);
    for (unsigned i = 0; i < n; i++)
        guest_input_expect(tablet, *at + i, events[i].type, events[i].code, events[i].value);
    guest_input_expect(tablet, *at + n, EV_SYN, SYN_REPORT, 0);
    *at += n + 1;
}

static void buttons_come_in_order(void **state)
{
    (void)state;
    static const struct {
        uint8_t mask, more;
        uint16_t code;
        int32_t value;
    } steps[] = {
        {1, 0, BTN_LEFT, 1},  {5, 0, BTN_RIGHT, 1},  {7, 0, BTN_MIDDLE, 1}, {6, 0, BTN_LEFT, 0},
        {2, 0, BTN_RIGHT, 0}, {0, 0, BTN_MIDDLE, 0}, {0, 1, BTN_SIDE, 1},   {0, 3, BTN_EXTRA, 1},
        {0, 2, BTN_SIDE, 0},  {0, 0, BTN_EXTRA, 0},
    };
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_buttons);
    assert_int_equal(viewer->told.mouse_buttons, 1);
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        rfb_client_extended_pointer(viewer, steps[i].mask, 100, 100, steps[i].more);
        unsigned at = 4 * i;
        INPUT_WAIT(&machine, tablet->count >= at + 4);
        guest_input_expect(tablet, at + 2, EV_KEY, steps[i].code, steps[i].value);
        guest_input_expect(tablet, at + 3, EV_SYN, SYN_REPORT, 0);
    }
    input_machine_settle(&machine, viewer);
    assert_int_equal(tablet->count, 4 * sizeof(steps) / sizeof(steps[0]));
    input_machine_finish(&machine);
}

static void both_wheels_turn_both_ways(void **state)
{
    (void)state;
    static const struct {
        uint8_t mask;
        uint16_t fine, coarse;
        int32_t sign;
    } wheels[] = {
        {0x08, REL_WHEEL_HI_RES, REL_WHEEL, 1},
        {0x10, REL_WHEEL_HI_RES, REL_WHEEL, -1},
        {0x40, REL_HWHEEL_HI_RES, REL_HWHEEL, 1},
        {0x20, REL_HWHEEL_HI_RES, REL_HWHEEL, -1},
    };
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    unsigned at = 0;
    rfb_client_pointer(viewer, 0, 10, 10);
    INPUT_WAIT(&machine, tablet->count >= 3);
    at = 3;
    for (unsigned i = 0; i < 12; i++) {
        const struct guest_input_event turn[] = {
            {EV_REL, wheels[i % 4].fine, 120 * wheels[i % 4].sign},
            {EV_REL, wheels[i % 4].coarse, wheels[i % 4].sign},
        };
        rfb_client_pointer(viewer, wheels[i % 4].mask, 10, 10);
        rfb_client_pointer(viewer, 0, 10, 10);
        at += 3; /* the place */
        expect_report(&at, turn, 2);
        INPUT_WAIT(&machine, tablet->count >= at + 3);
        at += 3;
    }
    assert_int_equal(tablet->count, at);
    input_machine_finish(&machine);
}

/* A guest that has a mouse and no tablet gets ways; the viewer is told, and told
 * again when the tablet's driver comes. */
static void a_guest_with_a_mouse_alone(void **state)
{
    (void)state;
    struct input_machine_options options = {.without = {[INPUT_TABLET] = true}};
    struct guest_input_options late = {.size = 4};
    input_machine_start(&machine, &options);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_pointer);
    INPUT_WAIT(&machine, viewer->told.relative);
    rfb_client_pointer(viewer, 0, 0x7fff + 5, 0x7fff - 7);
    rfb_client_pointer(viewer, 1, 0x7fff, 0x7fff);
    rfb_client_pointer(viewer, 8, 0x7fff, 0x7fff);
    static const struct guest_input_event expected[] = {
        {EV_REL, REL_X, 5},     {EV_REL, REL_Y, -7},
        {EV_SYN, 0, 0},         {EV_KEY, BTN_LEFT, 1},
        {EV_SYN, 0, 0},         {EV_KEY, BTN_LEFT, 0},
        {EV_SYN, 0, 0},         {EV_REL, REL_WHEEL_HI_RES, 120},
        {EV_REL, REL_WHEEL, 1}, {EV_SYN, 0, 0},
    };
    INPUT_WAIT(&machine, mouse->count >= 10);
    for (unsigned i = 0; i < 10; i++)
        guest_input_expect(mouse, i, expected[i].type, expected[i].code, expected[i].value);
    input_machine_add_device(&machine, INPUT_TABLET, &late);
    INPUT_WAIT(&machine, !viewer->told.relative);
    rfb_client_pointer(viewer, 0, 1279, 799);
    expect_place(0, 1279, 799, 1280, 800);
    assert_int_equal(mouse->count, 10);
    input_machine_finish(&machine);
}

/* The guest's LEDs, by its status queue, at the viewers. */
static void leds_reach_the_viewers(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_leds);
    assert_int_equal(viewer->told.leds, 1);
    assert_int_equal(viewer->told.led_bits, 0);
    guest_input_send_status(keyboard, EV_LED, LED_CAPSL, 1);
    INPUT_WAIT(&machine, viewer->told.led_bits == 4);
    guest_input_send_status(keyboard, EV_LED, LED_NUML, 1);
    INPUT_WAIT(&machine, viewer->told.led_bits == 6);
    guest_input_send_status(keyboard, EV_LED, LED_SCROLLL, 1);
    INPUT_WAIT(&machine, viewer->told.led_bits == 7);
    guest_input_send_status(keyboard, EV_LED, LED_CAPSL, 0);
    INPUT_WAIT(&machine, viewer->told.led_bits == 3);
    /* What is no LED of a keyboard changes nothing. */
    unsigned told = viewer->told.leds;
    guest_input_send_status(keyboard, EV_LED, LED_MUTE, 1);
    guest_input_send_status(keyboard, EV_SND, 1, 1);
    guest_input_send_status(keyboard, EV_SYN, 0, 0);
    guest_input_send_status(keyboard, EV_LED, 0xffff, -1);
    input_machine_settle(&machine, viewer);
    assert_int_equal(viewer->told.leds, told);
    /* A viewer that comes later knows. */
    struct rfb_client *late = input_machine_connect(&machine, 0, with_leds);
    assert_int_equal(late->told.led_bits, 3);
    /* A guest that starts anew has none. */
    guest_input_reset(keyboard);
    INPUT_WAIT(&machine, viewer->told.led_bits == 0 && late->told.led_bits == 0);
    input_machine_finish(&machine);
}

/* With caps lock on the guest gets the keys that make what was meant. */
static void capitals_with_caps_lock_on(void **state)
{
    (void)state;
    static struct guest_keyboard guest;
    input_machine_start(&machine, NULL);
    guest_keyboard_init(&guest, "us");
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_leds);
    rfb_client_key(viewer, 0xffe5, true);
    rfb_client_key(viewer, 0xffe5, false);
    INPUT_WAIT(&machine, keyboard->count >= 4);
    guest_input_send_status(keyboard, EV_LED, LED_CAPSL, 1);
    INPUT_WAIT(&machine, viewer->told.led_bits == 4);
    for (const char *at = "aBc1!Xy"; *at; at++) {
        rfb_client_key(viewer, (uint8_t)*at, true);
        rfb_client_key(viewer, (uint8_t)*at, false);
    }
    uint64_t end = check_now_us() + 2000000 * oriel_patience();
    while (strcmp(guest.text, "aBc1!Xy") != 0 && check_now_us() < end) {
        input_machine_step(&machine, 5);
        guest_keyboard_feed(&guest, keyboard->events, keyboard->count);
        guest_input_clear(keyboard);
    }
    assert_string_equal(guest.text, "aBc1!Xy");
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

static bool is_held(const struct guest_input *device, uint16_t code)
{
    bool held = false;
    for (unsigned i = 0; i < device->count; i++)
        if (device->events[i].type == EV_KEY && device->events[i].code == code)
            held = device->events[i].value != 0;
    return held;
}

/* A viewer that is cut off holding Ctrl+A and a button. */
static void a_viewer_that_is_gone_holds_nothing(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    struct rfb_client *other = input_machine_connect(&machine, 0, NULL);
    rfb_client_key(viewer, 0xffe3, true);
    rfb_client_key(viewer, 'a', true);
    rfb_client_pointer(viewer, 5, 20, 20);
    INPUT_WAIT(&machine, is_held(keyboard, KEY_LEFTCTRL) && is_held(keyboard, KEY_A) &&
                             is_held(tablet, BTN_LEFT) && is_held(tablet, BTN_RIGHT));
    uint64_t start = check_now_us();
    rfb_client_close(viewer);
    INPUT_WAIT(&machine, !is_held(keyboard, KEY_LEFTCTRL) && !is_held(keyboard, KEY_A) &&
                             !is_held(tablet, BTN_LEFT) && !is_held(tablet, BTN_RIGHT));
    print_message("released after %llu us\n", (unsigned long long)(check_now_us() - start));
    guest_input_expect(keyboard, keyboard->count - 1, EV_SYN, SYN_REPORT, 0);
    assert_int_equal(other->state, RFB_CLIENT_RUNNING);
    input_machine_finish(&machine);
}

/* Two viewers hold Shift: it goes down once and up once. */
static void what_two_hold_is_released_once(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    struct rfb_client *first = input_machine_connect(&machine, 0, NULL);
    struct rfb_client *second = input_machine_connect(&machine, 0, NULL);
    rfb_client_key(first, 0xffe1, true);
    INPUT_WAIT(&machine, keyboard->count == 2);
    rfb_client_key(second, 0xffe1, true);
    input_machine_settle(&machine, second);
    assert_int_equal(keyboard->count, 2);
    rfb_client_close(first);
    input_machine_settle(&machine, second);
    assert_int_equal(keyboard->count, 2);
    rfb_client_key(second, 0xffe1, false);
    INPUT_WAIT(&machine, keyboard->count == 4);
    guest_input_expect(keyboard, 0, EV_KEY, KEY_LEFTSHIFT, 1);
    guest_input_expect(keyboard, 2, EV_KEY, KEY_LEFTSHIFT, 0);
    input_machine_finish(&machine);
}

/* oriel-vnc is killed: what its viewers held is released. */
static void a_killed_program_holds_nothing(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    rfb_client_key(viewer, 'a', true);
    rfb_client_pointer(viewer, 1, 20, 20);
    INPUT_WAIT(&machine, is_held(keyboard, KEY_A) && is_held(tablet, BTN_LEFT));
    json_t *status = oriel_process_request(&machine.machine.oriel, "status", NULL);
    json_t *pid = json_object_get(json_array_get(json_object_get(status, "outputs"), 0), "pid");
    assert_true(json_integer_value(pid) > 1);
    kill((pid_t)json_integer_value(pid), SIGKILL);
    json_decref(status);
    INPUT_WAIT(&machine, !is_held(keyboard, KEY_A) && !is_held(tablet, BTN_LEFT));
    struct rfb_client *again = input_machine_connect(&machine, 0, NULL);
    rfb_client_key(again, 'b', true);
    INPUT_WAIT(&machine, is_held(keyboard, KEY_B));
    input_machine_finish(&machine);
}

/* Text that viewers copy is typed where that is wanted, and only there. */
static void paste(const char *setting, const char *expected)
{
    struct input_machine_options options = {.machine.oriel.settings = {setting}};
    static struct guest_keyboard guest;
    input_machine_start(&machine, &options);
    guest_keyboard_init(&guest, "us");
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    rfb_client_cut_text(viewer, "Hello, World!\r\n", 15);
    uint64_t end = check_now_us() + 3000000 * oriel_patience();
    while (strcmp(guest.text, expected) != 0 && check_now_us() < end) {
        input_machine_step(&machine, 5);
        guest_keyboard_feed(&guest, keyboard->events, keyboard->count);
        guest_input_clear(keyboard);
    }
    input_machine_settle(&machine, viewer);
    guest_keyboard_feed(&guest, keyboard->events, keyboard->count);
    assert_string_equal(guest.text, expected);
    guest_keyboard_check_idle(&guest);
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

static void copied_text_is_typed_if_wanted(void **state)
{
    (void)state;
    paste("input.paste=type", "Hello, World!\r");
    paste("input.paste=off", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(corners_of_one_head),
        INPUT_TEST(corners_of_two_heads),
        INPUT_TEST(buttons_come_in_order),
        INPUT_TEST(both_wheels_turn_both_ways),
        INPUT_TEST(a_guest_with_a_mouse_alone),
        INPUT_TEST(leds_reach_the_viewers),
        INPUT_TEST(capitals_with_caps_lock_on),
        INPUT_TEST(a_viewer_that_is_gone_holds_nothing),
        INPUT_TEST(what_two_hold_is_released_once),
        INPUT_TEST(a_killed_program_holds_nothing),
        INPUT_TEST(copied_text_is_typed_if_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
