// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What looking for moves costs where there are none, as a ratio to the
 * comparison of the same pixels in the same run (target 0.2), and what a
 * scroll costs with and without. Fails at ten times the target.
 */
#include "encoders/canvas_layout.h"
#include "encoders/moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define TARGET 0.2

struct pictures {
    uint32_t width, height;
    size_t stride, size;
    uint8_t *canvas, *source;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct damage_source source_of(const struct pictures *p)
{
    return (struct damage_source){ p->source, p->stride, PIXMAN_x8r8g8b8 };
}

static double time_publish(struct pictures *p)
{
    struct damage_source source = source_of(p);
    pixman_region32_t region, damage;
    pixman_region32_init_rect(&region, 0, 0, p->width, p->height);
    pixman_region32_init(&damage);
    double start = now_ms();
    if (damage_publish(p->canvas, p->stride, &source, &region, &damage) != 0)
        exit(1);
    double took = now_ms() - start;
    pixman_region32_fini(&damage);
    pixman_region32_fini(&region);
    return took;
}

static double time_search(struct pictures *p, bool expected)
{
    struct damage_source source = source_of(p);
    struct damage_move move;
    pixman_box32_t area = { 0, 0, (int32_t)p->width, (int32_t)p->height };
    double start = now_ms();
    bool found = moves_find(p->canvas, p->stride, &source, &area, &move);
    double took = now_ms() - start;
    if (found != expected) {
        printf("a move was %s\n", found ? "found where there is none" : "not found");
        exit(1);
    }
    return took;
}

static void fill_noise(uint8_t *pixels, size_t size, uint32_t seed)
{
    for (size_t i = 0; i + 4 <= size; i += 4) {
        seed = seed * 1664525 + 1013904223;
        uint32_t pixel = seed >> 8;
        memcpy(pixels + i, &pixel, 4);
    }
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Best of the rounds, as neighbours on the machine only ever add time. */
static double search_ratio(struct pictures *p, const char *scene, bool change)
{
    double search = 1e9, compare = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        fill_noise(p->source, p->size, 7);
        if (change)
            fill_noise(p->canvas, p->size, (uint32_t)round + 100);
        else
            memcpy(p->canvas, p->source, p->size);
        time_publish(p);
        if (change)
            fill_noise(p->canvas, p->size, (uint32_t)round + 100);
        search = smaller(search, time_search(p, false));
        compare = smaller(compare, time_publish(p));
    }
    printf("%ux%u %-22s search %.3f ms, publish %.3f ms, ratio %.2f\n", p->width, p->height,
           scene, search, compare, search / compare);
    return search / compare;
}

static void scroll_cost(struct pictures *p)
{
    double with = 1e9, without = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        fill_noise(p->source, p->size, 7);
        memcpy(p->canvas + 16 * p->stride, p->source, p->size - 16 * p->stride);
        double start = now_ms();
        struct damage_source source = source_of(p);
        struct damage_move move;
        pixman_box32_t area = { 0, 0, (int32_t)p->width, (int32_t)p->height };
        if (!moves_find(p->canvas, p->stride, &source, &area, &move))
            exit(1);
        moves_apply(p->canvas, p->stride, &move);
        time_publish(p);
        with = smaller(with, now_ms() - start);
        memcpy(p->canvas + 16 * p->stride, p->source, p->size - 16 * p->stride);
        without = smaller(without, time_publish(p));
    }
    printf("%ux%u scroll by 16 rows      with moves %.3f ms, without %.3f ms\n", p->width,
           p->height, with, without);
}

int main(void)
{
    static const uint32_t sizes[][2] = { { 1920, 1080 }, { 3840, 2160 } };
    double worst = 0;
    for (int i = 0; i < 2; i++) {
        struct pictures p = { .width = sizes[i][0], .height = sizes[i][1] };
        p.stride = canvas_stride(p.width);
        p.size = p.stride * p.height;
        p.canvas = malloc(p.size);
        p.source = malloc(p.size);
        if (!p.canvas || !p.source)
            return 1;
        double quiet = search_ratio(&p, "nothing changed", false);
        double noise = search_ratio(&p, "everything changed", true);
        worst = quiet > worst ? quiet : worst;
        worst = noise > worst ? noise : worst;
        scroll_cost(&p);
        free(p.canvas);
        free(p.source);
    }
    return worst > 10 * TARGET;
}
