// SPDX-License-Identifier: GPL-2.0-or-later
/* What oriel-vnc remembers of strangers: their addresses, their logins, and the
 * bytes that wait for them. */
#include "net/vnc/addresses.h"
#include "net/vnc/budget.h"
#include "net/vnc/credentials.h"
#include "net/vnc/policy.h"
#include "tests/protocol/lib/guest_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- peers ---- */

static struct peer peer_of(int family, const char *host, uint32_t scope)
{
    struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
    struct peer peer;
    if (family == AF_INET) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
        ipv4->sin_port = htons(4000);
        assert_int_equal(inet_pton(AF_INET, host, &ipv4->sin_addr), 1);
    } else if (family == AF_INET6) {
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
        ipv6->sin6_port = htons(4000);
        ipv6->sin6_scope_id = scope;
        assert_int_equal(inet_pton(AF_INET6, host, &ipv6->sin6_addr), 1);
    }
    peer_from_address(&peer, &address);
    return peer;
}

static bool same_host(int family, const char *one, int other_family, const char *other)
{
    struct peer a = peer_of(family, one, 0), b = peer_of(other_family, other, 0);
    return memcmp(a.key, b.key, sizeof(a.key)) == 0;
}

static void peers_are_known_by_their_host(void **state)
{
    (void)state;
    assert_string_equal(peer_of(AF_INET, "192.0.2.7", 0).text, "192.0.2.7:4000");
    assert_string_equal(peer_of(AF_INET6, "::1", 0).text, "[::1]:4000");
    assert_string_equal(peer_of(AF_INET6, "fe80::1", 3).text, "[fe80::1%3]:4000");
    assert_string_equal(peer_of(AF_INET6, "::ffff:192.0.2.7", 0).text, "192.0.2.7:4000");
    assert_string_equal(peer_of(AF_UNIX, NULL, 0).text, "unix");
    assert_false(peer_of(AF_UNIX, NULL, 0).has_key);
    assert_true(same_host(AF_INET, "192.0.2.7", AF_INET6, "::ffff:192.0.2.7"));
    assert_false(same_host(AF_INET, "192.0.2.7", AF_INET, "192.0.2.8"));
    /* A host has a whole network of 64 bits, and may take any address of it. */
    assert_true(same_host(AF_INET6, "2001:db8:1:2::1", AF_INET6, "2001:db8:1:2:ffff::9"));
    assert_false(same_host(AF_INET6, "2001:db8:1:2::1", AF_INET6, "2001:db8:1:3::1"));
    assert_false(same_host(AF_INET6, "::1", AF_INET6, "::2"));
}

/* ---- addresses ---- */

static struct addresses addresses;

static struct peer stranger(uint32_t number)
{
    struct peer peer = {.has_key = true};
    memcpy(peer.key + 1, &number, sizeof(number));
    peer.key[0] = 1;
    return peer;
}

static void connections_are_counted_per_address(void **state)
{
    (void)state;
    memset(&addresses, 0, sizeof(addresses));
    struct peer one = stranger(1), two = stranger(2), local = {0};
    for (int i = 0; i < 3; i++)
        assert_true(addresses_enter(&addresses, &one, 3));
    assert_false(addresses_enter(&addresses, &one, 3));
    assert_true(addresses_enter(&addresses, &two, 3));
    for (int i = 0; i < 100; i++)
        assert_true(addresses_enter(&addresses, &local, 1));
    addresses_leave(&addresses, &one);
    assert_true(addresses_enter(&addresses, &one, 3));
    assert_false(addresses_enter(&addresses, &one, 3));
    addresses_leave(&addresses, &local);
}

static void each_attempt_gets_its_turn(void **state)
{
    (void)state;
    memset(&addresses, 0, sizeof(addresses));
    struct peer one = stranger(1), two = stranger(2), local = {0};
    assert_int_equal(addresses_login(&addresses, &one, 2000, 10000), 0);
    addresses_login_failed(&addresses, &one, 2000, 10000);
    assert_int_equal(addresses_login(&addresses, &one, 2000, 10500), 1500);
    assert_int_equal(addresses_login(&addresses, &one, 2000, 10500), 3500);
    assert_int_equal(addresses_login(&addresses, &one, 2000, 10500), 5500);
    assert_int_equal(addresses_login(&addresses, &two, 2000, 10500), 0);
    /* The one at 12000 fails; the turns that were given are still there. */
    addresses_login_failed(&addresses, &one, 2000, 12000);
    assert_int_equal(addresses_login(&addresses, &one, 2000, 12000), 6000);
    assert_int_equal(addresses_login(&addresses, &one, 2000, 30000), 0);
    addresses_login_failed(&addresses, &local, 2000, 30000);
    assert_int_equal(addresses_login(&addresses, &local, 2000, 30000), 0);
    /* No delay: no memory of it. */
    addresses_login_failed(&addresses, &two, 0, 30000);
    assert_int_equal(addresses_login(&addresses, &two, 0, 30000), 0);
}

/* More than there is room for: those are forgotten whose delay is over next,
 * and never those who are connected. */
static void the_table_is_bounded(void **state)
{
    (void)state;
    memset(&addresses, 0, sizeof(addresses));
    for (uint32_t i = 0; i < 256; i++) {
        struct peer peer = stranger(i);
        assert_true(addresses_enter(&addresses, &peer, 1));
    }
    for (uint32_t i = 1000; i < 20000; i++) {
        struct peer peer = stranger(i);
        addresses_login_failed(&addresses, &peer, 2000, i);
    }
    for (uint32_t i = 0; i < 256; i++) {
        struct peer peer = stranger(i);
        assert_false(addresses_enter(&addresses, &peer, 1));
    }
    struct peer newest = stranger(19999), oldest = stranger(1000);
    assert_int_equal(addresses_login(&addresses, &newest, 2000, 19999), 2000);
    assert_int_equal(addresses_login(&addresses, &oldest, 2000, 1000), 0);
    /* Wholly full of connections: nobody else gets in, nothing breaks. */
    for (uint32_t i = 30000; i < 30000 + ADDRESSES_MAX - 256; i++) {
        struct peer peer = stranger(i);
        assert_true(addresses_enter(&addresses, &peer, 1));
    }
    assert_false(addresses_enter(&addresses, &newest, 1));
    addresses_login_failed(&addresses, &newest, 2000, 50000);
    assert_int_equal(addresses_login(&addresses, &newest, 2000, 50000), 0);
}

/* ---- logins ---- */

static void set(struct password *password, const char *text)
{
    password_clear(password);
    if (!text)
        return;
    int fd = memfd_create("password", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    password_read(password, fd);
    close(fd);
}

static enum login_kind login_with(const struct credentials *credentials, const char *text,
                                  struct login *login)
{
    uint8_t password[VNC_AUTH_PASSWORD_SIZE] = {0}, challenge[16], response[16];
    memcpy(password, text, strlen(text));
    assert_int_equal(vnc_auth_challenge(challenge), 0);
    vnc_auth_response(password, challenge, response);
    *login = (struct login){0};
    credentials_judge(credentials, challenge, response, login);
    return login->kind;
}

static void logins_are_judged_again(void **state)
{
    (void)state;
    struct credentials credentials = {0};
    struct login open = {.kind = LOGIN_OPEN}, full, view, none;
    assert_false(credentials_asked(&credentials));
    assert_true(credentials_still_good(&credentials, &open));
    set(&credentials.full, "full");
    set(&credentials.view, "view");
    assert_false(credentials_still_good(&credentials, &open));
    assert_int_equal(login_with(&credentials, "full", &full), LOGIN_FULL);
    assert_int_equal(login_with(&credentials, "view", &view), LOGIN_VIEW);
    assert_int_equal(login_with(&credentials, "", &none), LOGIN_REFUSED);
    assert_true(credentials_still_good(&credentials, &full));
    assert_true(credentials_still_good(&credentials, &view));
    assert_false(credentials_still_good(&credentials, &none));
    /* They change places: both would be let in, with other rights. */
    set(&credentials.full, "view");
    set(&credentials.view, "full");
    assert_false(credentials_still_good(&credentials, &full));
    assert_false(credentials_still_good(&credentials, &view));
    /* An empty file lets nobody in, and is no open door. */
    set(&credentials.full, "\n");
    set(&credentials.view, NULL);
    assert_true(credentials_asked(&credentials));
    assert_false(credentials_usable(&credentials));
    assert_int_equal(login_with(&credentials, "", &none), LOGIN_REFUSED);
    assert_false(credentials_still_good(&credentials, &full));
    set(&credentials.full, NULL);
    assert_true(credentials_still_good(&credentials, &view));
    login_clear(&view);
    assert_int_equal(view.kind, LOGIN_REFUSED);
}

/* ---- the budget ---- */

static struct waiting {
    struct budget_waiter waiter;
    struct budget *budget;
    unsigned opened, order;
} waiting[4];
static unsigned opened;

static void on_opened(struct budget_waiter *waiter)
{
    struct waiting *w = (struct waiting *)waiter;
    w->opened++;
    w->order = ++opened;
    /* What it does with it: the first takes all that there is. */
    if (budget_open(w->budget, waiter))
        budget_count(w->budget, waiter, 100);
}

static void who_waits_is_told_in_order(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct budget budget;
    assert_int_equal(uv_loop_init(&loop), 0);
    budget_init(&budget, &loop, 100);
    opened = 0;
    for (int i = 0; i < 4; i++)
        waiting[i] = (struct waiting){.waiter = {.opened = on_opened}, .budget = &budget};
    assert_true(budget_open(&budget, &waiting[0].waiter));
    budget_count(&budget, &waiting[0].waiter, 100);
    for (int i = 1; i < 4; i++) {
        assert_false(budget_open(&budget, &waiting[i].waiter));
        assert_false(budget_open(&budget, &waiting[i].waiter)); /* not twice */
    }
    budget_leave(&budget, &waiting[2].waiter);
    budget_count(&budget, &waiting[0].waiter, 99);
    assert_int_equal(opened, 0); /* never from inside a call */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(waiting[1].order, 1);
    assert_int_equal(waiting[3].opened, 0);
    assert_int_equal(budget.used, 199);
    budget_leave(&budget, &waiting[1].waiter);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(waiting[3].order, 2);
    assert_int_equal(waiting[2].opened, 0);
    /* A higher limit opens as well; who leaves is not told any more. */
    assert_false(budget_open(&budget, &waiting[1].waiter));
    budget_set_limit(&budget, 1000);
    budget_leave(&budget, &waiting[1].waiter);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(opened, 2);
    budget_leave(&budget, &waiting[0].waiter);
    budget_leave(&budget, &waiting[3].waiter);
    assert_int_equal(budget.used, 0);
    budget_close(&budget);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_policy_has_bounds(void **state)
{
    (void)state;
    const struct link_policy good = policy_default();
    assert_true(policy_is_sound(&good));
    for (int i = 0; i < 6; i++) {
        struct link_policy bad = good;
        if (i == 0)
            bad.share = 0;
        if (i == 1)
            bad.share = LINK_SHARE_FORCE_SHARED + 1;
        if (i == 2)
            bad.handshake_timeout_ms = 0;
        if (i == 3)
            bad.max_viewers = 0;
        if (i == 4)
            bad.max_viewers_per_address = 0;
        if (i == 5)
            bad.max_bytes = 0;
        assert_false(policy_is_sound(&bad));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_are_known_by_their_host),
        cmocka_unit_test(connections_are_counted_per_address),
        cmocka_unit_test(each_attempt_gets_its_turn),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(logins_are_judged_again),
        cmocka_unit_test(who_waits_is_told_in_order),
        cmocka_unit_test(a_policy_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
