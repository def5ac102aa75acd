// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A DisplayID section in an EDID extension block (VESA DisplayID 1.3, section
 * 2, and VESA E-EDID, tag 0x70): timings that the 18 bytes of a detailed
 * timing cannot hold. Pure, any thread.
 */
#ifndef ORIEL_DEVICE_EDID_DISPLAYID_H
#define ORIEL_DEVICE_EDID_DISPLAYID_H

#include "device/edid_timing.h"

#include <stddef.h>
#include <stdint.h>

/* Timings in the first block, which also says what the monitor is, and in each
 * that follows. */
#define EDID_DISPLAYID_FIRST_TIMINGS 3
#define EDID_DISPLAYID_TIMINGS 5

/* What the first of an EDID's sections says beside timings. */
struct edid_displayid_first {
    char manufacturer[3]; /* of its PNP ID */
    uint16_t product, model_year;
    uint32_t serial;
    uint32_t width, height;       /* pixels, of the preferred mode */
    uint32_t width_mm, height_mm; /* at most 6553; 0: not known */
    uint8_t nfollowing; /* sections in the blocks that follow */
};

/* Writes a block of 128 bytes without its last one, the block's checksum.
 * `first` is NULL for the sections that follow the first; `count` is at least 1
 * and at most what such a block holds. The first timing of the first section is
 * the one that the monitor prefers. */
void edid_displayid_write(uint8_t *block, const struct edid_displayid_first *first,
                          const struct edid_timing *timings, size_t count);

#endif
