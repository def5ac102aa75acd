// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration space of virtio-input (virtio 1.2, 5.8.4): what the guest
 * learns about a keyboard, tablet or mouse. Pure.
 */
#ifndef ORIEL_DEVICE_VIRTIO_INPUT_CONFIG_H
#define ORIEL_DEVICE_VIRTIO_INPUT_CONFIG_H

#include "device/virtio_input.h"

#include <stdint.h>

#define VIRTIO_INPUT_SERIAL_SIZE 64

enum virtio_input_select {
    VIRTIO_INPUT_CFG_UNSET = 0x00,
    VIRTIO_INPUT_CFG_ID_NAME = 0x01,
    VIRTIO_INPUT_CFG_ID_SERIAL = 0x02,
    VIRTIO_INPUT_CFG_ID_DEVIDS = 0x03,
    VIRTIO_INPUT_CFG_PROP_BITS = 0x10,
    VIRTIO_INPUT_CFG_EV_BITS = 0x11,
    VIRTIO_INPUT_CFG_ABS_INFO = 0x12,
};

/* As the guest sees it; numbers in the union are little-endian. */
struct virtio_input_config {
    uint8_t select, subsel, size, reserved[5];
    union {
        char string[128];
        uint8_t bitmap[128];
        struct {
            uint32_t min, max, fuzz, flat, res;
        } abs;
        struct {
            uint16_t bustype, vendor, product, version;
        } ids;
    } u;
};

struct virtio_input_config_source {
    enum virtio_input_kind kind;
    char serial[VIRTIO_INPUT_SERIAL_SIZE];
};

void virtio_input_config_init(struct virtio_input_config_source *source,
                              enum virtio_input_kind kind, const char *serial);
/* Fills in the answer for a pair of selectors; size 0 for those that have none. */
void virtio_input_config_fill(const struct virtio_input_config_source *source, uint8_t select,
                              uint8_t subsel, struct virtio_input_config *config);

#endif
