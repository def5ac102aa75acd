// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is let in, who may touch, who shares, and what is told of it. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"

#include <string.h>
#include <sys/socket.h>

static struct vnc_world world;
static struct fake_core *const core = &world.core;

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void start(const struct fake_core_options *options)
{
    vnc_world_start(&world, options);
    fake_head_fill_pattern(&core->heads[0], 0, 0, 320, 200, 1);
}

static struct rfb_client *connect_with(const char *password)
{
    struct rfb_client_options options = {.password = password};
    return vnc_world_connect(&world, 0, &options);
}

static struct rfb_client *expect_in(struct rfb_client *client)
{
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    return client;
}

static void expect_out(struct rfb_client *client)
{
    WORLD_WAIT(&world, client->state == RFB_CLIENT_CLOSED);
}

static bool is_in(struct rfb_client *client)
{
    static uint32_t colour;
    fake_head_fill(&core->heads[0], 3, 3, 5, 5, ++colour);
    return client->state == RFB_CLIENT_RUNNING && vnc_world_agrees(&world, client, &core->heads[0]);
}

static void press(struct rfb_client *client, uint8_t keysym)
{
    const uint8_t key[8] = {4, 1, 0, 0, 0, 0, 0, keysym};
    rfb_client_send(client, key, sizeof(key));
}

/* ---- passwords ---- */

static void who_may_only_look_touches_nothing(void **state)
{
    (void)state;
    static const uint8_t pointer[6] = {5, 1, 0, 10, 0, 10};
    static const uint8_t text[11] = {6, 0, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c'};
    struct fake_core_options options = {.password = "all\n", .view_password = "look\n"};
    start(&options);
    struct rfb_client *looker = expect_in(connect_with("look"));
    struct rfb_client *doer = expect_in(connect_with("all"));
    assert_int_equal(core->viewers[0].told.view_only, 1);
    assert_int_equal(core->viewers[1].told.view_only, 0);
    press(looker, 'x');
    rfb_client_send(looker, pointer, sizeof(pointer));
    rfb_client_send(looker, text, sizeof(text));
    vnc_world_run(&world, 100);
    press(doer, 'y');
    WORLD_WAIT(&world, core->inputs.count > 0);
    vnc_world_run(&world, 100);
    assert_int_equal(core->inputs.count, 1);
    assert_int_equal(core->inputs.list[0].key.code, 'y');
    assert_int_equal(core->inputs.list[0].key.viewer, core->viewers[1].id);
    expect_out(connect_with("neither"));
}

static void a_view_password_alone_keeps_all_others_out(void **state)
{
    (void)state;
    struct fake_core_options options = {.view_password = "look\n"};
    start(&options);
    expect_out(connect_with(""));
    expect_in(connect_with("look"));
    assert_int_equal(core->viewers[0].told.view_only, 1);
}

static void of_two_equal_passwords_the_greater_counts(void **state)
{
    (void)state;
    struct fake_core_options options = {.password = "same\n", .view_password = "same\n"};
    start(&options);
    expect_in(connect_with("same"));
    assert_int_equal(core->viewers[0].told.view_only, 0);
}

/* One file without a password shuts its door, not the other. */
static void an_empty_file_shuts_one_door(void **state)
{
    (void)state;
    struct fake_core_options options = {.password = "\n", .view_password = "look\n"};
    start(&options);
    expect_out(connect_with(""));
    expect_in(connect_with("look"));
    assert_int_equal(core->viewers[0].told.view_only, 1);
}

static void reload_asks_each_viewer_again(void **state)
{
    (void)state;
    struct fake_core_options options = {.password = "all\n", .view_password = "look\n"};
    start(&options);
    struct rfb_client *looker = expect_in(connect_with("look"));
    struct rfb_client *doer = expect_in(connect_with("all"));
    /* Nothing is another: nobody goes. */
    fake_core_send_secret(core, LINK_PASSWORD, "all");
    fake_core_send_secret(core, LINK_VIEW_PASSWORD, "look\r\n");
    assert_true(is_in(looker) && is_in(doer));
    fake_core_send_secret(core, LINK_VIEW_PASSWORD, "other");
    expect_out(looker);
    assert_true(is_in(doer));
    /* The view-only password becomes what that of the others was. */
    fake_core_send_secret(core, LINK_VIEW_PASSWORD, "all");
    assert_true(is_in(doer));
    fake_core_send_secret(core, LINK_PASSWORD, NULL);
    expect_out(doer);
    struct rfb_client *again = expect_in(connect_with("all"));
    /* Everybody may enter: nobody is sent away. */
    fake_core_send_secret(core, LINK_VIEW_PASSWORD, NULL);
    assert_true(is_in(again));
    struct rfb_client *open = expect_in(connect_with(NULL));
    fake_core_send_secret(core, LINK_PASSWORD, "all");
    expect_out(open);
    expect_out(again); /* it had fewer rights than it would have now */
}

/* Who stands between the password and ClientInit is judged again as well. */
static void reload_reaches_who_is_on_the_doorstep(void **state)
{
    (void)state;
    struct rfb_client_options silent = {.version = ""};
    start(NULL);
    struct rfb_client *client = vnc_world_connect(&world, 0, &silent);
    WORLD_WAIT(&world, client->state == RFB_CLIENT_SECURITY);
    /* Version and type None, but no ClientInit. */
    client->stalled = true;
    rfb_client_send(client, "RFB 003.008\n\001", 13);
    vnc_world_run(&world, 100);
    fake_core_send_password(core, "secret");
    vnc_world_run(&world, 100);
    client->stalled = false;
    client->minor = 8;
    expect_out(client);
    assert_int_equal(core->nviewers, 0);
}

/* ---- wrong passwords ---- */

#define DELAY_MS 300

static uint64_t time_to_refuse(const char *password)
{
    uint64_t before = check_now_us();
    struct rfb_client *client = connect_with(password);
    expect_out(client);
    assert_int_equal(client->result, 1);
    rfb_client_close(client);
    world.nclients--;
    return (check_now_us() - before) / 1000;
}

static void wrong_passwords_make_the_next_answer_late(void **state)
{
    (void)state;
    struct fake_core_options options = {
        .password = "secret", .policy.login_delay_ms = DELAY_MS, .unix_listener = true};
    struct rfb_client_options right = {.password = "secret"};
    start(&options);
    WORLD_WAIT(&world, core->greeted);
    time_to_refuse("wrong");
    assert_true(time_to_refuse("wrong") >= DELAY_MS / 2);
    uint64_t before = check_now_us();
    expect_in(connect_with("secret"));
    assert_true(check_now_us() - before >= DELAY_MS * 1000 / 2);
    /* A unix socket has no address: nobody is slowed down there. */
    time_to_refuse("wrong");
    before = check_now_us();
    struct rfb_client *local = &world.clients[world.nclients++];
    rfb_client_connect_unix(local, core->unix_path, &right);
    expect_in(local);
    assert_true(check_now_us() - before < DELAY_MS * 900ull * oriel_patience());
}

/* Many at once from one address are answered one after the other. */
static void asking_many_times_at_once_does_not_help(void **state)
{
    (void)state;
    struct fake_core_options options = {.password = "secret", .policy.login_delay_ms = DELAY_MS};
    start(&options);
    WORLD_WAIT(&world, core->greeted);
    time_to_refuse("wrong");
    uint64_t before = check_now_us();
    struct rfb_client *clients[5];
    for (int i = 0; i < 5; i++)
        clients[i] = connect_with(i < 4 ? "guess" : "secret");
    for (int i = 0; i < 5; i++)
        WORLD_WAIT(&world, clients[i]->state == RFB_CLIENT_CLOSED || clients[i]->updates > 0);
    assert_true(check_now_us() - before >= 4 * DELAY_MS * 1000ull);
    assert_int_equal(core->nviewers, 1);
}

/* ---- limits ---- */

static void an_address_has_its_limit(void **state)
{
    (void)state;
    struct fake_core_options options = {.policy.max_viewers_per_address = 3, .unix_listener = true};
    struct rfb_client_options silent = {.version = ""};
    start(&options);
    expect_in(connect_with(NULL));
    expect_in(connect_with(NULL));
    struct rfb_client *third = vnc_world_connect(&world, 0, &silent);
    WORLD_WAIT(&world, third->state == RFB_CLIENT_SECURITY);
    /* It is told why, in words that every viewer understands. */
    struct rfb_client_options refused = {.expect_3_3 = true};
    struct rfb_client *fourth = vnc_world_connect(&world, 0, &refused);
    expect_out(fourth);
    assert_string_equal(fourth->reason, "Too many connections from this address");
    struct rfb_client *local = &world.clients[world.nclients++];
    rfb_client_connect_unix(local, core->unix_path, NULL);
    expect_in(local);
    /* One goes, one may come. */
    rfb_client_close(third);
    vnc_world_run(&world, 100);
    expect_in(connect_with(NULL));
}

/* Over the limit of all, who comes waits until one goes; a limit that is
 * lowered sends nobody away. */
static void all_together_have_their_limit(void **state)
{
    (void)state;
    struct fake_core_options options = {.policy.max_viewers = 2};
    start(&options);
    struct rfb_client *first = expect_in(connect_with(NULL));
    struct rfb_client *second = expect_in(connect_with(NULL));
    struct rfb_client *third = connect_with(NULL);
    vnc_world_run(&world, 300);
    assert_int_equal(third->state, RFB_CLIENT_VERSION);
    core->options.policy.max_viewers = 1;
    fake_core_send_policy(core);
    vnc_world_run(&world, 100);
    assert_true(is_in(first) && is_in(second));
    rfb_client_close(first);
    vnc_world_run(&world, 200);
    assert_int_equal(third->state, RFB_CLIENT_VERSION);
    core->options.policy.max_viewers = 2;
    fake_core_send_policy(core);
    expect_in(third);
}

/* ---- sharing ---- */

static struct rfb_client *connect_alone(bool alone)
{
    struct rfb_client_options options = {.alone = alone};
    return vnc_world_connect(&world, 0, &options);
}

static void by_default_everybody_shares(void **state)
{
    (void)state;
    start(NULL);
    struct rfb_client *a = expect_in(connect_alone(true)), *b = expect_in(connect_alone(true));
    assert_true(is_in(a) && is_in(b));
    assert_int_equal(core->viewers[0].told.shared, 0);
}

static void forced_to_share_who_wants_to_be_alone_goes(void **state)
{
    (void)state;
    struct fake_core_options options = {.policy.share = LINK_SHARE_FORCE_SHARED};
    start(&options);
    struct rfb_client *a = expect_in(connect_alone(false));
    expect_out(connect_alone(true));
    assert_true(is_in(a));
    assert_int_equal(core->nviewers, 1);
}

static void who_wants_to_be_alone_may_be(void **state)
{
    (void)state;
    struct fake_core_options options = {.heads = 2,
                                        .view_password = "look",
                                        .password = "all",
                                        .policy.share = LINK_SHARE_ALLOW_EXCLUSIVE};
    struct rfb_client_options other_head = {.password = "all"};
    start(&options);
    struct rfb_client_options shared = {.password = "all"},
                              alone = {.password = "all", .alone = true},
                              looking = {.password = "look", .alone = true};
    struct rfb_client *a = expect_in(vnc_world_connect(&world, 0, &shared));
    struct rfb_client *b = vnc_world_connect(&world, 1, &other_head);
    WORLD_WAIT(&world, b->updates > 0);
    /* Who may only look throws out nobody. */
    struct rfb_client *looker = expect_in(vnc_world_connect(&world, 0, &looking));
    assert_true(is_in(a));
    struct rfb_client *c = expect_in(vnc_world_connect(&world, 0, &alone));
    expect_out(a);
    expect_out(looker);
    expect_out(vnc_world_connect(&world, 0, &shared));
    /* The last who wants to be alone is. */
    struct rfb_client *d = expect_in(vnc_world_connect(&world, 0, &alone));
    expect_out(c);
    assert_true(is_in(d));
    assert_int_equal(b->state, RFB_CLIENT_RUNNING); /* it sees another head */
}

/* ---- orders and questions ---- */

static void the_core_hangs_up_on_one(void **state)
{
    (void)state;
    start(NULL);
    struct rfb_client *a = expect_in(connect_with(NULL)), *b = expect_in(connect_with(NULL));
    fake_core_disconnect(core, core->viewers[0].id);
    expect_out(a);
    WORLD_WAIT(&world, core->viewers[0].gone);
    /* One that is gone already, and one that never was. */
    fake_core_disconnect(core, core->viewers[0].id);
    fake_core_disconnect(core, 4711);
    assert_true(is_in(b));
}

static void listeners_come_and_go(void **state)
{
    (void)state;
    struct fake_core_options options = {.heads = 2, .unix_listener = true};
    start(&options);
    struct rfb_client *a = expect_in(connect_with(NULL));
    struct rfb_client *b = vnc_world_connect(&world, 1, NULL);
    WORLD_WAIT(&world, b->updates > 0);
    struct rfb_client *local = &world.clients[world.nclients++];
    rfb_client_connect_unix(local, core->unix_path, NULL);
    expect_in(local);
    fake_core_drop_listener(core, 0);
    expect_out(a);
    assert_true(is_in(local));
    assert_int_equal(b->state, RFB_CLIENT_RUNNING);
    fake_core_add_listener(core, 0);
    expect_in(connect_with(NULL));
    /* One that is not there, or not there any more, is a broken core. */
    world.may_end = true;
    const struct link_listener_gone gone = {.id = 1};
    fake_core_send(core, LINK_LISTENER_GONE, 0, 0, &gone, sizeof(gone), -1);
    assert_int_equal(fake_core_wait(core, 0, 5000 * oriel_patience()), 1);
    while (world.nclients > 0)
        rfb_client_close(&world.clients[--world.nclients]);
    fake_core_finish(core);
}

static void questions_are_answered_in_order(void **state)
{
    (void)state;
    struct rfb_client_options zrle = {.encodings = {ENCODING_ZRLE}, .no_request = true};
    start(NULL);
    struct rfb_client *a = expect_in(connect_with(NULL));
    vnc_world_connect(&world, 0, &zrle);
    WORLD_WAIT(&world, core->nviewers == 2 && strcmp(core->viewers[1].told.encoding, "zrle") == 0);
    WORLD_WAIT(&world, core->heads[0].credit > 0);
    unsigned reports = core->viewers[0].reports;
    fake_core_ask(core);
    WORLD_WAIT(&world, core->answered == core->asked);
    assert_true(core->viewers[0].reports > reports);
    assert_int_equal(core->viewers[0].told.updates_sent, a->updates);
    assert_int_equal(core->viewers[0].told.bytes_sent, a->bytes);
    assert_int_equal(core->viewers[0].told.bytes_queued, 0);
    assert_int_equal(core->viewers[0].told.state, LINK_VIEWER_IDLE);
    assert_string_equal(core->viewers[0].told.encoding, "raw");
    assert_int_equal(core->nencodings, 1);
    assert_string_equal(core->encodings[0].name, "raw");
    assert_int_equal(core->encodings[0].updates, a->updates);
    assert_true(core->encodings[0].bytes > 320 * 200 * 4 && core->encodings[0].bytes < a->bytes);
}

/* One that takes nothing for a second is called stalled, and not twice. */
static void the_core_hears_of_stalls(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 1920, .height = 1080};
    struct rfb_client_options narrow = {.small_buffer = true};
    vnc_world_start(&world, &options);
    struct rfb_client *client = vnc_world_connect(&world, 0, &narrow);
    WORLD_WAIT(&world, client->updates > 0);
    client->stalled = true;
    rfb_client_request_all(client, false);
    WORLD_WAIT(&world, core->viewers[0].told.state == LINK_VIEWER_STALLED);
    unsigned reports = core->viewers[0].reports;
    vnc_world_run(&world, 2500);
    assert_int_equal(core->viewers[0].reports, reports);
    client->stalled = false;
    WORLD_WAIT(&world, core->viewers[0].told.state == LINK_VIEWER_IDLE);
}

/* However much goes on, a viewer is reported about once a second. */
static void busy_viewers_are_reported_rarely(void **state)
{
    (void)state;
    start(NULL);
    struct rfb_client *client = expect_in(connect_with(NULL));
    vnc_world_run(&world, 1100);
    unsigned reports = core->viewers[0].reports;
    uint64_t updates = client->updates, end = check_now_us() + 3000000;
    for (uint32_t i = 0; check_now_us() < end; i++) {
        fake_head_fill(&core->heads[0], i % 100, i % 100, 50, 50, i);
        vnc_world_step(&world, 5);
    }
    assert_true(client->updates - updates > 30);
    assert_true(core->viewers[0].reports - reports <= 5);
}

static void a_viewer_that_reads_nothing_is_dropped(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 1920, .height = 1080, .stall_timeout_ms = 1500};
    struct rfb_client_options narrow = {.small_buffer = true};
    vnc_world_start(&world, &options);
    struct rfb_client *dead = vnc_world_connect(&world, 0, &narrow);
    WORLD_WAIT(&world, dead->updates > 0);
    struct rfb_client *slow = vnc_world_connect(&world, 0, &narrow);
    WORLD_WAIT(&world, slow->updates > 0);
    struct rfb_client *quiet = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, quiet->updates > 0);
    dead->stalled = slow->stalled = quiet->stalled = true;
    rfb_client_request_all(dead, false);
    rfb_client_request_all(slow, false);
    for (int i = 0; i < 30; i++) {
        /* A little now and then is enough. */
        char sip[20000];
        (void)recv(slow->fd, sip, sizeof(sip), MSG_DONTWAIT);
        vnc_world_run(&world, 100);
    }
    assert_int_equal(fake_core_live_viewers(core), 2);
    assert_true(core->viewers[0].gone && !core->viewers[1].gone && !core->viewers[2].gone);
}

static void ipv6_is_served(void **state)
{
    (void)state;
    struct fake_core_options options = {.ipv6 = true, .policy.max_viewers_per_address = 1};
    start(&options);
    struct rfb_client *client = &world.clients[world.nclients++];
    rfb_client_connect_ipv6(client, core->ports[0], NULL);
    expect_in(client);
    assert_memory_equal(core->viewers[0].told.address, "[::1]:", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(who_may_only_look_touches_nothing, finish),
        cmocka_unit_test_teardown(a_view_password_alone_keeps_all_others_out, finish),
        cmocka_unit_test_teardown(of_two_equal_passwords_the_greater_counts, finish),
        cmocka_unit_test_teardown(an_empty_file_shuts_one_door, finish),
        cmocka_unit_test_teardown(reload_asks_each_viewer_again, finish),
        cmocka_unit_test_teardown(reload_reaches_who_is_on_the_doorstep, finish),
        cmocka_unit_test_teardown(wrong_passwords_make_the_next_answer_late, finish),
        cmocka_unit_test_teardown(asking_many_times_at_once_does_not_help, finish),
        cmocka_unit_test_teardown(an_address_has_its_limit, finish),
        cmocka_unit_test_teardown(all_together_have_their_limit, finish),
        cmocka_unit_test_teardown(by_default_everybody_shares, finish),
        cmocka_unit_test_teardown(forced_to_share_who_wants_to_be_alone_goes, finish),
        cmocka_unit_test_teardown(who_wants_to_be_alone_may_be, finish),
        cmocka_unit_test_teardown(the_core_hangs_up_on_one, finish),
        cmocka_unit_test(listeners_come_and_go),
        cmocka_unit_test_teardown(questions_are_answered_in_order, finish),
        cmocka_unit_test_teardown(the_core_hears_of_stalls, finish),
        cmocka_unit_test_teardown(busy_viewers_are_reported_rarely, finish),
        cmocka_unit_test_teardown(a_viewer_that_reads_nothing_is_dropped, finish),
        cmocka_unit_test_teardown(ipv6_is_served, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
