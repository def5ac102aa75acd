// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading INI files: line numbers, comments, sections, and everything that
 * must not be quietly misread. */
#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_print.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char directory[64];
    char path[96];
    struct config config;
    struct config_errors errors;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL)
        return -1;
    strcpy(fixture->directory, "/tmp/oriel-test.XXXXXX");
    if (mkdtemp(fixture->directory) == NULL)
        return -1;
    snprintf(fixture->path, sizeof(fixture->path), "%s/o.ini", fixture->directory);
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    config_errors_finish(&fixture->errors);
    unlink(fixture->path);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

static int load_bytes(struct fixture *fixture, const void *text, size_t size)
{
    const struct config_sources sources = {.path = fixture->path};
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    config_errors_finish(&fixture->errors);
    return config_load(&fixture->config, &sources, &fixture->errors);
}

static int load(struct fixture *fixture, const char *text)
{
    return load_bytes(fixture, text, strlen(text));
}

/* That the errors are exactly these lines, each beginning with the path. */
static void expect_errors(struct fixture *fixture, const char *text, const char *const *expected,
                          unsigned count)
{
    assert_int_equal(load(fixture, text), -EINVAL);
    char *rest = fixture->errors.text;
    for (unsigned i = 0; i < count; i++) {
        char *line = strsep(&rest, "\n");
        assert_non_null(line);
        assert_int_equal(strncmp(line, fixture->path, strlen(fixture->path)), 0);
        line += strlen(fixture->path);
        if (strncmp(line, expected[i], strlen(expected[i])) != 0)
            fail_msg("expected '%s', got '%s'", expected[i], line);
    }
    assert_int_equal(fixture->errors.count, count);
}

static void expect_error(struct fixture *fixture, const char *text, const char *expected)
{
    expect_errors(fixture, text, &expected, 1);
}

static void test_reads_sections_keys_and_comments(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "# a comment\n"
                                   "; another\n"
                                   "\n"
                                   "[gpu] ; the GPU\n"
                                   "heads = 3 ; three\n"
                                   "\tname\t=\tA #1 machine  \n"
                                   "  renderer=2d\r\n"
                                   "[head.2]\n"
                                   "mode = 800x600\n"
                                   "[gpu]\n"
                                   "socket = /x;y\n"
                                   "[head.1]\n"),
                     0);
    assert_int_equal(fixture->config.gpu.heads, 3);
    assert_string_equal(fixture->config.gpu.name, "A #1 machine");
    assert_int_equal(fixture->config.gpu.renderer, CONFIG_RENDERER_2D);
    assert_int_equal(fixture->config.heads[2].mode.width, 800);
    assert_string_equal(fixture->config.gpu.socket, "/x;y");
}

static void test_last_line_needs_no_newline(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "[gpu]\nheads=2"), 0);
    assert_int_equal(fixture->config.gpu.heads, 2);
    expect_error(fixture, "[gpu]\nheads", ":2: expected key = value");
}

static void test_byte_order_mark_is_skipped(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "\xef\xbb\xbf[gpu]\nheads=2\n"), 0);
    assert_int_equal(fixture->config.gpu.heads, 2);
}

static void test_indented_line_is_not_a_continuation(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "[gpu]\nname = a\n   heads = 2\n"), 0);
    assert_string_equal(fixture->config.gpu.name, "a");
    assert_int_equal(fixture->config.gpu.heads, 2);
    expect_error(fixture, "[gpu]\nname = a\n   b\n", ":3: expected key = value");
}

static void test_all_errors_have_their_lines(void **state)
{
    static const char *const expected[] = {
        ":1: a setting before the first [section]",
        ":3: [gpu].heads: many: expected a number from 1 to 16",
        ":4: expected key = value",
        ":6: [gpu].haeds: 2: unknown key; there are name, socket, transport, renderer, heads",
        ":7: [gup]: unknown section; there are [gpu], [head.N], [input], [vmm], [vnc], [control], "
        "[sandbox], [log]",
        ":9: expected [section]",
        ":11: expected [section]",
        ":14: [vnc].listen: udp:1: udp:1: expected tcp:HOST:PORT, unix:PATH or fd:N",
    };
    expect_errors(*state,
                  "stray = 1\n"
                  "[gpu]\n"
                  "heads = many\n"
                  "nothing at all\n"
                  "# fine\n"
                  "haeds = 2\n"
                  "[gup]\n"
                  "heads = not looked at\n"
                  "[gpu\n"
                  "heads = not looked at\n"
                  "[gpu] heads = 2\n"
                  "heads = not looked at\n"
                  "[vnc]\n"
                  "listen = udp:1\n",
                  expected, sizeof(expected) / sizeof(expected[0]));
}

static void test_second_setting_of_a_key_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    expect_error(fixture, "[gpu]\nheads = 1\n[log]\n[gpu]\nheads = 1\n",
                 ":5: [gpu].heads: 1: already set in line 2");
    expect_error(fixture, "[gpu]\nheads = 2\n[head.1]\nmode=800x600\nmode=800x600\n",
                 ":5: [head.1].mode: 800x600: already set in line 4");
    assert_int_equal(
        load(fixture, "[gpu]\nheads = 2\n[head.0]\nmode=800x600\n[head.1]\nmode=800x600\n"), 0);
}

static void test_section_of_a_missing_head_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    expect_error(fixture, "[head.1]\n[gpu]\nheads = 1\n",
                 ":1: [head.1]: there is no such head; [gpu].heads is 1");
    assert_int_equal(load(fixture, "[head.1]\n[gpu]\nheads = 2\n"), 0);
}

static void test_errors_across_keys_name_the_line_of_the_key(void **state)
{
    struct fixture *fixture = *state;
    expect_error(fixture, "[vnc]\n\nheads = 4\n", ":3: [vnc].heads: 4: there is no such head");
    expect_error(fixture, "[head.0]\nmode = 5120x2880\n[gpu]\nmax-scanout-size = 4096\n",
                 ":2: [head.0].mode: 5120x2880@60: is more than [gpu].max-scanout-size, 4096");
    expect_error(fixture, "[gpu]\nmax-scanout-size = 16384\n[head.0]\nmode = 16384x16384@1000\n",
                 ":4: [head.0].mode: 16384x16384@1000: no monitor could show that many frames");
}

/* inih would cut such lines in two. */
static void test_long_lines_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char text[70000];
    memset(text, 'x', sizeof(text));
    memcpy(text, "[gpu]\nname = ", 13);
    text[sizeof(text) - 1] = '\0';
    memcpy(text + sizeof(text) - 12, "\nheads = 17\n", 12);
    assert_int_equal(load_bytes(fixture, text, sizeof(text)), -EINVAL);
    assert_int_equal(fixture->errors.count, 2);
    assert_non_null(strstr(fixture->errors.text, ":2: the line is too long"));
    assert_non_null(strstr(fixture->errors.text, ":3: [gpu].heads: 17:"));
}

static void test_longest_line_is_read_whole(void **state)
{
    struct fixture *fixture = *state;
    /* Debian's inih has 200 bytes for a line, its newline and the NUL. */
    char text[400] = "[vnc]\npassword-file = /";
    size_t line = strlen(text) - strlen("[vnc]\n");
    memset(text + strlen(text), 'p', 197 - line);
    assert_int_equal(load(fixture, text), 0);
    assert_int_equal(strlen(fixture->config.vnc.password_file), 197 - strlen("password-file = "));
    strcat(text, "p");
    expect_error(fixture, text, ":2: the line is too long");
}

static void test_nul_byte_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "[gpu]\nname = a\0b\nheads = 2\n";
    assert_int_equal(load_bytes(fixture, text, sizeof(text) - 1), -EINVAL);
    assert_int_equal(fixture->errors.count, 1);
    assert_non_null(strstr(fixture->errors.text, ":2: the line holds a NUL byte"));
}

static void test_empty_names_and_values(void **state)
{
    struct fixture *fixture = *state;
    expect_error(fixture, "[gpu]\n= 3\n", ":2: [gpu].: 3: unknown key");
    expect_error(fixture, "[]\n", ":1: []: unknown section");
    assert_int_equal(load(fixture, "[vnc]\nlisten =\n"), 0);
    assert_int_equal(fixture->config.vnc.listen.count, 0);
}

static void test_missing_file_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct config_sources sources = {.path = fixture->path};
    assert_int_equal(config_load(&fixture->config, &sources, &fixture->errors), -EINVAL);
    assert_non_null(strstr(fixture->errors.text, "o.ini: cannot be read: No such file"));
    config_errors_finish(&fixture->errors);
    sources.path = fixture->directory;
    assert_int_equal(config_load(&fixture->config, &sources, &fixture->errors), -EINVAL);
    assert_non_null(strstr(fixture->errors.text, ": is a directory"));
}

static void test_overrides_win_over_the_file(void **state)
{
    struct fixture *fixture = *state;
    static const char *const overrides[] = {"gpu.heads=5"};
    const struct config_sources sources = {
        .path = fixture->path, .overrides = overrides, .noverrides = 1};
    assert_int_equal(load(fixture, "[gpu]\nheads = 2\nname = b\n"), 0);
    assert_int_equal(config_load(&fixture->config, &sources, &fixture->errors), 0);
    assert_int_equal(fixture->config.gpu.heads, 5);
    assert_string_equal(fixture->config.gpu.name, "b");
}

/* The printed file is the defaults, as it stands and with every key
 * uncommented. */
static void test_printed_file_holds_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct config defaults;
    char *text = NULL;
    size_t size;
    unsigned keys = 0;
    const struct config_sources none = {0};
    assert_int_equal(config_load(&defaults, &none, &fixture->errors), 0);

    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_print(out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(load_bytes(fixture, text, size), 0);
    assert_memory_equal(&fixture->config, &defaults, sizeof(defaults));

    for (size_t i = 0; i + 1 < size; i++) {
        if (text[i] == '#' && text[i + 1] != ' ' && (i == 0 || text[i - 1] == '\n')) {
            text[i] = ' ';
            keys++;
        }
    }
    assert_true(keys > 10);
    assert_int_equal(load_bytes(fixture, text, size), 0);
    assert_memory_equal(&fixture->config, &defaults, sizeof(defaults));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_sections_keys_and_comments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last_line_needs_no_newline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_byte_order_mark_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_indented_line_is_not_a_continuation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_errors_have_their_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_setting_of_a_key_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_section_of_a_missing_head_is_an_error, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_errors_across_keys_name_the_line_of_the_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longest_line_is_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul_byte_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_names_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_file_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overrides_win_over_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_printed_file_holds_the_defaults, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
