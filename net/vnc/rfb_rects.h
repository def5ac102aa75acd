// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rectangles of a FramebufferUpdate that need no pixel encoder: sizes and
 * CopyRect (RFC 6143, 7.6.1, 7.7.2, 7.8.2; ExtendedDesktopSize, DesktopName
 * and PointerPos in rfbproto).
 * Each function appends one whole rectangle.
 */
#ifndef ORIEL_NET_VNC_RFB_RECTS_H
#define ORIEL_NET_VNC_RFB_RECTS_H

#include "net/link.h"
#include "net/vnc/bytes.h"

#include <stdint.h>

/* The rectangle count that means "until LastRect". */
#define RFB_RECTS_UNTIL_LAST 0xffff

enum desktop_size_reason {
    DESKTOP_SIZE_SERVER = 0, /* the size, because it changed or was asked for */
    DESKTOP_SIZE_CLIENT = 1, /* answer to this viewer's SetDesktopSize */
};

enum desktop_size_status { DESKTOP_SIZE_OK = 0, DESKTOP_SIZE_PROHIBITED = 1 };

/* The message's first four bytes. */
void rfb_update_header(struct bytes *out, uint16_t nrects);
void rfb_rect_header(struct bytes *out, uint16_t x, uint16_t y, uint16_t width, uint16_t height,
                     int32_t encoding);
void rfb_desktop_size(struct bytes *out, uint16_t width, uint16_t height);

struct rfb_screen {
    uint32_t id; /* never 0, which LibVNCClient takes for no screen at all */
    uint16_t x, y, width, height;
};

void rfb_extended_desktop_size(struct bytes *out, enum desktop_size_reason reason,
                               enum desktop_size_status status, uint16_t width, uint16_t height,
                               const struct rfb_screen *screens, uint8_t count);
void rfb_desktop_name(struct bytes *out, const char *name);
/* Where the guest has put the pointer. */
void rfb_pointer_position(struct bytes *out, uint16_t x, uint16_t y);
void rfb_copy_rect(struct bytes *out, const struct link_move *move);

#endif
