// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a viewer's message is, by one table of the types that viewers send
 * (RFC 6143, 7.5; the community's rfbproto for the extensions). Pure.
 */
#ifndef ORIEL_NET_VNC_FRAMING_H
#define ORIEL_NET_VNC_FRAMING_H

#include <stddef.h>
#include <stdint.h>

enum client_message {
    CLIENT_SET_PIXEL_FORMAT = 0,
    CLIENT_SET_ENCODINGS = 2,
    CLIENT_UPDATE_REQUEST = 3,
    CLIENT_KEY = 4,
    CLIENT_POINTER = 5,
    CLIENT_CUT_TEXT = 6,
    CLIENT_SET_DESKTOP_SIZE = 251,
    CLIENT_QEMU = 255,
};

/* Of CLIENT_QEMU; the second byte. */
enum client_qemu_message { CLIENT_QEMU_KEY = 0 };

/* A viewer lists a few dozen. */
#define CLIENT_MAX_ENCODINGS 1024
/* The longest message that is looked at as a whole: a text of 64 KiB, also one
 * that compression made a little longer. Longer ones are text that nobody
 * wants, and are skipped as they come. */
#define CLIENT_MAX_MESSAGE (65 * 1024)

/*
 * `size` bytes of the message are there, at least one. Returns its length in
 * bytes; 0 when more bytes are needed to tell; -EPROTO when it cannot be known
 * or may not be.
 */
int64_t client_message_length(const uint8_t *data, size_t size);

/* The type's name for the log. */
const char *client_message_name(uint8_t type);

#endif
