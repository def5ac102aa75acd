// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/encodings.h"

#include <stddef.h>

/* Ranges of pseudo-encodings that carry a level in their number. */
#define COMPRESSION_FIRST -256
#define COMPRESSION_LAST -247
#define QUALITY_FIRST -32
#define QUALITY_LAST -23
#define FINE_QUALITY_FIRST -511 /* level 1 of 100 (0 would be no picture) */
#define FINE_QUALITY_LAST -412
#define SUBSAMPLING_FIRST -768
#define SUBSAMPLING_LAST -765

static const struct {
    int32_t encoding;
    const char *name;
} pixel_encodings[] = {
    {ENCODING_RAW, "raw"},         {ENCODING_RRE, "rre"},   {ENCODING_CORRE, "corre"},
    {ENCODING_HEXTILE, "hextile"}, {ENCODING_ZLIB, "zlib"}, {ENCODING_ZRLE, "zrle"},
    {ENCODING_TIGHT, "tight"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    int32_t encoding;
    size_t flag;
} flags[] = {
    {ENCODING_COPY_RECT, offsetof(struct encodings, copy_rect)},
    {ENCODING_LAST_RECT, offsetof(struct encodings, last_rect)},
    {ENCODING_DESKTOP_SIZE, offsetof(struct encodings, desktop_size)},
    {ENCODING_EXTENDED_DESKTOP_SIZE, offsetof(struct encodings, extended_desktop_size)},
    {ENCODING_DESKTOP_NAME, offsetof(struct encodings, desktop_name)},
    {ENCODING_POINTER_POSITION, offsetof(struct encodings, pointer_position)},
    {ENCODING_CURSOR, offsetof(struct encodings, cursor)},
    {ENCODING_ALPHA_CURSOR, offsetof(struct encodings, alpha_cursor)},
    {ENCODING_QEMU_POINTER, offsetof(struct encodings, qemu_pointer)},
    {ENCODING_QEMU_KEY, offsetof(struct encodings, qemu_key)},
    {ENCODING_QEMU_LEDS, offsetof(struct encodings, qemu_leds)},
    {ENCODING_VMWARE_LEDS, offsetof(struct encodings, vmware_leds)},
    {ENCODING_EXTENDED_MOUSE_BUTTONS, offsetof(struct encodings, extended_mouse_buttons)},
    {ENCODING_EXTENDED_CLIPBOARD, offsetof(struct encodings, extended_clipboard)},
};

static const struct {
    int32_t first, last;
    size_t level;
} levels[] = {
    {COMPRESSION_FIRST, COMPRESSION_LAST, offsetof(struct encodings, compression)},
    {QUALITY_FIRST, QUALITY_LAST, offsetof(struct encodings, quality)},
    {FINE_QUALITY_FIRST, FINE_QUALITY_LAST, offsetof(struct encodings, fine_quality)},
    {SUBSAMPLING_FIRST, SUBSAMPLING_LAST, offsetof(struct encodings, subsampling)},
};

const char *encoding_name(int32_t encoding)
{
    for (size_t i = 0; i < COUNT(pixel_encodings); i++) {
        if (pixel_encodings[i].encoding == encoding)
            return pixel_encodings[i].name;
    }
    return NULL;
}

const char *encoding_at(unsigned index, int32_t *encoding)
{
    if (index >= COUNT(pixel_encodings))
        return NULL;
    *encoding = pixel_encodings[index].encoding;
    return pixel_encodings[index].name;
}

static void parse_one(struct encodings *encodings, int32_t encoding)
{
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (flags[i].encoding == encoding)
            *(bool *)((char *)encodings + flags[i].flag) = true;
    }
    for (size_t i = 0; i < COUNT(levels); i++) {
        if (encoding >= levels[i].first && encoding <= levels[i].last)
            *(int32_t *)((char *)encodings + levels[i].level) = encoding;
    }
}

void encodings_parse(struct encodings *encodings, const uint8_t *data, uint32_t count)
{
    *encodings = (struct encodings){.preferred = ENCODING_RAW};
    bool chosen = false;
    for (uint32_t i = 0; i < count; i++) {
        int32_t encoding = (int32_t)get_u32(data + 4 * (size_t)i);
        if (!chosen && encoding_name(encoding)) {
            encodings->preferred = encoding;
            chosen = true;
        }
        parse_one(encodings, encoding);
    }
}

void encodings_write(const struct encodings *encodings, struct bytes *out)
{
    int32_t list[ENCODINGS_MAX_WRITTEN];
    uint16_t count = 0;
    list[count++] = encodings->preferred;
    if (encodings->last_rect)
        list[count++] = ENCODING_LAST_RECT;
    /* Coarse before fine: the later one overrules. */
    const int32_t given[] = {encodings->compression, encodings->quality, encodings->fine_quality,
                             encodings->subsampling};
    for (size_t i = 0; i < COUNT(given); i++) {
        if (given[i] != 0)
            list[count++] = given[i];
    }
    bytes_u8(out, 2);
    bytes_u8(out, 0);
    bytes_u16(out, count);
    for (uint16_t i = 0; i < count; i++)
        bytes_u32(out, (uint32_t)list[i]);
}
