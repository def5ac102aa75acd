// SPDX-License-Identifier: GPL-2.0-or-later
/* The sandbox holds, tells what it holds, and everything works inside. The
 * other tests of oriel-vnc run inside of it too. */
#include "tests/protocol/lib/vnc_world.h"

#include "net/vnc/encodings.h"
#include "net/vnc/sandbox.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    WORLD_WAIT(&world, core->sandboxed);
}

/* What each thread's status says behind `field`; all must say the same. */
static long status_of_threads(const char *field, unsigned *threads)
{
    char path[512], line[256];
    long value = -1;
    *threads = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", core->pid);
    DIR *dir = opendir(path);
    CHECK(dir, "%s", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", core->pid, entry->d_name);
        FILE *file = fopen(path, "re");
        CHECK(file, "%s", path);
        while (fgets(line, sizeof(line), file)) {
            if (strncmp(line, field, strlen(field)) != 0 || line[strlen(field)] != ':')
                continue;
            long is = strtol(line + strlen(field) + 1, NULL, 10);
            CHECK(value < 0 || value == is, "%s of one thread is %ld", field, is);
            value = is;
        }
        fclose(file);
        ++*threads;
    }
    closedir(dir);
    return value;
}

static void every_thread_is_inside(void **state)
{
    (void)state;
    struct fake_core_options options = {.sandbox_required = sandbox_built()};
    unsigned threads;
    start(&options);
    assert_int_equal(core->sandbox_parts, sandbox_built() ? LINK_SANDBOX_ALL : 0);
    if (!sandbox_built())
        return;
    assert_int_equal(status_of_threads("Seccomp", &threads), 2);
    assert_int_equal(status_of_threads("NoNewPrivs", &threads), 1);
    assert_true(threads >= 3); /* the loop, one that takes, one that encodes */
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    unsigned later;
    assert_int_equal(status_of_threads("Seccomp", &later), 2);
    assert_int_equal(later, threads);
}

/* Where the tests run may be a sandbox itself. */
static long own_seccomp(void)
{
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "re");
    CHECK(file, "/proc/self/status");
    while (value < 0 && fgets(line, sizeof(line), file))
        sscanf(line, "Seccomp: %ld", &value);
    fclose(file);
    return value;
}

static void off_means_off(void **state)
{
    (void)state;
    struct fake_core_options options = {.sandbox_off = true};
    unsigned threads;
    start(&options);
    assert_int_equal(core->sandbox_parts, 0);
    assert_int_equal(status_of_threads("Seccomp", &threads), own_seccomp());
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
}

/* A build that cannot be sandboxed, or a kernel that lacks a layer. */
static void on_makes_do_with_less(void **state)
{
    (void)state;
    struct fake_core_options options = {.no_landlock = true};
    start(&options);
    assert_int_equal(core->sandbox_parts,
                     sandbox_built() ? LINK_SANDBOX_NO_NEW_PRIVS | LINK_SANDBOX_SECCOMP : 0);
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
}

static void required_it_serves_nobody_without(void **state)
{
    (void)state;
    struct fake_core_options options = {.sandbox_required = true, .no_landlock = true};
    vnc_world_start(&world, &options);
    world.may_end = true;
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_int_equal(fake_core_wait(core, 0, 5000 * oriel_patience()), 3);
    vnc_world_run(&world, 50);
    assert_int_equal(client->state, RFB_CLIENT_VERSION);
    assert_false(core->sandboxed);
    rfb_client_close(client);
    fake_core_finish(core);
}

/* Each layer refuses, by itself, from inside. */
static void what_should_be_refused_is(void **state)
{
    (void)state;
    char command[600];
    const char *dir = getenv("ORIEL_BIN_DIR");
    snprintf(command, sizeof(command), "%s/oriel-vnc --self-test-sandbox 2>&1", dir ? dir : ".");
    FILE *output = popen(command, "re");
    char line[256];
    unsigned refused = 0, allowed = 0;
    assert_non_null(output);
    while (fgets(line, sizeof(line), output)) {
        print_message("%s", line);
        refused += strstr(line, ": refused") != NULL;
        allowed += strstr(line, ": allowed") != NULL;
    }
    int status = pclose(output);
    assert_true(WIFEXITED(status));
    if (!sandbox_built()) {
        assert_int_equal(WEXITSTATUS(status), 3);
        return;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(allowed, 2); /* going on working, under each */
    assert_true(refused >= 18);
}

/* All that comes over the link after the door is closed. */
static void everything_works_inside(void **state)
{
    (void)state;
    struct fake_core_options options = {.heads = 2, .unix_listener = true};
    struct rfb_client_options with_password = {.password = "new",
                                               .encodings = {ENCODING_DESKTOP_SIZE}};
    start(&options);
    struct rfb_client *first = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, first, &core->heads[0]));
    fake_core_drop_listener(core, 0);
    WORLD_WAIT(&world, first->state == RFB_CLIENT_CLOSED);
    fake_core_add_listener(core, 0);
    fake_core_send_password(core, "new");
    struct rfb_client *client = vnc_world_connect(&world, 0, &with_password);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    for (uint32_t i = 0; i < 20; i++) {
        fake_head_resize(&core->heads[0], 100 + i * 150, 80 + i * 70);
        fake_head_fill_pattern(&core->heads[0], 0, 0, 100 + i * 150, 80 + i * 70, i);
        assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    }
    fake_core_ask(core);
    WORLD_WAIT(&world, core->answered == core->asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_thread_is_inside, finish),
        cmocka_unit_test_teardown(off_means_off, finish),
        cmocka_unit_test_teardown(on_makes_do_with_less, finish),
        cmocka_unit_test(required_it_serves_nobody_without),
        cmocka_unit_test(what_should_be_refused_is),
        cmocka_unit_test_teardown(everything_works_inside, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
