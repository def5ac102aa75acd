// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/clients/lib/viewer_cursor.h"

#include <arpa/inet.h>
#include <string.h>

#define ENCODING_ALPHA_CURSOR (-314)

/* One process is one viewer; LibVNCClient's extensions are global as well. */
static struct viewer *cursor_viewer;

static bool start_cursor(uint32_t width, uint32_t height, uint32_t hot_x, uint32_t hot_y)
{
    struct viewer_cursor *cursor = &cursor_viewer->cursor;

    if (width > VIEWER_MAX_CURSOR || height > VIEWER_MAX_CURSOR)
        return false;
    memset(cursor, 0, sizeof(*cursor));
    cursor->width = width;
    cursor->height = height;
    cursor->hot_x = hot_x;
    cursor->hot_y = hot_y;
    return true;
}

static void handle_rich_cursor(rfbClient *client, int hot_x, int hot_y, int width, int height,
                               int bytes_per_pixel)
{
    const uint32_t *source = (const uint32_t *)client->rcSource;

    if (bytes_per_pixel != 4 ||
        !start_cursor((uint32_t)width, (uint32_t)height, (uint32_t)hot_x, (uint32_t)hot_y))
        return;
    for (int i = 0; i < width * height; i++)
        if (client->rcMask[i])
            cursor_viewer->cursor.pixels[i] = 0xff000000u | (source[i] & 0xffffff);
}

/* The community's text on RFB, "Cursor With Alpha Pseudo-encoding": an
 * encoding, here Raw, then R, G, B, A bytes, premultiplied. */
static rfbBool handle_encoding(rfbClient *client, rfbFramebufferUpdateRectHeader *rect)
{
    uint8_t pixel[4];
    uint32_t encoding;

    if ((int32_t)rect->encoding != ENCODING_ALPHA_CURSOR)
        return FALSE;
    if (!start_cursor(rect->r.w, rect->r.h, rect->r.x, rect->r.y) ||
        !ReadFromRFBServer(client, (char *)&encoding, 4) || ntohl(encoding) != 0)
        return FALSE;
    for (uint32_t i = 0; i < (uint32_t)rect->r.w * rect->r.h; i++) {
        if (!ReadFromRFBServer(client, (char *)pixel, 4))
            return FALSE;
        cursor_viewer->cursor.pixels[i] = (uint32_t)pixel[3] << 24 | (uint32_t)pixel[0] << 16 |
                                          (uint32_t)pixel[1] << 8 | pixel[2];
    }
    return TRUE;
}

static rfbClientProtocolExtension alpha_cursor = {
    .encodings = (int[]){ENCODING_ALPHA_CURSOR, 0},
    .handleEncoding = handle_encoding,
};

void viewer_cursor_set_up(struct viewer *viewer, rfbClient *client)
{
    cursor_viewer = viewer;
    client->appData.useRemoteCursor = viewer->options.cursor == VIEWER_CURSOR_RICH;
    client->GotCursorShape = handle_rich_cursor;
    if (viewer->options.cursor == VIEWER_CURSOR_ALPHA)
        rfbClientRegisterExtension(&alpha_cursor);
}
