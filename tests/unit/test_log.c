// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log, read from a socket that stands in for stderr: it keeps the writes
 * apart, so that each test sees how many there were.
 */
#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 8
#define LINES 200

static int reader = -1, saved_stderr = -1;
static char line[8192];

static int capture(void **state)
{
    int fds[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
        return -1;
    reader = fds[0];
    saved_stderr = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    log_init("test", LOG_INFO);
    return 0;
}

static int release(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(reader);
    return 0;
}

/* What one write() brought; NULL when there was none. */
static const char *next_write(void)
{
    ssize_t length = recv(reader, line, sizeof(line) - 1, MSG_DONTWAIT);
    if (length < 0)
        return NULL;
    line[length] = '\0';
    return line;
}

static void test_one_write_per_line(void **state)
{
    (void)state;
    log_warning("gpu", "resource %d is %s", 7, "gone");
    assert_string_equal(next_write(), "test: warning: gpu: resource 7 is gone\n");
    assert_null(next_write());
    log_error("vnc", "%s", "");
    assert_string_equal(next_write(), "test: error: vnc: \n");
}

static void test_levels(void **state)
{
    int evaluated = 0;

    (void)state;
    log_debug("gpu", "%d", ++evaluated);
    assert_int_equal(evaluated, 0);
    assert_null(next_write());
    log_set_level(LOG_DEBUG);
    log_debug("gpu", "%d", ++evaluated);
    assert_int_equal(evaluated, 1);
    assert_string_equal(next_write(), "test: debug: gpu: 1\n");
    log_set_level(LOG_ERROR);
    log_warning("gpu", "no");
    assert_null(next_write());
    log_error("gpu", "yes");
    assert_string_equal(next_write(), "test: error: gpu: yes\n");
}

static void test_level_names(void **state)
{
    (void)state;
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
        assert_int_equal(log_level_parse(log_level_name((enum log_level)level)), level);
    assert_int_equal(log_level_parse("verbose"), -EINVAL);
    assert_int_equal(log_level_parse(""), -EINVAL);
    assert_int_equal(log_level_parse("Info"), -EINVAL);
}

static void check_escaped(const char *text, const char *expected)
{
    char whole[256];

    log_info("m", "%s", text);
    snprintf(whole, sizeof(whole), "test: info: m: %s\n", expected);
    assert_string_equal(next_write(), whole);
    assert_null(next_write());
}

static void test_escapes_control_characters(void **state)
{
    (void)state;
    check_escaped("a\nerror: forged", "a\\x0aerror: forged");
    check_escaped("\r\t\x1b[2J\x7f\x01", "\\x0d\\x09\\x1b[2J\\x7f\\x01");
    check_escaped("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
    check_escaped("\xc2\x9b" "31m \x9b", "\\xc2\\x9b31m \\x9b");
    check_escaped("\xe2\x82", "\\xe2\\x82");
    check_escaped("\xc3", "\\xc3");
    check_escaped("\xff\xfe\xc0\x80", "\\xff\\xfe\\xc0\\x80");
}

/* A long text is cut, and the line still ends and is one write. */
static void test_cuts_long_lines(void **state)
{
    static char text[100000];
    size_t length;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    log_info("m", "%s", text);
    length = strlen(next_write());
    assert_true(length > 1000 && length < PIPE_BUF);
    assert_string_equal(line + length - 4, "...\n");
    assert_null(next_write());

    memset(text, '\n', sizeof(text) - 1);
    log_info("m", "%s", text);
    length = strlen(next_write());
    assert_true(length > 1000 && length < PIPE_BUF);
    assert_string_equal(line + length - 5, "\\x0a\n");
    assert_null(next_write());
}

static void test_keeps_errno(void **state)
{
    int full;

    (void)state;
    errno = EXDEV;
    log_info("m", "%s", "text");
    assert_int_equal(errno, EXDEV);
    assert_non_null(next_write());
    full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    dup2(full, STDERR_FILENO);
    close(full);
    errno = EXDEV;
    log_info("m", "this cannot be written");
    assert_int_equal(errno, EXDEV);
}

static void *write_lines(void *argument)
{
    for (int i = 0; i < LINES; i++)
        log_info("thread", "%d %d %0500d", *(int *)argument, i, 0);
    return NULL;
}

static void test_threads_do_not_mix(void **state)
{
    pthread_t threads[THREADS];
    int ids[THREADS], next[THREADS] = {0};

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &ids[i]), 0);
    }
    for (int i = 0; i < THREADS * LINES; i++) {
        ssize_t length = recv(reader, line, sizeof(line) - 1, 0);
        int id, number;
        assert_true(length > 0);
        line[length] = '\0';
        assert_int_equal(sscanf(line, "test: info: thread: %d %d", &id, &number), 2);
        assert_true(id >= 0 && id < THREADS);
        assert_int_equal(number, next[id]++);
        assert_true(length > 500 && line[length - 1] == '\n');
        assert_ptr_equal(strchr(line, '\n'), line + length - 1);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_null(next_write());
}

static void test_limit(void **state)
{
    struct log_limit limit = {.burst = 2, .interval_ms = 60000};
    uint32_t suppressed;

    (void)state;
    assert_true(log_limit_allows(&limit, &suppressed));
    assert_true(log_limit_allows(&limit, &suppressed));
    assert_int_equal(suppressed, 0);
    for (int i = 0; i < 3; i++)
        assert_false(log_limit_allows(&limit, &suppressed));
    limit.window_start_ms -= 60000; /* as if a minute had passed */
    assert_true(log_limit_allows(&limit, &suppressed));
    assert_int_equal(suppressed, 3);
    assert_true(log_limit_allows(&limit, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limit_allows(&limit, &suppressed));
}

static void test_limited_warning(void **state)
{
    struct log_limit limit = {0};

    (void)state;
    for (int i = 0; i < 9; i++)
        log_warning_limited(&limit, "gpu", "bad command %d", i);
    for (int i = 0; i < 5; i++)
        assert_non_null(next_write());
    assert_null(next_write());
    limit.window_start_ms -= 5000;
    log_warning_limited(&limit, "gpu", "bad command %d", 9);
    assert_string_equal(next_write(),
                        "test: warning: gpu: bad command 9 (4 like it left out)\n");
}

#define LOG_TEST(function) cmocka_unit_test_setup_teardown(function, capture, release)

static void test_levels_of_modules(void **state)
{
    int evaluated = 0;
    const char *bad = NULL, text[] = "gpu:debug nobody:info";

    (void)state;
    assert_int_equal(log_set_modules("gpu:debug, vnc:error", NULL), 0);
    log_debug("gpu", "one");
    assert_string_equal(next_write(), "test: debug: gpu: one\n");
    /* Some module wants it, so it is looked at, but this one does not. */
    log_debug("head", "%d", ++evaluated);
    log_warning("vnc", "no");
    assert_null(next_write());
    log_info("head", "as all");
    assert_string_equal(next_write(), "test: info: head: as all\n");
    log_error("vnc", "yes");
    assert_string_equal(next_write(), "test: error: vnc: yes\n");
    /* A wrong word changes nothing. */
    assert_int_equal(log_set_modules(text, &bad), -EINVAL);
    assert_ptr_equal(bad, text + 10);
    log_debug("gpu", "still");
    assert_non_null(next_write());
    assert_int_equal(log_set_modules("", NULL), 0);
    assert_false(log_wants(LOG_DEBUG));
    log_debug("gpu", "%d", evaluated = 100);
    assert_int_equal(evaluated, 1);
    assert_null(next_write());
    for (unsigned i = 0; log_module_name(i) != NULL; i++) {
        char word[64];
        snprintf(word, sizeof(word), "%s:info", log_module_name(i));
        assert_int_equal(log_check_modules(word, NULL), 0);
    }
    static const char *const wrong[] = {"gpu", "gpu:", ":info", "gpu:loud", "gpu:info:info", "x:info",
                                        "gpu:debugdebugdebugdebug"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(log_check_modules(wrong[i], NULL), -EINVAL);
}

/* Reads the line that `message` makes; NULL unless it is JSON of that form. */
static const char *json_message(const char *text)
{
    static const char begin[] = "\"level\":\"info\",\"module\":\"gpu\",\"message\":\"";

    log_info("gpu", "%s", text);
    const char *all = next_write();
    assert_non_null(all);
    assert_memory_equal(all, "{\"time\":\"", 9);
    char *found = strstr(line, begin);
    assert_non_null(found);
    size_t length = strlen(found);
    assert_string_equal(found + length - 3, "\"}\n");
    found[length - 3] = '\0';
    return found + strlen(begin);
}

static void test_json(void **state)
{
    char longer[4000];

    (void)state;
    log_set_format(LOG_JSON);
    assert_string_equal(json_message("plain"), "plain");
    assert_string_equal(json_message("a\"b\\c"), "a\\\"b\\\\c");
    assert_string_equal(json_message("a\nb\x1b"), "a\\\\x0ab\\\\x1b");
    assert_string_equal(json_message("\xc3\xa9"), "\xc3\xa9");
    /* What is no UTF-8 would be no JSON: alone, overlong, a surrogate, beyond. */
    assert_string_equal(json_message("\xff"), "\\\\xff");
    assert_string_equal(json_message("\xe0\x80\x80"), "\\\\xe0\\\\x80\\\\x80");
    assert_string_equal(json_message("\xed\xa0\x80"), "\\\\xed\\\\xa0\\\\x80");
    assert_string_equal(json_message("\xf4\x90\x80\x80"),
                        "\\\\xf4\\\\x90\\\\x80\\\\x80");
    memset(longer, '"', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const char *cut = json_message(longer);
    /* Never between a backslash and what it escapes. */
    assert_int_equal(strspn(cut, "\\\"."), strlen(cut));
    log_set_format(LOG_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_one_write_per_line),
        LOG_TEST(test_levels),
        LOG_TEST(test_level_names),
        LOG_TEST(test_escapes_control_characters),
        LOG_TEST(test_cuts_long_lines),
        LOG_TEST(test_keeps_errno),
        LOG_TEST(test_threads_do_not_mix),
        LOG_TEST(test_limit),
        LOG_TEST(test_limited_warning),
        LOG_TEST(test_levels_of_modules),
        LOG_TEST(test_json),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
