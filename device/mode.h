// SPDX-License-Identifier: GPL-2.0-or-later
/* A display mode: pixels and whole hertz. */
#ifndef ORIEL_DEVICE_MODE_H
#define ORIEL_DEVICE_MODE_H

#include <stdint.h>

struct mode {
    uint32_t width, height; /* pixels */
    uint32_t refresh;       /* Hz */
};

#endif
