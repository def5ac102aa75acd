// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the demo's pictures are painted with: colours as 0x00RRGGBB, signed
 * distances to shapes in pixels (negative inside), hashed noise. Pure.
 */
#ifndef ORIEL_CONF_DEMO_PAINT_H
#define ORIEL_CONF_DEMO_PAINT_H

#include <math.h>
#include <stdint.h>

struct point {
    float x, y;
};

static inline float clamp01(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* 0 at `from`, 1 at `to`, smooth between; `from` may be the larger one. */
static inline float ramp(float from, float to, float v)
{
    float t = clamp01((v - from) / (to - from));

    return t * t * (3 - 2 * t);
}

/* How much of a pixel a shape covers, by the distance of its centre. */
static inline float coverage(float distance)
{
    return clamp01(0.5f - distance);
}

/* `t` of 256 parts of `b` over `a`. */
static inline uint32_t blend(uint32_t a, uint32_t b, uint32_t t)
{
    uint32_t rb = ((a & 0xff00ff) * (256 - t) + (b & 0xff00ff) * t) >> 8;
    uint32_t g = ((a & 0x00ff00) * (256 - t) + (b & 0x00ff00) * t) >> 8;

    return (rb & 0xff00ff) | (g & 0x00ff00);
}

static inline uint32_t mix(uint32_t a, uint32_t b, float t)
{
    return blend(a, b, (uint32_t)(clamp01(t) * 256));
}

static inline uint32_t channel_add(uint32_t a, uint32_t b)
{
    return a + b > 255 ? 255 : a + b;
}

/* Adds light: `t` of a colour. */
static inline uint32_t glow(uint32_t a, uint32_t light, float t)
{
    uint32_t k = (uint32_t)(clamp01(t) * 256);

    return channel_add(a >> 16 & 0xff, (light >> 16 & 0xff) * k >> 8) << 16 |
           channel_add(a >> 8 & 0xff, (light >> 8 & 0xff) * k >> 8) << 8 |
           channel_add(a & 0xff, (light & 0xff) * k >> 8);
}

static inline float length(float x, float y)
{
    return sqrtf(x * x + y * y);
}

static inline float box_distance(struct point p, float left, float top, float right, float bottom)
{
    float dx = fmaxf(left - p.x, p.x - right), dy = fmaxf(top - p.y, p.y - bottom);

    return dx > 0 && dy > 0 ? length(dx, dy) : fmaxf(dx, dy);
}

/* Good near the outline, which is all that is needed. */
static inline float ellipse_distance(struct point p, float x, float y, float rx, float ry)
{
    float k = length((p.x - x) / rx, (p.y - y) / ry);
    float steepness = length((p.x - x) / (rx * rx), (p.y - y) / (ry * ry));

    return steepness > 0 ? k * (k - 1) / steepness : -fminf(rx, ry);
}

/* A line with round ends and the given half width. */
static inline float stroke_distance(struct point p, struct point a, struct point b, float half)
{
    float x = b.x - a.x, y = b.y - a.y;
    float t = clamp01(((p.x - a.x) * x + (p.y - a.y) * y) / (x * x + y * y));

    return length(p.x - a.x - t * x, p.y - a.y - t * y) - half;
}

/* The union of two shapes with the joint rounded. */
static inline float melt(float a, float b, float radius)
{
    float h = clamp01(0.5f + 0.5f * (b - a) / radius);

    return b + (a - b) * h - radius * h * (1 - h);
}

static inline uint32_t hash(uint32_t x, uint32_t y)
{
    uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u;

    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return h ^ (h >> 15);
}

/* A number from 0 to 1 that the pair decides. */
static inline float chance(uint32_t x, uint32_t y)
{
    return (float)(hash(x, y) >> 8) / 16777216.0f;
}

#endif
