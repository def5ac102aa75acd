// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer for tests on LibVNCClient: one connection, its framebuffer as
 * 0x00RRGGBB and the cursor that the server sent. Single threaded; nothing is
 * read unless one of the functions below is called. They return 0 or a
 * negative errno: -ETIMEDOUT when what is waited for did not come,
 * -ECONNRESET when the server has gone or broke the protocol.
 */
#ifndef ORIEL_TESTS_CLIENTS_VIEWER_H
#define ORIEL_TESTS_CLIENTS_VIEWER_H

#include <rfb/rfbclient.h>
#include <stdbool.h>
#include <stdint.h>

#define VIEWER_MAX_CURSOR 256

enum viewer_cursor_kind {
    VIEWER_CURSOR_NONE,  /* asks for none: the server paints it */
    VIEWER_CURSOR_RICH,  /* RichCursor (-239) with a mask */
    VIEWER_CURSOR_ALPHA, /* AlphaCursor (-314) */
};

struct viewer_options {
    const char *address;  /* HOST:PORT, tcp:HOST:PORT or unix:PATH */
    const char *encoding; /* LibVNCClient's names, for example "zrle" */
    const char *password; /* NULL: none */
    int quality;          /* of JPEG 0..9, -1: lossless */
    enum viewer_cursor_kind cursor;
    int timeout_ms; /* of one read and of each wait */
    bool input;     /* takes the extensions of viewer_input.h */
    bool verbose;   /* LibVNCClient's log to standard error */
};

/* 0xAARRGGBB, premultiplied; width 0: none came. */
struct viewer_cursor {
    uint32_t width, height;
    uint32_t hot_x, hot_y;
    uint32_t pixels[VIEWER_MAX_CURSOR * VIEWER_MAX_CURSOR];
};

/* What the server told of the guest's input; -1: nothing yet. */
struct viewer_told {
    int leds;           /* bit 0 scroll, 1 num, 2 caps lock */
    bool mouse_buttons; /* more than seven are taken */
};

struct viewer {
    rfbClient *client;
    struct viewer_options options;
    uint64_t updates; /* FramebufferUpdates with at least one picture rectangle */
    uint64_t resizes;
    uint64_t last_update_ms; /* by CLOCK_MONOTONIC, 0 before the first */
    bool updated;            /* a rectangle came since the last end of an update */
    struct viewer_cursor cursor;
    struct viewer_told told;
};

/* Reads the common options out of argv and leaves the others. Returns NULL or
 * what is wrong. */
const char *viewer_options_parse(struct viewer_options *options, int *argc, char **argv);

/* The viewer is the caller's memory and stays where it is until viewer_close(). */
int viewer_open(struct viewer *viewer, const struct viewer_options *options);
void viewer_close(struct viewer *viewer);

static inline const uint32_t *viewer_pixels(const struct viewer *viewer)
{
    return (const uint32_t *)viewer->client->frameBuffer;
}

uint64_t viewer_now_ms(void);
/* Handles what comes within `wait_ms`, at most one message; 1 when it did. */
int viewer_step(struct viewer *viewer, int wait_ms);
/* At least one update, then none for that long. */
int viewer_wait_stable(struct viewer *viewer, int quiet_ms);
/* So many updates more. */
int viewer_wait_updates(struct viewer *viewer, uint64_t count);
/* The picture is exactly that one; *differing is left with how many pixels
 * were not (all of them when the size is another). */
int viewer_wait_picture(struct viewer *viewer, const uint32_t *pixels, uint32_t width,
                        uint32_t height, uint64_t *differing);
/* Each of so many updates leaves the whole picture in one colour. *torn counts
 * those that did not. The viewer sleeps `pause_ms` before each. */
int viewer_check_flat(struct viewer *viewer, uint64_t count, int pause_ms, uint64_t *torn);
/* Bytes wait to be read after that long: 1, none came: 0. */
int viewer_check_idle(struct viewer *viewer, int duration_ms);

#endif
