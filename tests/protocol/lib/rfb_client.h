// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small RFB viewer for tests: every handshake from 3.3 to 3.8, raw pixels,
 * CopyRect, sizes and cursors decoded into a picture, and the bad manners that
 * a server has to stand. Never blocks: the caller polls `fd` and calls
 * rfb_client_step(). One thread. What the server may never do fails the test.
 */
#ifndef ORIEL_TESTS_RFB_CLIENT_H
#define ORIEL_TESTS_RFB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFB_CLIENT_MAX_ENCODINGS 16
#define RFB_CLIENT_MAX_CLIPBOARDS 64

enum rfb_client_state {
    RFB_CLIENT_VERSION,
    RFB_CLIENT_SECURITY,
    RFB_CLIENT_CHALLENGE,
    RFB_CLIENT_RESULT,
    RFB_CLIENT_REASON,
    RFB_CLIENT_INIT,
    RFB_CLIENT_RUNNING,
    RFB_CLIENT_CLOSED, /* by the server */
};

struct rfb_client_options {
    const char *version;  /* what it answers, "RFB 003.008\n" if NULL */
    const char *password; /* NULL: none */
    uint8_t security;     /* type to choose; 0: the one that is offered */
    bool small_buffer;    /* the kernel holds little for it */
    bool no_request;      /* asks for nothing by itself */
    bool alone;           /* wants to share with nobody */
    bool expect_3_3;      /* of the server, which then decides alone */
    int32_t encodings[RFB_CLIENT_MAX_ENCODINGS]; /* ended by 0: Raw */
    uint8_t pixel_format[16]; /* all 0: the server's */
};

struct rfb_cursor {
    unsigned shapes; /* how many have come */
    int32_t encoding;
    uint16_t hot_x, hot_y, width, height;
    uint8_t data[128 * 128 * 4 + 128 * 16];
    size_t size;
};

/* What it was told beside the picture; rfb_client_input.c. */
struct rfb_client_told {
    /* How often each came. */
    unsigned keys, mouse_buttons, pointers, leds, nclipboards;
    bool relative;        /* the last kind of pointer */
    int32_t led_encoding; /* and the last LEDs */
    uint32_t led_bits;
    unsigned names, positions;
    uint16_t position_x, position_y;
    struct {
        uint32_t flags, size; /* size: of a text, as the server's caps had it */
    } clipboards[RFB_CLIENT_MAX_CLIPBOARDS]; /* the newest ones, going round */
};

struct rfb_client {
    struct rfb_client_options options;
    int fd;
    enum rfb_client_state state;
    bool stalled; /* reads nothing */
    uint8_t *input;
    size_t input_size, input_capacity, input_used;
    uint8_t output[256 * 1024];
    size_t output_size;

    unsigned minor;
    uint8_t offered[16]; /* security types */
    uint8_t noffered;
    uint32_t result;
    char reason[256], name[256];

    uint16_t width, height;
    unsigned pixel_size; /* bytes */
    uint8_t server_format[16];
    uint32_t *pixels; /* as they came, host order of a little-endian format */
    uint16_t rects_left; /* of the update that is being read */
    bool in_update;
    bool auto_request; /* asks again after each update */

    uint64_t bytes, updates, pixel_rects, copy_rects, resizes;
    uint64_t pixels_received; /* in raw rectangles */
    unsigned colour_maps;
    struct rfb_cursor cursor;
    struct rfb_client_told told;
    struct {
        unsigned count;
        uint16_t reason, status, width, height, screens;
        struct {
            uint32_t id;
            uint16_t x, y, width, height;
        } screen[16];
    } extended_size;
    /* After each whole update, may be NULL. */
    void (*on_update)(struct rfb_client *client);
    void *user;
};

void rfb_client_connect(struct rfb_client *client, uint16_t port,
                        const struct rfb_client_options *options);
void rfb_client_connect_ipv6(struct rfb_client *client, uint16_t port,
                             const struct rfb_client_options *options);
void rfb_client_connect_unix(struct rfb_client *client, const char *path,
                             const struct rfb_client_options *options);
void rfb_client_close(struct rfb_client *client);
void rfb_client_step(struct rfb_client *client);
void rfb_client_send(struct rfb_client *client, const void *data, size_t size);
void rfb_client_request(struct rfb_client *client, bool incremental, uint16_t x, uint16_t y,
                        uint16_t width, uint16_t height);
/* The whole framebuffer, as the client knows it. */
void rfb_client_request_all(struct rfb_client *client, bool incremental);
void rfb_client_set_encodings(struct rfb_client *client, const int32_t *encodings);

#endif
