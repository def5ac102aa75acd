// SPDX-License-Identifier: GPL-2.0-or-later
/* The seat: what viewers do, and what a guest makes of the events it gets. The
 * guest here is libxkbcommon with the layout that it would have. */
#include "device/scancode.h"
#include "device/seat.h"
#include "device/virtio_input.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#include <cmocka.h>

#define MAX_EVENTS 65536

struct fixture {
    struct seat *seat;
    struct head heads[2];
    struct canvas canvases[2];
    struct {
        enum seat_device device;
        struct input_event_value value;
    } events[MAX_EVENTS];
    size_t nevents;
    bool down[KEY_CNT]; /* as the guest knows */
    /* The guest's keyboard. */
    struct xkb_context *context;
    struct xkb_keymap *keymap;
    struct xkb_state *state;
    struct xkb_compose_state *compose;
    char text[8192];
};

static void guest_types(struct fixture *fixture, xkb_keysym_t keysym)
{
    char utf8[64] = "";
    xkb_compose_state_feed(fixture->compose, keysym);
    switch (xkb_compose_state_get_status(fixture->compose)) {
    case XKB_COMPOSE_COMPOSED:
        xkb_compose_state_get_utf8(fixture->compose, utf8, sizeof utf8);
        xkb_compose_state_reset(fixture->compose);
        break;
    case XKB_COMPOSE_NOTHING:
        xkb_keysym_to_utf8(keysym, utf8, sizeof utf8);
        break;
    default:
        break;
    }
    strncat(fixture->text, utf8, sizeof fixture->text - strlen(fixture->text) - 1);
}

static void guest_gets_key(struct fixture *fixture, const struct input_event_value *event)
{
    /* A key that is down cannot go down, and so on. */
    assert_int_not_equal(fixture->down[event->code], event->value);
    fixture->down[event->code] = event->value;
    if (event->code >= 248)
        return;
    if (event->value)
        guest_types(fixture, xkb_state_key_get_one_sym(fixture->state, event->code + 8u));
    xkb_state_update_key(fixture->state, event->code + 8u,
                         event->value ? XKB_KEY_DOWN : XKB_KEY_UP);
}

static void handle_report(void *user, enum seat_device device,
                          const struct input_event_value *events, size_t n)
{
    struct fixture *fixture = user;
    for (size_t i = 0; i < n; i++) {
        assert_true(fixture->nevents < MAX_EVENTS);
        fixture->events[fixture->nevents].device = device;
        fixture->events[fixture->nevents++].value = events[i];
        if (events[i].type == EV_KEY)
            guest_gets_key(fixture, &events[i]);
    }
}

static const struct seat_ops ops = { handle_report };

static struct fixture *make_fixture(const char *layout)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct keyboard_names names = { .layout = layout };
    struct xkb_rule_names rules = { .layout = layout };
    fixture->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    fixture->keymap =
        xkb_keymap_new_from_names(fixture->context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS);
    fixture->state = xkb_state_new(fixture->keymap);
    struct xkb_compose_table *table = xkb_compose_table_new_from_locale(
        fixture->context, "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS);
    assert_non_null(table);
    fixture->compose = xkb_compose_state_new(table, XKB_COMPOSE_STATE_NO_FLAGS);
    xkb_compose_table_unref(table);
    fixture->canvases[0] = (struct canvas){ .width = 1280, .height = 800 };
    fixture->canvases[1] = (struct canvas){ .width = 1920, .height = 1080 };
    for (unsigned i = 0; i < 2; i++) {
        fixture->heads[i].canvas = &fixture->canvases[i];
        fixture->heads[i].guest = true;
    }
    fixture->heads[1].config.x = 1280;
    fixture->heads[1].config.y = -100;
    fixture->seat = seat_create(&names, fixture->heads, 2, &ops, fixture);
    assert_non_null(fixture->seat);
    return fixture;
}

static void free_fixture(struct fixture *fixture)
{
    seat_destroy(fixture->seat);
    xkb_compose_state_unref(fixture->compose);
    xkb_state_unref(fixture->state);
    xkb_keymap_unref(fixture->keymap);
    xkb_context_unref(fixture->context);
    free(fixture);
}

static void assert_nothing_held(const struct fixture *fixture)
{
    for (unsigned code = 0; code < KEY_CNT; code++)
        if (fixture->down[code])
            fail_msg("key %u is still down", code);
}

static void type_text(struct seat_viewer *viewer, const char *text)
{
    for (const char *at = text; *at;) {
        /* The texts here have characters of at most two bytes. */
        uint32_t character = (unsigned char)*at++;
        if (character >= 0xc0)
            character = (character & 0x1f) << 6 | ((unsigned char)*at++ & 0x3f);
        uint32_t keysym = xkb_utf32_to_keysym(character);
        assert_int_equal(seat_keysym(viewer, keysym, true), 0);
        assert_int_equal(seat_keysym(viewer, keysym, false), 0);
    }
}

static const char ascii[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                            "abcdefghijklmnopqrstuvwxyz{|}~";

static const struct {
    const char *layout, *text;
} layouts[] = {
    { "us", "" },
    { "gb", "£" },
    { "de", "äöüÄÖÜßéèêÉÀ°§²³" },
    { "fr", "éèçàùâêîôûëïüÂÊÎ§µ" },
    { "es", "ñÑáéíóúü¿¡ç" },
    { "ch", "éèàäöü£ç" },
};

/* Every character, plain, then with all sorts of modifiers held meanwhile. */
static void layouts_type_what_was_meant(void **state)
{
    (void)state;
    static const uint32_t meanwhile[] = { 0, XKB_KEY_Shift_L, XKB_KEY_Shift_R,
                                          XKB_KEY_ISO_Level3_Shift };
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        for (size_t m = 0; m < sizeof meanwhile / sizeof meanwhile[0]; m++) {
            struct fixture *fixture = make_fixture(layouts[i].layout);
            struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
            /* A guest whose layout has no AltGr does not hear of one. */
            if (meanwhile[m] != 0)
                seat_keysym(viewer, meanwhile[m], true);
            type_text(viewer, ascii);
            type_text(viewer, layouts[i].text);
            char expected[1024];
            snprintf(expected, sizeof expected, "%s%s", ascii, layouts[i].text);
            assert_string_equal(fixture->text, expected);
            if (meanwhile[m] != 0)
                seat_keysym(viewer, meanwhile[m], false);
            assert_nothing_held(fixture);
            seat_viewer_remove(viewer);
            free_fixture(fixture);
        }
    }
}

static void caps_lock_of_the_guest_is_bent_around(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    seat_keysym(viewer, XKB_KEY_Caps_Lock, true);
    seat_keysym(viewer, XKB_KEY_Caps_Lock, false);
    type_text(viewer, "aBc1!");
    assert_string_equal(fixture->text, "aBc1!");
    /* The guest may also tell of a lock that nobody here has pressed. */
    seat_set_leds(fixture->seat, 0);
    xkb_state_update_mask(fixture->state, 0, 0, 0, 0, 0, 0);
    type_text(viewer, "dE");
    assert_string_equal(fixture->text, "aBc1!dE");
    seat_viewer_remove(viewer);
    free_fixture(fixture);
}

static void shortcuts_keep_their_modifiers(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("de");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    seat_keysym(viewer, XKB_KEY_Control_L, true);
    seat_keysym(viewer, XKB_KEY_Alt_L, true);
    seat_keysym(viewer, XKB_KEY_Delete, true);
    assert_true(fixture->down[KEY_LEFTCTRL] && fixture->down[KEY_LEFTALT] &&
                fixture->down[KEY_DELETE]);
    assert_int_equal(fixture->nevents, 3);
    seat_viewer_remove(viewer); /* The viewer vanishes with all of it held. */
    assert_nothing_held(fixture);
    free_fixture(fixture);
}

static void repeats_and_unknown_releases_mean_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    seat_keysym(viewer, 'x', false);
    seat_keysym(viewer, 'x', true);
    seat_keysym(viewer, 'x', true);
    seat_keysym(viewer, 'x', true);
    assert_int_equal(fixture->nevents, 1);
    seat_key(viewer, KEY_X, false);
    seat_keysym(viewer, 'x', false);
    assert_int_equal(fixture->nevents, 2);
    assert_int_equal(seat_key(viewer, 0, true), -EINVAL);
    assert_int_equal(seat_key(viewer, 60000, true), -EINVAL);
    assert_int_equal(seat_keysym(viewer, 0x1004e2d, true), -ENOENT);
    assert_int_equal(fixture->nevents, 2);
    seat_viewer_remove(viewer);
    free_fixture(fixture);
}

static void a_key_held_by_two_is_released_once(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *a = seat_viewer_add(fixture->seat), *b = seat_viewer_add(fixture->seat);
    seat_keysym(a, XKB_KEY_Shift_L, true);
    seat_key(b, KEY_LEFTSHIFT, true);
    assert_int_equal(fixture->nevents, 1);
    seat_keysym(a, XKB_KEY_Shift_L, false);
    assert_int_equal(fixture->nevents, 1);
    assert_true(fixture->down[KEY_LEFTSHIFT]);
    seat_viewer_remove(b);
    assert_int_equal(fixture->nevents, 2);
    seat_viewer_remove(a);
    assert_nothing_held(fixture);

    struct seat_viewer *c = seat_viewer_add(fixture->seat), *d = seat_viewer_add(fixture->seat);
    seat_pointer_absolute(c, 0, 1, 1, SEAT_BUTTON_LEFT);
    seat_pointer_absolute(d, 0, 1, 1, SEAT_BUTTON_LEFT);
    seat_viewer_remove(c);
    assert_true(fixture->down[BTN_LEFT]);
    seat_pointer_absolute(d, 0, 1, 1, 0);
    assert_false(fixture->down[BTN_LEFT]);
    seat_viewer_remove(d);
    free_fixture(fixture);
}

/* Random keys of three viewers that come and go: the guest never sees a key go
 * down twice (guest_gets_key), and nothing is left held. */
static void any_mixture_leaves_nothing_held(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("fr");
    struct seat_viewer *viewers[3] = { 0 };
    static const uint32_t keysyms[] = { 'a', 'A', '1', '&', 0xe9, 0xea, 0xeb, '~',
                                        XKB_KEY_Shift_L, XKB_KEY_Shift_R,
                                        XKB_KEY_ISO_Level3_Shift, XKB_KEY_Control_L };
    srand(4);
    for (int i = 0; i < 8000; i++) {
        struct seat_viewer **viewer = &viewers[rand() % 3];
        if (!*viewer)
            *viewer = seat_viewer_add(fixture->seat);
        int what = rand() % 100;
        if (what < 2) {
            seat_viewer_remove(*viewer);
            *viewer = NULL;
        } else if (what < 70) {
            seat_keysym(*viewer, keysyms[rand() % (sizeof keysyms / sizeof keysyms[0])],
                        rand() % 2);
        } else {
            seat_key(*viewer, (uint16_t)(1 + rand() % 120), rand() % 2);
        }
        fixture->nevents = 0;
    }
    for (int i = 0; i < 3; i++)
        seat_viewer_remove(viewers[i]);
    assert_nothing_held(fixture);
    free_fixture(fixture);
}

static int32_t value_of(const struct fixture *fixture, uint16_t type, uint16_t code)
{
    for (size_t i = fixture->nevents; i-- > 0;)
        if (fixture->events[i].value.type == type && fixture->events[i].value.code == code)
            return fixture->events[i].value.value;
    fail_msg("no event of type %u, code %u", type, code);
    return 0;
}

/* Both ways in which guests scale an axis must land in the same pixel. */
static void assert_pixel(int32_t value, int64_t pixel, int64_t size)
{
    assert_int_equal((int64_t)value * size / (VIRTIO_INPUT_ABS_MAX + 1), pixel);
    assert_int_equal((int64_t)value * size / VIRTIO_INPUT_ABS_MAX -
                         (value == VIRTIO_INPUT_ABS_MAX),
                     pixel);
}

static void absolute_places_hit_their_pixels(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    const int64_t width = 1280 + 1920, height = 1080;
    static const struct {
        unsigned head;
        int32_t x, y;
        int64_t px, py;
    } places[] = {
        { 0, 0, 0, 0, 100 },          { 0, 1279, 799, 1279, 899 },
        { 1, 0, 0, 1280, 0 },         { 1, 1919, 1079, 3199, 1079 },
        { 0, -5, 100000, 0, 899 },    { 1, INT32_MAX, INT32_MIN, 3199, 0 },
        { 1, 960, 540, 2240, 540 },
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        seat_pointer_absolute(viewer, places[i].head, places[i].x, places[i].y, 0);
        assert_pixel(value_of(fixture, EV_ABS, ABS_X), places[i].px, width);
        assert_pixel(value_of(fixture, EV_ABS, ABS_Y), places[i].py, height);
    }
    /* A head that the guest does not drive is not part of its desktop. */
    fixture->heads[1].guest = false;
    seat_pointer_absolute(viewer, 0, 1279, 0, 0);
    assert_pixel(value_of(fixture, EV_ABS, ABS_X), 1279, 1280);
    assert_pixel(value_of(fixture, EV_ABS, ABS_Y), 0, 800);
    size_t before = fixture->nevents;
    seat_pointer_absolute(viewer, 7, 0, 0, 0);
    assert_int_equal(fixture->nevents, before);
    seat_viewer_remove(viewer);
    free_fixture(fixture);
}

static void wheels_count_whole_steps(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    int coarse = 0, fine = 0;
    for (int i = 0; i < 9; i++)
        seat_wheel(viewer, 40, 0);
    seat_wheel(viewer, -60, 0);
    seat_wheel(viewer, -60, -240);
    for (size_t i = 0; i < fixture->nevents; i++) {
        coarse += fixture->events[i].value.code == REL_WHEEL ? fixture->events[i].value.value : 0;
        fine += fixture->events[i].value.code == REL_WHEEL_HI_RES
                    ? fixture->events[i].value.value
                    : 0;
    }
    assert_int_equal(fine, 9 * 40 - 120);
    assert_int_equal(coarse, 3 - 1);
    assert_int_equal(value_of(fixture, EV_REL, REL_HWHEEL), -2);
    assert_int_equal(value_of(fixture, EV_REL, REL_HWHEEL_HI_RES), -240);
    seat_viewer_remove(viewer);
    free_fixture(fixture);
}

static void relative_motion_takes_the_buttons_along(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    seat_pointer_absolute(viewer, 0, 5, 5, SEAT_BUTTON_RIGHT);
    seat_pointer_relative(viewer, 3, -4, SEAT_BUTTON_RIGHT);
    assert_int_equal(value_of(fixture, EV_REL, REL_X), 3);
    assert_int_equal(value_of(fixture, EV_REL, REL_Y), -4);
    enum seat_device holder = SEAT_KEYBOARD;
    for (size_t i = 0; i < fixture->nevents; i++)
        if (fixture->events[i].value.code == BTN_RIGHT && fixture->events[i].value.value)
            holder = fixture->events[i].device;
    assert_int_equal(holder, SEAT_MOUSE);
    seat_viewer_remove(viewer);
    assert_nothing_held(fixture);
    free_fixture(fixture);
}

static void a_driver_that_starts_anew_holds_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture("us");
    struct seat_viewer *viewer = seat_viewer_add(fixture->seat);
    seat_keysym(viewer, 'a', true);
    seat_pointer_absolute(viewer, 0, 5, 5, SEAT_BUTTON_LEFT);
    memset(fixture->down, 0, sizeof fixture->down);
    seat_device_restarted(fixture->seat, SEAT_KEYBOARD);
    seat_device_restarted(fixture->seat, SEAT_TABLET);
    size_t before = fixture->nevents;
    seat_keysym(viewer, 'a', false);
    assert_int_equal(fixture->nevents, before);
    seat_keysym(viewer, 'a', true);
    assert_true(fixture->down[KEY_A]);
    seat_viewer_remove(viewer);
    assert_nothing_held(fixture);
    free_fixture(fixture);
}

static void unknown_layouts_are_refused(void **state)
{
    (void)state;
    struct head head = { 0 };
    struct keyboard_names names = { .layout = "atlantis" };
    errno = 0;
    assert_null(seat_create(&names, &head, 1, &ops, NULL));
    assert_int_equal(errno, EINVAL);
}

static void scancodes_are_xt_set_one(void **state)
{
    (void)state;
    assert_int_equal(scancode_to_evdev(0x1e), KEY_A);
    assert_int_equal(scancode_to_evdev(0x1c), KEY_ENTER);
    assert_int_equal(scancode_to_evdev(0x9c), KEY_KPENTER);
    assert_int_equal(scancode_to_evdev(0xe01c), KEY_KPENTER);
    assert_int_equal(scancode_to_evdev(0xcb), KEY_LEFT);
    assert_int_equal(scancode_to_evdev(0x57), KEY_F11);
    assert_int_equal(scancode_to_evdev(0xdb), KEY_LEFTMETA);
    assert_int_equal(scancode_to_evdev(0xe11d), KEY_PAUSE);
    assert_int_equal(scancode_to_evdev(0), 0);
    assert_int_equal(scancode_to_evdev(0xffffffff), 0);
    assert_int_equal(scancode_to_evdev(0x5555), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_type_what_was_meant),
        cmocka_unit_test(caps_lock_of_the_guest_is_bent_around),
        cmocka_unit_test(shortcuts_keep_their_modifiers),
        cmocka_unit_test(repeats_and_unknown_releases_mean_nothing),
        cmocka_unit_test(a_key_held_by_two_is_released_once),
        cmocka_unit_test(any_mixture_leaves_nothing_held),
        cmocka_unit_test(absolute_places_hit_their_pixels),
        cmocka_unit_test(wheels_count_whole_steps),
        cmocka_unit_test(relative_motion_takes_the_buttons_along),
        cmocka_unit_test(a_driver_that_starts_anew_holds_nothing),
        cmocka_unit_test(unknown_layouts_are_refused),
        cmocka_unit_test(scancodes_are_xt_set_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
