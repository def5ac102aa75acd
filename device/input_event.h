// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An input event as Linux and virtio-input have it (virtio 1.2, 5.8.6.2), in
 * host byte order; codes are those of <linux/input-event-codes.h>.
 */
#ifndef ORIEL_DEVICE_INPUT_EVENT_H
#define ORIEL_DEVICE_INPUT_EVENT_H

#include <stdint.h>

struct input_event_value {
    uint16_t type, code;
    int32_t value;
};

#endif
