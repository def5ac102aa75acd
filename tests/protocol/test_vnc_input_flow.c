// SPDX-License-Identifier: GPL-2.0-or-later
/* Much input, slow peers, viewers that leave: nothing is lost that was typed,
 * nothing changes its order, and memory has bounds. */
#include "tests/protocol/lib/input_world.h"
#include "tests/protocol/lib/oriel_process.h"

#include "net/vnc/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MARK 0x1234567 /* a keysym that is none of those that are counted */

static struct vnc_world world;
static struct fake_core *const core = &world.core;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

/* As WORLD_WAIT(), to the millisecond. */
#define WAIT_CLOSELY(condition)                                                                    \
    do {                                                                                           \
        uint64_t end_ = check_now_us() + 20000000;                                                 \
        while (!(condition)) {                                                                     \
            CHECK(check_now_us() < end_, "waited in vain");                                        \
            vnc_world_step(&world, 1);                                                             \
        }                                                                                          \
    } while (0)

/* Keys that say their own number. */
static void send_keys(struct rfb_client *client, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        rfb_client_key(client, 0x1000 + i / 2, i % 2 == 0);
}

/* The same in one piece. What stays in a sender's own queue when it closes its
 * socket with unread data is lost, and no server can help that. */
static void send_keys_at_once(struct rfb_client *client, uint32_t count)
{
    uint8_t *messages = calloc(count, 8);
    CHECK(messages, "memory");
    for (uint32_t i = 0; i < count; i++) {
        messages[8 * i] = 4;
        messages[8 * i + 1] = i % 2 == 0;
        put_u32(messages + 8 * i + 4, 0x1000 + i / 2);
    }
    rfb_client_send(client, messages, 8 * (size_t)count);
    free(messages);
}

static void expect_keys(unsigned at, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        input_world_expect_key(&world, at + i, LINK_KEY_KEYSYM, 0x1000 + (first + i) / 2,
                               (first + i) % 2 == 0);
}

static void a_burst_arrives_whole_and_in_order(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    uint64_t start = check_now_us();
    send_keys(client, 0, 1000);
    WAIT_CLOSELY(core->inputs.count >= 1000);
    uint64_t took = check_now_us() - start;
    print_message("1000 keys in %llu us\n", (unsigned long long)took);
    assert_true(took < 100000 * oriel_patience());
    expect_keys(0, 0, 1000);
    input_world_expect_count(&world, 1000);
}

/* The core reads nothing for a while: more than the link's socket holds. */
static void a_burst_waits_for_a_slow_core(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    core->deaf = true;
    send_keys(client, 0, 1000);
    vnc_world_run(&world, 200);
    assert_int_equal(core->inputs.count, 0);
    core->deaf = false;
    expect_keys(0, 0, 1000);
    input_world_expect_count(&world, 1000);
}

static long resident_kib(void)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", core->pid);
    FILE *file = fopen(path, "re");
    CHECK(file, "%s", path);
    while (fgets(line, sizeof(line), file))
        sscanf(line, "RssAnon: %ld", &kib);
    fclose(file);
    return kib;
}

/* Sends until the server takes no more; returns how many. */
static uint32_t fill(struct rfb_client *client, uint32_t most)
{
    uint32_t sent = 0;
    uint64_t moved = check_now_us();
    size_t waiting = 0;
    while (sent < most && check_now_us() - moved < 500000) {
        if (client->output_size < 4096) {
            send_keys(client, sent, 1000);
            sent += 1000;
        }
        vnc_world_step(&world, 1);
        if (client->output_size != waiting)
            moved = check_now_us();
        waiting = client->output_size;
    }
    return sent;
}

/* What is too much stays in the viewer's socket, and nothing is lost. */
static void a_flood_is_held_back(void **state)
{
    (void)state;
    const uint32_t most = 4000000;
    struct rfb_client *client = input_world_start(&world, NULL);
    struct rfb_client *other = input_world_connect(&world, NULL);
    long before = resident_kib();
    core->deaf = true;
    uint32_t sent = fill(client, most);
    assert_true(sent < most);
    long grown = resident_kib() - before;
    print_message("%u keys were sent, %ld KiB more are used\n", sent, grown);
    if (!getenv("ORIEL_SANITIZE"))
        assert_true(grown < 2048);
    /* The other one's input has room of its own. */
    rfb_client_key(other, MARK, true);
    vnc_world_run(&world, 100);
    core->deaf = false;
    WORLD_WAIT(&world, core->inputs.count >= sent + 1);
    unsigned mine = 0, others = 0;
    for (unsigned i = 0; i < core->inputs.count; i++) {
        const struct link_key *key = &core->inputs.list[i].key;
        if (key->code == MARK) {
            assert_true(mine < sent);
            others++;
            continue;
        }
        assert_int_equal(key->code, 0x1000 + mine / 2);
        assert_int_equal(key->down, mine % 2 == 0);
        mine++;
    }
    assert_int_equal(mine, sent);
    assert_int_equal(others, 1);
}

/* Pictures and new viewers do not depend on the input of one. */
static void a_flood_stops_nobody_else(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    for (unsigned i = 0; i < 50; i++) {
        if (client->output_size < 100000)
            send_keys(client, 0, 5000);
        vnc_world_step(&world, 1);
    }
    struct rfb_client *other = input_world_connect(&world, NULL);
    for (unsigned i = 0; i < 20; i++) {
        if (client->output_size < 100000)
            send_keys(client, 0, 5000);
        fake_head_fill_pattern(&core->heads[0], 0, 0, 320, 200, i);
        assert_true(vnc_world_agrees(&world, other, &core->heads[0]));
    }
}

/* Motion that waits is united, in its place among everything else. */
static void motion_that_waits_is_united(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    core->deaf = true;
    send_keys(client, 0, 1000); /* more than the link takes, less than is too much */
    vnc_world_run(&world, 300);
    uint32_t keys = 1000;
    for (unsigned i = 0; i < 500; i++)
        rfb_client_pointer(client, 0, (uint16_t)(i % 300), 7);
    rfb_client_pointer(client, 1, 300, 8);
    rfb_client_pointer(client, 1, 301, 9);
    rfb_client_pointer(client, 9, 302, 10);
    rfb_client_pointer(client, 1, 303, 11);
    rfb_client_pointer(client, 9, 304, 12);
    rfb_client_key(client, 0x61, true);
    rfb_client_pointer(client, 0, 305, 13);
    rfb_client_pointer(client, 0, 306, 14);
    vnc_world_run(&world, 300);
    core->deaf = false;
    WORLD_WAIT(&world, core->inputs.count > 0 &&
                           core->inputs.list[core->inputs.count - 1].pointer.x == 306);
    expect_keys(0, 0, keys);
    /* Where the pointer was when something happened is there, and the newest
     * place before each; few others are. */
    static const struct link_pointer kept[] = {
        {.x = 499 % 300, .y = 7},
        {.x = 300, .y = 8, .buttons = 1},
        {.x = 301, .y = 9, .buttons = 1},
        {.x = 302, .y = 10, .buttons = 1, .wheel_vertical = 120},
        {.x = 303, .y = 11, .buttons = 1},
        {.x = 304, .y = 12, .buttons = 1, .wheel_vertical = 120},
        {.x = 305, .y = 13},
        {.x = 306, .y = 14},
    };
    unsigned count = core->inputs.count - keys, n = sizeof(kept) / sizeof(kept[0]);
    print_message("%u messages for 508\n", count);
    assert_true(count >= n + 1 && count < n + 20);
    for (unsigned i = 0; i < n; i++)
        input_world_expect_pointer(&world, core->inputs.count - n - (i < 6) + i, &kept[i]);
    input_world_expect_key(&world, core->inputs.count - 3, LINK_KEY_KEYSYM, 0x61, true);
}

/* The sum of relative motion is what counts. */
static void ways_that_wait_add_up(void **state)
{
    (void)state;
    static const int32_t encodings[] = {ENCODING_QEMU_POINTER, 0};
    struct rfb_client *client = input_world_start(&world, encodings);
    fake_core_send_seat(core, 0, true);
    WORLD_WAIT(&world, client->told.relative);
    core->deaf = true;
    int64_t x = 0, y = 0;
    uint64_t random = 3;
    for (unsigned i = 0; i < 3000; i++) {
        int32_t dx = (int32_t)check_random_below(&random, 2001) - 1000;
        int32_t dy = (int32_t)check_random_below(&random, 21) - 5;
        rfb_client_pointer(client, 0, (uint16_t)(0x7fff + dx), (uint16_t)(0x7fff + dy));
        x += dx;
        y += dy;
    }
    rfb_client_key(client, 0x61, true);
    vnc_world_run(&world, 300);
    core->deaf = false;
    WORLD_WAIT(&world, core->inputs.count > 0 &&
                           core->inputs.list[core->inputs.count - 1].type == LINK_KEY);
    for (unsigned i = 0; i + 1 < core->inputs.count; i++) {
        assert_int_equal(core->inputs.list[i].pointer.relative, 1);
        x -= core->inputs.list[i].pointer.x;
        y -= core->inputs.list[i].pointer.y;
    }
    assert_true(x == 0 && y == 0);
}

/* Texts, which are large, wait in order among keys. */
static void texts_and_keys_keep_their_order(void **state)
{
    (void)state;
    static char text[LINK_MAX_TEXT];
    struct rfb_client *client = input_world_start(&world, NULL);
    core->deaf = true;
    for (uint32_t i = 0; i < 40; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof(text));
        while (client->output_size > sizeof(client->output) - sizeof(text) - 64 && !core->over) {
            core->deaf = false;
            vnc_world_step(&world, 10);
        }
        rfb_client_cut_text(client, text, sizeof(text));
        send_keys(client, i, 1);
    }
    core->deaf = false;
    WORLD_WAIT(&world, core->inputs.count == 80);
    for (uint32_t i = 0; i < 40; i++) {
        const struct fake_input *input = &core->inputs.list[2 * i];
        assert_int_equal(input->type, LINK_TEXT);
        assert_int_equal(input->text_size, LINK_MAX_TEXT);
        assert_int_equal(input->text[0], 'a' + (int)(i % 26));
        assert_int_equal(input->text[LINK_MAX_TEXT - 1], 'a' + (int)(i % 26));
        input_world_expect_key(&world, 2 * i + 1, LINK_KEY_KEYSYM, 0x1000 + i / 2, i % 2 == 0);
    }
}

/* A viewer that is cut off holding keys: the core hears that it is gone, after
 * everything that it did. */
static void a_viewer_that_is_gone_is_said_to_be(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    rfb_client_key(client, 0xffe3, true);
    rfb_client_key(client, 0x61, true);
    input_world_get(&world, 1);
    struct linger hard = {1, 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    uint64_t start = check_now_us();
    rfb_client_close(client);
    WAIT_CLOSELY(core->viewers[0].gone);
    uint64_t took = check_now_us() - start;
    print_message("gone after %llu us\n", (unsigned long long)took);
    assert_true(took < 100000 * oriel_patience());
    assert_int_equal(core->inputs.count, 2);
}

/* A program that types and leaves at once, without reading what it was sent. */
static void what_was_typed_before_leaving_arrives(void **state)
{
    (void)state;
    input_world_start(&world, NULL);
    unsigned before = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct rfb_client *client = input_world_connect(&world, NULL);
        client->stalled = true;
        fake_head_fill_pattern(&core->heads[0], 0, 0, 320, 200, 2 + i);
        vnc_world_run(&world, 20);
        send_keys_at_once(client, 600);
        assert_int_equal(client->output_size, 0);
        rfb_client_close(client);
        world.nclients--;
        expect_keys(before, 0, 600);
        before += 600;
    }
    WORLD_WAIT(&world, fake_core_live_viewers(core) == 1);
    input_world_expect_count(&world, before);
}

/* The same while the core is slow: it is all still there, and then the end. */
static void what_was_typed_before_leaving_waits_for_a_slow_core(void **state)
{
    (void)state;
    struct rfb_client *client = input_world_start(&world, NULL);
    client->stalled = true;
    fake_head_fill_pattern(&core->heads[0], 0, 0, 320, 200, 2);
    vnc_world_run(&world, 50);
    core->deaf = true;
    send_keys_at_once(client, 5000);
    while (client->output_size > 0)
        vnc_world_step(&world, 5);
    rfb_client_close(client);
    vnc_world_run(&world, 200);
    core->deaf = false;
    expect_keys(0, 0, 5000);
    WORLD_WAIT(&world, core->viewers[0].gone);
    assert_int_equal(core->inputs.count, 5000);
}

/* Keys do not wait for pictures: a big one is being encoded, the viewer reads
 * nothing, and has sent settings that the encoder has to wait with. */
static void keys_overtake_pictures(void **state)
{
    (void)state;
    static const uint8_t format[20] = {0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
    struct fake_core_options options = {.width = 3840, .height = 2160};
    struct rfb_client_options slow = {.small_buffer = true, .no_request = true};
    static const int32_t none[] = {0};
    vnc_world_start(&world, &options);
    fake_head_fill_pattern(&core->heads[0], 0, 0, 3840, 2160, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, &slow);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_RUNNING);
    client->stalled = true;
    rfb_client_request_all(client, false);
    vnc_world_run(&world, 300); /* it is on its way, and does not get far */
    for (uint32_t i = 0; i < 20; i++) {
        rfb_client_send(client, format, sizeof(format));
        rfb_client_set_encodings(client, none);
        rfb_client_request_all(client, true);
        uint64_t start = check_now_us();
        send_keys(client, i, 1);
        WAIT_CLOSELY(core->inputs.count > i);
        assert_true(check_now_us() - start < 50000 * oriel_patience());
        input_world_expect_key(&world, i, LINK_KEY_KEYSYM, 0x1000 + i / 2, i % 2 == 0);
    }
    client->stalled = false;
    client->auto_request = true;
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
}

/* The same while the encoder is at work, and not only the socket full. */
static void keys_overtake_the_encoder(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 3840, .height = 2160};
    vnc_world_start(&world, &options);
    struct fake_head *head = &core->heads[0];
    fake_head_fill_pattern(head, 0, 0, 3840, 2160, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, client->updates > 0);
    for (uint32_t i = 0; i < 30; i++) {
        fake_head_fill_pattern(head, 0, 0, 3840, 2160, i);
        rfb_client_set_encodings(client, client->options.encodings);
        vnc_world_run(&world, 7);
        send_keys(client, i, 1);
        input_world_expect_key(&world, i, LINK_KEY_KEYSYM, 0x1000 + i / 2, i % 2 == 0);
    }
    assert_true(vnc_world_agrees(&world, client, head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_burst_arrives_whole_and_in_order, finish),
        cmocka_unit_test_teardown(a_burst_waits_for_a_slow_core, finish),
        cmocka_unit_test_teardown(a_flood_is_held_back, finish),
        cmocka_unit_test_teardown(a_flood_stops_nobody_else, finish),
        cmocka_unit_test_teardown(motion_that_waits_is_united, finish),
        cmocka_unit_test_teardown(ways_that_wait_add_up, finish),
        cmocka_unit_test_teardown(texts_and_keys_keep_their_order, finish),
        cmocka_unit_test_teardown(a_viewer_that_is_gone_is_said_to_be, finish),
        cmocka_unit_test_teardown(what_was_typed_before_leaving_arrives, finish),
        cmocka_unit_test_teardown(what_was_typed_before_leaving_waits_for_a_slow_core, finish),
        cmocka_unit_test_teardown(keys_overtake_pictures, finish),
        cmocka_unit_test_teardown(keys_overtake_the_encoder, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
