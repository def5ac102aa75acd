// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link between the core and one output program: a SOCK_SEQPACKET socket
 * that carries heads, damage and cursors down and subscriptions, credit and
 * viewers up. The same for all outputs; docs/link.md tells the story.
 *
 * Every message is one packet: struct link_header, then a payload of
 * header.size bytes whose form the type decides. Fields are in host byte
 * order, since both ends run on one host. Each end checks every field of what
 * it receives: link.c checks sizes, file descriptor counts and direction by
 * one table before a message reaches its handler, the handlers check values.
 *
 * All functions are called on the loop thread of their process.
 */
#ifndef ORIEL_NET_LINK_H
#define ORIEL_NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <uv.h>

#define LINK_VERSION 2
/* The file descriptor under which an output program finds its end. */
#define LINK_OUTPUT_FD 3
#define LINK_MAX_PAYLOAD (96u * 1024)
#define LINK_MAX_FDS 1
#define LINK_MAX_HEADS 16
#define LINK_MAX_RECTS 4096
#define LINK_MAX_MOVES 64
#define LINK_MAX_CURSOR_SIZE 128 /* pixels, each way: 64 KiB of ARGB */
#define LINK_TEXT_SIZE 256       /* strings, NUL-terminated inside the field */
#define LINK_MAX_ENCODINGS 32

enum link_type {
    /* Down, core to output. */
    LINK_SETTINGS = 1, /* struct link_settings; the first message. May come
                        * again (reload), with the same heads and sandbox */
    LINK_PASSWORD,     /* no payload, fd: the password file, read-only. May
                        * come again (reload), then without an fd where there
                        * is no such password any more; no message: none */
    LINK_LISTENER,     /* struct link_listener, fd: a listening socket */
    LINK_HEAD,         /* struct link_head, fd: the canvas's memfd */
    LINK_FRAME,        /* struct link_frame, moves, rectangles */
    LINK_CURSOR,       /* struct link_cursor, then width*height*4 bytes */
    LINK_CURSOR_MOVE,  /* struct link_cursor_move */
    LINK_READY,        /* no payload: settings and listeners are complete */
    LINK_SEAT,         /* struct link_seat: LEDs and kind of pointer */
    LINK_POLICY,       /* struct link_policy; before LINK_READY, and on reload */
    LINK_VIEW_PASSWORD, /* as LINK_PASSWORD, of viewers that may only look */
    LINK_LISTENER_GONE, /* struct link_listener_gone: close it */
    LINK_DISCONNECT,   /* struct link_disconnect: hang up on a viewer */
    LINK_ASK,          /* struct link_ask: tell the figures, then LINK_ANSWER */
    LINK_DOWN_END,     /* one past the last, no message */
    /* Up, output to core. */
    LINK_HELLO = 64,   /* struct link_hello; the first message */
    LINK_SUBSCRIBE,    /* header.head: a viewer wants this head */
    LINK_UNSUBSCRIBE,  /* header.head: nobody wants it any more */
    LINK_CREDIT,       /* struct link_credit: that many more frames can be taken */
    LINK_TAKEN,        /* struct link_taken: the frame has been copied */
    LINK_VIEWER,       /* struct link_viewer: a viewer came or changed */
    LINK_VIEWER_GONE,  /* struct link_viewer_gone */
    LINK_KEY,          /* struct link_key: a viewer's key */
    LINK_POINTER,      /* struct link_pointer: a viewer's pointer */
    LINK_TEXT,         /* struct link_text, UTF-8: to be typed into the guest */
    LINK_ENCODINGS,    /* struct link_encodings, then that many link_encoding */
    LINK_ANSWER,       /* struct link_answer: all that LINK_ASK asked for came */
    LINK_SANDBOXED,    /* struct link_sandboxed: what holds from now on */
    LINK_UP_END,       /* one past the last, no message */
};

/* `head` counts from 0 and is 0 where a message concerns none. `generation`
 * is given out by the core with each LINK_HEAD of this link and never used
 * twice; LINK_FRAME, LINK_CREDIT and LINK_TAKEN repeat the one they belong
 * to, and a receiver ignores what belongs to an older one. */
struct link_header {
    uint32_t type;
    uint32_t head;
    uint32_t generation;
    uint32_t size;
};

struct link_settings {
    uint32_t version;         /* LINK_VERSION */
    uint32_t heads;           /* 1..LINK_MAX_HEADS */
    uint32_t idle_timeout_ms; /* end after this long without viewers; 0: never */
    uint32_t log_level;       /* enum log_level */
    char name[LINK_TEXT_SIZE]; /* of the virtual machine, UTF-8: the desktop's */
    uint32_t log_format;      /* enum log_format */
    uint32_t sandbox;         /* enum link_sandbox */
    char log_modules[LINK_TEXT_SIZE]; /* as log_set_modules() takes it; may be empty */
    char trace[LINK_TEXT_SIZE]; /* as trace_set_pattern() takes it; empty: off */
};

enum link_sandbox {
    LINK_SANDBOX_OFF,
    LINK_SANDBOX_ON,      /* as much as this kernel gives */
    LINK_SANDBOX_REQUIRE, /* all of it, or exit after saying what is missing */
};

/* May come after LINK_READY too, and is accepted on at once then. */
struct link_listener {
    uint32_t kind;      /* enum link_listener_kind */
    uint32_t id;        /* the core's number, never used twice on one link */
    uint32_t all_heads; /* 1: viewers see the whole layout; header.head is 0 */
    uint32_t unused;    /* 0 */
    char address[LINK_TEXT_SIZE]; /* as the log says it: "tcp:127.0.0.1:5900" */
};

enum link_listener_kind { LINK_LISTENER_VNC = 1 };

/* The output closes it and hangs up on the viewers that came by it. */
struct link_listener_gone {
    uint32_t id; /* of a LINK_LISTENER that came before */
    uint32_t unused; /* 0 */
};

/*
 * Who is let in and what viewers may cost. Limits and sharing are judged when
 * somebody comes: a new policy drops nobody. Peers on unix sockets have no
 * address, so that what is said "per address" does not concern them.
 */
struct link_policy {
    uint32_t share;                /* enum link_share */
    uint32_t handshake_timeout_ms; /* from accept() to ServerInit, at least 1 */
    uint32_t login_delay_ms; /* after a failed login the next attempt from the same
                              * address is answered so much later; 0: at once */
    uint32_t max_viewers;    /* connections in all, in the handshake too; at least 1 */
    uint32_t max_viewers_per_address; /* of them; at least 1 */
    uint32_t unused;                  /* 0 */
    uint64_t max_bytes; /* queued for all viewers together: with that much or more
                         * no further update begins; at least 1 */
};

/* What becomes of a viewer's wish to be alone on its head (RFB 7.3.1); the
 * words are QEMU's. */
enum link_share {
    LINK_SHARE_IGNORE = 1,      /* everybody shares, whatever they ask for */
    LINK_SHARE_ALLOW_EXCLUSIVE, /* the others are hung up on, and who comes
                                 * later and would share is refused */
    LINK_SHARE_FORCE_SHARED,    /* who asks to be alone is refused */
};

/* One that is gone already is ignored. */
struct link_disconnect {
    uint32_t viewer;
    uint32_t unused; /* 0 */
};

/* The output answers, in this order: LINK_VIEWER of each viewer it has
 * announced, LINK_ENCODINGS, LINK_ANSWER with the same number. The core asks
 * again only after the answer; who does not answer for 10 s is killed. */
struct link_ask {
    uint32_t number;
    uint32_t unused; /* 0 */
};

/* A new canvas; what the output held of this head is void. The output maps
 * the fd (canvas_layout.h), allocates its shadows and answers with the first
 * LINK_CREDIT of this generation. The core sends no further canvas of this
 * head before that answer. The next frame covers the whole head. */
struct link_head {
    uint32_t width, height; /* pixels, 1..CANVAS_MAX_SIZE */
    uint32_t stride;        /* bytes, canvas_stride(width) */
    int32_t x, y;           /* place in the layout, pixels */
    uint32_t unused;        /* 0 */
    char name[LINK_TEXT_SIZE];
};

struct link_rect {
    uint16_t x, y, width, height;
};

/* The pixels of `x,y,width,height` are now where they are said to be, and
 * were at (source_x, source_y) one frame before. */
struct link_move {
    uint16_t source_x, source_y;
    uint16_t x, y, width, height;
};

/* A frame stands in the canvas: take it and answer LINK_TAKEN. `moves` come
 * before `rects` in the payload and are applied before them, in order. */
struct link_frame {
    uint64_t sequence; /* of canvas_header while the frame is valid */
    uint32_t whole;    /* 1: the rectangles cover the head */
    uint32_t nmoves, nrects;
    uint32_t unused;   /* 0 */
};

/* The cursor's image, premultiplied ARGB8888 (0xAARRGGBB, host byte order),
 * rows packed; width and height 0: no image, nothing is shown. */
struct link_cursor {
    int32_t x, y; /* of the hotspot on the head, pixels; may lie outside */
    uint32_t visible; /* 0 or 1 */
    uint32_t hot_x, hot_y;
    uint32_t width, height;
    uint32_t unused; /* 0 */
};

struct link_cursor_move {
    int32_t x, y;
    uint32_t visible;
    uint32_t unused; /* 0 */
};

struct link_hello {
    uint32_t version; /* LINK_VERSION */
    uint32_t pid;
};

struct link_credit {
    uint32_t frames; /* 1 or 2 */
    uint32_t unused; /* 0 */
};

struct link_taken {
    uint64_t sequence; /* of the LINK_FRAME */
};

/* Sent when a viewer has logged in, when a field but its figures changes, and
 * for LINK_ASK. `view_only` and `all_heads` stay as they were first. */
struct link_viewer {
    uint32_t id; /* the output's own number, never used twice */
    uint32_t shared; /* 0 or 1 */
    char address[LINK_TEXT_SIZE];  /* peer, "127.0.0.1:40000" or "unix" */
    char encoding[32];             /* preferred, "zrle"; empty before it is known */
    uint32_t state;     /* enum link_viewer_state */
    uint32_t view_only; /* 1: its input never comes up */
    uint32_t all_heads; /* 1: it sees the whole layout; header.head is 0 */
    uint32_t unused;    /* 0 */
    uint64_t bytes_sent, updates_sent; /* since it connected */
    uint64_t bytes_queued;             /* not taken by its socket yet */
};

enum link_viewer_state {
    LINK_VIEWER_IDLE,    /* nothing is on its way to it */
    LINK_VIEWER_BUSY,     /* an update is being encoded or sent */
    LINK_VIEWER_STALLED,  /* its socket has taken no byte for a second */
};

struct link_viewer_gone {
    uint32_t id;
    uint32_t unused; /* 0 */
    uint64_t bytes_sent, updates_sent;
};

/* What was sent in each encoding since the output started. */
struct link_encodings {
    uint32_t count; /* 0..LINK_MAX_ENCODINGS */
    uint32_t unused; /* 0 */
};

struct link_encoding {
    char name[32]; /* "zrle"; of letters, digits, _ and -, each name once */
    uint64_t updates, bytes;
};

struct link_answer {
    uint32_t number; /* of the LINK_ASK */
    uint32_t unused; /* 0 */
};

/* After LINK_READY, before the first accept(); where the sandbox is off: 0. */
struct link_sandboxed {
    uint32_t parts; /* of enum link_sandbox_part */
    uint32_t unused; /* 0 */
};

enum link_sandbox_part {
    LINK_SANDBOX_NO_NEW_PRIVS = 1,
    LINK_SANDBOX_LANDLOCK = 2,
    LINK_SANDBOX_SECCOMP = 4,
    LINK_SANDBOX_ALL = 7,
};

/* What viewers should know of the guest's input devices. */
struct link_seat {
    uint32_t leds;     /* bit 0 num lock, 1 caps lock, 2 scroll lock */
    uint32_t relative; /* 1: the guest has no absolute pointer */
};

/* Input names its viewer by the id of its LINK_VIEWER, which comes before. */
struct link_key {
    uint32_t viewer;
    uint32_t kind; /* enum link_key_kind */
    uint32_t code;
    uint32_t down; /* 0 or 1 */
};

enum link_key_kind {
    LINK_KEY_KEYSYM = 1,   /* X11 keysym */
    LINK_KEY_SCANCODE = 2, /* XT set 1: xx, 0xe0xx, or QEMU's 0x80 | xx */
    LINK_KEY_EVDEV = 3,    /* linux/input-event-codes.h */
};

#define LINK_BUTTONS 0x1fu /* bit 0 left, 1 middle, 2 right, 3 side, 4 extra */
#define LINK_WHEEL_STEP 120

/* header.head: the head whose pixels x and y are. */
struct link_pointer {
    uint32_t viewer;
    uint32_t relative; /* 0: x and y are a place, 1: a way */
    int32_t x, y;      /* pixels */
    uint32_t buttons;  /* that are held now */
    /* Parts of LINK_WHEEL_STEP, away from the user and to the right positive. */
    int32_t wheel_vertical, wheel_horizontal;
    uint32_t unused; /* 0 */
};

#define LINK_MAX_TEXT (64u * 1024)

struct link_text {
    uint32_t viewer;
    uint32_t size; /* bytes that follow, 1..LINK_MAX_TEXT */
};

enum link_side { LINK_CORE, LINK_OUTPUT };

struct link;

struct link_ops {
    /* One checked message. The payload is aligned to 8 bytes and valid during
     * the call. `fd` is -1 or belongs to the handler. A negative return value
     * means that the peer broke the protocol: the link closes. */
    int (*message)(struct link *link, const struct link_header *header, const void *payload,
                   int fd);
    /* The socket took no more before and does again. */
    void (*writable)(struct link *link);
    /* The peer is gone (error 0) or was cut off for breaking the protocol
     * (negative errno). Called once, never from inside link_send() or
     * link_close(); the owner then calls link_close(). */
    void (*closed)(struct link *link, int error);
};

/* Memory belongs to the owner, who keeps it until link_close's callback. */
struct link {
    uv_poll_t poll;
    const struct link_ops *ops;
    enum link_side side;
    int fd; /* -1 once closed */
    bool dead; /* closed() has been or is about to be called */
    bool want_write;
    bool closing;
    void (*close_cb)(struct link *link);
    void *user;
};

/* Takes ownership of fd also on failure; then no link_close() is due. `side`
 * is our own side. */
int link_open(struct link *link, uv_loop_t *loop, int fd, enum link_side side,
              const struct link_ops *ops, void *user);

/*
 * Sends one message; `parts` are joined to its payload (header->size is
 * filled in here). `fd` is -1 or one to pass along; it stays the caller's.
 * Never blocks. Returns 0; -EAGAIN when the socket is full, and then
 * ops->writable comes; or another negative errno when the link is dead (ops->
 * closed comes or has come, callers may ignore it).
 */
int link_send(struct link *link, const struct link_header *header, const struct iovec *parts,
              int nparts, int fd);

/* The common case: one struct, no fd. */
int link_send_struct(struct link *link, uint32_t type, uint32_t head, uint32_t generation,
                     const void *payload, size_t size);

/* Two phases; close_cb may be NULL. */
void link_close(struct link *link, void (*close_cb)(struct link *link));

#endif
