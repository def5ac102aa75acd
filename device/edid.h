// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EDID 1.4 generator (VESA E-EDID, release A revision 2): what a head tells
 * the guest about its monitor. Pure, any thread.
 */
#ifndef ORIEL_DEVICE_EDID_H
#define ORIEL_DEVICE_EDID_H

#include "device/mode.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDID_MAX_SIZE 1024 /* the field of VIRTIO_GPU_RESP_OK_EDID */

struct edid_params {
    const char *name;              /* monitor name, cut at 13 characters */
    uint32_t serial;               /* unique and stable per head */
    uint32_t width_mm, height_mm;  /* 0: derived from the mode at 100 dpi */
    struct mode preferred;
    const struct mode *modes;      /* further modes that the monitor takes;
                                      those that do not fit are left out */
    size_t nmodes;
};

/* Whether a mode can be described, with CVT reduced blanking: all that monitors
 * have, and not a refresh rate that leaves no time for pictures. */
bool edid_can_describe(const struct mode *mode);

/*
 * What the 18 bytes of a detailed timing hold stands in the base block and in
 * CTA-861 extensions; the rest in DisplayID extensions. A preferred mode of the
 * latter kind has a smaller one of its shape in the base block, where readers
 * that know nothing of DisplayID find it.
 *
 * Writes the EDID (a multiple of 128 bytes) to `out`. Returns its size, or
 * -EINVAL when the preferred mode cannot be described, -ENOSPC when `cap`
 * bytes are too few.
 */
int edid_generate(const struct edid_params *params, uint8_t *out, size_t cap);

#endif
