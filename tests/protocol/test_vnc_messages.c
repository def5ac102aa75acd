// SPDX-License-Identifier: GPL-2.0-or-later
/* What viewers say beyond pictures: dropped, bounded, or the end of them. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"

#include <stdlib.h>
#include <string.h>

static struct vnc_world world;
static struct rfb_client *witness; /* a viewer with manners, connected all the time */

static int start(void **state)
{
    (void)state;
    vnc_world_start(&world, NULL);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
    witness = vnc_world_connect(&world, 0, NULL);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    fake_head_fill_pattern(&world.core.heads[0], 3, 3, 50, 50, 99);
    assert_true(vnc_world_agrees(&world, witness, &world.core.heads[0]));
    vnc_world_finish(&world);
    return 0;
}

static struct rfb_client *connect_another(void)
{
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    return client;
}

/* Types that the encoder library would choke on, block on or act upon, and
 * that have a length: the stream stays in step. */
static void known_types_are_dropped(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t size, filler;
    } messages[] = {
        {{1, 0, 0, 0, 0, 7}, 6, 42},                  /* FixColourMapEntries */
        {{4, 1, 0, 0, 0, 0, 0, 0x61}, 8, 0},          /* key */
        {{5, 1, 0, 10, 0, 10}, 6, 0},                 /* pointer */
        {{6, 0, 0, 0, 0, 0, 0, 5}, 8, 5},             /* cut text */
        {{6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0}, 8, 16}, /* extended clipboard */
        {{8, 2, 0, 0}, 4, 0},                         /* SetScale */
        {{9, 1, 0, 0}, 4, 0},                         /* SetServerInput */
        {{10, 1, 0, 1, 0, 1}, 6, 0},                  /* SetSW */
        {{11, 0, 0, 0, 0, 0, 1, 0}, 8, 256},          /* text chat */
        {{11, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 8, 0}, /* text chat: open */
        {{15, 3, 0, 0}, 4, 0},                        /* PalmVNC's scale */
        {{150, 1, 0, 0, 0, 0, 1, 64, 0, 200}, 10, 0}, /* continuous updates */
        {{248, 0, 0, 0, 0x80, 0, 0, 1, 9}, 9, 9},     /* fence */
        {{250, 0, 1, 2}, 4, 0},                       /* xvp: shut down */
        {{253, 0x82, 0, 4}, 4, 4},                    /* gii, big-endian */
        {{253, 2, 4, 0}, 4, 4},                       /* gii, little-endian */
        {{255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 30}, 12, 0}, /* QEMU key */
        {{255, 1, 0, 0}, 4, 0},                       /* QEMU audio on */
        {{255, 1, 0, 2, 3, 2, 0, 0, 0xac, 0x44}, 10, 0}, /* QEMU audio format */
    };
    static const uint8_t filler[512];
    struct rfb_client *client = connect_another();
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        rfb_client_send(client, messages[i].bytes, messages[i].size);
        rfb_client_send(client, filler, messages[i].filler);
        uint64_t updates = client->updates;
        rfb_client_request_all(client, false);
        WORLD_WAIT(&world, client->updates > updates);
    }
    /* In one piece, and byte by byte. */
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        for (size_t k = 0; k < messages[i].size; k++) {
            rfb_client_send(client, messages[i].bytes + k, 1);
            if (k % 3 == 0)
                vnc_world_step(&world, 1);
        }
        rfb_client_send(client, filler, messages[i].filler);
    }
    fake_head_fill_pattern(&world.core.heads[0], 9, 9, 100, 100, 7);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

static void expect_cut_off(const void *message, size_t size)
{
    struct rfb_client *client = connect_another();
    rfb_client_send(client, message, size);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
    rfb_client_close(client);
    world.nclients--;
}

static void unknown_types_are_the_end(void **state)
{
    (void)state;
    static const uint8_t types[] = {7, 12, 13, 16, 99, 127, 151, 247, 249, 252, 254};
    for (size_t i = 0; i < sizeof(types); i++) {
        uint8_t message[12] = {types[i]};
        expect_cut_off(message, sizeof(message));
    }
    uint8_t qemu[4] = {255, 9};
    expect_cut_off(qemu, sizeof(qemu));
}

static void formats_that_nobody_means_are_the_end(void **state)
{
    (void)state;
    static const uint8_t formats[][13] = {
        {24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, /* bits per pixel */
        {0},
        {255, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0},
        {32, 24, 0, 0, 0, 255, 0, 255, 0, 255, 16, 8, 0}, /* a colour map of 32 bits */
        {32, 33, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, /* depth */
        {32, 24, 0, 1, 0, 254, 0, 255, 0, 255, 16, 8, 0}, /* not 2^n - 1 */
        {32, 24, 0, 1, 0, 0, 0, 255, 0, 255, 16, 8, 0},   /* no red */
        {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 25, 8, 0}, /* over the edge */
        {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 200, 8, 0},
        {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 12, 8, 0}, /* overlapping */
        {16, 16, 0, 1, 255, 255, 255, 255, 255, 255, 0, 0, 0},
        {8, 8, 0, 1, 0, 7, 0, 7, 0, 7, 0, 3, 6},
    };
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        uint8_t message[20] = {0};
        memcpy(message + 4, formats[i], sizeof(formats[i]));
        expect_cut_off(message, sizeof(message));
    }
}

static void too_many_encodings_are_the_end(void **state)
{
    (void)state;
    uint8_t message[4] = {2, 0, 4, 1};
    expect_cut_off(message, sizeof(message));
}

/* A list as long as is allowed, of nonsense. */
static void a_long_list_of_encodings_is_read(void **state)
{
    (void)state;
    struct rfb_client *client = connect_another();
    uint8_t message[4] = {2, 0, 4, 0}, chunk[1024];
    for (size_t i = 0; i < sizeof(chunk); i += 4)
        put_u32(chunk + i, 0x7f000000u + (uint32_t)i);
    rfb_client_send(client, message, sizeof(message));
    for (int i = 0; i < 4; i++) {
        vnc_world_run(&world, 20);
        rfb_client_send(client, chunk, sizeof(chunk));
    }
    fake_head_fill_pattern(&world.core.heads[0], 9, 9, 100, 100, 7);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

static long resident_kib(void)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", world.core.pid);
    FILE *file = fopen(path, "re");
    CHECK(file, "%s", path);
    while (fgets(line, sizeof(line), file))
        sscanf(line, "RssAnon: %ld", &kib);
    fclose(file);
    return kib;
}

/* Text of many megabytes is swallowed without being kept. */
static void a_long_text_is_skipped(void **state)
{
    (void)state;
    static const uint8_t filler[2048];
    struct rfb_client *client = connect_another();
    uint8_t message[8] = {6};
    size_t size = 32u << 20;
    put_u32(message + 4, (uint32_t)size);
    rfb_client_send(client, message, sizeof(message));
    long before = resident_kib();
    for (size_t sent = 0; sent < size; sent += sizeof(filler)) {
        while (client->output_size > sizeof(client->output) - sizeof(filler))
            vnc_world_step(&world, 1);
        rfb_client_send(client, filler, sizeof(filler));
    }
    fake_head_fill_pattern(&world.core.heads[0], 9, 9, 100, 100, 7);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    if (!getenv("ORIEL_SANITIZE"))
        assert_true(resident_kib() - before < 4096);
}

/* Every pixel format that can be meant gives the right pixels. */
static void pixel_formats_are_exact(void **state)
{
    (void)state;
    static const struct {
        uint8_t format[16];
        unsigned max[3], shift[3];
        bool big_endian;
    } cases[] = {
        {{32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}, {255, 255, 255}, {16, 8, 0}, true},
        {{32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16}, {255, 255, 255}, {0, 8, 16}, false},
        {{32, 30, 0, 1, 3, 255, 3, 255, 3, 255, 20, 10, 0}, {1023, 1023, 1023}, {20, 10, 0}, false},
        {{16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0}, {31, 63, 31}, {11, 5, 0}, false},
        {{16, 15, 1, 1, 0, 31, 0, 31, 0, 31, 10, 5, 0}, {31, 31, 31}, {10, 5, 0}, true},
        {{8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6}, {7, 7, 3}, {0, 3, 6}, false},
        {{16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0}, {31, 63, 31}, {11, 5, 0}, true},
        {{16, 12, 0, 1, 0, 15, 0, 15, 0, 15, 8, 4, 0}, {15, 15, 15}, {8, 4, 0}, false},
        {{8, 8, 0, 1, 0, 3, 0, 7, 0, 3, 6, 2, 0}, {3, 7, 3}, {6, 2, 0}, false},
    };
    const struct fake_head *head = &world.core.heads[0];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rfb_client_options options = {0};
        memcpy(options.pixel_format, cases[i].format, 16);
        struct rfb_client *client = vnc_world_connect(&world, 0, &options);
        WORLD_WAIT(&world, client->updates > 0 && client->pixels_received >= 320 * 200);
        assert_int_equal(client->colour_maps, 0);
        for (size_t k = 0; k < 320 * 200; k++) {
            uint32_t want = 0, is = client->pixels[k];
            for (int c = 0; c < 3; c++) {
                uint32_t value = head->image[k] >> (16 - 8 * c) & 0xff;
                want |= (value * cases[i].max[c] + 127) / 255 << cases[i].shift[c];
            }
            if (cases[i].big_endian)
                is = cases[i].format[0] == 32 ? __builtin_bswap32(is)
                                              : __builtin_bswap16((uint16_t)is);
            if (cases[i].format[0] == 32 && cases[i].max[0] == 255)
                is &= 0xffffff;
            assert_int_equal(is, want);
        }
        rfb_client_close(client);
        world.nclients--;
    }
}

/* It is told nothing that it could not use, and hung up on. */
static void a_colour_map_is_refused(void **state)
{
    (void)state;
    for (uint8_t bits = 8; bits <= 32; bits *= 2) {
        struct rfb_client_options options = {
            .pixel_format = {bits, 8, 0, 0, 0, 7, 0, 7, 0, 3, 0, 3, 6}};
        struct rfb_client *client = vnc_world_connect(&world, 0, &options);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
        assert_int_equal(client->colour_maps, 0);
        assert_int_equal(client->updates, 0);
        rfb_client_close(client);
        world.nclients--;
    }
}

/* Settings change while updates are on their way; each waits its turn. */
static void settings_may_change_at_any_time(void **state)
{
    (void)state;
    static const int32_t some[] = {ENCODING_COPY_RECT, ENCODING_CURSOR, 0};
    static const int32_t others[] = {ENCODING_DESKTOP_SIZE, ENCODING_ALPHA_CURSOR, 0};
    static const uint8_t format[20] = {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
    struct rfb_client *client = connect_another();
    struct fake_head *head = &world.core.heads[0];
    for (uint32_t i = 0; i < 200; i++) {
        fake_head_fill_pattern(head, i, i / 2, 100, 100, i);
        rfb_client_set_encodings(client, i % 2 ? some : others);
        rfb_client_send(client, format, sizeof(format));
        if (i % 3 == 0)
            rfb_client_request_all(client, false);
        vnc_world_step(&world, 2);
    }
    assert_true(vnc_world_agrees(&world, client, head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_types_are_dropped, start, finish),
        cmocka_unit_test_setup_teardown(unknown_types_are_the_end, start, finish),
        cmocka_unit_test_setup_teardown(formats_that_nobody_means_are_the_end, start, finish),
        cmocka_unit_test_setup_teardown(too_many_encodings_are_the_end, start, finish),
        cmocka_unit_test_setup_teardown(a_long_list_of_encodings_is_read, start, finish),
        cmocka_unit_test_setup_teardown(a_long_text_is_skipped, start, finish),
        cmocka_unit_test_setup_teardown(pixel_formats_are_exact, start, finish),
        cmocka_unit_test_setup_teardown(a_colour_map_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(settings_may_change_at_any_time, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
