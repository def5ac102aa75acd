// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every lossless encoding, decoded by LibVNCClient (tests/clients/vncgrab):
 * a picture that turns into another one bit by bit arrives exactly.
 */
#include "tests/protocol/lib/vnc_world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/* Parts that are flat, of two colours, of few, smooth, and noise: all that
 * encoders tell apart. */
static uint32_t scene(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t noise = (x * 2654435761u) ^ (y * 2246822519u) ^ (seed * 3266489917u);
    noise ^= noise >> 13;
    noise *= 1274126177u;
    switch ((x / 50 + y / 40 + seed) % 5) {
    case 0:
        return 0x204060 + seed;
    case 1:
        return noise & 0x100 ? 0xf0e0d0 : 0x102030;
    case 2:
        return 0x330055 + (noise % 7) * 0x201510;
    case 3:
        return (x * 255 / 400 & 0xff) << 16 | (y * 255 / 300 & 0xff) << 8 | ((x + y) & 0xff);
    default:
        return noise & 0xffffff;
    }
}

static void paint(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                  uint32_t seed)
{
    for (uint32_t row = y; row < y + height; row++) {
        for (uint32_t column = x; column < x + width; column++)
            head->image[(size_t)row * head->width + column] = scene(column, row, seed);
    }
    fake_head_damage(head, x, y, width, height);
}

static void write_final(const char *path, uint32_t width, uint32_t height, uint32_t seed)
{
    FILE *file = fopen(path, "we");
    CHECK(file, "%s", path);
    fprintf(file, "P6\n%u %u\n255\n", width, height);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel = scene(x, y, seed);
            fputc((int)(pixel >> 16 & 0xff), file);
            fputc((int)(pixel >> 8 & 0xff), file);
            fputc((int)(pixel & 0xff), file);
        }
    }
    CHECK(fclose(file) == 0, "%s", path);
}

static pid_t start_grab(const char *encoding, const char *final)
{
    char address[64], program[512];
    const char *bin = getenv("ORIEL_BIN_DIR");
    snprintf(address, sizeof(address), "127.0.0.1:%u", world.core.ports[0]);
    snprintf(program, sizeof(program), "%s/vncgrab", bin ? bin : ".");
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, program, address, "--encoding", encoding, "--no-jpeg", "--cursor", "alpha",
              "--timeout", getenv("ORIEL_SANITIZE") ? "60000" : "20000", "--expect", final,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int wait_while_turning(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0)
        vnc_world_step(&world, 20);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void check(const char *encoding, uint32_t width, uint32_t height)
{
    struct fake_core_options options = {.width = width, .height = height};
    char final[96];
    uint64_t random = 99;
    vnc_world_start(&world, &options);
    struct fake_head *head = &world.core.heads[0];
    paint(head, 0, 0, width, height, 1);
    snprintf(final, sizeof(final), "%s/final.ppm", dir);
    write_final(final, width, height, 2);
    pid_t pid = start_grab(encoding, final);
    WORLD_WAIT(&world, head->taken > 0);
    for (uint32_t i = 0; i < 120; i++) {
        uint32_t x = check_random_below(&random, width), y = check_random_below(&random, height);
        uint32_t w = 1 + check_random_below(&random, width - x) / (1 + i % 4);
        uint32_t h = 1 + check_random_below(&random, height - y) / (1 + i % 3);
        paint(head, x, y, w, h, i % 2 ? 2 : 1);
        if (i % 3 == 0)
            vnc_world_run(&world, 3);
    }
    /* The last strokes, each a part, together everything. */
    for (uint32_t y = 0; y < height; y += 37)
        for (uint32_t x = 0; x < width; x += 101) {
            paint(head, x, y, x + 101 > width ? width - x : 101, y + 37 > height ? height - y : 37,
                  2);
            vnc_world_step(&world, 1);
        }
    assert_int_equal(wait_while_turning(pid), 0);
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
ENCODING_TEST(hextile)
ENCODING_TEST(zlib)
ENCODING_TEST(zrle)
ENCODING_TEST(tight)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(raw_is_exact, finish),
        cmocka_unit_test_teardown(hextile_is_exact, finish),
        cmocka_unit_test_teardown(zlib_is_exact, finish),
        cmocka_unit_test_teardown(zrle_is_exact, finish),
        cmocka_unit_test_teardown(tight_is_exact, finish),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
