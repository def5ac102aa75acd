// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every encoding in every size of pixels and either byte order, decoded by
 * LibVNCClient (tests/clients/vncformat).
 */
#include "tests/protocol/lib/vnc_scene.h"

#include <stdlib.h>
#include <unistd.h>

#define WIDTH 331
#define HEIGHT 207

static struct vnc_world world;
static char dir[64], final[96];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/oriel-formats-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(final, sizeof(final), "%s/final.ppm", dir);
    vnc_scene_write(final, WIDTH, HEIGHT, 2);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(final);
    return rmdir(dir);
}

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static void check(const char *encoding, const char *bits, const char *endian)
{
    struct fake_core_options options = {.width = WIDTH, .height = HEIGHT};
    char address[64];
    vnc_world_start(&world, &options);
    struct fake_head *head = &world.core.heads[0];
    vnc_scene_paint(head, 0, 0, WIDTH, HEIGHT, 1);
    snprintf(address, sizeof(address), "127.0.0.1:%u", world.core.ports[0]);
    char *const arguments[] = {"vncformat", address, (char *)encoding, (char *)bits, (char *)endian,
                               final,       NULL};
    pid_t pid = vnc_scene_start_viewer("vncformat", arguments);
    WORLD_WAIT(&world, head->taken > 0);
    vnc_scene_change(&world, head, 30);
    int rc = vnc_scene_wait_viewer(&world, pid);
    if (rc != 0)
        print_error("%s with %s bits, %s-endian\n", encoding, bits, endian);
    assert_int_equal(rc, 0);
}

static void check_all(const char *encoding, const char *endian)
{
    static const char *const bits[] = {"8", "16", "32"};
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            vnc_world_finish(&world);
        check(encoding, bits[i], endian);
    }
}

/* LibVNCClient decodes what comes as whole pixels in any order, but puts the
 * compressed pixels of ZRLE and Tight together in its own. */
#define FORMAT_TEST(encoding, endian)                                                              \
    static void encoding##_##endian(void **state)                                                  \
    {                                                                                              \
        (void)state;                                                                               \
        check_all(#encoding, #endian);                                                             \
    }

FORMAT_TEST(raw, little)
FORMAT_TEST(raw, big)
FORMAT_TEST(rre, little)
FORMAT_TEST(rre, big)
FORMAT_TEST(corre, little)
FORMAT_TEST(corre, big)
FORMAT_TEST(hextile, little)
FORMAT_TEST(hextile, big)
FORMAT_TEST(zlib, little)
FORMAT_TEST(zlib, big)
FORMAT_TEST(zrle, little)
FORMAT_TEST(tight, little)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(raw_little, finish),
        cmocka_unit_test_teardown(raw_big, finish),
        cmocka_unit_test_teardown(rre_little, finish),
        cmocka_unit_test_teardown(rre_big, finish),
        cmocka_unit_test_teardown(corre_little, finish),
        cmocka_unit_test_teardown(corre_big, finish),
        cmocka_unit_test_teardown(hextile_little, finish),
        cmocka_unit_test_teardown(hextile_big, finish),
        cmocka_unit_test_teardown(zlib_little, finish),
        cmocka_unit_test_teardown(zlib_big, finish),
        cmocka_unit_test_teardown(zrle_little, finish),
        cmocka_unit_test_teardown(tight_little, finish),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
