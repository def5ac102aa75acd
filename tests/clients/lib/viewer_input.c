// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/clients/lib/viewer_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The community's rfbproto has them all. */
#define ENCODING_QEMU_LEDS (-261)
#define ENCODING_EXTENDED_MOUSE_BUTTONS (-316)
#define EXTENDED_BUTTONS 0x80

static rfbBool handle_encoding(rfbClient *client, rfbFramebufferUpdateRectHeader *rect);

static rfbClientProtocolExtension extension = {
    .encodings =
        (int[]){ENCODING_QEMU_LEDS, ENCODING_EXTENDED_MOUSE_BUTTONS, 0},
    .handleEncoding = handle_encoding,
};

/* LibVNCClient's list of extensions is the process's, and so is this. */
static struct viewer *input_viewer;

static rfbBool handle_encoding(rfbClient *client, rfbFramebufferUpdateRectHeader *rect)
{
    uint8_t leds;

    switch ((int32_t)rect->encoding) {
    case ENCODING_QEMU_LEDS:
        if (!ReadFromRFBServer(client, (char *)&leds, 1))
            return FALSE;
        input_viewer->told.leds = leds;
        return TRUE;
    case ENCODING_EXTENDED_MOUSE_BUTTONS:
        input_viewer->told.mouse_buttons = true;
        return TRUE;
    default:
        return FALSE;
    }
}

void viewer_input_set_up(struct viewer *viewer, rfbClient *client)
{
    (void)client;
    input_viewer = viewer;
    viewer->told.leds = -1;
    rfbClientRegisterExtension(&extension);
}

static bool has_qemu_key(const struct viewer *viewer)
{
    return SupportsClient2Server(viewer->client, rfbQemuEvent);
}

static bool has_mouse_buttons(const struct viewer *viewer)
{
    return viewer->told.mouse_buttons;
}

static int wait_offer(struct viewer *viewer, bool (*offered)(const struct viewer *viewer))
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;

    while (!offered(viewer)) {
        int rc = viewer_step(viewer, 100);

        if (rc < 0)
            return rc;
        if (viewer_now_ms() > deadline)
            return -EPROTONOSUPPORT;
    }
    return 0;
}

static int play_scan(struct viewer *viewer, const char *args)
{
    unsigned scancode, keysym, down;
    int rc;

    if (sscanf(args, "%x %x %x", &scancode, &keysym, &down) != 3)
        return -EINVAL;
    rc = wait_offer(viewer, has_qemu_key);
    if (rc)
        return rc;
    return SendExtendedKeyEvent(viewer->client, keysym, scancode, down != 0) ? 0 : -ECONNRESET;
}

static int play_key(struct viewer *viewer, const char *args)
{
    unsigned keysym, down;

    if (sscanf(args, "%x %x", &keysym, &down) != 2)
        return -EINVAL;
    return SendKeyEvent(viewer->client, keysym, down != 0) ? 0 : -ECONNRESET;
}

static int play_pointer(struct viewer *viewer, const char *args)
{
    unsigned x, y, buttons;
    uint8_t message[7] = {rfbPointerEvent};
    int rc = 0;

    if (sscanf(args, "%u %u %x", &x, &y, &buttons) != 3)
        return -EINVAL;
    if (buttons >> 7)
        rc = wait_offer(viewer, has_mouse_buttons);
    if (rc)
        return rc;
    message[1] = (uint8_t)((buttons & 0x7f) | (buttons >> 7 ? EXTENDED_BUTTONS : 0));
    message[2] = (uint8_t)(x >> 8);
    message[3] = (uint8_t)x;
    message[4] = (uint8_t)(y >> 8);
    message[5] = (uint8_t)y;
    message[6] = (uint8_t)(buttons >> 7);
    return WriteToRFBServer(viewer->client, (const char *)message, buttons >> 7 ? 7 : 6)
               ? 0
               : -ECONNRESET;
}

static int play_text(struct viewer *viewer, const char *args)
{
    char text[4096];
    int size = 0, used;
    unsigned byte;

    for (; size < (int)sizeof(text) && sscanf(args, "%x%n", &byte, &used) == 1; args += used)
        text[size++] = (char)byte;
    return SendClientCutText(viewer->client, text, size) ? 0 : -ECONNRESET;
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Goes on reading meanwhile. */
static int wait_due(struct viewer *viewer, uint64_t due)
{
    uint64_t now;

    while ((now = now_us()) < due) {
        int rc = viewer_step(viewer, (int)((due - now + 999) / 1000));

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int play_line(struct viewer *viewer, const char *line, uint64_t *due)
{
    static const struct {
        const char *name;
        int (*play)(struct viewer *viewer, const char *args);
    } events[] = {
        {"key ", play_key}, {"scan ", play_scan}, {"pointer ", play_pointer}, {"text ", play_text}};

    if (!strncmp(line, "wait ", 5)) {
        *due += strtoul(line + 5, NULL, 10);
        return wait_due(viewer, *due);
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (!strncmp(line, events[i].name, strlen(events[i].name)))
            return events[i].play(viewer, line + strlen(events[i].name));
    return -EINVAL;
}

int viewer_play(struct viewer *viewer, const char *path)
{
    FILE *file = fopen(path, "r");
    uint64_t due = now_us();
    char line[16384];
    int rc = 0;

    if (!file)
        return -errno;
    while (!rc && fgets(line, sizeof(line), file))
        rc = play_line(viewer, line, &due);
    fclose(file);
    return rc;
}

int viewer_wait_leds(struct viewer *viewer, int leds)
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;

    while (viewer->told.leds != leds) {
        int rc = viewer_step(viewer, 100);

        if (rc < 0)
            return rc;
        if (viewer_now_ms() > deadline)
            return -ETIMEDOUT;
    }
    return 0;
}
