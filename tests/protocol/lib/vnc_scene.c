// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/vnc_scene.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

uint32_t vnc_scene_pixel(uint32_t x, uint32_t y, uint32_t seed)
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

void vnc_scene_paint(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                     uint32_t height, uint32_t seed)
{
    for (uint32_t row = y; row < y + height; row++) {
        for (uint32_t column = x; column < x + width; column++)
            head->image[(size_t)row * head->width + column] = vnc_scene_pixel(column, row, seed);
    }
    fake_head_damage(head, x, y, width, height);
}

void vnc_scene_write(const char *path, uint32_t width, uint32_t height, uint32_t seed)
{
    FILE *file = fopen(path, "we");
    CHECK(file, "%s", path);
    fprintf(file, "P6\n%u %u\n255\n", width, height);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel = vnc_scene_pixel(x, y, seed);
            fputc((int)(pixel >> 16 & 0xff), file);
            fputc((int)(pixel >> 8 & 0xff), file);
            fputc((int)(pixel & 0xff), file);
        }
    }
    CHECK(fclose(file) == 0, "%s", path);
}

void vnc_scene_change(struct vnc_world *world, struct fake_head *head, unsigned strokes)
{
    uint32_t width = head->width, height = head->height;
    uint64_t random = 99;
    for (uint32_t i = 0; i < strokes; i++) {
        uint32_t x = check_random_below(&random, width), y = check_random_below(&random, height);
        uint32_t w = 1 + check_random_below(&random, width - x) / (1 + i % 4);
        uint32_t h = 1 + check_random_below(&random, height - y) / (1 + i % 3);
        vnc_scene_paint(head, x, y, w, h, i % 2 ? 2 : 1);
        if (i % 3 == 0)
            vnc_world_run(world, 3);
    }
    /* The last strokes, each a part, together everything. */
    for (uint32_t y = 0; y < height; y += 37)
        for (uint32_t x = 0; x < width; x += 101) {
            vnc_scene_paint(head, x, y, x + 101 > width ? width - x : 101,
                            y + 37 > height ? height - y : 37, 2);
            vnc_world_step(world, 1);
        }
}

pid_t vnc_scene_start_viewer(const char *program, char *const *arguments)
{
    char path[512];
    const char *bin = getenv("ORIEL_BIN_DIR");
    snprintf(path, sizeof(path), "%s/%s", bin ? bin : ".", program);
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(path, arguments);
        _exit(127);
    }
    return pid;
}

int vnc_scene_wait_viewer(struct vnc_world *world, pid_t pid)
{
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0)
        vnc_world_step(world, 20);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
