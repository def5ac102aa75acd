// SPDX-License-Identifier: GPL-2.0-or-later
/* Versions, passwords, and those who do not finish their handshake. */
#include "tests/protocol/lib/vnc_world.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct vnc_world world;
static const char *const versions[] = {"RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n"};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void start(const struct fake_core_options *options)
{
    vnc_world_start(&world, options);
    fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, 1);
}

static struct rfb_client *expect_picture(const struct rfb_client_options *options, uint8_t type)
{
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    assert_int_equal(client->noffered, 1);
    assert_int_equal(client->offered[0], type);
    return client;
}

static struct rfb_client *expect_refusal(const struct rfb_client_options *options)
{
    struct rfb_client *client = vnc_world_connect(&world, 0, options);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
    assert_int_equal(client->width, 0);
    return client;
}

static void every_version_without_password(void **state)
{
    (void)state;
    start(NULL);
    for (int i = 0; i < 3; i++) {
        struct rfb_client_options options = {.version = versions[i]};
        expect_picture(&options, 1);
    }
    /* What nobody speaks is taken for 3.3. */
    static const char *const others[] = {"RFB 003.005\n", "RFB 003.889\n", "RFB 005.000\n"};
    for (int i = 0; i < 3; i++) {
        struct rfb_client_options options = {.version = others[i]};
        expect_picture(&options, 1);
    }
}

static void every_version_with_password(void **state)
{
    (void)state;
    struct fake_core_options core = {.password = "sesame!\n"};
    start(&core);
    for (int i = 0; i < 3; i++) {
        struct rfb_client_options options = {.version = versions[i], .password = "sesame!"};
        expect_picture(&options, 2);
    }
}

static void wrong_passwords_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "sesame", "sesame!!", "Sesame!"};
    struct fake_core_options core = {.password = "sesame!\n"};
    start(&core);
    for (int v = 0; v < 3; v++) {
        for (int i = 0; i < 4; i++) {
            struct rfb_client_options options = {.version = versions[v], .password = wrong[i]};
            struct rfb_client *client = expect_refusal(&options);
            assert_int_equal(client->result, 1);
            /* Only 3.8 says why. */
            assert_int_equal(strlen(client->reason) > 0, v == 2);
            rfb_client_close(client);
            world.nclients--;
        }
    }
    assert_int_equal(world.core.nviewers, 0);
    assert_int_equal(world.core.heads[0].subscriptions, 0);
}

/* A server with a password offers nothing else, and takes nothing else. */
static void a_type_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    static const uint8_t types[] = {1, 5, 16, 19, 255};
    struct fake_core_options core = {.password = "sesame!\n"};
    start(&core);
    for (size_t i = 0; i < sizeof(types); i++) {
        struct rfb_client_options options = {.security = types[i]};
        struct rfb_client *client = expect_refusal(&options);
        assert_int_equal(client->result, 1);
        rfb_client_close(client);
        world.nclients--;
    }
}

static void eight_bytes_of_the_first_line_count(void **state)
{
    (void)state;
    struct fake_core_options core = {.password = "12345678-and-more\r\nsecond line\n"};
    start(&core);
    struct rfb_client_options right = {.password = "12345678 else"};
    expect_picture(&right, 2);
    struct rfb_client_options wrong = {.password = "1234567"};
    expect_refusal(&wrong);
}

static void a_line_end_of_either_kind_does_not_count(void **state)
{
    (void)state;
    static const char *const files[] = {"secret", "secret\n", "secret\r\n", "secret\nmore"};
    start(NULL);
    WORLD_WAIT(&world, world.core.greeted);
    for (int i = 0; i < 4; i++) {
        struct rfb_client_options options = {.password = "secret"};
        fake_core_send_password(&world.core, files[i]);
        rfb_client_close(expect_picture(&options, 2));
        world.nclients--;
    }
}

/* A file without a password must not open the door. */
static void an_empty_password_file_lets_nobody_in(void **state)
{
    (void)state;
    static const char *const files[] = {"", "\n", "\nsecret\n"};
    start(NULL);
    WORLD_WAIT(&world, world.core.greeted);
    for (int i = 0; i < 3; i++) {
        fake_core_send_password(&world.core, files[i]);
        for (int v = 0; v < 3; v++) {
            struct rfb_client_options options = {.version = versions[v], .password = ""};
            struct rfb_client *client = expect_refusal(&options);
            assert_true(strlen(client->reason) > 0);
            rfb_client_close(client);
            world.nclients--;
        }
    }
}

static void a_new_password_replaces_the_old(void **state)
{
    (void)state;
    struct fake_core_options core = {.password = "old\n"};
    struct rfb_client_options with_old = {.password = "old"}, with_new = {.password = "new"};
    start(&core);
    struct rfb_client *client = expect_picture(&with_old, 2);
    /* The same again, written otherwise: who is in stays in. */
    fake_core_send_password(&world.core, "old\r\nmore");
    vnc_world_run(&world, 50);
    fake_head_fill(&world.core.heads[0], 1, 1, 1, 1, 0x123456);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
    fake_core_send_password(&world.core, "new\n");
    expect_picture(&with_new, 2);
    expect_refusal(&with_old);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
}

static void who_does_not_speak_rfb_is_cut_off(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET / HTTP/1.1\r\n", "RFB 003.0x8\n", "RFB 003 008\n",
                                        "\026\003\001\002\0\001\0\001\374\003\003\0"};
    start(NULL);
    for (int i = 0; i < 4; i++) {
        struct rfb_client_options options = {.version = lines[i]};
        struct rfb_client *client = vnc_world_connect(&world, 0, &options);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_SECURITY);
        if (i == 3) /* It has zeros, which end the string. */
            rfb_client_send(client, lines[i] + 4, 8);
        WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
        rfb_client_close(client);
        world.nclients--;
    }
}

/* Byte by byte is slow, but no offence. */
static void a_trickling_viewer_is_served(void **state)
{
    (void)state;
    struct rfb_client_options options = {.version = ""};
    start(NULL);
    struct rfb_client *client = vnc_world_connect(&world, 0, &options);
    static const char hello[] = "RFB 003.008\n";
    for (int i = 0; i < 12; i++) {
        vnc_world_run(&world, 5);
        rfb_client_send(client, hello + i, 1);
    }
    client->minor = 8;
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

static void the_unfinished_are_cut_off_in_time(void **state)
{
    (void)state;
    struct fake_core_options core = {.policy.handshake_timeout_ms = 400, .password = "secret"};
    struct rfb_client_options silent = {.version = ""}, half = {.version = "RFB 0"};
    start(&core);
    struct rfb_client *a = vnc_world_connect(&world, 0, &silent);
    struct rfb_client *b = vnc_world_connect(&world, 0, &half);
    struct rfb_client_options good = {.password = "secret"};
    struct rfb_client *c = expect_picture(&good, 2);
    WORLD_WAIT(&world, a->state == RFB_CLIENT_CLOSED && b->state == RFB_CLIENT_CLOSED);
    /* Who has finished in time has all the time it wants. */
    vnc_world_run(&world, 600);
    fake_head_fill(&world.core.heads[0], 1, 1, 1, 1, 0x123456);
    assert_true(vnc_world_agrees(&world, c, &world.core.heads[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_version_without_password, finish),
        cmocka_unit_test_teardown(every_version_with_password, finish),
        cmocka_unit_test_teardown(wrong_passwords_are_refused, finish),
        cmocka_unit_test_teardown(a_type_that_was_not_offered_is_refused, finish),
        cmocka_unit_test_teardown(eight_bytes_of_the_first_line_count, finish),
        cmocka_unit_test_teardown(a_line_end_of_either_kind_does_not_count, finish),
        cmocka_unit_test_teardown(an_empty_password_file_lets_nobody_in, finish),
        cmocka_unit_test_teardown(a_new_password_replaces_the_old, finish),
        cmocka_unit_test_teardown(who_does_not_speak_rfb_is_cut_off, finish),
        cmocka_unit_test_teardown(a_trickling_viewer_is_served, finish),
        cmocka_unit_test_teardown(the_unfinished_are_cut_off_in_time, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
