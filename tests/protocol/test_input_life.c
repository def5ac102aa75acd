// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input while VMMs stop and start, guests reboot, drivers come and go, and
 * guests take nothing: order and completeness where the guest goes on, nothing
 * from before where it starts anew, and bounds.
 */
#include "tests/protocol/lib/input_machine.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

static struct input_machine machine;
static struct guest_keyboard guest;
static struct guest_input *const keyboard = &machine.devices[INPUT_KEYBOARD];
static struct guest_input *const tablet = &machine.devices[INPUT_TABLET];

static struct rfb_client *start(const struct guest_input_options *input)
{
    struct input_machine_options options = {0};
    if (input)
        options.input = *input;
    input_machine_start(&machine, &options);
    guest_keyboard_init(&guest, "us");
    return input_machine_connect(&machine, 0, NULL);
}

static void finish(void)
{
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

static void type_text(struct rfb_client *viewer, const char *text)
{
    for (; *text; text++) {
        rfb_client_key(viewer, (uint8_t)*text, true);
        rfb_client_key(viewer, (uint8_t)*text, false);
    }
}

static void read_keyboard(void)
{
    guest_keyboard_feed(&guest, keyboard->events, keyboard->count);
    guest_input_clear(keyboard);
}

static void expect_text(const char *text)
{
    uint64_t end = check_now_us() + 5000000 * oriel_patience();
    while ((strcmp(guest.text, text) != 0 || guest.in_report) && check_now_us() < end) {
        input_machine_step(&machine, 5);
        read_keyboard();
    }
    for (unsigned i = 0; i < 10; i++)
        input_machine_step(&machine, 5);
    read_keyboard();
    assert_string_equal(guest.text, text);
    guest_keyboard_check_idle(&guest);
}

/* What is typed while the VMM stands still comes when it goes on. */
static void a_paused_guest_gets_it_later(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    type_text(viewer, "before ");
    expect_text("before ");
    guest_input_pause(keyboard);
    uint16_t used = guest_ring_device_used(&keyboard->rings[GUEST_INPUT_EVENTS]);
    type_text(viewer, "meanwhile ");
    input_machine_settle(&machine, viewer);
    /* Not a byte of a ring that stands is touched. */
    assert_int_equal(guest_ring_device_used(&keyboard->rings[GUEST_INPUT_EVENTS]), used);
    guest_input_resume(keyboard);
    type_text(viewer, "after");
    expect_text("before meanwhile after");
    finish();
}

/* Stopped and started again and again while somebody types. */
static void pauses_at_any_point_lose_nothing(void **state)
{
    (void)state;
    static const char text[] = "The quick brown fox jumps over THE LAZY DOG. ";
    char expected[sizeof(text) * 20] = "";
    struct rfb_client *viewer = start(NULL);
    for (unsigned i = 0; i < 20; i++) {
        type_text(viewer, text);
        for (unsigned k = 0; k < i % 7; k++)
            input_machine_step(&machine, 1);
        guest_input_collect(keyboard);
        guest_input_pause(keyboard);
        guest_input_resume(keyboard);
        strcat(expected, text);
    }
    expect_text(expected);
    finish();
}

/* The ring is disabled, but not stopped: QEMU says so before it asks for the
 * base. */
static void a_disabled_ring_is_left_alone(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    struct guest_ring *ring = &keyboard->rings[GUEST_INPUT_EVENTS];
    uint16_t used = guest_ring_device_used(ring);
    assert_int_equal(front_end_send_state(&keyboard->front_end, FE_SET_VRING_ENABLE, 0, 0), 0);
    assert_int_equal(front_end_sync(&keyboard->front_end), 0);
    type_text(viewer, "x");
    input_machine_settle(&machine, viewer);
    assert_int_equal(guest_ring_device_used(ring), used);
    assert_int_equal(front_end_send_state(&keyboard->front_end, FE_SET_VRING_ENABLE, 0, 1), 0);
    expect_text("x");
    finish();
}

/* A driver that starts anew knows of nothing held, and gets nothing from
 * before; releases of what was pressed then mean nothing to it. */
static void a_reset_forgets(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    rfb_client_key(viewer, 0xffe3, true);
    rfb_client_key(viewer, 'a', true);
    rfb_client_pointer(viewer, 1, 7, 7);
    INPUT_WAIT(&machine, keyboard->count >= 4 && tablet->count >= 4);
    guest_input_clear(keyboard);
    guest_input_clear(tablet);
    guest_input_reset(keyboard);
    guest_input_reset(tablet);
    rfb_client_key(viewer, 'a', false);
    rfb_client_key(viewer, 0xffe3, false);
    rfb_client_pointer(viewer, 0, 8, 8);
    type_text(viewer, "new");
    expect_text("new");
    INPUT_WAIT(&machine, tablet->count >= 3);
    for (unsigned i = 0; i < tablet->count; i++)
        assert_int_not_equal(tablet->events[i].type, EV_KEY);
    finish();
}

/* What waited for the old driver is not the new one's. */
static void a_reset_drops_what_waited(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    keyboard->hold = true; /* no buffer beyond the first four */
    type_text(viewer, "old words");
    input_machine_settle(&machine, viewer);
    assert_int_equal(keyboard->count, 4);
    guest_input_clear(keyboard);
    guest_input_reset(keyboard);
    type_text(viewer, "new words");
    expect_text("new words");
    finish();
}

/* As QEMU before 8 restarts a device: no word of a reset, but rings from 0. */
static void a_reset_is_seen_by_the_rings(void **state)
{
    (void)state;
    struct guest_input_options input = {.style = FRONT_END_QEMU_7, .size = 64};
    struct rfb_client *viewer = start(&input);
    type_text(viewer, "first");
    expect_text("first");
    rfb_client_key(viewer, 0xffe1, true);
    INPUT_WAIT(&machine, keyboard->count >= 2);
    guest_input_clear(keyboard);
    memset(guest.text, 0, sizeof(guest.text));
    guest_input_reset(keyboard);
    /* The viewer still holds Shift; for this driver nobody does. */
    rfb_client_key(viewer, 'b', true);
    rfb_client_key(viewer, 'b', false);
    expect_text("b");
    finish();
}

/* The VMM goes without a word, and another one comes. */
static void a_vmm_that_comes_back(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    rfb_client_key(viewer, 'a', true);
    INPUT_WAIT(&machine, keyboard->count >= 2);
    guest_input_finish(keyboard);
    machine.has[INPUT_KEYBOARD] = false;
    type_text(viewer, "nobody reads this");
    input_machine_settle(&machine, viewer);
    input_machine_add_device(&machine, INPUT_KEYBOARD, NULL);
    rfb_client_key(viewer, 'a', false);
    type_text(viewer, "again");
    expect_text("again");
    finish();
}

/* A machine without a driver yet: firmware, say. What is typed is for nobody,
 * and the log says so, but not for each key. */
static void before_the_driver_comes(void **state)
{
    (void)state;
    struct guest_input_options input = {.unprobed = true};
    struct rfb_client *viewer = start(&input);
    for (unsigned i = 0; i < 50; i++)
        type_text(viewer, "too early");
    input_machine_settle(&machine, viewer);
    unsigned lines = oriel_process_log_lines(&machine.machine.oriel, "no driver for the keyboard");
    assert_true(lines >= 1 && lines < 20);
    guest_input_probe(keyboard);
    type_text(viewer, "in time");
    expect_text("in time");
    finish();
}

/* A guest that takes nothing: memory is bounded, and what comes out in the end
 * is in order, with each press let go of. */
static void a_guest_that_takes_nothing(void **state)
{
    (void)state;
    struct guest_input_options input = {.hold = true};
    struct rfb_client *viewer = start(&input);
    type_text(viewer, "warm");
    input_machine_settle(&machine, viewer);
    long before = oriel_process_memory_kib(&machine.machine.oriel);
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 250; i++) {
            rfb_client_key(viewer, 'a' + i % 26, true);
            rfb_client_key(viewer, 'a' + i % 26, false);
            rfb_client_pointer(viewer, i % 2, (uint16_t)i, (uint16_t)round);
        }
        input_machine_settle(&machine, viewer);
    }
    long grown = oriel_process_memory_kib(&machine.machine.oriel) - before;
    print_message("20000 key messages for nobody: %ld KiB more\n", grown);
    if (!getenv("ORIEL_SANITIZE"))
        assert_true(grown < 1024);
    /* A key that is held through the flood is let go of at its end. */
    rfb_client_key(viewer, 0xff0d, true);
    rfb_client_key(viewer, 0xff0d, false);
    input_machine_settle(&machine, viewer);
    unsigned lines = oriel_process_log_lines(&machine.machine.oriel, "takes no events");
    assert_true(lines >= 1 && lines < 200);
    keyboard->options.hold = false;
    guest_input_release(keyboard);
    guest_input_release(tablet);
    uint64_t quiet = check_now_us();
    size_t typed = 0;
    while (check_now_us() - quiet < 500000) {
        unsigned had = keyboard->count;
        input_machine_step(&machine, 10);
        if (keyboard->count != had)
            quiet = check_now_us();
        read_keyboard();
    }
    typed = strlen(guest.text);
    print_message("%zu characters were kept\n", typed);
    assert_true(typed > 1000 && typed <= 10005);
    assert_memory_equal(guest.text, "warm", 4);
    for (size_t i = 4; i < typed; i++)
        assert_int_equal(guest.text[i], 'a' + (int)((i - 4) % 250 % 26));
    guest_keyboard_check_idle(&guest);
    /* And it is usable again. */
    memset(guest.text, 0, sizeof(guest.text));
    type_text(viewer, "still here");
    expect_text("still here");
    finish();
}

/* Places are united while they wait, presses and steps are not. */
static void motion_that_waits_is_one_report(void **state)
{
    (void)state;
    struct guest_input_options input = {.hold = true};
    struct rfb_client *viewer = start(&input);
    for (uint16_t i = 0; i < 500; i++)
        rfb_client_pointer(viewer, 0, i, 1);
    rfb_client_pointer(viewer, 1, 500, 2);
    for (uint16_t i = 501; i < 900; i++)
        rfb_client_pointer(viewer, 1, i, 3);
    rfb_client_pointer(viewer, 0, 900, 4);
    input_machine_settle(&machine, viewer);
    guest_input_release(tablet);
    INPUT_WAIT(&machine, tablet->count >= 14);
    input_machine_settle(&machine, viewer);
    /* Place; place and press; place; place and release; SYN each. */
    assert_int_equal(tablet->count, 14);
    static const struct {
        unsigned at, x;
    } places[] = {{0, 499}, {3, 500}, {7, 899}, {10, 900}};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal((uint64_t)tablet->events[places[i].at].value * 1280 / 0x8000, places[i].x);
    guest_input_expect(tablet, 5, EV_KEY, BTN_LEFT, 1);
    guest_input_expect(tablet, 12, EV_KEY, BTN_LEFT, 0);
    finish();
}

/* The guest's memory moves while events are on their way. */
static void the_memory_table_may_change(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(NULL);
    char expected[512] = "";
    for (unsigned i = 0; i < 20; i++) {
        type_text(viewer, "memory ");
        strcat(expected, "memory ");
        input_machine_step(&machine, 1);
        assert_int_equal(front_end_send_memory(&keyboard->front_end), 0);
    }
    expect_text(expected);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(a_paused_guest_gets_it_later),  INPUT_TEST(pauses_at_any_point_lose_nothing),
        INPUT_TEST(a_disabled_ring_is_left_alone), INPUT_TEST(a_reset_forgets),
        INPUT_TEST(a_reset_drops_what_waited),     INPUT_TEST(a_reset_is_seen_by_the_rings),
        INPUT_TEST(a_vmm_that_comes_back),         INPUT_TEST(before_the_driver_comes),
        INPUT_TEST(a_guest_that_takes_nothing),    INPUT_TEST(motion_that_waits_is_one_report),
        INPUT_TEST(the_memory_table_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
