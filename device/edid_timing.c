// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/edid_timing.h"

#include <errno.h>
#include <stddef.h>

/* What the fields of a detailed timing hold, and those of DisplayID's. */
#define DETAILED_MAX_SIDE 4095u
#define DETAILED_MAX_V_FRONT 63u
#define DETAILED_MAX_CLOCK_10KHZ 65535u
#define MAX_SIDE 65535u
#define MAX_CLOCK_10KHZ 0xffffffu

/* CVT 1.2, reduced blanking version 1. */
#define RB_H_BLANK 160u
#define RB_H_FRONT 48u
#define RB_H_SYNC 32u
#define RB_V_FRONT 3u
#define RB_MIN_V_BACK 6u
#define RB_MIN_V_BLANK_US 460u
#define RB_CLOCK_STEP_10KHZ 25u

/* Separate digital syncs; reduced blanking says H positive, V negative. */
#define FLAGS_REDUCED_BLANKING 0x1au

/* The width of the vertical sync tells the aspect ratio. */
static const struct {
    uint32_t width, height, v_sync;
} aspects[] = {{4, 3, 4}, {16, 9, 5}, {16, 10, 6}, {5, 4, 7}, {15, 9, 7}};

static uint32_t v_sync_of(const struct mode *mode)
{
    for (size_t i = 0; i < sizeof(aspects) / sizeof(aspects[0]); i++) {
        if (mode->width * aspects[i].height == mode->height * aspects[i].width)
            return aspects[i].v_sync;
    }
    return 10;
}

/* Lines of vertical blanking that last RB_MIN_V_BLANK_US; 0: there is no time
 * for any picture beside it. */
static uint32_t v_blank_of(const struct mode *mode, uint32_t v_sync)
{
    uint64_t frame_us = (uint64_t)RB_MIN_V_BLANK_US * mode->refresh, lines, least;

    if (frame_us >= 1000000)
        return 0;
    lines = RB_MIN_V_BLANK_US * (uint64_t)mode->height * mode->refresh / (1000000 - frame_us) + 1;
    least = RB_V_FRONT + v_sync + RB_MIN_V_BACK;
    lines = lines > least ? lines : least;
    return lines <= MAX_SIDE ? (uint32_t)lines : 0;
}

static uint64_t pixels_of(const struct edid_timing *timing)
{
    return (uint64_t)(timing->width + timing->h_blank) * (timing->height + timing->v_blank);
}

/*
 * CVT rounds the clock down to 0.25 MHz. With small modes that would be seen:
 * 640x480 at 60 Hz became 59.5 Hz and was listed as 59. Those get the clock as
 * exactly as the field can say it.
 */
static uint64_t clock_of(const struct edid_timing *timing, uint32_t refresh)
{
    uint64_t pixels = pixels_of(timing), exact = (pixels * refresh + 5000) / 10000;
    uint64_t clock = exact - exact % RB_CLOCK_STEP_10KHZ;
    uint64_t rounded = (clock * 10000 + pixels / 2) / pixels;
    return rounded == refresh ? clock : exact;
}

int edid_timing_init(struct edid_timing *timing, const struct mode *mode)
{
    uint64_t clock;

    if (mode->width == 0 || mode->height == 0 || mode->refresh == 0 || mode->width > MAX_SIDE ||
        mode->height > MAX_SIDE)
        return -EINVAL;
    timing->width = mode->width;
    timing->height = mode->height;
    timing->h_blank = RB_H_BLANK;
    timing->h_front = RB_H_FRONT;
    timing->h_sync = RB_H_SYNC;
    timing->v_front = RB_V_FRONT;
    timing->v_sync = v_sync_of(mode);
    timing->v_blank = v_blank_of(mode, timing->v_sync);
    if (timing->v_blank == 0)
        return -EINVAL;
    clock = clock_of(timing, mode->refresh);
    if (clock == 0 || clock > MAX_CLOCK_10KHZ)
        return -EINVAL;
    timing->clock_10khz = (uint32_t)clock;
    return 0;
}

bool edid_timing_is_detailed(const struct edid_timing *timing)
{
    return timing->width <= DETAILED_MAX_SIDE && timing->height <= DETAILED_MAX_SIDE &&
           timing->h_blank <= DETAILED_MAX_SIDE && timing->v_blank <= DETAILED_MAX_SIDE &&
           timing->v_front <= DETAILED_MAX_V_FRONT &&
           timing->clock_10khz <= DETAILED_MAX_CLOCK_10KHZ;
}

uint32_t edid_timing_h_hz(const struct edid_timing *timing)
{
    return (uint32_t)((uint64_t)timing->clock_10khz * 10000 / (timing->width + timing->h_blank));
}

uint32_t edid_timing_v_hz(const struct edid_timing *timing)
{
    return (uint32_t)((uint64_t)timing->clock_10khz * 10000 / pixels_of(timing));
}

void edid_timing_write(const struct edid_timing *timing, uint32_t width_mm, uint32_t height_mm,
                       uint8_t *out)
{
    out[0] = timing->clock_10khz & 0xff;
    out[1] = (uint8_t)(timing->clock_10khz >> 8);
    out[2] = timing->width & 0xff;
    out[3] = timing->h_blank & 0xff;
    out[4] = (uint8_t)(timing->width >> 8 << 4 | timing->h_blank >> 8);
    out[5] = timing->height & 0xff;
    out[6] = timing->v_blank & 0xff;
    out[7] = (uint8_t)(timing->height >> 8 << 4 | timing->v_blank >> 8);
    out[8] = timing->h_front & 0xff;
    out[9] = timing->h_sync & 0xff;
    out[10] = (uint8_t)((timing->v_front & 15) << 4 | (timing->v_sync & 15));
    out[11] = (uint8_t)((timing->h_front >> 8) << 6 | (timing->h_sync >> 8) << 4 |
                        (timing->v_front >> 4) << 2 | timing->v_sync >> 4);
    out[12] = width_mm & 0xff;
    out[13] = height_mm & 0xff;
    out[14] = (uint8_t)(width_mm >> 8 << 4 | height_mm >> 8);
    out[15] = 0; /* no borders */
    out[16] = 0;
    out[17] = FLAGS_REDUCED_BLANKING;
}
