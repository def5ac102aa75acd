// SPDX-License-Identifier: GPL-2.0-or-later
#include "room.h"

#include "encoders/font.h"
#include "paint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Design units: the screen is 800 high and its middle is x = 0. */
#define WINDOW_TOP 44.0f
#define WINDOW_FOOT 622.0f
#define SILL_FOOT 650.0f
#define TITLE_BASE 738.0f

static const struct {
    float middle, half, spring; /* where the arch begins */
} lights[] = {
    {-252, 88, 262},
    {0, 116, 244},
    {252, 88, 262},
};

static uint32_t light_index(float x)
{
    return x < -140 ? 0 : x < 140 ? 1 : 2;
}

/* A pointed arch over a rectangle: negative inside the opening. */
static float light_distance(struct point p, uint32_t i)
{
    float x = fabsf(p.x - lights[i].middle);

    if (p.y >= lights[i].spring)
        return fmaxf(x - lights[i].half, p.y - (WINDOW_FOOT - 14));
    return length(x + lights[i].half * 0.62f, p.y - lights[i].spring) - lights[i].half * 1.62f;
}

/* The whole stone frame's outline: a flat arch over a rectangle. */
static float frame_distance(struct point p)
{
    if (p.y < 150)
        return ellipse_distance(p, 0, 150, 374, 176 - WINDOW_TOP);
    return fmaxf(fabsf(p.x) - 374, p.y - WINDOW_FOOT);
}

/* Lead between the panes: 1 on a line. */
static float lead(struct point p, uint32_t i)
{
    float x = fmodf(fabsf(p.x - lights[i].middle) + 22, 44) - 22;
    float y = fmodf(p.y + 639, 62) - 31;

    return fmaxf(coverage(fabsf(x) - 0.9f), coverage(fabsf(y) - 0.9f));
}

/* The heavier bar at a third of the height. */
static float transom(struct point p)
{
    return coverage((fabsf(p.y - 384) - 4.5f) * 0.8f);
}

/* The part of the plane to the left of the way from `a` to `b`. */
static float side_distance(struct point p, struct point a, struct point b)
{
    float x = b.x - a.x, y = b.y - a.y;

    return (x * (p.y - a.y) - y * (p.x - a.x)) / length(x, y);
}

static float triangle_distance(struct point p, struct point a, struct point b, struct point c)
{
    return fmaxf(side_distance(p, a, b), fmaxf(side_distance(p, b, c), side_distance(p, c, a)));
}

/* It lies along the sill and hangs over its edge. */
static float tail_distance(struct point q)
{
    static const struct point way[] = {{-18, -9}, {-36, -6}, {-50, -7}, {-62, -4}, {-70, 4},
                                       {-74, 15}, {-75, 27}, {-72, 37}, {-65, 43}, {-58, 43}};
    float distance = 1000, half = 6.5f;

    for (size_t i = 1; i < sizeof(way) / sizeof(way[0]); i++, half -= 0.35f)
        distance = fminf(distance, stroke_distance(q, way[i - 1], way[i], half));
    return distance;
}

static float cat_distance(struct point p)
{
    struct point q = {p.x + 262, p.y - (WINDOW_FOOT - 12)};
    float body = melt(ellipse_distance(q, 0, -32, 30, 34), ellipse_distance(q, -9, -19, 31, 20), 8);
    float chest = melt(ellipse_distance(q, 14, -56, 17, 30),
                       stroke_distance(q, (struct point){21, -36}, (struct point){24, -5}, 6), 6);
    float head =
        melt(ellipse_distance(q, 20, -93, 21, 17), ellipse_distance(q, 22, -88, 22, 13), 4);
    float near = triangle_distance(q, (struct point){0, -94}, (struct point){17, -106},
                                   (struct point){2, -122});
    float far = triangle_distance(q, (struct point){24, -106}, (struct point){41, -94},
                                  (struct point){39, -122});

    head = fminf(head, fminf(near, far) - 1);
    return fminf(melt(melt(body, chest, 10), head, 4), tail_distance(q));
}

static uint32_t wall_colour(struct point p)
{
    float lamp = ramp(760, 0, length(p.x * 0.8f, p.y - 930));
    uint32_t colour = mix(0x191724, 0x2b2433, p.y / 800);

    return glow(colour, 0xd28a4e, 0.36f * lamp);
}

/* Stone, with a moulding that follows the openings. */
static uint32_t stone_colour(struct point p, float opening, float frame)
{
    float warm = ramp(150, 640, p.y);
    uint32_t colour = mix(0x49445c, 0x6e5a5c, warm);
    float bead = sinf(clamp01((opening - 3) / 12) * 3.14159f);
    float edge = sinf(clamp01((-frame - 2) / 14) * 3.14159f);

    colour = mix(colour, 0xa08a86, 0.55f * bead + 0.30f * edge);
    /* The reveal next to the glass takes the sky's light. */
    colour = mix(mix(0x7d84b8, 0xd99a80, ramp(250, 520, p.y)), colour, ramp(0, 5, opening));
    return mix(0x14121e, colour, 0.35f + 0.65f * ramp(0, 7, -frame));
}

/* The sill: a lit upper face, a front in the lamp's light, a shadow below. */
static uint32_t sill_colour(struct point p, uint32_t colour)
{
    float d = box_distance(p, -398, WINDOW_FOOT - 12, 398, SILL_FOOT);
    float shade = ramp(34, 0, d) * ramp(SILL_FOOT - 8, SILL_FOOT + 6, p.y);
    uint32_t face = p.y < WINDOW_FOOT ? mix(0x9a8fae, 0xb89a92, (p.y - WINDOW_FOOT + 12) / 12)
                                      : mix(0x7a6664, 0x4b3d44, (p.y - WINDOW_FOOT) / 28);

    face = mix(face, 0xd6b79a, 0.6f * coverage(fabsf(p.y - WINDOW_FOOT) - 1));
    colour = mix(colour, 0x0b0a12, 0.75f * shade);
    return mix(colour, face, coverage(d));
}

/* "Oriel" of rings and strokes, 62 high at the capital. */
static float title_distance(struct point p)
{
    const float h = 3.6f, base = TITLE_BASE;
    float o = fabsf(length(p.x + 106, p.y - (base - 31)) - 31 + h) - h;
    float r = stroke_distance(p, (struct point){-50, base - 38}, (struct point){-50, base - h}, h);
    float arc = fabsf(length(p.x + 29, p.y - (base - 21)) - 21 + h) - h;
    float i = stroke_distance(p, (struct point){0, base - 38}, (struct point){0, base - h}, h);
    float dot = length(p.x, p.y - (base - 55)) - 5;
    float e = fabsf(length(p.x - 44, p.y - (base - 21)) - 21 + h) - h;
    float bar = stroke_distance(p, (struct point){28, base - 21}, (struct point){60, base - 21}, h);
    float l = stroke_distance(p, (struct point){92, base - 60}, (struct point){92, base - h}, h);

    /* Of the r's ring only the shoulder, of the e's all but the mouth. */
    arc = fmaxf(arc, fmaxf(p.y - (base - 26), -(p.x + 47)));
    arc = fmaxf(arc, p.x + 20);
    e = fmaxf(e, -fmaxf(fmaxf(p.y - (base - 9), base - 19 - p.y), 44 - p.x));
    return fminf(fminf(fminf(o, r), fminf(arc, i)), fminf(fminf(dot, e), fminf(bar, l)));
}

static uint32_t title_colour(struct point p, uint32_t colour)
{
    struct point above;

    p.x -= 20.5f; /* the letters' middle */
    above = (struct point){p.x - 1.5f, p.y - 2.5f};
    if (p.y < TITLE_BASE - 70 || p.y > TITLE_BASE + 8 || fabsf(p.x) > 150)
        return colour;
    colour = mix(colour, 0x08070d, 0.7f * coverage(title_distance(above) * 0.6f));
    return mix(colour, mix(0xfff0d4, 0xe7b98a, ramp(TITLE_BASE - 60, TITLE_BASE, p.y)),
               coverage(title_distance(p)));
}

static void write_text(struct room *room, const char *text, float base, uint32_t colour)
{
    int size = room->scale >= 1.8f ? 3 : room->scale > 0.9f ? 2 : 1;
    int advance = FONT_ADVANCE * size + size;
    int left = (room->width - (int)strlen(text) * advance) / 2;
    int top = (int)(base * room->scale) - FONT_BASELINE * size;

    for (size_t i = 0; text[i]; i++) {
        const uint8_t *rows = font_glyph(text[i]);

        for (int y = 0; y < FONT_HEIGHT * size; y++) {
            for (int x = 0; x < FONT_WIDTH * size; x++) {
                int px = left + (int)i * advance + x, py = top + y;

                if (px >= 0 && px < room->width && py >= 0 && py < room->height &&
                    rows[y / size] >> (FONT_WIDTH - 1 - x / size) & 1)
                    room->wall[(size_t)py * (size_t)room->width + (size_t)px] = colour;
            }
        }
    }
}

/* The pixel's wall and how much of the view is seen through it, 0..1. */
static uint32_t room_pixel(const struct room *room, int x, int y, float *view)
{
    struct point p = {((float)x + 0.5f - (float)room->width / 2) / room->scale,
                      ((float)y + 0.5f) / room->scale};
    uint32_t i = light_index(p.x);
    float opening = light_distance(p, i), frame = frame_distance(p), cat;
    uint32_t colour = wall_colour(p);

    *view = 0;
    colour = mix(colour, 0x08070e, 0.55f * ramp(26, 0, frame));
    if (frame < 1 && p.y < WINDOW_FOOT)
        colour = mix(colour, stone_colour(p, opening, frame), coverage(frame * room->scale));
    if (opening < 1) {
        float bars = fmaxf(0.62f * lead(p, i), transom(p));

        *view = coverage(opening * room->scale) * (1 - bars);
        if (opening < 0)
            colour = mix(0x0d0c16, mix(0x8f7f8d, 0x2b2535, (p.y - 378) / 11), transom(p));
    }
    if (p.y > WINDOW_FOOT - 14)
        colour = sill_colour(p, colour);
    if (p.y > WINDOW_FOOT - 12)
        *view = 0;
    cat = fabsf(p.x + 262) < 110 ? coverage(cat_distance(p) * room->scale) : 0;
    if (cat > 0) {
        /* The dusk outlines its back. */
        float rim = ramp(-3.5f, 0, cat_distance(p)) * ramp(WINDOW_FOOT - 10, 520, p.y);

        colour = mix(colour, mix(0x15111d, 0xb06f6a, 0.55f * rim), *view > 0 ? 1 : cat);
        *view *= 1 - cat;
    }
    return title_colour(p, colour);
}

static void paint(struct room *room)
{
    for (int y = 0; y < room->height; y++) {
        for (int x = 0; x < room->width; x++) {
            int vx = x - room->view_x, vy = y - room->view_y;
            float view;

            room->wall[(size_t)y * (size_t)room->width + (size_t)x] = room_pixel(room, x, y, &view);
            if (vx >= 0 && vx < room->view_width && vy >= 0 && vy < room->view_height)
                room->glass[(size_t)vy * (size_t)room->view_width + (size_t)vx] =
                    (uint8_t)(255 * view);
        }
    }
    write_text(room, "the GPU and the screen of a virtual machine", 775, 0xb79a86);
}

int room_init(struct room *room, int width, int height)
{
    float scale = fminf((float)height / 800, (float)width / 900);

    *room = (struct room){.width = width, .height = height, .scale = scale};
    room->view_x = width / 2 - (int)(342 * scale);
    room->view_width = (int)(684 * scale);
    room->view_y = (int)(48 * scale);
    room->view_height = (int)((WINDOW_FOOT - 12 - 48) * scale);
    room->wall = calloc((size_t)width * (size_t)height, sizeof(uint32_t));
    room->glass = calloc((size_t)room->view_width * (size_t)room->view_height, 1);
    if (!room->wall || !room->glass) {
        room_finish(room);
        return -ENOMEM;
    }
    paint(room);
    return 0;
}

void room_finish(struct room *room)
{
    free(room->wall);
    free(room->glass);
    *room = (struct room){0};
}
