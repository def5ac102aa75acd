// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vncformat ADDRESS:PORT ENCODING BITS ENDIAN FILE.ppm
 *
 * A viewer (LibVNCClient) that wants pixels of 8, 16 or 32 bits, "little" or
 * "big", and waits until its picture is FILE.ppm as it looks in that format:
 * each colour scaled and rounded to the nearest. Exit code: 0, or 1 when that
 * picture did not come within 20 s (ORIEL_SANITIZE: 60 s).
 */
#include "tests/clients/lib/picture_file.h"

#include <rfb/rfbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t *wanted;
static uint32_t wanted_width, wanted_height;

static void log_nothing(const char *format, ...)
{
    (void)format;
}

static rfbBool handle_size(rfbClient *client)
{
    free(client->frameBuffer);
    client->frameBuffer = calloc((size_t)client->width * (size_t)client->height, 4);
    return client->frameBuffer != NULL;
}

static void set_format(rfbClient *client, int bits, rfbBool big_endian)
{
    static const struct {
        int bits, depth;
        uint16_t red_max, green_max, blue_max;
        uint8_t red_shift, green_shift, blue_shift;
    } formats[] = {
        {8, 8, 7, 7, 3, 0, 3, 6},
        {16, 16, 31, 63, 31, 11, 5, 0},
        {32, 24, 255, 255, 255, 16, 8, 0},
    };
    for (int i = 0; i < 3; i++) {
        if (formats[i].bits != bits)
            continue;
        client->format.bitsPerPixel = (uint8_t)bits;
        client->format.depth = (uint8_t)formats[i].depth;
        client->format.bigEndian = big_endian;
        client->format.trueColour = TRUE;
        client->format.redMax = formats[i].red_max;
        client->format.greenMax = formats[i].green_max;
        client->format.blueMax = formats[i].blue_max;
        client->format.redShift = formats[i].red_shift;
        client->format.greenShift = formats[i].green_shift;
        client->format.blueShift = formats[i].blue_shift;
    }
}

static uint32_t scale(uint32_t value, uint32_t max)
{
    return (value * max + 127) / 255;
}

static uint32_t in_format(const rfbPixelFormat *format, uint32_t xrgb)
{
    return scale(xrgb >> 16 & 0xff, format->redMax) << format->redShift |
           scale(xrgb >> 8 & 0xff, format->greenMax) << format->greenShift |
           scale(xrgb & 0xff, format->blueMax) << format->blueShift;
}

static uint32_t pixel_at(const rfbClient *client, size_t index)
{
    unsigned bytes = client->format.bitsPerPixel / 8u;
    const uint8_t *data = client->frameBuffer + index * bytes;
    uint32_t pixel = 0;
    for (unsigned i = 0; i < bytes; i++)
        pixel |= (uint32_t)data[i] << 8 * (client->format.bigEndian ? bytes - 1 - i : i);
    return bytes == 4 ? pixel & 0xffffff : pixel;
}

static size_t count_differing(const rfbClient *client)
{
    size_t count = (size_t)wanted_width * wanted_height, differing = 0;
    if ((uint32_t)client->width != wanted_width || (uint32_t)client->height != wanted_height)
        return count;
    for (size_t i = 0; i < count; i++)
        differing += pixel_at(client, i) != in_format(&client->format, wanted[i]);
    return differing;
}

static int wait_for_picture(rfbClient *client)
{
    time_t end = time(NULL) + (getenv("ORIEL_SANITIZE") ? 60 : 20);
    size_t differing = 1;
    while (time(NULL) < end) {
        int rc = client->buffered ? 1 : WaitForMessage(client, 500000);
        if (rc < 0 || (rc > 0 && !HandleRFBServerMessage(client)))
            break;
        if (rc > 0)
            differing = count_differing(client);
        if (differing == 0)
            return 0;
    }
    fprintf(stderr, "vncformat: %zu pixels differ\n", differing);
    return 1;
}

static rfbClient *connect_to(char *address)
{
    char *colon = strrchr(address, ':');
    rfbClient *client = colon ? rfbGetClient(8, 3, 4) : NULL;
    if (!client)
        return NULL;
    free(client->serverHost); /* an empty one */
    client->serverHost = strndup(address, (size_t)(colon - address));
    client->serverPort = atoi(colon + 1);
    client->appData.enableJPEG = FALSE;
    client->appData.compressLevel = 1;
    client->appData.useRemoteCursor = TRUE;
    client->canHandleNewFBSize = TRUE;
    client->MallocFrameBuffer = handle_size;
    return client;
}

int main(int argc, char **argv)
{
    if (argc != 6 || picture_file_read(argv[5], &wanted, &wanted_width, &wanted_height) < 0) {
        fputs("vncformat: usage: ADDRESS:PORT ENCODING BITS little|big FILE.ppm\n", stderr);
        return 2;
    }
    rfbClientLog = rfbClientErr = log_nothing;
    rfbClient *client = connect_to(argv[1]);
    if (!client)
        return 2;
    client->appData.encodingsString = argv[2];
    set_format(client, atoi(argv[3]), strcmp(argv[4], "big") == 0);
    if (!rfbInitClient(client, NULL, NULL)) /* which has freed it */
        return 1;
    int rc = wait_for_picture(client);
    free(client->frameBuffer);
    free(client->rcSource);
    free(client->rcMask);
    client->frameBuffer = client->rcSource = client->rcMask = NULL;
    rfbClientCleanup(client);
    free(wanted);
    return rc;
}
