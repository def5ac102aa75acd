// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses as text, and listeners on them. */
#include "server/address.h"
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct address parse(const char *text)
{
    struct address address;
    const char *why;
    if (address_parse(text, &address, &why) != 0)
        fail_msg("%s: %s", text, why);
    return address;
}

static void test_good_addresses_come_back_as_text(void **state)
{
    static const char *const good[] = {
        "tcp:127.0.0.1:5900", "tcp:0.0.0.0:0",       "tcp:[::1]:65535",
        "tcp:[fe80::1%lo]:1", "unix:/run/a b/%h%%x", "unix:relative",
        "fd:3",               "fd:1023",
    };
    char text[ADDRESS_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct address address = parse(good[i]);
        address_format(&address, text);
        assert_string_equal(text, good[i]);
    }
    struct address address = parse("tcp:localhost:1");
    assert_string_equal(address.host, "127.0.0.1");
}

static void test_bad_addresses_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "tcp",
        "tcp:",
        "tcp::5900",
        "tcp:1.2.3.4",
        "tcp:1.2.3.4:",
        "tcp:1.2.3.4:x",
        "tcp:1.2.3.4:65536",
        "tcp:1.2.3.4:-1",
        "tcp:1.2.3.4: 1",
        "tcp:1.2.3.4:000001",
        "tcp:::1:5900",
        "tcp:[::1]",
        "tcp:[::1]5900",
        "tcp:[::1",
        "tcp:[1.2.3.4]:1",
        "tcp:[::g]:1",
        "tcp:example.org:1",
        "tcp:300.1.1.1:1",
        "udp:1.2.3.4:1",
        "unix:",
        "unix:%x",
        "unix:/%",
        "5900",
        ":5900",
        "fd:",
        "fd:2",
        "fd:1024",
        "fd:-3",
        "fd:3 ",
        "fd:0x3",
        "fd:00003",
    };
    char longer[200];
    struct address address;
    const char *why = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (address_parse(bad[i], &address, &why) != -EINVAL)
            fail_msg("%s is taken", bad[i]);
        assert_non_null(why);
    }
    memset(longer, 'a', sizeof(longer));
    memcpy(longer, "unix:/", 6);
    longer[5 + 108] = '\0';
    assert_int_equal(address_parse(longer, &address, &why), -EINVAL);
    longer[5 + 107] = '\0';
    assert_int_equal(address_parse(longer, &address, &why), 0);
    /* Also the longest head has to fit. */
    memcpy(longer + 5 + 105, "%h", 3);
    assert_int_equal(address_parse(longer, &address, &why), 0);
    memcpy(longer + 5 + 105, "%h%h", 3);
    memcpy(longer + 5 + 103, "%h%h", 5);
    assert_int_equal(address_parse(longer, &address, &why), 0);
    memcpy(longer + 5 + 104, "%ha", 4);
    assert_int_equal(address_parse(longer, &address, &why), 0);
}

static void test_heads_have_addresses_of_their_own(void **state)
{
    struct address address = parse("tcp:127.0.0.1:5900"), out;
    (void)state;
    assert_int_equal(address_for_head(&address, 3, &out), 0);
    assert_int_equal(out.port, 5903);
    assert_true(address_depends_on_head(&address));
    address = parse("tcp:127.0.0.1:0");
    assert_int_equal(address_for_head(&address, 3, &out), 0);
    assert_int_equal(out.port, 0);
    address = parse("tcp:127.0.0.1:65530");
    assert_int_equal(address_for_head(&address, 5, &out), 0);
    assert_int_equal(out.port, 65535);
    assert_int_equal(address_for_head(&address, 6, &out), -ERANGE);
    setenv("XDG_RUNTIME_DIR", "/r", 1);
    address = parse("unix:%t/%%v%h.s");
    assert_int_equal(address_for_head(&address, 12, &out), 0);
    assert_string_equal(out.path, "/r/oriel/%v12.s");
    assert_true(address_depends_on_head(&address));
    address = parse("unix:/a%%h");
    assert_false(address_depends_on_head(&address));
}

/* ---- Listeners ---- */

static char directory[64], path[96];

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/oriel-test.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/s", directory);
    setenv("XDG_RUNTIME_DIR", directory, 1);
    return 0;
}

static int teardown(void **state)
{
    char inner[128];
    (void)state;
    unlink(path);
    snprintf(inner, sizeof(inner), "%s/oriel", directory);
    rmdir(inner);
    return rmdir(directory);
}

static int open_at(struct listener *listener, const char *text)
{
    struct address address = parse(text), expanded;
    assert_int_equal(address_for_head(&address, 0, &expanded), 0);
    return listener_open(listener, LISTENER_VNC, 0, &expanded, 0600);
}

static int open_path(struct listener *listener)
{
    char text[128];
    snprintf(text, sizeof(text), "unix:%s", path);
    return open_at(listener, text);
}

static int connect_to(const struct listener *listener)
{
    struct sockaddr_storage address;
    int length = address_to_sockaddr(&listener->address, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = connect(fd, (struct sockaddr *)&address, (socklen_t)length) == 0 ? 0 : -errno;
    close(fd);
    return r;
}

static void expect_flags(int fd)
{
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void test_tcp_port_0_becomes_a_real_port(void **state)
{
    struct listener first, second;
    char text[ADDRESS_TEXT_SIZE];
    (void)state;
    assert_int_equal(open_at(&first, "tcp:127.0.0.1:0"), 0);
    assert_int_equal(open_at(&second, "tcp:127.0.0.1:0"), 0);
    assert_int_not_equal(first.address.port, 0);
    assert_int_not_equal(first.address.port, second.address.port);
    snprintf(text, sizeof(text), "tcp:127.0.0.1:%u", first.address.port);
    assert_string_equal(first.text, text);
    assert_int_equal(connect_to(&first), 0);
    expect_flags(first.fd);
    listener_close(&second);
    assert_int_equal(open_at(&second, text), -EADDRINUSE);
    assert_int_equal(second.fd, -1);
    listener_close(&first);
    assert_int_equal(open_at(&second, text), 0);
    listener_close(&second);
}

static void test_tcp_over_ipv6(void **state)
{
    struct listener listener, other;
    char text[ADDRESS_TEXT_SIZE];
    (void)state;
    int r = open_at(&listener, "tcp:[::1]:0");
    if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
        print_message("no IPv6 on this machine\n");
        skip();
    }
    assert_int_equal(r, 0);
    assert_int_equal(strncmp(listener.text, "tcp:[::1]:", 10), 0);
    assert_int_equal(connect_to(&listener), 0);
    listener_close(&listener);
    /* Any IPv6 address does not take the port of any IPv4 address. */
    assert_int_equal(open_at(&listener, "tcp:[::]:0"), 0);
    snprintf(text, sizeof(text), "tcp:0.0.0.0:%u", listener.address.port);
    assert_int_equal(open_at(&other, text), 0);
    listener_close(&other);
    listener_close(&listener);
}

static void test_unix_socket_is_private_and_removed_at_the_end(void **state)
{
    struct listener listener;
    struct stat st;
    (void)state;
    assert_int_equal(open_path(&listener), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(connect_to(&listener), 0);
    expect_flags(listener.fd);
    listener_close(&listener);
    assert_int_equal(stat(path, &st), -1);
}

static void test_stale_unix_socket_is_replaced(void **state)
{
    struct listener dead, listener;
    (void)state;
    assert_int_equal(open_path(&dead), 0);
    close(listener_take_fd(&dead)); /* as if it had been killed */
    /* File systems that give the same inode out again tell the two files
     * apart by their times, of which there is one per tick of the kernel. */
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    assert_int_equal(open_path(&listener), 0);
    assert_int_equal(connect_to(&listener), 0);
    /* The one of before leaves alone what is not its own. */
    listener_close(&dead);
    assert_int_equal(connect_to(&listener), 0);
    listener_close(&listener);
}

static void test_unix_socket_in_use_is_left_alone(void **state)
{
    struct listener first, second;
    (void)state;
    assert_int_equal(open_path(&first), 0);
    assert_int_equal(open_path(&second), -EADDRINUSE);
    listener_close(&second);
    assert_int_equal(connect_to(&first), 0);
    listener_close(&first);
}

static void test_other_files_are_left_alone(void **state)
{
    struct listener listener;
    struct stat st;
    (void)state;
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(open_path(&listener), -EEXIST);
    listener_close(&listener);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void test_runtime_directory_is_made(void **state)
{
    struct listener listener;
    struct stat st;
    char inner[128];
    (void)state;
    assert_int_equal(open_at(&listener, "unix:%t/s"), 0);
    snprintf(inner, sizeof(inner), "%s/oriel", directory);
    assert_int_equal(stat(inner, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    listener_close(&listener);
    /* Only that one: other directories are their owners' matter. */
    assert_int_equal(open_at(&listener, "unix:%t/deeper/s"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_addresses_come_back_as_text),
        cmocka_unit_test(test_bad_addresses_are_refused),
        cmocka_unit_test(test_heads_have_addresses_of_their_own),
        cmocka_unit_test_setup_teardown(test_tcp_port_0_becomes_a_real_port, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tcp_over_ipv6, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unix_socket_is_private_and_removed_at_the_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_stale_unix_socket_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unix_socket_in_use_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_files_are_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_runtime_directory_is_made, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
