// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text of viewers' clipboards: Latin-1 as ClientCutText has it (RFC 6143,
 * 7.5.6), and the messages of the Extended Clipboard pseudo-encoding (the
 * community's rfbproto). Only text, only from viewers. Pure functions.
 */
#ifndef ORIEL_NET_VNC_CLIPBOARD_H
#define ORIEL_NET_VNC_CLIPBOARD_H

#include "net/link.h"
#include "net/vnc/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of UTF-8; longer texts are left out as a whole. */
#define CLIPBOARD_MAX_TEXT LINK_MAX_TEXT

/* The flags that begin an extended message: formats, then actions. */
enum clipboard_flag {
    CLIPBOARD_TEXT = 1u << 0,
    CLIPBOARD_CAPS = 1u << 24,
    CLIPBOARD_REQUEST = 1u << 25,
    CLIPBOARD_PEEK = 1u << 26,
    CLIPBOARD_NOTIFY = 1u << 27,
    CLIPBOARD_PROVIDE = 1u << 28,
};

/*
 * Both append UTF-8 to `text`, without NUL. Return 0 or a negative errno:
 * -EMSGSIZE for more than CLIPBOARD_MAX_TEXT, -EPROTO for a stream that is
 * none, -EILSEQ for bytes that are not UTF-8, -ENOMEM.
 */
int clipboard_from_latin1(const uint8_t *latin1, size_t size, struct bytes *text);
/* `stream` is what follows the flags of a CLIPBOARD_PROVIDE with text: a zlib
 * stream of a length and as many bytes, with a NUL at their end. However much
 * it would inflate to, no more than CLIPBOARD_MAX_TEXT is inflated. */
int clipboard_from_stream(const uint8_t *stream, size_t size, struct bytes *text);

/* Append whole ServerCutText messages: what is understood here, and one with
 * nothing but flags. */
void clipboard_write_caps(struct bytes *out);
void clipboard_write_flags(struct bytes *out, uint32_t flags);

#endif
