// SPDX-License-Identifier: GPL-2.0-or-later
/* Viewers' clipboards: plain, extended, and made to do harm. */
#include "tests/protocol/lib/input_world.h"

#include "net/vnc/bytes.h"
#include "net/vnc/clipboard.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct vnc_world world;
static const int32_t plain[] = {0};
static const int32_t extended[] = {ENCODING_EXTENDED_CLIPBOARD, 0};
#define CAPS_FLAGS                                                                                 \
    (CLIPBOARD_CAPS | CLIPBOARD_PEEK | CLIPBOARD_NOTIFY | CLIPBOARD_PROVIDE | CLIPBOARD_TEXT)

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void expect_text(unsigned index, const char *text, size_t size)
{
    const struct fake_input *input = input_world_get(&world, index);
    assert_int_equal(input->type, LINK_TEXT);
    assert_int_equal(input->text_size, size);
    assert_memory_equal(input->text, text, size);
}

static void latin1_becomes_utf8(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, plain);
    rfb_client_cut_text(client, "plain\ntext", 10);
    rfb_client_cut_text(client, "", 0); /* no text at all */
    rfb_client_cut_text(client, "Gr\xfc\xdf\x65 \xa3\xff\x80", 9);
    expect_text(0, "plain\ntext", 10);
    expect_text(1, "Grüße £ÿ\xc2\x80", 14);
    input_world_expect_count(&world, 2);
}

static void texts_are_bounded(void **state)
{
    (void)state;
    static uint8_t text[LINK_MAX_TEXT + 1];
    struct rfb_client *client = input_world_start(&world, plain);
    memset(text, 'x', sizeof(text));
    rfb_client_cut_text(client, text, LINK_MAX_TEXT);
    input_world_get(&world, 0);
    rfb_client_cut_text(client, text, LINK_MAX_TEXT + 1);
    input_world_settle(&world, client);
    /* One character of two bytes too many. */
    text[7] = 0xe9;
    rfb_client_cut_text(client, text, LINK_MAX_TEXT);
    input_world_settle(&world, client);
    rfb_client_cut_text(client, text, LINK_MAX_TEXT - 1);
    assert_int_equal(input_world_get(&world, 0)->text_size, LINK_MAX_TEXT);
    assert_int_equal(input_world_get(&world, 1)->text_size, LINK_MAX_TEXT);
    assert_memory_equal(input_world_get(&world, 1)->text, "xxxxxxx\xc3\xa9xx", 11);
    input_world_expect_count(&world, 2);
}

static void capabilities_follow_each_list_of_encodings(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, extended);
    assert_int_equal(client->told.nclipboards, 1);
    assert_int_equal(client->told.clipboards[0].flags, CAPS_FLAGS);
    assert_int_equal(client->told.clipboards[0].size, LINK_MAX_TEXT);
    rfb_client_set_encodings(client, extended);
    WORLD_WAIT(&world, client->told.nclipboards == 2);
    assert_int_equal(client->told.clipboards[1].flags, CAPS_FLAGS);
    rfb_client_set_encodings(client, plain);
    input_world_settle(&world, client);
    assert_int_equal(client->told.nclipboards, 2);
}

static void provided_text_goes_up(void **state)
{
    (void)state;
    static const char text[] = "Grüße, 世界 \xf0\x9f\x8f\xa0\r\nsecond line";
    struct rfb_client *client = input_world_start(&world, extended);
    rfb_client_clipboard(client, CAPS_FLAGS | CLIPBOARD_REQUEST, (uint8_t[4]){0, 16, 0, 0}, 4);
    rfb_client_provide(client, text, sizeof(text) - 1);
    rfb_client_provide(client, "", 0);
    rfb_client_provide(client, "cut\0off", 7);
    expect_text(0, text, sizeof(text) - 1);
    expect_text(1, "cut", 3);
    input_world_expect_count(&world, 2);
}

static void text_that_is_announced_is_asked_for(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, extended);
    rfb_client_clipboard(client, CLIPBOARD_NOTIFY | CLIPBOARD_TEXT, NULL, 0);
    WORLD_WAIT(&world, client->told.nclipboards == 2);
    assert_int_equal(client->told.clipboards[1].flags, CLIPBOARD_REQUEST | CLIPBOARD_TEXT);
    rfb_client_provide(client, "as asked", 8);
    expect_text(0, "as asked", 8);
    /* Formats that are not text, and none. */
    rfb_client_clipboard(client, CLIPBOARD_NOTIFY | 2, NULL, 0);
    rfb_client_clipboard(client, CLIPBOARD_NOTIFY, NULL, 0);
    input_world_settle(&world, client);
    assert_int_equal(client->told.nclipboards, 2);
    /* What is here: nothing. */
    rfb_client_clipboard(client, CLIPBOARD_PEEK, NULL, 0);
    WORLD_WAIT(&world, client->told.nclipboards == 3);
    assert_int_equal(client->told.clipboards[2].flags, CLIPBOARD_NOTIFY);
    rfb_client_clipboard(client, CLIPBOARD_REQUEST | CLIPBOARD_TEXT, NULL, 0);
    WORLD_WAIT(&world, client->told.nclipboards == 4);
    assert_int_equal(client->told.clipboards[3].flags, CLIPBOARD_NOTIFY);
    input_world_expect_count(&world, 1);
}

/* A zlib stream of `size` bytes, in the way that `flush` ends it. */
static size_t pack(uint8_t *packed, size_t room, const void *data, size_t size, int flush)
{
    z_stream stream = {.next_in = (Bytef *)data,
                       .avail_in = (uInt)size,
                       .next_out = packed,
                       .avail_out = (uInt)room};
    assert_int_equal(deflateInit(&stream, 9), Z_OK);
    int rc = deflate(&stream, flush);
    assert_true(rc == Z_OK || rc == Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

/* Viewers differ in whether they end their streams. */
static void streams_may_end_or_not(void **state)
{
    (void)state;
    static const int ends[] = {Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH};
    uint8_t packed[256];
    struct rfb_client *client = input_world_start(&world, extended);
    for (unsigned i = 0; i < 3; i++) {
        size_t size = pack(packed, sizeof(packed), "\0\0\0\x05text", 9, ends[i]);
        rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, size);
        expect_text(i, "text", 4);
    }
    /* Other formats behind the text, and bytes behind the stream. */
    size_t size = pack(packed, sizeof(packed), "\0\0\0\x03to\0\0\0\0\x02{}", 13, Z_FINISH);
    memset(packed + size, 0xff, 7);
    rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT | 2, packed, size + 7);
    expect_text(3, "to", 2);
    /* Without the NUL that belongs there. */
    size = pack(packed, sizeof(packed), "\0\0\0\x02ok", 6, Z_FINISH);
    rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, size);
    expect_text(4, "ok", 2);
}

/* The most that is taken, and a byte more; and what would be gigabytes. */
static void bombs_do_not_go_off(void **state)
{
    (void)state;
    static uint8_t big[4 * 1024 * 1024], packed[64 * 1024];
    struct rfb_client *client = input_world_start(&world, extended);
    memset(big + 4, 'y', sizeof(big) - 4);
    rfb_client_provide(client, big + 4, LINK_MAX_TEXT);
    rfb_client_provide(client, big + 4, LINK_MAX_TEXT + 1);
    put_u32(big, LINK_MAX_TEXT + 1); /* without a NUL */
    size_t size = pack(packed, sizeof(packed), big, sizeof(big), Z_FINISH);
    rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, size);
    static const uint32_t claims[] = {sizeof(big) - 4, 0x7fffffff, 0x80000000, 0xffffffff};
    for (unsigned i = 0; i < 4; i++) {
        put_u32(big, claims[i]);
        size = pack(packed, sizeof(packed), big, sizeof(big), Z_FINISH);
        rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, size);
    }
    /* Zeros, which compress best. */
    memset(big, 0, sizeof(big));
    put_u32(big, LINK_MAX_TEXT);
    size = pack(packed, sizeof(packed), big, sizeof(big), Z_FINISH);
    rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, size);
    assert_int_equal(input_world_get(&world, 0)->text_size, LINK_MAX_TEXT);
    input_world_expect_count(&world, 1);
}

static void streams_that_are_none_are_left_out(void **state)
{
    (void)state;
    static const char *const bad_utf8[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "ok\xff",
    };
    uint8_t packed[256], garbage[512];
    uint64_t random = 77;
    struct rfb_client *client = input_world_start(&world, extended);
    for (unsigned i = 0; i < sizeof(bad_utf8) / sizeof(bad_utf8[0]); i++)
        rfb_client_provide(client, bad_utf8[i], strlen(bad_utf8[i]));
    /* Cut off at each byte: nothing, or the text once it is all there. */
    size_t size = pack(packed, sizeof(packed), "\0\0\0\x05text", 9, Z_FINISH);
    for (size_t i = 0; i < 6; i++)
        rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, packed, i);
    assert_true(size > 6);
    for (unsigned i = 0; i < 200; i++) {
        for (size_t k = 0; k < sizeof(garbage); k++)
            garbage[k] = (uint8_t)check_random(&random);
        garbage[0] = 0x78; /* the beginning of a stream, sometimes */
        garbage[1] = i % 2 ? 0x9c : garbage[1];
        rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, garbage,
                             check_random_below(&random, sizeof(garbage)));
    }
    /* A stream that wants a dictionary. */
    rfb_client_clipboard(client, CLIPBOARD_PROVIDE | CLIPBOARD_TEXT,
                         (uint8_t[]){0x78, 0xbb, 1, 2, 3, 4, 5, 6, 7}, 9);
    input_world_expect_count(&world, 0);
    rfb_client_provide(client, "still here", 10);
    expect_text(0, "still here", 10);
}

static void lengths_are_checked(void **state)
{
    (void)state;
    static const uint32_t short_lengths[] = {0xffffffff, 0xfffffffe, 0xfffffffd};
    uint8_t message[32] = {6};
    struct rfb_client *witness = input_world_start(&world, extended);
    for (unsigned i = 0; i < 3; i++) {
        struct rfb_client *client = input_world_connect(&world, extended);
        put_u32(message + 4, short_lengths[i]);
        rfb_client_send(client, message, sizeof(message));
        WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
        rfb_client_close(client);
        world.nclients--;
    }
    /* Longer than anything: skipped as it comes, byte for byte. */
    static const uint32_t long_lengths[] = {0x80000000, 0x80000001, 0x7fffffff, 0xfff00000};
    for (unsigned i = 0; i < 4; i++) {
        struct rfb_client *client = input_world_connect(&world, extended);
        put_u32(message + 4, long_lengths[i]);
        rfb_client_send(client, message, sizeof(message));
        vnc_world_run(&world, 50);
        assert_int_equal(client->state, RFB_CLIENT_RUNNING);
        rfb_client_close(client);
        world.nclients--;
    }
    /* Nobody offered: its extended messages are text that nobody wants. */
    struct rfb_client *client = input_world_connect(&world, plain);
    rfb_client_provide(client, "unasked", 7);
    put_u32(message + 4, 0xffffffff);
    rfb_client_send(client, message, 9);
    rfb_client_key(client, 0x61, true);
    input_world_expect_key(&world, 0, LINK_KEY_KEYSYM, 0x61, true);
    assert_int_equal(witness->state, RFB_CLIENT_RUNNING);
}

/* Flags in every combination: none breaks anything, and answers are few. */
static void flags_of_all_kinds(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, extended);
    client->stalled = true;
    for (uint32_t actions = 0; actions < 256; actions++)
        for (uint32_t formats = 0; formats < 32; formats++)
            rfb_client_clipboard(client, actions << 24 | formats, NULL, 0);
    vnc_world_run(&world, 200);
    client->stalled = false;
    input_world_settle(&world, client);
    assert_true(client->told.nclipboards > 1);
    input_world_expect_count(&world, 0);
    rfb_client_provide(client, "still here", 10);
    expect_text(0, "still here", 10);
}

/* A viewer that may only look is not asked what it has copied. */
static void who_may_only_look_keeps_its_clipboard(void **state)
{
    (void)state;
    struct fake_core_options options = {.password = "all\n", .view_password = "look\n"};
    struct rfb_client_options looks = {.password = "look",
                                       .encodings = {ENCODING_EXTENDED_CLIPBOARD}};
    struct rfb_client_options types = {.password = "all",
                                       .encodings = {ENCODING_EXTENDED_CLIPBOARD}};
    vnc_world_start(&world, &options);
    struct rfb_client *looker = vnc_world_connect(&world, 0, &looks);
    struct rfb_client *typer = vnc_world_connect(&world, 0, &types);
    WORLD_WAIT(&world, looker->updates > 0 && typer->told.nclipboards == 1);
    rfb_client_clipboard(looker, CLIPBOARD_NOTIFY | CLIPBOARD_TEXT, NULL, 0);
    rfb_client_clipboard(looker, CLIPBOARD_PEEK, NULL, 0);
    rfb_client_provide(looker, "mine", 4);
    rfb_client_cut_text(looker, "mine", 4);
    input_world_settle(&world, looker);
    assert_int_equal(looker->told.nclipboards, 0);
    rfb_client_provide(typer, "yours", 5);
    expect_text(0, "yours", 5);
    input_world_expect_count(&world, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(latin1_becomes_utf8, finish),
        cmocka_unit_test_teardown(texts_are_bounded, finish),
        cmocka_unit_test_teardown(capabilities_follow_each_list_of_encodings, finish),
        cmocka_unit_test_teardown(provided_text_goes_up, finish),
        cmocka_unit_test_teardown(text_that_is_announced_is_asked_for, finish),
        cmocka_unit_test_teardown(streams_may_end_or_not, finish),
        cmocka_unit_test_teardown(bombs_do_not_go_off, finish),
        cmocka_unit_test_teardown(streams_that_are_none_are_left_out, finish),
        cmocka_unit_test_teardown(lengths_are_checked, finish),
        cmocka_unit_test_teardown(flags_of_all_kinds, finish),
        cmocka_unit_test_teardown(who_may_only_look_keeps_its_clipboard, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
