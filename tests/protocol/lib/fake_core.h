// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core's side of the link for tests of output programs: it starts the real
 * oriel-vnc, hands it listeners, makes canvases, paints, and sends frames and
 * cursors as the core does, with the same rules about credit and taking. What
 * the program may never say on the link fails the test.
 *
 * Never blocks: the caller polls `link` and calls fake_core_step(). One thread.
 * The program dies with the test.
 */
#ifndef ORIEL_TESTS_FAKE_CORE_H
#define ORIEL_TESTS_FAKE_CORE_H

#include "encoders/canvas_layout.h"
#include "net/link.h"
#include "tests/protocol/lib/fake_input.h"

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_CORE_HEADS 3
#define FAKE_CORE_VIEWERS 4096

struct fake_core;

struct fake_head {
    struct fake_core *core;
    uint32_t id;
    bool subscribed;
    unsigned subscriptions, unsubscriptions;
    /* What the head shows; rows packed. Paint here, then say where. */
    uint32_t *image;
    uint32_t width, height;
    int32_t x, y; /* in the layout */
    pixman_region32_t damage; /* painted and not sent */
    bool whole;               /* the next frame covers the head */
    struct link_move moves[LINK_MAX_MOVES];
    uint32_t nmoves;
    bool paused; /* sends no frames */
    bool hidden; /* sends no canvas */

    int canvas_fd;
    size_t canvas_bytes;
    struct canvas_header *header;
    uint8_t *canvas;
    uint32_t generation;
    bool canvas_due, canvas_unanswered;
    uint64_t sequence; /* of the last frame */
    bool taking;
    bool tear; /* overwrite each frame before it can be taken */
    bool torn; /* the one that is being taken was */
    uint32_t credit;
    uint64_t frames, taken, credits;

    struct link_cursor cursor;
    uint32_t cursor_pixels[LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE];
};

struct fake_viewer {
    uint32_t id, head;
    bool gone;
    unsigned reports;
    struct link_viewer told; /* the last of them */
    uint64_t bytes_sent, updates_sent;
};

struct fake_core_options {
    uint32_t heads;          /* 0: one */
    uint32_t width, height;  /* 0: 320x200 */
    const char *password;    /* the password file's contents; NULL: no file */
    const char *view_password; /* the same */
    uint32_t idle_timeout_ms;
    uint32_t stall_timeout_ms; /* 0: the default */
    struct link_policy policy; /* what is 0 is FAKE_CORE_POLICY's */
    bool sandbox_off, sandbox_required; /* neither: on */
    bool no_landlock;        /* the program's kernel does not have it */
    bool ipv6;               /* listens on ::1 */
    bool all_heads;          /* head 0's listener shows the whole layout */
    bool unix_listener;      /* one more listener, for head 0 */
    bool no_start;           /* fake_core_spawn() comes later */
    bool keep_silent;        /* spawn sends nothing: the test speaks */
};

struct fake_core {
    struct fake_core_options options;
    int link; /* -1: closed */
    pid_t pid; /* 0: has ended */
    int exit_status; /* as waitpid() has it */
    int listeners[FAKE_CORE_HEADS];
    uint32_t listener_ids[FAKE_CORE_HEADS];
    uint16_t ports[FAKE_CORE_HEADS];
    int unix_listener;
    char dir[64], unix_path[96];
    bool greeted, over; /* over: the program has closed the link */
    uint32_t last_generation;
    struct fake_head heads[FAKE_CORE_HEADS];
    struct fake_viewer viewers[FAKE_CORE_VIEWERS];
    uint32_t nviewers; /* that were ever announced */
    uint32_t asked, answered; /* numbers of LINK_ASK */
    uint32_t nencodings;
    struct link_encoding encodings[LINK_MAX_ENCODINGS];
    bool sandboxed; /* it has said what its sandbox holds */
    uint32_t sandbox_parts;
    uint32_t last_listener; /* number that was given out */
    struct fake_inputs inputs;
    bool deaf; /* reads nothing of what the program says */
};

void fake_core_start(struct fake_core *core, const struct fake_core_options *options);
/* Starts the program again; it must have ended. */
void fake_core_spawn(struct fake_core *core);
/* Closes the link and waits for the program: its exit code, or 128 plus the
 * signal that ended it. Frees everything. Calls after the first return 0. */
int fake_core_finish(struct fake_core *core);
/* The program has ended or is ended by `signal` (0: it ends by itself). Waits
 * at most timeout_ms and returns as fake_core_finish() does, -ETIMEDOUT when
 * it still runs. Listeners stay open. */
int fake_core_wait(struct fake_core *core, int signal, unsigned timeout_ms);
/* Reads what has come and sends what is due. */
void fake_core_step(struct fake_core *core);
void fake_core_send(struct fake_core *core, uint32_t type, uint32_t head, uint32_t generation,
                    const void *payload, size_t size, int fd);
void fake_core_send_password(struct fake_core *core, const char *contents);
void fake_core_send_settings(struct fake_core *core);
/* LINK_PASSWORD or LINK_VIEW_PASSWORD; NULL: there is none any more. */
void fake_core_send_secret(struct fake_core *core, uint32_t type, const char *contents);
/* core->options.policy */
void fake_core_send_policy(struct fake_core *core);
/* Takes the listener of a head back and gives another one, on another port. */
void fake_core_drop_listener(struct fake_core *core, uint32_t head);
void fake_core_add_listener(struct fake_core *core, uint32_t head);
void fake_core_disconnect(struct fake_core *core, uint32_t viewer);
void fake_core_ask(struct fake_core *core);
void fake_core_send_listeners(struct fake_core *core);

/* Tells the program of LEDs and of the kind of pointer. */
void fake_core_send_seat(struct fake_core *core, uint32_t leds, bool relative);

/* Viewers that were announced and are not gone. */
unsigned fake_core_live_viewers(const struct fake_core *core);

void fake_head_damage(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                      uint32_t height);
void fake_head_fill(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                    uint32_t height, uint32_t colour);
/* Every pixel another one, R, G and B all different; X holds rubbish. */
void fake_head_fill_pattern(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                            uint32_t height, uint32_t seed);
/* Copies inside the image and sends it as a move. Nothing else may be pending
 * under its source. */
void fake_head_move(struct fake_head *head, uint32_t source_x, uint32_t source_y, uint32_t x,
                    uint32_t y, uint32_t width, uint32_t height);
void fake_head_resize(struct fake_head *head, uint32_t width, uint32_t height);
/* In the layout; takes a new canvas. */
void fake_head_place(struct fake_head *head, int32_t x, int32_t y);
void fake_head_set_cursor(struct fake_head *head, const struct link_cursor *cursor,
                          const uint32_t *pixels);
void fake_head_move_cursor(struct fake_head *head, int32_t x, int32_t y, bool visible);
/* Everything that was painted has been sent and taken. */
bool fake_head_quiet(const struct fake_head *head);

#endif
