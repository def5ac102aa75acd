// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/virtio_input_config.h"

#include <endian.h>
#include <linux/input-event-codes.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>

/* The identities of QEMU's own devices: guests have quirks and rules for them. */
#define VENDOR_QEMU 0x0627

/* Up to KEY_MAX of a PC keyboard: everything that XT scancodes or an xkb
 * keymap of evdev codes (8..255) can say. */
#define KEYBOARD_KEYS 248

static const struct {
    const char *name;
    uint16_t product, version;
} identities[] = {
    [VIRTIO_INPUT_KEYBOARD] = { "Oriel Virtio Keyboard", 1, 1 },
    [VIRTIO_INPUT_TABLET] = { "Oriel Virtio Tablet", 3, 2 },
    [VIRTIO_INPUT_MOUSE] = { "Oriel Virtio Mouse", 2, 2 },
};

void virtio_input_config_init(struct virtio_input_config_source *source,
                              enum virtio_input_kind kind, const char *serial)
{
    source->kind = kind;
    snprintf(source->serial, sizeof source->serial, "%s", serial ? serial : "");
}

static void set_string(struct virtio_input_config *config, const char *string)
{
    size_t size = strlen(string);
    config->size = (uint8_t)(size < sizeof config->u.string ? size : sizeof config->u.string);
    memcpy(config->u.string, string, config->size);
}

static void set_bit(struct virtio_input_config *config, unsigned bit)
{
    config->u.bitmap[bit / 8] |= (uint8_t)(1u << (bit % 8));
    if (bit / 8 + 1 > config->size)
        config->size = (uint8_t)(bit / 8 + 1);
}

static void set_bits(struct virtio_input_config *config, const uint16_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        set_bit(config, bits[i]);
}

#define SET_BITS(config, ...)                                                   \
    set_bits((config), (const uint16_t[]){ __VA_ARGS__ },                       \
             sizeof((const uint16_t[]){ __VA_ARGS__ }) / sizeof(uint16_t))

static void keyboard_bits(uint8_t type, struct virtio_input_config *config)
{
    switch (type) {
    case EV_KEY:
        for (unsigned key = 1; key < KEYBOARD_KEYS; key++)
            set_bit(config, key);
        break;
    case EV_LED:
        SET_BITS(config, LED_NUML, LED_CAPSL, LED_SCROLLL);
        break;
    case EV_REP:
        /* Its presence alone says that the guest shall repeat keys itself. */
        config->size = 1;
        break;
    default:
        break;
    }
}

static void pointer_bits(enum virtio_input_kind kind, uint8_t type,
                         struct virtio_input_config *config)
{
    switch (type) {
    case EV_KEY:
        SET_BITS(config, BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA);
        break;
    case EV_REL:
        if (kind == VIRTIO_INPUT_MOUSE)
            SET_BITS(config, REL_X, REL_Y);
        SET_BITS(config, REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES);
        break;
    case EV_ABS:
        if (kind == VIRTIO_INPUT_TABLET)
            SET_BITS(config, ABS_X, ABS_Y);
        break;
    default:
        break;
    }
}

static void set_abs_info(enum virtio_input_kind kind, uint8_t axis,
                         struct virtio_input_config *config)
{
    if (kind != VIRTIO_INPUT_TABLET || axis > ABS_Y)
        return;
    config->u.abs.max = htole32(VIRTIO_INPUT_ABS_MAX);
    config->size = sizeof config->u.abs;
}

static void set_ids(enum virtio_input_kind kind, struct virtio_input_config *config)
{
    config->u.ids.bustype = htole16(BUS_VIRTUAL);
    config->u.ids.vendor = htole16(VENDOR_QEMU);
    config->u.ids.product = htole16(identities[kind].product);
    config->u.ids.version = htole16(identities[kind].version);
    config->size = sizeof config->u.ids;
}

void virtio_input_config_fill(const struct virtio_input_config_source *source, uint8_t select,
                              uint8_t subsel, struct virtio_input_config *config)
{
    enum virtio_input_kind kind = source->kind;
    memset(config, 0, sizeof *config);
    config->select = select;
    config->subsel = subsel;
    switch (select) {
    case VIRTIO_INPUT_CFG_ID_NAME:
        if (subsel == 0)
            set_string(config, identities[kind].name);
        break;
    case VIRTIO_INPUT_CFG_ID_SERIAL:
        if (subsel == 0)
            set_string(config, source->serial);
        break;
    case VIRTIO_INPUT_CFG_ID_DEVIDS:
        if (subsel == 0)
            set_ids(kind, config);
        break;
    case VIRTIO_INPUT_CFG_EV_BITS:
        if (kind == VIRTIO_INPUT_KEYBOARD)
            keyboard_bits(subsel, config);
        else
            pointer_bits(kind, subsel, config);
        break;
    case VIRTIO_INPUT_CFG_ABS_INFO:
        set_abs_info(kind, subsel, config);
        break;
    default:
        break;
    }
}
