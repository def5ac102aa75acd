// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every lossless encoding, decoded by LibVNCClient (tests/clients/vncgrab):
 * a picture that turns into another one bit by bit arrives exactly.
 */
#include "tests/protocol/lib/vnc_scene.h"

#include <stdlib.h>
#include <unistd.h>

static struct vnc_world world;
static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/oriel-encodings-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char path[96];
    (void)state;
    snprintf(path, sizeof(path), "%s/final.ppm", dir);
    unlink(path);
    return rmdir(dir);
}

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void check(const char *encoding, uint32_t width, uint32_t height)
{
    struct fake_core_options options = {.width = width, .height = height};
    char final[96], address[64];
    vnc_world_start(&world, &options);
    struct fake_head *head = &world.core.heads[0];
    vnc_scene_paint(head, 0, 0, width, height, 1);
    snprintf(final, sizeof(final), "%s/final.ppm", dir);
    vnc_scene_write(final, width, height, 2);
    snprintf(address, sizeof(address), "127.0.0.1:%u", world.core.ports[0]);
    char *const arguments[] = {"vncgrab", address, "--encoding", (char *)encoding, "--no-jpeg",
                               "--cursor", "alpha", "--timeout",
                               getenv("ORIEL_SANITIZE") ? "60000" : "20000", "--expect", final,
                               NULL};
    pid_t pid = vnc_scene_start_viewer("vncgrab", arguments);
    WORLD_WAIT(&world, head->taken > 0);
    vnc_scene_change(&world, head, 120);
    assert_int_equal(vnc_scene_wait_viewer(&world, pid), 0);
}

static void check_sizes(const char *encoding)
{
    check(encoding, 401, 303);
    vnc_world_finish(&world);
    check(encoding, 17, 9);
    vnc_world_finish(&world);
    check(encoding, 1920, 77);
}

#define ENCODING_TEST(name)                                                                  \
    static void name##_is_exact(void **state)                                                \
    {                                                                                        \
        (void)state;                                                                         \
        check_sizes(#name);                                                                  \
    }

ENCODING_TEST(raw)
ENCODING_TEST(rre)
ENCODING_TEST(corre)
ENCODING_TEST(hextile)
ENCODING_TEST(zlib)
ENCODING_TEST(zrle)
ENCODING_TEST(tight)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(raw_is_exact, finish),
        cmocka_unit_test_teardown(rre_is_exact, finish),
        cmocka_unit_test_teardown(corre_is_exact, finish),
        cmocka_unit_test_teardown(hextile_is_exact, finish),
        cmocka_unit_test_teardown(zlib_is_exact, finish),
        cmocka_unit_test_teardown(zrle_is_exact, finish),
        cmocka_unit_test_teardown(tight_is_exact, finish),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
