// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input through the VMM's monitor, for guests whose firmware has no driver for
 * virtio-input; and monitors that say wrong things, or nothing.
 */
#include "device/scancode.h"
#include "tests/protocol/lib/fake_qmp.h"
#include "tests/protocol/lib/input_machine.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

static struct input_machine machine;
static struct fake_qmp qmp;
static struct guest_keyboard guest;
static struct guest_input *const keyboard = &machine.devices[INPUT_KEYBOARD];
static unsigned fed;

static void step(int timeout_ms)
{
    fake_qmp_step(&qmp);
    input_machine_step(&machine, timeout_ms);
    fake_qmp_step(&qmp);
}

#define QMP_WAIT(condition)                                                                        \
    do {                                                                                           \
        uint64_t end_ = check_now_us() + 20000000ull * oriel_patience();                           \
        while (!(condition)) {                                                                     \
            CHECK(check_now_us() < end_, "waited in vain");                                        \
            step(2);                                                                               \
        }                                                                                          \
    } while (0)

static void run_for(unsigned ms)
{
    uint64_t end = check_now_us() + 1000ull * ms;
    while (check_now_us() < end)
        step(2);
}

/* A machine whose devices have no drivers yet. */
static struct rfb_client *start(bool listening)
{
    static char setting[128];
    struct input_machine_options options = {.input = {.unprobed = true}};
    fake_qmp_start(&qmp, listening);
    snprintf(setting, sizeof(setting), "vmm.qmp=%s", qmp.path);
    options.machine.oriel.settings[0] = setting;
    input_machine_start(&machine, &options);
    guest_keyboard_init(&guest, "us");
    fed = 0;
    return input_machine_connect(&machine, 0, NULL);
}

static struct rfb_client *start_ready(void)
{
    struct rfb_client *viewer = start(true);
    QMP_WAIT(qmp.commands >= 2); /* qmp_capabilities, query-status */
    run_for(20);
    return viewer;
}

static void finish(void)
{
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
    fake_qmp_finish(&qmp);
}

static int teardown(void **state)
{
    int result = input_machine_teardown(state);
    if (qmp.input)
        fake_qmp_finish(&qmp);
    return result;
}

static void type_text(struct rfb_client *viewer, const char *text)
{
    for (; *text; text++) {
        rfb_client_key(viewer, (uint8_t)*text, true);
        rfb_client_key(viewer, (uint8_t)*text, false);
    }
}

/* What a PS/2 keyboard's guest makes of the keys; other events are skipped. */
static void read_keys(void)
{
    for (; fed < qmp.nevents; fed++) {
        const struct fake_qmp_event *event = &qmp.events[fed];
        if (event->type != FAKE_QMP_KEY)
            continue;
        uint16_t code = scancode_to_evdev((uint32_t)event->code);
        assert_int_not_equal(code, 0);
        struct guest_input_event pair[] = {{EV_KEY, code, event->down}, {EV_SYN, 0, 0}};
        guest_keyboard_feed(&guest, pair, 2);
    }
}

static void expect_typed(const char *text)
{
    uint64_t end = check_now_us() + 20000000ull * oriel_patience();
    while (strcmp(guest.text, text) != 0 && check_now_us() < end) {
        step(2);
        read_keys();
    }
    run_for(60);
    read_keys();
    assert_string_equal(guest.text, text);
    guest_keyboard_check_idle(&guest);
}

static void firmware_is_typed_into(void **state)
{
    (void)state;
    static const char text[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]"
                               "^_`abcdefghijklmnopqrstuvwxyz{|}~";
    struct rfb_client *viewer = start_ready();
    uint64_t began = check_now_us();
    type_text(viewer, text);
    expect_typed(text);
    print_message("%zu characters in %llu ms\n", strlen(text),
                  (unsigned long long)((check_now_us() - began) / 1000));
    /* One key at a time, so that none is lost in a buffer of 16 bytes. */
    for (unsigned i = 1; i < qmp.nevents; i++)
        assert_int_not_equal(qmp.events[i].command, qmp.events[i - 1].command);
    finish();
}

/* A held key, a place, buttons and wheels. */
static void pointers_go_by_qmp_too(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *name;
        bool down;
    } expected[] = {
        {FAKE_QMP_ABS, "x", false},
        {FAKE_QMP_ABS, "y", false},
        {FAKE_QMP_ABS, "x", false},
        {FAKE_QMP_ABS, "y", false},
        {FAKE_QMP_BUTTON, "left", true},
        {FAKE_QMP_ABS, "x", false},
        {FAKE_QMP_ABS, "y", false},
        {FAKE_QMP_BUTTON, "left", false},
        {FAKE_QMP_BUTTON, "wheel-up", true},
        {FAKE_QMP_BUTTON, "wheel-up", false},
        {FAKE_QMP_ABS, "x", false},
        {FAKE_QMP_ABS, "y", false},
        {FAKE_QMP_BUTTON, "wheel-left", true},
        {FAKE_QMP_BUTTON, "wheel-left", false},
    };
    struct rfb_client *viewer = start_ready();
    static const uint8_t masks[] = {0, 1, 8, 0x20};
    for (unsigned i = 0; i < 4; i++) {
        unsigned before = qmp.input_commands;
        rfb_client_pointer(viewer, masks[i], (uint16_t)(1279 - i), 799);
        QMP_WAIT(qmp.input_commands > before);
        run_for(10);
    }
    QMP_WAIT(qmp.nevents >= 14);
    for (unsigned i = 0; i < 14; i++) {
        assert_int_equal(qmp.events[i].type, expected[i].type);
        assert_string_equal(qmp.events[i].name, expected[i].name);
        assert_int_equal(qmp.events[i].down, expected[i].down);
    }
    assert_int_equal((uint64_t)qmp.events[0].value * 1280 / 0x8000, 1279);
    assert_int_equal((uint64_t)qmp.events[1].value * 800 / 0x8000, 799);
    finish();
}

/* The guest's driver comes and takes over, with nothing held anywhere. */
static void a_driver_takes_over(void **state)
{
    (void)state;
    struct rfb_client *viewer = start_ready();
    type_text(viewer, "boot");
    expect_typed("boot");
    rfb_client_key(viewer, 0xffe1, true);
    rfb_client_key(viewer, 'X', true);
    QMP_WAIT((read_keys(), guest.down[KEY_LEFTSHIFT] && guest.down[KEY_X]));
    guest_input_probe(keyboard);
    /* What is held there is let go of: nobody else will do it. */
    QMP_WAIT((read_keys(), !guest.down[KEY_LEFTSHIFT] && !guest.down[KEY_X]));
    unsigned commands = qmp.input_commands;
    rfb_client_key(viewer, 'X', false);
    rfb_client_key(viewer, 0xffe1, false);
    type_text(viewer, "linux");
    INPUT_WAIT(&machine, keyboard->count >= 4 * 5);
    run_for(50);
    assert_int_equal(qmp.input_commands, commands);
    assert_int_equal(keyboard->count, 4 * 5);
    /* A guest that reboots is in its firmware again: the VMM's word for it is
     * that the device's rings stand while the machine runs. */
    front_end_stop(&keyboard->front_end);
    type_text(viewer, "y");
    QMP_WAIT((read_keys(), strstr(guest.text, "y") != NULL));
    finish();
}

/* A machine that stands still gets nothing; what was typed waits where there
 * is a driver, and is dropped where there is none. */
static void a_machine_that_stands_gets_nothing(void **state)
{
    (void)state;
    static const char stop[] = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, "
                               "\"event\": \"STOP\"}\r\n";
    static const char go[] = "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1, "
                             "\"microseconds\": 2}}\r\n";
    struct rfb_client *viewer = start_ready();
    fake_qmp_say(&qmp, stop, strlen(stop));
    run_for(50);
    type_text(viewer, "lost");
    run_for(100);
    assert_int_equal(qmp.input_commands, 0);
    fake_qmp_say(&qmp, go, strlen(go));
    run_for(50);
    type_text(viewer, "found");
    expect_typed("found");
    finish();
}

static void a_machine_that_stands_from_the_start(void **state)
{
    (void)state;
    static const char go[] = "{\"event\": \"RESUME\"}\r\n";
    struct rfb_client *viewer = start(false);
    qmp.guest_stands = true;
    fake_qmp_listen(&qmp);
    QMP_WAIT(qmp.commands >= 2);
    run_for(20);
    type_text(viewer, "no");
    run_for(50);
    assert_int_equal(qmp.input_commands, 0);
    fake_qmp_say(&qmp, go, strlen(go));
    run_for(50);
    type_text(viewer, "yes");
    expect_typed("yes");
    finish();
}

/* The monitor opens after the machine: it is asked again. */
static void a_monitor_that_comes_late(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(false);
    run_for(300);
    fake_qmp_listen(&qmp);
    QMP_WAIT(qmp.commands >= 2);
    run_for(20);
    type_text(viewer, "late");
    expect_typed("late");
    finish();
}

static void a_monitor_that_goes_and_comes(void **state)
{
    (void)state;
    struct rfb_client *viewer = start_ready();
    for (unsigned i = 1; i < 5; i++) {
        rfb_client_key(viewer, 'a', true);
        QMP_WAIT(qmp.input_commands > 0);
        fake_qmp_hang_up(&qmp);
        qmp.commands = qmp.input_commands = 0;
        QMP_WAIT(qmp.commands >= 2);
        run_for(20);
        rfb_client_key(viewer, 'a', false);
        run_for(20);
        /* Nobody knows what QEMU holds after that: what is pressed is, and what
         * is let go of is let go of there. */
        memset(guest.down, 0, sizeof(guest.down));
        fed = qmp.nevents;
        memset(guest.text, 0, sizeof(guest.text));
        type_text(viewer, "again");
        expect_typed("again");
        qmp.input_commands = 0;
    }
    assert_int_equal(qmp.connections, 5);
    finish();
}

/* One command at a time; what waits has a bound, and comes when it can. */
static void a_monitor_that_does_not_answer(void **state)
{
    (void)state;
    struct rfb_client *viewer = start_ready();
    qmp.silent = true;
    long before = oriel_process_memory_kib(&machine.machine.oriel);
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned k = 0; k < 250; k++)
            type_text(viewer, "q");
        input_machine_settle(&machine, viewer);
        fake_qmp_step(&qmp);
    }
    assert_int_equal(qmp.input_commands, 1);
    long grown = oriel_process_memory_kib(&machine.machine.oriel) - before;
    print_message("10000 keys for nobody: %ld KiB more\n", grown);
    if (!getenv("ORIEL_SANITIZE"))
        assert_true(grown < 1024);
    assert_true(oriel_process_log_lines(&machine.machine.oriel, "takes input too slowly") < 200);
    qmp.silent = false;
    fake_qmp_answer(&qmp);
    QMP_WAIT(qmp.input_commands > 100);
    read_keys();
    finish();
}

static void a_monitor_that_refuses(void **state)
{
    (void)state;
    struct rfb_client *viewer = start_ready();
    qmp.refuses = true;
    for (unsigned i = 0; i < 20; i++)
        type_text(viewer, "n");
    QMP_WAIT(qmp.input_commands == 40);
    run_for(30);
    unsigned lines = oriel_process_log_lines(&machine.machine.oriel, "no such device");
    assert_true(lines >= 1 && lines < 20);
    qmp.refuses = false;
    read_keys();
    memset(guest.text, 0, sizeof(guest.text));
    type_text(viewer, "yes");
    expect_typed("yes");
    finish();
}

/* Lines that are none of QMP's. After each the client goes on, or hangs up and
 * comes again; then it works as before. */
static void lines_that_make_no_sense(void **state)
{
    (void)state;
    static char huge[300 * 1024];
    static const char *const lines[] = {
        "\r\n",
        "garbage\r\n",
        "[]\r\n",
        "\"text\"\r\n",
        "42\r\n",
        "null\r\n",
        "{\r\n",
        "{\"QMP\": 7}\r\n",
        "{\"QMP\": {}}\r\n{\"QMP\": {}}\r\n",
        "{}\r\n",
        "{\"return\": {}}\r\n",
        "{\"return\": null}\r\n",
        "{\"return\": []}\r\n{\"return\": 5}\r\n{\"error\": 5}\r\n",
        "{\"error\": {}}\r\n",
        "{\"error\": {\"desc\": 7}}\r\n",
        "{\"event\": 5}\r\n",
        "{\"event\": \"\"}\r\n",
        "{\"event\": \"SHUTDOWN\", \"data\": null}\r\n",
        "{\"event\": \"RTC_CHANGE\", \"data\": {\"offset\": 78}}\r\n",
        "{\"id\": 17, \"return\": {}}\r\n",
        "{\"return\": {\"running\": \"maybe\"}}\r\n",
        "\xff\xfe\r\n",
        "{\"a\": \"\xc3\x28\"}\r\n",
    };
    struct rfb_client *viewer = start_ready();
    unsigned count = sizeof(lines) / sizeof(lines[0]);
    memset(huge, '[', sizeof(huge) - 1);
    for (unsigned i = 0; i < count + 2; i++) {
        if (i < count)
            fake_qmp_say(&qmp, lines[i], strlen(lines[i]));
        else
            fake_qmp_say(&qmp, huge, i == count ? 4000 : sizeof(huge) - 1);
        if (i == count)
            fake_qmp_say(&qmp, "\r\n", 2);
        run_for(20);
        /* Byte by byte, too. */
        for (size_t k = 0; i < count && k < strlen(lines[i]) && qmp.fd >= 0; k++) {
            fake_qmp_say(&qmp, lines[i] + k, 1);
            if (k % 8 == 0)
                step(1);
        }
        QMP_WAIT(qmp.fd >= 0 && qmp.negotiated);
        run_for(30);
        fed = qmp.nevents;
        memset(guest.text, 0, sizeof(guest.text));
        type_text(viewer, "ok");
        expect_typed("ok");
    }
    print_message("%u connections\n", qmp.connections);
    assert_true(oriel_process_alive(&machine.machine.oriel));
    finish();
}

/* Who accepts and says nothing keeps nobody waiting. */
static void a_monitor_that_is_mute(void **state)
{
    (void)state;
    struct rfb_client *viewer = start(false);
    qmp.mute = true;
    fake_qmp_listen(&qmp);
    QMP_WAIT(qmp.connections == 1);
    type_text(viewer, "unheard");
    input_machine_settle(&machine, viewer);
    guest_input_probe(keyboard);
    type_text(viewer, "heard");
    INPUT_WAIT(&machine, keyboard->count >= 20);
    assert_int_equal(qmp.commands, 0);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(firmware_is_typed_into, teardown),
        cmocka_unit_test_teardown(pointers_go_by_qmp_too, teardown),
        cmocka_unit_test_teardown(a_driver_takes_over, teardown),
        cmocka_unit_test_teardown(a_machine_that_stands_gets_nothing, teardown),
        cmocka_unit_test_teardown(a_machine_that_stands_from_the_start, teardown),
        cmocka_unit_test_teardown(a_monitor_that_comes_late, teardown),
        cmocka_unit_test_teardown(a_monitor_that_goes_and_comes, teardown),
        cmocka_unit_test_teardown(a_monitor_that_does_not_answer, teardown),
        cmocka_unit_test_teardown(a_monitor_that_refuses, teardown),
        cmocka_unit_test_teardown(lines_that_make_no_sense, teardown),
        cmocka_unit_test_teardown(a_monitor_that_is_mute, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
