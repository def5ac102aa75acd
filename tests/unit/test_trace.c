// SPDX-License-Identifier: GPL-2.0-or-later
/* Trace points: patterns, lines, and that those that are off do nothing. */
#include "server/log.h"
#include "server/trace.h"
#include "tests/protocol/lib/guest_check.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int reader, saved_stderr, evaluated;
static char line[4096];

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
    log_init("test", LOG_ERROR);
    log_set_format(LOG_TEXT);
    evaluated = 0;
    return trace_set_pattern("", NULL);
}

static int release(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(reader);
    return 0;
}

static const char *next_line(void)
{
    ssize_t length = recv(reader, line, sizeof(line) - 1, MSG_DONTWAIT);
    if (length < 0)
        return NULL;
    line[length] = '\0';
    return line;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    if (text == NULL || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static unsigned enabled(void)
{
    unsigned count = 0;
    for (int i = 0; i < TRACE_COUNT; i++)
        count += atomic_load(&trace_enabled[i]);
    return count;
}

static void off_at_first_and_arguments_are_not_evaluated(void **state)
{
    (void)state;
    assert_int_equal(enabled(), 0);
    trace(gpu_command, "%d", ++evaluated);
    assert_int_equal(evaluated, 0);
    assert_null(next_line());
    assert_int_equal(trace_set_pattern("gpu_command", NULL), 0);
    trace(gpu_command, "%d", ++evaluated);
    assert_int_equal(evaluated, 1);
    assert_non_null(next_line());
}

/* Whatever the level of the log. */
static void lines_have_the_point_and_the_time(void **state)
{
    (void)state;
    assert_int_equal(trace_set_pattern("*", NULL), 0);
    assert_int_equal(enabled(), TRACE_COUNT);
    errno = EXDEV;
    trace(head_frame, "head=%d %s", 3, "a\nb");
    assert_int_equal(errno, EXDEV);
    assert_true(matches(next_line(),
                        "^test: trace: head_frame: [0-9]+\\.[0-9]{6} head=3 a\\\\x0ab\n$"));
    log_set_format(LOG_JSON);
    trace(head_frame, "x=\"%d\"", 1);
    assert_true(matches(next_line(), "\"level\":\"trace\",\"module\":\"head_frame\","
                                     "\"message\":\"[0-9.]+ x=\\\\\"1\\\\\"\"}\n$"));
}

static void long_lines_are_cut(void **state)
{
    char text[3000];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(trace_set_pattern("head_frame", NULL), 0);
    trace(head_frame, "%s", text);
    const char *cut = next_line();
    assert_non_null(cut);
    assert_true(strlen(cut) < 2048);
    assert_int_equal(cut[strlen(cut) - 1], '\n');
}

static void patterns(void **state)
{
    static const struct {
        const char *text;
        unsigned on; /* how many; 0: refused */
    } cases[] = {
        {"head_frame", 1}, {"head_frame,head_frame", 1}, {" head_frame , head_taken ", 2},
        {"head_fram?", 1}, {"vhost_user_*", 2}, {"gpu_*,head_frame", 4}, {",,gpu_answer,", 1},
        {"head", 0}, {"head_frame,x", 0}, {"HEAD_FRAME", 0}, {"*,none", 0},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa*", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *bad = NULL;
        assert_int_equal(trace_set_pattern("input_report", NULL), 0);
        int r = trace_set_pattern(cases[i].text, &bad);
        assert_int_equal(trace_check_pattern(cases[i].text, NULL), r);
        if (cases[i].on == 0) {
            assert_int_equal(r, -EINVAL);
            assert_non_null(bad);
            assert_int_equal(enabled(), 1); /* as before */
            assert_true(atomic_load(&trace_enabled[TRACE_input_report]));
        } else {
            assert_int_equal(r, 0);
            assert_int_equal(enabled(), cases[i].on);
        }
    }
}

static void the_bad_word_is_told(void **state)
{
    const char text[] = "gpu_*,nothing,head_frame", *bad = NULL;
    (void)state;
    assert_int_equal(trace_check_pattern(text, &bad), -EINVAL);
    assert_ptr_equal(bad, text + 6);
}

static void names_are_good(void **state)
{
    (void)state;
    for (int i = 0; i < TRACE_COUNT; i++) {
        assert_true(matches(trace_point_name((enum trace_point)i), "^[a-z]+(_[a-z]+)+$"));
        assert_true(strlen(trace_point_help((enum trace_point)i)) > 10);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(trace_point_name((enum trace_point)i),
                                    trace_point_name((enum trace_point)k));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(off_at_first_and_arguments_are_not_evaluated),
        TEST(lines_have_the_point_and_the_time),
        TEST(long_lines_are_cut),
        TEST(patterns),
        TEST(the_bad_word_is_told),
        TEST(names_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
