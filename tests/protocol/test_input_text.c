// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer types is what the guest reads: from the RFB message to the
 * events in the ring, decoded with the layout that the guest is set to, for
 * rings of every size that QEMU has.
 */
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/input_machine.h"

#include <linux/input-event-codes.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

static struct input_machine machine;
static struct guest_keyboard guest;
static const int32_t with_keys[] = {ENCODING_QEMU_KEY, 0};

static const char ascii[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                            "abcdefghijklmnopqrstuvwxyz{|}~";

static const struct layout {
    const char *name, *setting, *text;
} layouts[] = {
    {"us", "input.layout=us", ""},
    {"de", "input.layout=de", "äöüÄÖÜß§°²³€µ êéèÂô"},
    {"fr", "input.layout=fr", "éèçàù§°²€µ £¤ êëîïôûÊÔ"},
};

static void start_layout(const struct layout *layout, const struct guest_input_options *input)
{
    struct input_machine_options options = {
        .without = {[INPUT_TABLET] = true, [INPUT_MOUSE] = true}};
    options.machine.oriel.settings[0] = layout->setting;
    options.input = *input;
    input_machine_start(&machine, &options);
    guest_keyboard_init(&guest, layout->name);
}

static void finish_layout(void)
{
    guest_keyboard_check_idle(&guest);
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

/* The characters of a text of UTF-8, one by one. */
static uint32_t next_character(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    unsigned length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : 3;
    uint32_t character = at[0] & (length == 1 ? 0x7fu : 0xffu >> (length + 1));
    for (unsigned i = 1; i < length; i++)
        character = character << 6 | (at[i] & 0x3f);
    *text += length;
    return character;
}

static void type_text(struct rfb_client *viewer, const char *text)
{
    for (const char *at = text; *at;) {
        uint32_t keysym = xkb_utf32_to_keysym(next_character(&at));
        rfb_client_key(viewer, keysym, true);
        rfb_client_key(viewer, keysym, false);
    }
}

/* What has come is read. */
static void read_keyboard(void)
{
    struct guest_input *keyboard = &machine.devices[INPUT_KEYBOARD];
    guest_keyboard_feed(&guest, keyboard->events, keyboard->count);
    guest_input_clear(keyboard);
}

/* All that was typed has come, as text, and nothing more does. */
static void expect_text(const char *text)
{
    uint64_t end = check_now_us() + 5000000 * oriel_patience();
    while (strcmp(guest.text, text) != 0 && check_now_us() < end) {
        input_machine_step(&machine, 5);
        read_keyboard();
    }
    end = check_now_us() + 100000;
    while (check_now_us() < end)
        input_machine_step(&machine, 10);
    read_keyboard();
    assert_string_equal(guest.text, text);
}

static void type_in_all_layouts(const struct guest_input_options *input)
{
    for (unsigned i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%s%s", ascii, layouts[i].text);
        start_layout(&layouts[i], input);
        struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
        type_text(viewer, text);
        expect_text(text);
        finish_layout();
    }
}

static void a_ring_of_4_entries(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    type_in_all_layouts(&input);
}

static void a_ring_of_64_entries(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 64, .style = FRONT_END_QEMU_7};
    type_in_all_layouts(&input);
}

static void a_ring_without_extensions(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4,
                                        .refuse_features =
                                            GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX) |
                                            GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC)};
    start_layout(&layouts[0], &input);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    type_text(viewer, ascii);
    expect_text(ascii);
    finish_layout();
}

/* As viewers really type capitals: Shift goes down first, by a keysym of its
 * own, though the guest's layout may have the character without it. */
static void with_modifiers_held(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    for (unsigned i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        start_layout(&layouts[i], &input);
        struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
        rfb_client_key(viewer, XKB_KEY_Shift_L, true);
        type_text(viewer, ascii);
        rfb_client_key(viewer, XKB_KEY_Shift_L, false);
        expect_text(ascii);
        rfb_client_key(viewer, XKB_KEY_ISO_Level3_Shift, true);
        type_text(viewer, "Ab1/");
        rfb_client_key(viewer, XKB_KEY_ISO_Level3_Shift, false);
        char text[512];
        snprintf(text, sizeof(text), "%sAb1/", ascii);
        expect_text(text);
        finish_layout();
    }
}

/* A viewer that types fast: the next key goes down before the last goes up. */
static void keys_that_overlap(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    static const char text[] = "The quick brown fox jumps over THE LAZY DOG: 12345!";
    start_layout(&layouts[0], &input);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    for (unsigned i = 0; text[i]; i++) {
        rfb_client_key(viewer, (uint8_t)text[i], true);
        if (i > 0)
            rfb_client_key(viewer, (uint8_t)text[i - 1], false);
    }
    rfb_client_key(viewer, '!', false);
    expect_text(text);
    finish_layout();
}

/* At thirty keys a second, which is openQA's rate, nothing piles up. */
static void thirty_keys_a_second(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    struct guest_input *keyboard = &machine.devices[INPUT_KEYBOARD];
    start_layout(&layouts[0], &input);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    uint64_t slowest = 0;
    for (unsigned i = 0; i < 60; i++) {
        uint64_t start = check_now_us();
        unsigned before = keyboard->count;
        rfb_client_key(viewer, (uint8_t)ascii[i], true);
        rfb_client_key(viewer, (uint8_t)ascii[i], false);
        /* At least a press, a release, and their SYNs. */
        INPUT_WAIT(&machine, keyboard->count >= before + 4);
        uint64_t took = check_now_us() - start;
        slowest = took > slowest ? took : slowest;
        while (check_now_us() - start < 1000000 / 30)
            input_machine_step(&machine, 1);
    }
    print_message("slowest key: %llu us\n", (unsigned long long)slowest);
    char text[61] = "";
    memcpy(text, ascii, 60);
    expect_text(text);
    finish_layout();
}

/* Each key by its place gives the same key, whatever the layout. */
static void scancodes_are_the_keys(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    static const struct {
        uint32_t scancode;
        uint16_t code;
    } extended[] = {
        {0x9c, KEY_KPENTER},  {0x9d, KEY_RIGHTCTRL}, {0xb5, KEY_KPSLASH}, {0xb7, KEY_SYSRQ},
        {0xb8, KEY_RIGHTALT}, {0xc6, KEY_PAUSE},     {0xc7, KEY_HOME},    {0xc8, KEY_UP},
        {0xc9, KEY_PAGEUP},   {0xcb, KEY_LEFT},      {0xcd, KEY_RIGHT},   {0xcf, KEY_END},
        {0xd0, KEY_DOWN},     {0xd1, KEY_PAGEDOWN},  {0xd2, KEY_INSERT},  {0xd3, KEY_DELETE},
        {0xdb, KEY_LEFTMETA}, {0xdc, KEY_RIGHTMETA}, {0xdd, KEY_COMPOSE}, {0x56, KEY_102ND},
        {0x57, KEY_F11},      {0x58, KEY_F12},
    };
    start_layout(&layouts[1], &input);
    struct guest_input *keyboard = &machine.devices[INPUT_KEYBOARD];
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_keys);
    assert_int_equal(viewer->told.keys, 1);
    unsigned n = 0;
    for (uint16_t code = 1; code <= 0x53; code++, n++) {
        rfb_client_qemu_key(viewer, 'x', code, true);
        rfb_client_qemu_key(viewer, 'x', code, false);
    }
    for (unsigned i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
        rfb_client_qemu_key(viewer, 'x', extended[i].scancode, true);
        rfb_client_qemu_key(viewer, 'x', extended[i].scancode, false);
    }
    unsigned total = n + sizeof(extended) / sizeof(extended[0]);
    INPUT_WAIT(&machine, keyboard->count == 4 * total);
    for (unsigned i = 0; i < total; i++) {
        uint16_t code = i < n ? (uint16_t)(i + 1) : extended[i - n].code;
        guest_input_expect(keyboard, 4 * i, EV_KEY, code, 1);
        guest_input_expect(keyboard, 4 * i + 1, EV_SYN, SYN_REPORT, 0);
        guest_input_expect(keyboard, 4 * i + 2, EV_KEY, code, 0);
        guest_input_expect(keyboard, 4 * i + 3, EV_SYN, SYN_REPORT, 0);
    }
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

/* 1,000 events within 100 ms from the viewer: complete, in order. */
static void a_burst(uint16_t size, enum front_end_style style)
{
    struct guest_input_options input = {.size = size, .style = style};
    start_layout(&layouts[0], &input);
    struct guest_input *keyboard = &machine.devices[INPUT_KEYBOARD];
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_keys);
    uint64_t start = check_now_us();
    for (unsigned i = 0; i < 500; i++) {
        rfb_client_qemu_key(viewer, 'x', 2 + i % 50, true);
        rfb_client_qemu_key(viewer, 'x', 2 + i % 50, false);
    }
    uint64_t sent = check_now_us();
    assert_true(sent - start < 100000);
    INPUT_WAIT(&machine, keyboard->count >= 2000);
    print_message("ring of %u: sent in %llu us, all there after %llu us\n", size,
                  (unsigned long long)(sent - start), (unsigned long long)(check_now_us() - start));
    for (unsigned i = 0; i < 1000; i++) {
        guest_input_expect(keyboard, 2 * i, EV_KEY, (uint16_t)(2 + i / 2 % 50), i % 2 == 0);
        guest_input_expect(keyboard, 2 * i + 1, EV_SYN, SYN_REPORT, 0);
    }
    input_machine_settle(&machine, viewer);
    assert_int_equal(keyboard->count, 2000);
    guest_keyboard_finish(&guest);
    input_machine_finish(&machine);
}

static void a_burst_comes_through_whole(void **state)
{
    (void)state;
    a_burst(4, FRONT_END_QEMU_10);
    a_burst(64, FRONT_END_QEMU_7);
}

/* A character that the layout does not have is said once in the log, and
 * nothing comes of it. */
static void what_cannot_be_typed_is_logged_once(void **state)
{
    (void)state;
    struct guest_input_options input = {.size = 4};
    start_layout(&layouts[0], &input);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    for (unsigned i = 0; i < 5; i++)
        type_text(viewer, "a世b界");
    expect_text("ababababab");
    assert_int_equal(oriel_process_log_lines(&machine.machine.oriel, "keysym 0x1004e16"), 1);
    assert_int_equal(oriel_process_log_lines(&machine.machine.oriel, "keysym 0x100754c"), 1);
    finish_layout();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(a_ring_of_4_entries),
        INPUT_TEST(a_ring_of_64_entries),
        INPUT_TEST(a_ring_without_extensions),
        INPUT_TEST(with_modifiers_held),
        INPUT_TEST(keys_that_overlap),
        INPUT_TEST(thirty_keys_a_second),
        INPUT_TEST(scancodes_are_the_keys),
        INPUT_TEST(a_burst_comes_through_whole),
        INPUT_TEST(what_cannot_be_typed_is_logged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
