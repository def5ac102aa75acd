// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's LEDs at the viewers that asked for them. */
#include "tests/protocol/lib/input_world.h"

static struct vnc_world world;
static const int32_t plain[] = {0};
static const int32_t qemu[] = {ENCODING_QEMU_LEDS, 0};
static const int32_t vmware[] = {ENCODING_VMWARE_LEDS, 0};
static const int32_t both[] = {ENCODING_VMWARE_LEDS, ENCODING_QEMU_LEDS, 0};
static const int32_t everything[] = {ENCODING_QEMU_LEDS,
                                     ENCODING_QEMU_KEY,
                                     ENCODING_QEMU_POINTER,
                                     ENCODING_EXTENDED_MOUSE_BUTTONS,
                                     ENCODING_EXTENDED_CLIPBOARD,
                                     ENCODING_CURSOR,
                                     ENCODING_EXTENDED_DESKTOP_SIZE,
                                     ENCODING_COPY_RECT,
                                     0};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

/* Link: num 1, caps 2, scroll 4. RFB: scroll 1, num 2, caps 4. */
static uint32_t rfb_bits(uint32_t leds)
{
    return (leds & 1 ? 2u : 0) | (leds & 2 ? 4u : 0) | (leds & 4 ? 1u : 0);
}

static void viewers_that_ask_are_told(void **state)
{
    (void)state;
    struct rfb_client *first = input_world_start(&world, qemu);
    struct rfb_client *second = input_world_connect(&world, vmware);
    struct rfb_client *third = input_world_connect(&world, both);
    struct rfb_client *silent = input_world_connect(&world, plain);
    assert_int_equal(first->told.leds, 1);
    assert_int_equal(first->told.led_encoding, ENCODING_QEMU_LEDS);
    assert_int_equal(first->told.led_bits, 0);
    assert_int_equal(second->told.led_encoding, ENCODING_VMWARE_LEDS);
    assert_int_equal(third->told.led_encoding, ENCODING_QEMU_LEDS);
    for (uint32_t leds = 1; leds <= 8; leds++) {
        unsigned before = first->told.leds;
        fake_core_send_seat(&world.core, leds % 8, false);
        WORLD_WAIT(&world, first->told.leds > before &&
                               first->told.led_bits == rfb_bits(leds % 8) &&
                               second->told.led_bits == rfb_bits(leds % 8) &&
                               third->told.led_bits == rfb_bits(leds % 8));
        assert_int_equal(first->told.leds, before + 1);
    }
    assert_int_equal(silent->told.leds, 0);
    /* The same once more is no news. */
    fake_core_send_seat(&world.core, 0, false);
    input_world_settle(&world, first);
    assert_int_equal(first->told.leds, 9);
}

static void who_asks_later_is_told_at_once(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, plain);
    fake_core_send_seat(&world.core, 2, false);
    input_world_settle(&world, client);
    assert_int_equal(client->told.leds, 0);
    rfb_client_set_encodings(client, qemu);
    WORLD_WAIT(&world, client->told.leds == 1);
    assert_int_equal(client->told.led_bits, 4);
}

/* An update that nobody asked for could be taken for the answer to a request
 * that is on its way. */
static void no_request_no_notice(void **state)
{
    (void)state;
    struct rfb_client_options options = {.no_request = true, .encodings = {ENCODING_QEMU_LEDS}};
    vnc_world_start(&world, NULL);
    struct rfb_client *client = vnc_world_connect(&world, 0, &options);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    fake_core_send_seat(&world.core, 2, false);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 0);
    rfb_client_request_all(client, true);
    WORLD_WAIT(&world, client->updates > 0 && !client->in_update);
    assert_int_equal(client->told.leds, 1);
    assert_int_equal(client->updates, 1);
    fake_core_send_seat(&world.core, 6, false);
    fake_core_send_seat(&world.core, 1, false);
    vnc_world_run(&world, 200);
    assert_int_equal(client->updates, 1);
    /* One answer to one request, and the newest state. */
    rfb_client_request_all(client, true);
    WORLD_WAIT(&world, client->updates == 2);
    assert_int_equal(client->told.leds, 2);
    assert_int_equal(client->told.led_bits, 2);
}

/* While an update is being encoded and sent nothing may come in between; the
 * client would find nonsense in its stream. */
static void notices_do_not_cut_into_updates(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, everything);
    struct fake_head *head = &world.core.heads[0];
    for (uint32_t i = 0; i < 400; i++) {
        fake_head_fill_pattern(head, i % 100, i % 50, 200, 150, i);
        fake_core_send_seat(&world.core, i % 8, i % 3 == 0);
        if (i % 5 == 0)
            rfb_client_set_encodings(client, i % 2 ? everything : qemu);
        rfb_client_key(client, 0x61, i % 2 == 0);
        if (i % 7 == 0)
            rfb_client_request_all(client, i % 2);
        vnc_world_step(&world, 1);
    }
    assert_true(vnc_world_agrees(&world, client, head));
    rfb_client_set_encodings(client, everything);
    fake_core_send_seat(&world.core, 5, false);
    WORLD_WAIT(&world, client->told.led_bits == rfb_bits(5) && !client->told.relative);
    assert_int_equal(client->told.keys, 1);
    assert_int_equal(client->told.mouse_buttons, 1);
    input_world_expect_count(&world, 400);
}

/* Nothing is kept for a viewer that reads nothing but the newest state. */
static void a_stalled_viewer_gets_the_newest(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, qemu);
    client->stalled = true;
    for (uint32_t i = 0; i < 3000; i++) {
        fake_core_send_seat(&world.core, i % 8, false);
        if (i % 100 == 0)
            fake_head_fill_pattern(&world.core.heads[0], 0, 0, 320, 200, i);
        vnc_world_step(&world, 0);
    }
    fake_core_send_seat(&world.core, 3, false);
    vnc_world_run(&world, 100);
    unsigned before = client->told.leds;
    client->stalled = false;
    WORLD_WAIT(&world, client->told.led_bits == rfb_bits(3));
    assert_true(client->told.leds - before < 10);
    assert_true(vnc_world_agrees(&world, client, &world.core.heads[0]));
}

static void a_kind_of_pointer_that_is_none_is_the_end(void **state)
{
    (void)state;
    input_world_start(&world, everything);
    struct link_seat seat = {.relative = 2};
    world.may_end = true;
    fake_core_send(&world.core, LINK_SEAT, 0, 0, &seat, sizeof(seat), -1);
    assert_int_equal(fake_core_wait(&world.core, 0, 10000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(viewers_that_ask_are_told, finish),
        cmocka_unit_test_teardown(who_asks_later_is_told_at_once, finish),
        cmocka_unit_test_teardown(no_request_no_notice, finish),
        cmocka_unit_test_teardown(notices_do_not_cut_into_updates, finish),
        cmocka_unit_test_teardown(a_stalled_viewer_gets_the_newest, finish),
        cmocka_unit_test_teardown(a_kind_of_pointer_that_is_none_is_the_end, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
