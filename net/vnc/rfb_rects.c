// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/rfb_rects.h"

#include "net/vnc/encodings.h"

#include <string.h>

#define FRAMEBUFFER_UPDATE 0

void rfb_update_header(struct bytes *out, uint16_t nrects)
{
    bytes_u8(out, FRAMEBUFFER_UPDATE);
    bytes_u8(out, 0);
    bytes_u16(out, nrects);
}

void rfb_rect_header(struct bytes *out, uint16_t x, uint16_t y, uint16_t width, uint16_t height,
                     int32_t encoding)
{
    bytes_u16(out, x);
    bytes_u16(out, y);
    bytes_u16(out, width);
    bytes_u16(out, height);
    bytes_u32(out, (uint32_t)encoding);
}

void rfb_desktop_size(struct bytes *out, uint16_t width, uint16_t height)
{
    rfb_rect_header(out, 0, 0, width, height, ENCODING_DESKTOP_SIZE);
}

void rfb_extended_desktop_size(struct bytes *out, enum desktop_size_reason reason,
                               enum desktop_size_status status, uint16_t width, uint16_t height,
                               const struct rfb_screen *screens, uint8_t count)
{
    /* The rectangle's place carries reason and status. */
    rfb_rect_header(out, (uint16_t)reason, (uint16_t)status, width, height,
                    ENCODING_EXTENDED_DESKTOP_SIZE);
    bytes_u32(out, (uint32_t)count << 24); /* and three bytes of padding */
    for (uint8_t i = 0; i < count; i++) {
        bytes_u32(out, screens[i].id);
        bytes_u16(out, screens[i].x);
        bytes_u16(out, screens[i].y);
        bytes_u16(out, screens[i].width);
        bytes_u16(out, screens[i].height);
        bytes_u32(out, 0); /* flags */
    }
}

void rfb_desktop_name(struct bytes *out, const char *name)
{
    rfb_rect_header(out, 0, 0, 0, 0, ENCODING_DESKTOP_NAME);
    bytes_u32(out, (uint32_t)strlen(name));
    bytes_append(out, name, strlen(name));
}

void rfb_pointer_position(struct bytes *out, uint16_t x, uint16_t y)
{
    rfb_rect_header(out, x, y, 0, 0, ENCODING_POINTER_POSITION);
}

void rfb_copy_rect(struct bytes *out, const struct link_move *move)
{
    rfb_rect_header(out, move->x, move->y, move->width, move->height, ENCODING_COPY_RECT);
    bytes_u16(out, move->source_x);
    bytes_u16(out, move->source_y);
}
