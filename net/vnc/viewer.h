// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer: one RFB connection, from accept to its end.
 *
 * viewer.c has the socket and the connection's life, viewer_login.c how it
 * comes in, viewer_progress.c whether it reads, viewer_messages.c what
 * the viewer says, viewer_input.c and viewer_clipboard.c its keys, pointer and
 * text, viewer_damage.c what it lacks, viewer_notices.c what it is told beside
 * the picture, viewer_update.c what it is sent and when.
 *
 * Loop thread. A viewer owns itself: it goes when its peer goes, breaks the
 * protocol or is closed, and the owner's gone() is the last word about it.
 */
#ifndef ORIEL_NET_VNC_VIEWER_H
#define ORIEL_NET_VNC_VIEWER_H

#include "net/vnc/addresses.h"
#include "net/vnc/budget.h"
#include "net/vnc/credentials.h"
#include "net/vnc/encodings.h"
#include "net/vnc/figures.h"
#include "net/vnc/gate.h"
#include "net/vnc/handshake.h"
#include "net/vnc/out_queue.h"
#include "net/vnc/peer.h"
#include "net/vnc/pixel_format.h"
#include "net/vnc/update_sender.h"
#include "net/vnc/view.h"
#include "server/log.h"

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* No update is encoded for a viewer while more than this waits for its
 * socket, so that it holds at most one update and this. */
#define VIEWER_MAX_WAITING (64 * 1024)
/* A viewer that has read nothing for so long, though it could, is stalled. */
#define VIEWER_STALLED_MS 1000
/* A pending region of more rectangles is replaced by a coarser one. */
#define VIEWER_MAX_PENDING_RECTS 256
#define VIEWER_MAX_REQUESTED_RECTS 32
/* While this many bytes of its input wait for the link, a viewer is not read
 * from. */
#define VIEWER_MAX_INPUT_WAITING (64 * 1024)

struct viewer;

/* What all viewers share; outlives them. */
struct viewer_owner {
    uv_loop_t *loop;
    struct gate *gate;
    struct budget *budget;
    struct addresses *addresses;
    const struct credentials *credentials;
    const struct link_policy *policy;
    struct figures *figures;
    const struct update_sender_ops *sender_ops;
    const struct link_seat *seat; /* what the core said of it last */
    uint32_t stall_timeout_ms; /* who reads nothing for so long is hung up on */
    char machine[LINK_TEXT_SIZE]; /* its name */
    uint32_t machine_names;       /* that it has had */
    /* It has logged in and wants to share or be alone. Returns NULL, or why it
     * has to go. */
    const char *(*admit)(struct viewer *viewer);
    /* viewer->announced differs from what the core knows. */
    void (*announce)(struct viewer *viewer);
    /* It may have become busy, idle or stalled. */
    void (*changed)(struct viewer *viewer);
    /* A LINK_KEY, LINK_POINTER or LINK_TEXT for the core. What has to wait is
     * counted in viewer->input_waiting. */
    void (*send_input)(struct viewer *viewer, uint32_t type, uint32_t head, const void *payload,
                       size_t size);
    /* Its memory is freed after this call. */
    void (*gone)(struct viewer *viewer);
};

/* What its hands do; viewer_input.c. */
struct viewer_hands {
    uint32_t buttons; /* held, bit N for RFB's button N + 1 */
    bool placed;      /* x and y are known */
    int32_t x, y;     /* the last place, pixels of its framebuffer */
    bool was_way;     /* the last event was a way, see ENCODING_QEMU_POINTER */
    uint64_t moved_ms; /* when that was */
};

/* What it has been told beside the picture; viewer_notices.c. */
struct viewer_notices {
    bool key, mouse_buttons; /* that these extensions are here */
    bool pointer, leds;      /* what follows is known to it */
    bool pointer_relative;
    uint32_t led_bits; /* as in struct link_seat */
    uint32_t machine_names; /* of viewer_owner, when it was told the name */
    bool position_due;      /* the guest has moved the pointer */
};

enum viewer_state {
    VIEWER_HANDSHAKE,
    VIEWER_WAITING, /* for the size of the head */
    VIEWER_RUNNING,
};

struct viewer {
    struct viewer_owner *owner;
    struct viewer *next, *previous; /* the owner's list */
    uint32_t id;
    uint32_t listener_id; /* that it came by */
    struct peer peer;
    const char *address; /* the peer's, for people */
    enum viewer_state state;
    bool announced; /* the core has been told of it */
    enum link_viewer_state reported_state;
    bool alone; /* it wants nobody else to see what it sees */
    struct log_limit log_limit;

    int fd;
    uv_poll_t poll;
    int poll_events;
    uv_timer_t handshake_timer;
    uv_timer_t login_timer; /* armed while the answer to a login waits */
    uv_timer_t progress_timer; /* armed while bytes wait for the socket */
    bool closing;
    int open_handles; /* and a sender counts as one */

    struct handshake handshake;
    bool login_due; /* the answer to its login has waited long enough */
    bool view_only; /* its input is left out */
    bool stalled;   /* it has read nothing for VIEWER_STALLED_MS */
    uint64_t last_progress_ms;
    int held_by_socket; /* bytes, when that was looked at */
    uint8_t *input; /* what has come and is not handled yet */
    size_t input_size, input_capacity;
    bool handling_input;
    bool input_blocked;   /* it is not read from: its input waits for the link */
    size_t input_waiting; /* bytes of it that do */
    bool hung_up;         /* it reads nothing more; what it says is still handled */
    uint64_t skip; /* bytes of a message that nobody wants, still to come */
    struct out_queue out;
    uint64_t bytes_sent, updates_sent;

    struct pixel_format format;
    struct encodings encodings;
    bool encodings_known;
    /* What the sender has to be told once the update in progress is sent. */
    bool format_due, encodings_due;
    uint8_t format_message[20];

    struct viewer_hands hands;
    struct viewer_notices notices;
    uint32_t clipboard_due; /* messages to it, enum clipboard_flag; viewer_clipboard.c */

    /* What it lacks and is sent; viewer_damage.c and viewer_update.c. */
    struct view view;
    uint16_t width, height; /* of its framebuffer, as it knows it */
    pixman_region32_t requested;
    bool whole_requested; /* it has nothing there: the answer waits for all heads */
    /* Where its picture differs from the newest frame, once it has applied
     * the moves, which wait to be sent before everything else. */
    pixman_region32_t pending;
    struct link_move moves[LINK_MAX_MOVES];
    uint32_t nmoves;
    bool cursor_due;          /* the shape has to be sent */
    bool size_due;            /* ExtendedDesktopSize was asked for */
    bool size_refused;        /* and is the answer to SetDesktopSize */
    struct gate_waiter waiter;
    bool has_place;           /* in the gate */
    struct budget_waiter budget_waiter;
    struct update_sender *sender;
    struct update update;     /* lent while `sending`, as the view's shadows are */
    bool sending;
    int32_t update_encoding;  /* of what is sent */
    uint64_t stream_before;   /* what had been said to it when that began, bytes */
};

/* Where a viewer comes in. */
struct viewer_door {
    struct display *displays; /* the heads that are seen there */
    uint32_t count;           /* of them */
    bool all;                 /* they are the layout; otherwise there is one */
    uint32_t listener_id;
};

/* Takes fd, also on failure. The viewer joins no list by itself. */
int viewer_create(struct viewer **viewer, struct viewer_owner *owner,
                  const struct viewer_door *door, uint32_t id, int fd, const struct peer *peer);

/* As header.head has it. */
uint32_t viewer_head(const struct viewer *viewer);

/* The link has taken some of its input: what was blocked goes on. */
void viewer_resume_input(struct viewer *viewer);
/* owner->seat is another now. */
void viewer_seat_changed(struct viewer *viewer);
/* owner->machine is. */
void viewer_name_changed(struct viewer *viewer);
/* owner->credentials are: who would not be let in again goes. */
void viewer_credentials_changed(struct viewer *viewer);

/* Begins the end; `why` is for the log, NULL for an end that needs no word. */
void viewer_close(struct viewer *viewer, const char *why);

#endif
