// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/clipboard.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define SERVER_CUT_TEXT 3

int clipboard_from_latin1(const uint8_t *latin1, size_t size, struct bytes *text)
{
    size_t utf8_size = size;
    for (size_t i = 0; i < size; i++)
        utf8_size += latin1[i] >= 0x80;
    if (utf8_size > CLIPBOARD_MAX_TEXT)
        return -EMSGSIZE;
    uint8_t *to = bytes_extend(text, utf8_size);
    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < size; i++) {
        if (latin1[i] >= 0x80)
            *to++ = (uint8_t)(0xc0 | latin1[i] >> 6);
        *to++ = latin1[i] >= 0x80 ? (uint8_t)(0x80 | (latin1[i] & 0x3f)) : latin1[i];
    }
    return 0;
}

/* The length of the character at `text`, 0 when it is none (RFC 3629: neither
 * longer than needed, nor a surrogate, nor beyond 0x10ffff). */
static size_t utf8_character(const uint8_t *text, size_t size)
{
    static const uint32_t first_of_length[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text[0] < 0x80)
        return 1;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || size < length)
        return 0;
    uint32_t character = text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (text[i] & 0x3f);
    }
    bool surrogate = character >= 0xd800 && character <= 0xdfff;
    return character < first_of_length[length] || character > 0x10ffff || surrogate ? 0 : length;
}

static bool is_utf8(const uint8_t *text, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        length = utf8_character(text + at, size - at);
        if (length == 0)
            return false;
    }
    return true;
}

/* Inflates exactly `size` bytes. Whether the stream ends there, goes on or was
 * never finished is the viewer's business: they differ in it. */
static int inflate_exactly(z_stream *stream, uint8_t *to, size_t size)
{
    stream->next_out = to;
    stream->avail_out = (uInt)size;
    while (stream->avail_out > 0) {
        int rc = inflate(stream, Z_SYNC_FLUSH);
        if (rc == Z_MEM_ERROR)
            return -ENOMEM;
        if (rc != Z_OK && !(rc == Z_STREAM_END && stream->avail_out == 0))
            return -EPROTO;
    }
    return 0;
}

static int inflate_text(z_stream *stream, struct bytes *text)
{
    uint8_t head[4] = {0};
    int rc = inflate_exactly(stream, head, sizeof(head));
    size_t size = get_u32(head);
    if (rc < 0 || size == 0)
        return rc;
    if (size > CLIPBOARD_MAX_TEXT + 1)
        return -EMSGSIZE;
    uint8_t *to = bytes_extend(text, size);
    rc = to ? inflate_exactly(stream, to, size) : -ENOMEM;
    if (rc < 0)
        return rc;
    size_t length = strnlen((const char *)to, size);
    text->size -= size - length;
    if (length > CLIPBOARD_MAX_TEXT)
        return -EMSGSIZE;
    return is_utf8(to, length) ? 0 : -EILSEQ;
}

int clipboard_from_stream(const uint8_t *stream, size_t size, struct bytes *text)
{
    z_stream zlib = {.next_in = (Bytef *)stream, .avail_in = (uInt)size};
    if (inflateInit(&zlib) != Z_OK)
        return -ENOMEM;
    int rc = inflate_text(&zlib, text);
    inflateEnd(&zlib);
    return rc;
}

/* `size` bytes follow the flags. */
static void write_header(struct bytes *out, uint32_t flags, uint32_t size)
{
    bytes_u8(out, SERVER_CUT_TEXT);
    bytes_append(out, "\0\0\0", 3);
    bytes_u32(out, 0u - (4 + size)); /* negative: an extended message */
    bytes_u32(out, flags);
}

void clipboard_write_caps(struct bytes *out)
{
    /* "request" is not among them: there is nothing here to ask for. */
    write_header(
        out,
        CLIPBOARD_CAPS | CLIPBOARD_PEEK | CLIPBOARD_NOTIFY | CLIPBOARD_PROVIDE | CLIPBOARD_TEXT, 4);
    bytes_u32(out, CLIPBOARD_MAX_TEXT);
}

void clipboard_write_flags(struct bytes *out, uint32_t flags)
{
    write_header(out, flags, 0);
}
