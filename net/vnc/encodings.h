// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer said it understands (SetEncodings, RFC 6143, 7.5.2), read once
 * into flags. Pure functions.
 */
#ifndef ORIEL_NET_VNC_ENCODINGS_H
#define ORIEL_NET_VNC_ENCODINGS_H

#include "net/vnc/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 6143, 7.7 and 7.8; the others are in the community's rfbproto. */
enum encoding {
    ENCODING_RAW = 0,
    ENCODING_COPY_RECT = 1,
    ENCODING_RRE = 2,
    ENCODING_CORRE = 4,
    ENCODING_HEXTILE = 5,
    ENCODING_ZLIB = 6,
    ENCODING_TIGHT = 7,
    ENCODING_ZRLE = 16,
    ENCODING_DESKTOP_SIZE = -223,
    ENCODING_LAST_RECT = -224,
    ENCODING_POINTER_POSITION = -232,
    ENCODING_CURSOR = -239,
    ENCODING_QEMU_POINTER = -257,
    ENCODING_QEMU_KEY = -258,
    ENCODING_QEMU_LEDS = -261,
    ENCODING_DESKTOP_NAME = -307,
    ENCODING_EXTENDED_DESKTOP_SIZE = -308,
    ENCODING_ALPHA_CURSOR = -314,
    ENCODING_EXTENDED_MOUSE_BUTTONS = -316,
    ENCODING_VMWARE_LEDS = 0x574d5668,
    ENCODING_EXTENDED_CLIPBOARD = -0x3f5e1a32, /* 0xc0a1e5ce */
};

/* The most encodings that encodings_write() can produce. */
#define ENCODINGS_MAX_WRITTEN 16

struct encodings {
    int32_t preferred; /* of the pixel encodings: the first that the viewer named, or Raw */
    bool copy_rect;
    bool last_rect;
    bool desktop_size, extended_desktop_size;
    bool cursor, alpha_cursor, pointer_position;
    bool desktop_name;
    bool qemu_pointer, qemu_key, qemu_leds, vmware_leds;
    bool extended_mouse_buttons, extended_clipboard;
    /* Levels as the viewer wrote them, 0: not given (none of them is 0). */
    int32_t compression, quality, fine_quality, subsampling;
};

/* `data` is the list of `count` big-endian numbers. */
void encodings_parse(struct encodings *encodings, const uint8_t *data, uint32_t count);

/* Writes a whole SetEncodings message that says only what a pixel encoder has
 * to know: the preferred encoding, levels, LastRect. */
void encodings_write(const struct encodings *encodings, struct bytes *out);

/* "zrle", "tight" …: the name of a pixel encoding; NULL for what is none. */
const char *encoding_name(int32_t encoding);
/* The pixel encodings, counted from 0. Its name, NULL after the last. */
const char *encoding_at(unsigned index, int32_t *encoding);

#endif
