// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/rfb_client_update.h"

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/rfb_client_input.h"

#include <stdlib.h>
#include <string.h>

#define RECT_HEADER 12

struct rect {
    uint16_t x, y, width, height;
    int32_t encoding;
};

void rfb_client_set_size(struct rfb_client *client, uint16_t width, uint16_t height)
{
    size_t count = (size_t)width * height;
    free(client->pixels);
    client->pixels = malloc((count + 1) * sizeof(uint32_t));
    CHECK(client->pixels, "memory");
    for (size_t i = 0; i < count; i++)
        client->pixels[i] = 0xdeadbeef;
    client->width = width;
    client->height = height;
}

static void check_inside(const struct rfb_client *client, const struct rect *rect)
{
    CHECK(rect->width > 0 && rect->height > 0 && rect->x + rect->width <= client->width &&
              rect->y + rect->height <= client->height,
          "rectangle %u,%u %ux%u of %ux%u", rect->x, rect->y, rect->width, rect->height,
          client->width, client->height);
}

static size_t take_raw(struct rfb_client *client, const struct rect *rect, const uint8_t *data,
                       size_t size)
{
    unsigned pixel_size = client->pixel_size;
    size_t need = (size_t)rect->width * rect->height * pixel_size;
    check_inside(client, rect);
    if (size < need)
        return 0;
    for (unsigned y = 0; y < rect->height; y++) {
        uint32_t *to = client->pixels + (size_t)(rect->y + y) * client->width + rect->x;
        for (unsigned x = 0; x < rect->width; x++, data += pixel_size) {
            to[x] = 0;
            memcpy(&to[x], data, pixel_size);
        }
    }
    client->pixel_rects++;
    client->pixels_received += (uint64_t)rect->width * rect->height;
    return need;
}

static size_t take_copy(struct rfb_client *client, const struct rect *rect, const uint8_t *data,
                        size_t size)
{
    if (size < 4)
        return 0;
    struct rect source = *rect;
    source.x = get_u16(data);
    source.y = get_u16(data + 2);
    check_inside(client, rect);
    check_inside(client, &source);
    for (unsigned i = 0; i < rect->height; i++) {
        /* From the end that the copy does not overwrite first. */
        unsigned y = source.y < rect->y ? rect->height - 1u - i : i;
        memmove(client->pixels + (size_t)(rect->y + y) * client->width + rect->x,
                client->pixels + (size_t)(source.y + y) * client->width + source.x,
                rect->width * sizeof(uint32_t));
    }
    client->copy_rects++;
    return 4;
}

static size_t take_cursor(struct rfb_client *client, const struct rect *rect, const uint8_t *data,
                          size_t size)
{
    size_t count = (size_t)rect->width * rect->height;
    size_t need = rect->encoding == ENCODING_ALPHA_CURSOR
                      ? 4 + count * 4
                      : count * client->pixel_size + (rect->width + 7u) / 8u * rect->height;
    struct rfb_cursor *cursor = &client->cursor;
    CHECK(need <= sizeof(cursor->data), "cursor of %ux%u", rect->width, rect->height);
    /* A shape without pixels has no bytes in RichCursor; it is whole at once. */
    if (size < need)
        return SIZE_MAX;
    memcpy(cursor->data, data, need);
    cursor->size = need;
    cursor->shapes++;
    cursor->encoding = rect->encoding;
    cursor->hot_x = rect->x;
    cursor->hot_y = rect->y;
    cursor->width = rect->width;
    cursor->height = rect->height;
    return need;
}

static void take_screens(struct rfb_client *client, const struct rect *size, const uint8_t *data)
{
    unsigned count = client->extended_size.screens;
    CHECK(count >= 1 && count <= 16, "%u screens", count);
    for (unsigned i = 0; i < count; i++, data += 16) {
        uint16_t x = get_u16(data + 4), y = get_u16(data + 6);
        uint16_t width = get_u16(data + 8), height = get_u16(data + 10);
        CHECK(get_u32(data) != 0 && width > 0 && height > 0 && x + width <= size->width &&
                  y + height <= size->height && get_u32(data + 12) == 0,
              "screen %u", i);
        client->extended_size.screen[i].id = get_u32(data);
        client->extended_size.screen[i].x = x;
        client->extended_size.screen[i].y = y;
        client->extended_size.screen[i].width = width;
        client->extended_size.screen[i].height = height;
    }
}

static size_t take_extended_size(struct rfb_client *client, const struct rect *rect,
                                 const uint8_t *data, size_t size)
{
    if (size < 4 || size < 4 + 16u * data[0])
        return SIZE_MAX;
    client->extended_size.count++;
    client->extended_size.reason = rect->x;
    client->extended_size.status = rect->y;
    client->extended_size.width = rect->width;
    client->extended_size.height = rect->height;
    client->extended_size.screens = data[0];
    take_screens(client, rect, data + 4);
    if (rect->width != client->width || rect->height != client->height) {
        rfb_client_set_size(client, rect->width, rect->height);
        client->resizes++;
    }
    return 4 + 16u * data[0];
}

/* The bytes after the header, or SIZE_MAX when they are not all there. */
static size_t take_body(struct rfb_client *client, const struct rect *rect, const uint8_t *data,
                        size_t size)
{
    size_t n;
    switch (rect->encoding) {
    case ENCODING_RAW:
        n = take_raw(client, rect, data, size);
        return n ? n : SIZE_MAX;
    case ENCODING_COPY_RECT:
        n = take_copy(client, rect, data, size);
        return n ? n : SIZE_MAX;
    case ENCODING_CURSOR:
    case ENCODING_ALPHA_CURSOR:
        return take_cursor(client, rect, data, size);
    case ENCODING_EXTENDED_DESKTOP_SIZE:
        return take_extended_size(client, rect, data, size);
    case ENCODING_DESKTOP_SIZE:
        rfb_client_set_size(client, rect->width, rect->height);
        client->resizes++;
        return 0;
    default:
        return rfb_client_take_notice(client, rect->encoding, rect->x, rect->y, data, size);
    }
}

static void end_update(struct rfb_client *client)
{
    client->in_update = false;
    client->updates++;
    if (client->on_update)
        client->on_update(client);
    if (client->auto_request)
        rfb_client_request_all(client, true);
}

static size_t take_rect(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (size < RECT_HEADER)
        return 0;
    struct rect rect = {get_u16(data), get_u16(data + 2), get_u16(data + 4), get_u16(data + 6),
                        (int32_t)get_u32(data + 8)};
    size_t n = take_body(client, &rect, data + RECT_HEADER, size - RECT_HEADER);
    if (n == SIZE_MAX)
        return 0;
    if (--client->rects_left == 0)
        end_update(client);
    return RECT_HEADER + n;
}

size_t rfb_client_take_message(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (client->in_update)
        return take_rect(client, data, size);
    if (data[0] == 1) { /* SetColourMapEntries */
        size_t need = size < 6 ? SIZE_MAX : 6 + 6 * (size_t)get_u16(data + 4);
        if (size < need)
            return 0;
        client->colour_maps++;
        return need;
    }
    if (data[0] == 3)
        return rfb_client_take_cut_text(client, data, size);
    CHECK(data[0] == 0, "message of type %u", data[0]);
    if (size < 4)
        return 0;
    client->rects_left = get_u16(data + 2);
    CHECK(client->rects_left > 0, "an empty update");
    client->in_update = true;
    return 4;
}
