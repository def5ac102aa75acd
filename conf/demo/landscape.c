// SPDX-License-Identifier: GPL-2.0-or-later
#include "landscape.h"

#include "paint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define CLOUD_PERIOD 1024 /* pixels, a power of two */
#define HILLS 4

/* Parts of the view's width and height. */
#define MOON_X 0.585f
#define MOON_Y 0.265f

static const struct {
    float at; /* part of the view's height */
    uint32_t colour;
} sky[] = {
    {0.00f, 0x0a1030}, {0.22f, 0x1a2358}, {0.42f, 0x453a7c}, {0.56f, 0x8a4f86},
    {0.66f, 0xd97b73}, {0.74f, 0xf6b27a}, {1.00f, 0xffdca0},
};

static uint32_t sky_colour(float at)
{
    size_t i = 1;

    while (i + 1 < sizeof(sky) / sizeof(sky[0]) && at > sky[i].at)
        i++;
    return mix(sky[i - 1].colour, sky[i].colour,
               (at - sky[i - 1].at) / (sky[i].at - sky[i - 1].at));
}

/* Far to near: where the ridge lies and how it looks. */
static const struct {
    float height, swing, wave, phase; /* parts of the view's height; radians per width */
    uint32_t top, foot;
} hills[HILLS] = {
    {0.655f, 0.050f, 7.0f, 0.4f, 0xa5688c, 0xe19a86},
    {0.700f, 0.045f, 9.5f, 2.1f, 0x70507f, 0xa86c83},
    {0.745f, 0.030f, 6.0f, 4.4f, 0x443a68, 0x6b4c76},
    {0.925f, 0.050f, 4.2f, 1.0f, 0x14132b, 0x0b0b1c},
};
#define LAKE_TOP 0.775f

/* The ridge of a hill at part `u` of the width, as part of the height. */
static float ridge(int hill, float u)
{
    float a = u * hills[hill].wave + hills[hill].phase;

    return hills[hill].height - hills[hill].swing * (0.55f * sinf(a) + 0.3f * sinf(a * 2.3f + 1) +
                                                     0.15f * sinf(a * 5.1f + 2));
}

/* Firs on the nearest ridge: the height that they add at a column. */
static float firs(int x, float scale)
{
    float best = 0, step = 15 * scale;

    for (int i = (int)((float)x / step) - 2; i <= (int)((float)x / step) + 2; i++) {
        float middle = ((float)i + chance((uint32_t)i + 1000, 3)) * step;
        float tall = (16 + 34 * chance((uint32_t)i + 1000, 4)) * scale;
        float away = fabsf((float)x - middle) * 3.4f;
        float layer = fmodf(tall - away + 400 * scale, 7 * scale) * 0.45f;

        if (away < tall && chance((uint32_t)i + 1000, 5) > 0.25f)
            best = fmaxf(best, tall - away - layer);
    }
    return best;
}

/* The moon, its halo, and the light near the horizon. */
static uint32_t sky_pixel(const struct landscape *land, int x, int y, float scale)
{
    float u = (float)x / (float)land->width, v = (float)y / (float)land->height;
    float mx = (float)x - MOON_X * (float)land->width, my = (float)y - MOON_Y * (float)land->height;
    float d = length(mx, my) - 35 * scale;
    uint32_t colour = sky_colour(v + 0.05f * (u - 0.5f));

    colour = glow(colour, 0xffc98f, 0.35f * ramp(0.55f, 0.0f, length(u - 0.3f, v - 0.72f)));
    if (d > 0)
        colour = glow(colour, 0xbfc6ff, 0.42f / (1 + d / (16 * scale)) * ramp(260 * scale, 0, d));
    if (d < 1) {
        float sea = 0.5f + 0.25f * sinf(mx / (9 * scale)) * sinf(my / (11 * scale) + 1) +
                    0.2f * sinf((mx - my * 0.6f) / (7 * scale));
        uint32_t disc = mix(0xfff6e0, 0xe3d8cc, ramp(0.35f, 1, sea));

        colour = mix(colour, disc, coverage(d));
    }
    return colour;
}

/* Hills with haze at their feet; returns how much of the pixel is still sky. */
static float paint_hills(const struct landscape *land, int x, int y, float scale, uint32_t *colour)
{
    float u = (float)x / (float)land->width, open = 1;

    for (int i = 0; i < HILLS; i++) {
        float top = ridge(i, u) * (float)land->height;
        float part, depth;

        if (i == HILLS - 1)
            top -= firs(x, scale);
        part = coverage(top - (float)y);
        depth = ((float)y - top) / (0.10f * (float)land->height);
        *colour = mix(*colour, mix(hills[i].top, hills[i].foot, depth), part);
        open *= 1 - part;
        /* The lake lies before the last hill. */
        if (i == HILLS - 2 && (float)y > LAKE_TOP * (float)land->height) {
            float below = (float)y / (float)land->height - LAKE_TOP;
            float glint = ramp(0.16f, 0, fabsf(u - MOON_X + 0.008f * sinf((float)y * 0.9f)));

            *colour = mix(sky_colour(0.72f - below * 2.6f), 0x1c1c48, 0.3f + below * 1.7f);
            *colour = glow(*colour, 0xffe2b8, 0.30f * glint);
            open = 0;
        }
    }
    return open;
}

static void paint_still(struct landscape *land, float scale)
{
    for (int y = 0; y < land->height; y++) {
        for (int x = 0; x < land->width; x++) {
            size_t i = (size_t)y * (size_t)land->width + (size_t)x;
            uint32_t colour = sky_pixel(land, x, y, scale);
            float open = paint_hills(land, x, y, scale, &colour);

            land->still[i] = colour;
            if (y < land->horizon)
                land->veil[i] = (uint8_t)(255 * open);
        }
    }
}

/* A lattice of numbers 0..255 with smooth ways between, periodic in x. */
static uint32_t lattice_noise(uint32_t x, uint32_t y, uint32_t shift, uint32_t seed)
{
    uint32_t mask = (CLOUD_PERIOD >> shift) - 1, size = 1u << shift;
    uint32_t cx = x >> shift, cy = y >> shift;
    uint32_t fx = (x & (size - 1)) * 256 / size, fy = (y & (size - 1)) * 256 / size;
    uint32_t a = hash(cx & mask, cy + seed) & 255, b = hash((cx + 1) & mask, cy + seed) & 255;
    uint32_t c = hash(cx & mask, cy + 1 + seed) & 255;
    uint32_t d = hash((cx + 1) & mask, cy + 1 + seed) & 255;

    fx = fx * fx * (768 - 2 * fx) >> 16;
    fy = fy * fy * (768 - 2 * fy) >> 16;
    return ((a * (256 - fx) + b * fx) * (256 - fy) + (c * (256 - fx) + d * fx) * fy) >> 16;
}

static void paint_clouds(struct landscape *land)
{
    for (int y = 0; y < land->horizon; y++) {
        float v = (float)y / (float)land->horizon;
        int threshold = (int)(140 - 22 * ramp(0.1f, 0.9f, v));

        land->tint[y] = mix(mix(0x4a5596, 0xb884b4, v / 0.5f), 0xffc49c, (v - 0.5f) / 0.4f);
        for (uint32_t x = 0; x < CLOUD_PERIOD; x++) {
            /* Flat clouds: twice as fine upwards as sideways. */
            uint32_t row = (uint32_t)y * 5 / 2;
            uint32_t n = (lattice_noise(x, row, 8, 100) * 8 + lattice_noise(x, row, 7, 300) * 4 +
                          lattice_noise(x, row, 6, 500) * 2 + lattice_noise(x, row, 5, 700) +
                          lattice_noise(x, row, 4, 900) / 2) *
                         2 / 31;
            int dense = ((int)n - threshold) * 4;

            land->clouds[(size_t)y * CLOUD_PERIOD + x] = (uint8_t)(dense < 0     ? 0
                                                                   : dense > 190 ? 190
                                                                                 : dense);
        }
    }
}

static bool add_spark(struct landscape *land, struct spark spark)
{
    if (land->nsparks == LANDSCAPE_SPARKS || spark.x < 0 || spark.y < 0 ||
        spark.x + spark.length > land->width || spark.y >= land->height)
        return false;
    land->sparks[land->nsparks++] = spark;
    return true;
}

static void add_stars(struct landscape *land, int count)
{
    for (uint32_t i = 0; i < (uint32_t)count; i++) {
        float v = chance(i, 11) * chance(i, 12) * 0.85f;
        int x = (int)(chance(i, 13) * (float)land->width);
        int y = (int)(v * (float)land->horizon);
        float mx = (float)x / (float)land->width - MOON_X;
        float my = (float)y / (float)land->height - MOON_Y;

        if (length(mx, my) < 0.09f || land->veil[y * land->width + x] < 255)
            continue;
        add_spark(land, (struct spark){.x = x,
                                       .y = y,
                                       .length = i % 9 == 0 ? 2 : 1,
                                       .colour = i % 5 ? 0xdfe6ff : 0xffe3c0,
                                       .phase = chance(i, 14) * 6.3f,
                                       .speed = 0.6f + 2.2f * chance(i, 15),
                                       .strength = (0.35f + 0.65f * chance(i, 16)) * (1 - v)});
    }
}

static void add_ripples(struct landscape *land, int count, float scale)
{
    for (uint32_t i = 0; i < (uint32_t)count; i++) {
        float below = chance(i, 21);
        float spread = (0.03f + 0.10f * below) * (chance(i, 22) + chance(i, 23) - 1) * 2;
        int y = (int)((LAKE_TOP + 0.012f + 0.16f * below) * (float)land->height);
        int x = (int)((MOON_X + spread) * (float)land->width);

        if (y >= land->height || x < 0 || x >= land->width ||
            (float)y > ridge(HILLS - 1, (float)x / (float)land->width) * (float)land->height - 30)
            continue;
        add_spark(land, (struct spark){.x = x,
                                       .y = y,
                                       .length = (int)((4 + 12 * below) * scale) + 1,
                                       .colour = 0xffe9c4,
                                       .phase = chance(i, 24) * 6.3f,
                                       .speed = 1.5f + 2.5f * chance(i, 25),
                                       .strength = 0.55f});
    }
}

/* A village on the far shore. */
static void add_lamps(struct landscape *land)
{
    for (uint32_t i = 0; i < 14; i++) {
        float u = 0.36f + 0.16f * chance(i, 31) * chance(i, 32) + 0.05f * chance(i, 33);
        int y = (int)((LAKE_TOP - 0.004f - 0.012f * chance(i, 34)) * (float)land->height);

        add_spark(land, (struct spark){.x = (int)(u * (float)land->width),
                                       .y = y,
                                       .length = 2,
                                       .colour = 0xffb14e,
                                       .phase = chance(i, 35) * 6.3f,
                                       .speed = 0.5f + chance(i, 36),
                                       .strength = 0.9f});
    }
}

int landscape_init(struct landscape *land, int width, int height, float scale)
{
    *land = (struct landscape){
        .width = width, .height = height, .horizon = (int)((float)height * LAKE_TOP)};
    land->still = calloc((size_t)width * (size_t)height, sizeof(uint32_t));
    land->veil = calloc((size_t)width * (size_t)land->horizon, 1);
    land->clouds = calloc((size_t)CLOUD_PERIOD * (size_t)land->horizon, 1);
    land->tint = calloc((size_t)land->horizon, sizeof(uint32_t));
    if (!land->still || !land->veil || !land->clouds || !land->tint) {
        landscape_finish(land);
        return -ENOMEM;
    }
    paint_still(land, scale);
    paint_clouds(land);
    add_stars(land, 330);
    add_ripples(land, 110, scale);
    add_lamps(land);
    return 0;
}

void landscape_finish(struct landscape *land)
{
    free(land->still);
    free(land->veil);
    free(land->clouds);
    free(land->tint);
    *land = (struct landscape){0};
}

void landscape_row(const struct landscape *land, int y, float seconds, uint32_t *row)
{
    const uint32_t *still = land->still + (size_t)y * (size_t)land->width;
    /* 1/256 pixels, so that the drift is smooth. */
    uint32_t drift = (uint32_t)(seconds * 14 * 256);
    uint32_t part = drift & 255, start = drift >> 8;

    if (y >= land->horizon) {
        for (int x = 0; x < land->width; x++)
            row[x] = still[x];
        return;
    }
    const uint8_t *veil = land->veil + (size_t)y * (size_t)land->width;
    const uint8_t *clouds = land->clouds + (size_t)y * CLOUD_PERIOD;
    for (int x = 0; x < land->width; x++) {
        uint32_t a = clouds[((uint32_t)x + start) & (CLOUD_PERIOD - 1)];
        uint32_t b = clouds[((uint32_t)x + start + 1) & (CLOUD_PERIOD - 1)];
        uint32_t dense = ((a * (256 - part) + b * part) >> 8) * veil[x] >> 8;

        row[x] = dense ? blend(still[x], land->tint[y], dense) : still[x];
    }
}

uint32_t landscape_spark(const struct spark *spark, float seconds)
{
    float light = 0.55f + 0.45f * sinf(spark->phase + spark->speed * seconds);

    return mix(0, spark->colour, light * spark->strength);
}
