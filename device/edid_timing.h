// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A detailed timing: what a mode is to a monitor. VESA CVT 1.2, section 3.4
 * (reduced blanking), and VESA E-EDID release A revision 2, section 3.10.2.
 * Pure, any thread.
 */
#ifndef ORIEL_DEVICE_EDID_TIMING_H
#define ORIEL_DEVICE_EDID_TIMING_H

#include "device/mode.h"

#include <stdint.h>

#define EDID_TIMING_SIZE 18

struct edid_timing {
    uint32_t clock_10khz;
    uint32_t width, height;    /* visible pixels */
    uint32_t h_blank, v_blank; /* pixels, lines */
    uint32_t h_front, h_sync;  /* pixels */
    uint32_t v_front, v_sync;  /* lines */
};

/* Returns 0, or -EINVAL when the mode does not fit the 18 bytes: sides up to
 * 4095 pixels, a clock of up to 655.35 MHz. */
int edid_timing_init(struct edid_timing *timing, const struct mode *mode);

/* Lines per second; frames per second, rounded down. */
uint32_t edid_timing_h_hz(const struct edid_timing *timing);
uint32_t edid_timing_v_hz(const struct edid_timing *timing);

/* Writes the 18 bytes. `width_mm` and `height_mm` are at most 4095; 0: not
 * known. */
void edid_timing_write(const struct edid_timing *timing, uint32_t width_mm, uint32_t height_mm,
                       uint8_t *out);

#endif
