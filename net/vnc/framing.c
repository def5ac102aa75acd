// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/framing.h"

#include "net/vnc/bytes.h"

#include <errno.h>

/* `head` bytes are needed before `variable` can tell what follows them. */
struct type {
    uint8_t type;
    uint8_t head;
    const char *name;
    int64_t (*variable)(const uint8_t *data); /* NULL: nothing follows */
};

static int64_t encodings_length(const uint8_t *data)
{
    uint16_t count = get_u16(data + 2);
    return count > CLIENT_MAX_ENCODINGS ? -EPROTO : 4 * (int64_t)count;
}

static int64_t cut_text_length(const uint8_t *data)
{
    /* The extended clipboard uses negative lengths. */
    int64_t length = (int32_t)get_u32(data + 4);
    return length < 0 ? -length : length;
}

static int64_t text_chat_length(const uint8_t *data)
{
    /* The three highest values mean open, close and finished. */
    uint32_t length = get_u32(data + 4);
    return length >= 0xfffffffdu ? 0 : length;
}

static int64_t colour_map_length(const uint8_t *data)
{
    return 6 * (int64_t)get_u16(data + 4);
}

static int64_t desktop_size_length(const uint8_t *data)
{
    return 16 * (int64_t)data[6];
}

static int64_t fence_length(const uint8_t *data)
{
    return data[8];
}

static int64_t gii_length(const uint8_t *data)
{
    /* The top bit of the second byte says that the length is big-endian. */
    return data[1] & 0x80 ? get_u16(data + 2) : data[2] | data[3] << 8;
}

static int64_t qemu_length(const uint8_t *data)
{
    if (data[1] == 0)
        return 12 - 4; /* extended key event */
    if (data[1] == 1)
        return get_u16(data + 2) == 2 ? 10 - 4 : 0; /* audio: set format; on and off */
    return -EPROTO;
}

static const struct type types[] = {
    {CLIENT_SET_PIXEL_FORMAT, 20, "SetPixelFormat", NULL},
    {1, 6, "FixColourMapEntries", colour_map_length},
    {CLIENT_SET_ENCODINGS, 4, "SetEncodings", encodings_length},
    {CLIENT_UPDATE_REQUEST, 10, "FramebufferUpdateRequest", NULL},
    {CLIENT_KEY, 8, "KeyEvent", NULL},
    {CLIENT_POINTER, 6, "PointerEvent", NULL},
    {CLIENT_CUT_TEXT, 8, "ClientCutText", cut_text_length},
    {8, 4, "SetScale", NULL},
    {9, 4, "SetServerInput", NULL},
    {10, 6, "SetSW", NULL},
    {11, 8, "TextChat", text_chat_length},
    {15, 4, "SetScaleFactor", NULL},
    {150, 10, "EnableContinuousUpdates", NULL},
    {248, 9, "ClientFence", fence_length},
    {250, 4, "xvp", NULL},
    {CLIENT_SET_DESKTOP_SIZE, 8, "SetDesktopSize", desktop_size_length},
    {253, 4, "gii", gii_length},
    {CLIENT_QEMU, 4, "QEMU client message", qemu_length},
};

static const struct type *find(uint8_t type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == type)
            return &types[i];
    }
    return NULL;
}

int64_t client_message_length(const uint8_t *data, size_t size)
{
    const struct type *type = find(data[0]);
    if (!type)
        return -EPROTO;
    if (!type->variable)
        return type->head;
    if (size < type->head)
        return 0;
    int64_t rest = type->variable(data);
    return rest < 0 ? rest : type->head + rest;
}

const char *client_message_name(uint8_t type)
{
    if (type == 7)
        return "FileTransfer";
    const struct type *known = find(type);
    return known ? known->name : "an unknown message";
}
