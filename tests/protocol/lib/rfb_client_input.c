// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/rfb_client_input.h"

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/guest_check.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void rfb_client_key(struct rfb_client *client, uint32_t keysym, bool down)
{
    uint8_t message[8] = {4, down};
    put_u32(message + 4, keysym);
    rfb_client_send(client, message, sizeof(message));
}

void rfb_client_qemu_key(struct rfb_client *client, uint32_t keysym, uint32_t scancode, bool down)
{
    uint8_t message[12] = {255, 0, 0, down};
    put_u32(message + 4, keysym);
    put_u32(message + 8, scancode);
    rfb_client_send(client, message, sizeof(message));
}

void rfb_client_pointer(struct rfb_client *client, uint8_t buttons, uint16_t x, uint16_t y)
{
    uint8_t message[6] = {5, buttons};
    put_u16(message + 2, x);
    put_u16(message + 4, y);
    rfb_client_send(client, message, sizeof(message));
}

void rfb_client_extended_pointer(struct rfb_client *client, uint8_t buttons, uint16_t x, uint16_t y,
                                 uint8_t more)
{
    uint8_t message[7] = {5, (uint8_t)(buttons | 0x80), 0, 0, 0, 0, more};
    put_u16(message + 2, x);
    put_u16(message + 4, y);
    rfb_client_send(client, message, sizeof(message));
}

void rfb_client_cut_text(struct rfb_client *client, const void *text, size_t size)
{
    uint8_t header[8] = {6};
    put_u32(header + 4, (uint32_t)size);
    rfb_client_send(client, header, sizeof(header));
    rfb_client_send(client, text, size);
}

void rfb_client_clipboard(struct rfb_client *client, uint32_t flags, const void *data, size_t size)
{
    uint8_t header[12] = {6};
    put_u32(header + 4, 0u - (uint32_t)(size + 4));
    put_u32(header + 8, flags);
    rfb_client_send(client, header, sizeof(header));
    rfb_client_send(client, data, size);
}

void rfb_client_provide(struct rfb_client *client, const void *text, size_t size)
{
    uLongf packed_size = compressBound((uLong)size + 5);
    uint8_t *plain = calloc(1, size + 5), *packed = malloc(packed_size);
    CHECK(plain && packed, "memory");
    put_u32(plain, (uint32_t)size + 1);
    memcpy(plain + 4, text, size);
    CHECK(compress(packed, &packed_size, plain, (uLong)size + 5) == Z_OK, "compress");
    rfb_client_clipboard(client, 1u << 28 | 1, packed, packed_size);
    free(plain);
    free(packed);
}

size_t rfb_client_take_notice(struct rfb_client *client, int32_t encoding, uint16_t x, uint16_t y,
                              const uint8_t *data, size_t size)
{
    struct rfb_client_told *told = &client->told;
    switch (encoding) {
    case ENCODING_QEMU_KEY:
        told->keys++;
        return 0;
    case ENCODING_EXTENDED_MOUSE_BUTTONS:
        told->mouse_buttons++;
        return 0;
    case ENCODING_QEMU_POINTER:
        CHECK(x <= 1, "kind of pointer %u", x);
        told->pointers++;
        told->relative = x == 0;
        return 0;
    case ENCODING_QEMU_LEDS:
    case ENCODING_VMWARE_LEDS:
        if (size < (encoding == ENCODING_QEMU_LEDS ? 1 : 4))
            return SIZE_MAX;
        told->leds++;
        told->led_encoding = encoding;
        told->led_bits = encoding == ENCODING_QEMU_LEDS ? data[0] : get_u32(data);
        return encoding == ENCODING_QEMU_LEDS ? 1 : 4;
    case ENCODING_POINTER_POSITION:
        told->positions++;
        told->position_x = x;
        told->position_y = y;
        return 0;
    case ENCODING_DESKTOP_NAME:
        if (size < 4 || size < 4 + (size_t)get_u32(data))
            return SIZE_MAX;
        told->names++;
        snprintf(client->name, sizeof(client->name), "%.*s", (int)get_u32(data), data + 4);
        return 4 + (size_t)get_u32(data);
    default:
        CHECK(false, "encoding %d was not asked for", encoding);
        return SIZE_MAX;
    }
}

size_t rfb_client_take_cut_text(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    int32_t length = (int32_t)get_u32(data + 4);
    CHECK(length <= -4 && length >= -64, "ServerCutText of length %d", length);
    size_t need = 8 + (size_t)-length;
    if (size < need)
        return 0;
    struct rfb_client_told *told = &client->told;
    unsigned at = told->nclipboards++ % RFB_CLIENT_MAX_CLIPBOARDS;
    told->clipboards[at].flags = get_u32(data + 8);
    told->clipboards[at].size = need > 12 ? get_u32(data + 12) : 0;
    return need;
}
