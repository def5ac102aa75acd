// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speed of damage_publish() as a ratio to memcmp() and memcpy() of the same
 * pixels in the same run, so that the figures mean something on any machine.
 * Fails only below a tenth of the target: machines that run tests are shared.
 */
#include "encoders/canvas_layout.h"
#include "encoders/damage.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ROUNDS 15
#define TARGET 0.7

struct pictures {
    uint32_t width, height;
    size_t stride, size;
    uint8_t *canvas, *source;
    pixman_format_code_t format;
};

static volatile int sink; /* keeps the compiler from leaving work out */

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint8_t *map_pixels(size_t size, int value)
{
    uint8_t *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pixels == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    memset(pixels, value, size);
    return pixels;
}

static void publish(struct pictures *p)
{
    struct damage_source source = {p->source, p->stride, p->format};
    pixman_region32_t region, damage;

    pixman_region32_init_rect(&region, 0, 0, p->width, p->height);
    pixman_region32_init(&damage);
    if (damage_publish(p->canvas, p->stride, &source, &region, &damage) != 0)
        exit(1);
    sink = sink | pixman_region32_n_rects(&damage);
    pixman_region32_fini(&damage);
    pixman_region32_fini(&region);
}

static void compare(struct pictures *p)
{
    sink = sink | memcmp(p->canvas, p->source, p->size);
}

static void copy(struct pictures *p)
{
    memcpy(p->canvas, p->source, p->size);
}

static void prepare_nothing(struct pictures *p)
{
    (void)p;
}

/* Every pixel of the source changes. */
static void prepare_all(struct pictures *p)
{
    for (size_t i = 0; i < p->size; i++)
        p->source[i] ^= 0x5a;
}

/* One pixel in a hundred changes, in the middle of its tile's row. */
static void prepare_few(struct pictures *p)
{
    for (size_t i = 130; i + 4 <= p->size; i += 400)
        p->source[i] ^= 0x5a;
}

static double time_ms(struct pictures *p, void (*prepare)(struct pictures *),
                      void (*work)(struct pictures *))
{
    double start;

    prepare(p);
    start = now_ms();
    work(p);
    return now_ms() - start;
}

/* The best of several rounds, in turn with the reference, so that both see
 * the same disturbances. `target` 0: for information. */
static bool measure(struct pictures *p, const char *what, void (*prepare)(struct pictures *),
                    void (*reference)(struct pictures *), double target)
{
    double best = 1e9, best_reference = 1e9, ratio;
    bool ok;

    for (int round = 0; round < ROUNDS; round++) {
        double took = time_ms(p, prepare, reference);
        best_reference = took < best_reference ? took : best_reference;
        took = time_ms(p, prepare, publish);
        best = took < best ? took : best;
    }
    ratio = best_reference / best;
    ok = ratio >= target / 10;
    printf("%4ux%-4u %-26s %7.3f ms, reference %7.3f ms, ratio %.2f", p->width, p->height, what,
           best, best_reference, ratio);
    if (target > 0)
        printf(" (target %.2f)", target);
    printf("%s\n", ok ? "" : " FAILED");
    return ok;
}

static bool bench(uint32_t width, uint32_t height)
{
    struct pictures p = {.width = width, .height = height, .format = PIXMAN_x8r8g8b8};
    bool ok;

    p.stride = canvas_stride(width);
    p.size = p.stride * height;
    p.canvas = map_pixels(p.size, 0x11);
    p.source = map_pixels(p.size, 0x11);

    ok = measure(&p, "unchanged / memcmp", prepare_nothing, compare, TARGET);
    ok &= measure(&p, "all changed / memcpy", prepare_all, copy, TARGET);
    measure(&p, "1% changed / memcpy", prepare_few, copy, 0);
    p.format = PIXMAN_r8g8b8x8;
    measure(&p, "RGBX all changed / memcpy", prepare_all, copy, 0);

    munmap(p.canvas, p.size);
    munmap(p.source, p.size);
    return ok;
}

int main(void)
{
    bool ok = bench(1920, 1080);
    ok &= bench(3840, 2160);
    return ok && sink != 0 ? 0 : 1;
}
