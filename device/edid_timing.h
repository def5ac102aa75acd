// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A timing: what a mode is to a monitor. VESA CVT 1.2, section 3.4 (reduced
 * blanking), and the detailed timing of VESA E-EDID release A revision 2,
 * section 3.10.2. Pure, any thread.
 */
#ifndef ORIEL_DEVICE_EDID_TIMING_H
#define ORIEL_DEVICE_EDID_TIMING_H

#include "device/mode.h"

#include <stdbool.h>
#include <stdint.h>

#define EDID_TIMING_SIZE 18

struct edid_timing {
    uint32_t clock_10khz;
    uint32_t width, height;    /* visible pixels */
    uint32_t h_blank, v_blank; /* pixels, lines */
    uint32_t h_front, h_sync;  /* pixels */
    uint32_t v_front, v_sync;  /* lines */
};

/* Returns 0, or -EINVAL when no timing says the mode: sides of up to 65535
 * pixels and lines, blanking included, and a clock of up to 167 GHz. */
int edid_timing_init(struct edid_timing *timing, const struct mode *mode);
/* Whether the 18 bytes hold it: sides of up to 4095 pixels, a clock of up to
 * 655.35 MHz. */
bool edid_timing_is_detailed(const struct edid_timing *timing);

/* Lines per second; frames per second, rounded down. */
uint32_t edid_timing_h_hz(const struct edid_timing *timing);
uint32_t edid_timing_v_hz(const struct edid_timing *timing);

/* Writes the 18 bytes of a timing that they hold. `width_mm` and `height_mm` are at most 4095; 0: not
 * known. */
void edid_timing_write(const struct edid_timing *timing, uint32_t width_mm, uint32_t height_mm,
                       uint8_t *out);

#endif
