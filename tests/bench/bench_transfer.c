// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a transfer costs in its two ways, piece by piece and through a mapping,
 * as ratios to memcpy() of the same bytes in the same run; and how many
 * transfers pay for a mapping. Fails only when a way is more than ten times
 * slower than it should be: machines that run tests are shared.
 */
#include "device/backing.h"
#include "device/backing_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15
#define PAGE 4096u
#define TARGET 0.5

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *anonymous(size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    memset(map, 1, size);
    return map;
}

/* Guest memory in which every other run of `each` pages is the picture's. */
static struct guest_memory *make_memory(size_t size)
{
    struct guest_memory_region region = {.gpa = 0, .size = 2 * size};
    int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)(2 * size)) != 0) {
        perror("memfd");
        exit(1);
    }
    struct guest_memory *memory = guest_memory_create(&region, &fd, 1, NULL);
    close(fd);
    size_t all = 2 * size;
    memset(guest_memory_at(memory, 0, &all), 2, all);
    return memory;
}

static struct backing *make_backing(size_t size, unsigned entries)
{
    struct backing *backing = backing_create(entries);
    size_t pages = (size + PAGE - 1) / PAGE, each = (pages + entries - 1) / entries;
    unsigned order[8192];
    for (unsigned i = 0; i < entries; i++)
        order[i] = i;
    srand(1);
    for (unsigned i = entries; i > 1; i--) {
        unsigned other = (unsigned)rand() % i, swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
    for (unsigned i = 0; i < entries; i++)
        backing_add(backing, order[i] * 2 * each * PAGE, (uint32_t)(each * PAGE));
    return backing;
}

static struct backing_map_budget budget;
static uv_loop_t loop;

static bool bench(uint32_t width, uint32_t height, unsigned entries)
{
    size_t stride = (size_t)width * 4, size = stride * height;
    struct guest_memory *memory = make_memory(size + 8192 * PAGE);
    struct backing *backing = make_backing(size, entries);
    uint8_t *to = anonymous(size), *from = anonymous(size);
    double copy = 1e9, gather = 1e9, mapped = 1e9, fill = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ms(), took;
        memcpy(to, from, size);
        took = now_ms() - start;
        copy = took < copy ? took : copy;
        start = now_ms();
        if (backing_gather(backing, memory, 0, to, stride, stride, height) < 0)
            exit(1);
        took = now_ms() - start;
        gather = took < gather ? took : gather;
    }
    struct backing_map *map = NULL;
    for (int round = 0; round < 3; round++) {
        if (map)
            backing_map_destroy(map);
        uv_run(&loop, UV_RUN_DEFAULT);
        map = backing_map_create(&loop, backing, memory, &budget);
        if (!map)
            break;
        double start = now_ms();
        if (backing_map_fill(map, backing, memory) < 0)
            exit(1);
        /* The first copy is part of the price: its pages are faulted in. */
        backing_map_copy(map, 0, to, stride, stride, height);
        double took = now_ms() - start;
        fill = took < fill ? took : fill;
    }
    for (int round = 0; map && round < ROUNDS; round++) {
        double start = now_ms(), took;
        backing_map_copy(map, 0, to, stride, stride, height);
        took = now_ms() - start;
        mapped = took < mapped ? took : mapped;
    }
    bool ok = copy / gather >= TARGET / 10 && (!map || copy / mapped >= TARGET / 10);
    printf("%4ux%-4u in %4u pieces: memcpy %6.3f ms, gathered %6.3f ms (ratio %.2f)", width, height,
           entries, copy, gather, copy / gather);
    if (map)
        printf(", mapped %6.3f ms (ratio %.2f), the first time %6.3f ms", mapped, copy / mapped, fill);
    else
        printf(", not mapped");
    if (map && gather > mapped)
        printf(", paid for by %.0f transfers", fill / (gather - mapped));
    printf("%s\n", ok ? "" : " FAILED");
    backing_map_destroy(map);
    uv_run(&loop, UV_RUN_DEFAULT);
    backing_unref(backing);
    guest_memory_unref(memory);
    munmap(to, size);
    munmap(from, size);
    return ok;
}

int main(void)
{
    uv_loop_init(&loop);
    bool ok = bench(1920, 1080, 1);
    ok &= bench(1920, 1080, 200);
    ok &= bench(1920, 1080, 2025);
    ok &= bench(3840, 2160, 1);
    ok &= bench(3840, 2160, 200);
    ok &= bench(3840, 2160, 4000);
    ok &= bench(3840, 2160, 8100);
    uv_loop_close(&loop);
    return ok ? 0 : 1;
}
