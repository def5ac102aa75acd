// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A head: one monitor of the virtual machine. It owns the canvas that viewers
 * see, its damage, the cursor and the pace at which frames are published.
 *
 * Nothing here knows what a viewer is: a head has outputs that subscribed to
 * it (an output program's link, a screenshot, a wait). All functions and
 * callbacks run on the loop thread.
 */
#ifndef ORIEL_DEVICE_HEAD_H
#define ORIEL_DEVICE_HEAD_H

#include "device/canvas.h"
#include "device/mode.h"
#include "device/picture.h"
#include "encoders/moves.h"
#include "server/jobs.h"
#include "server/log.h"

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define HEAD_MAX_HEADS 16
#define HEAD_MAX_MODES 32
#define HEAD_NAME_SIZE 14 /* 13 characters of an EDID name and the NUL */
#define HEAD_CURSOR_SIZE 64 /* virtio-gpu: cursors are 64x64 */
#define HEAD_OUTPUT_MAX_CREDIT 2 /* frames: one being encoded, one being taken */

/* What the INI file says about a head; copied by head_init(). */
struct head_config {
    struct mode mode;                   /* preferred */
    struct mode modes[HEAD_MAX_MODES];  /* further ones */
    uint32_t nmodes;
    uint32_t max_fps;                   /* 1..1000 */
    int32_t x, y;                       /* place in the layout, pixels */
    uint32_t width_mm, height_mm;       /* 0: derived from the mode */
    char name[HEAD_NAME_SIZE];
};

/* ARGB8888 premultiplied, 0xAARRGGBB in host byte order, rows packed. */
struct head_cursor {
    bool visible;
    int32_t x, y;            /* of the hotspot, pixels on the head */
    uint32_t hot_x, hot_y;   /* inside the image */
    uint32_t width, height;  /* 0: no image yet */
    uint32_t pixels[HEAD_CURSOR_SIZE * HEAD_CURSOR_SIZE];
};

struct head;
struct head_output;

/* Callbacks must not add or remove outputs of the same head. */
struct head_output_ops {
    /* The head has this canvas now (also the first call after subscribing).
     * The output takes its own reference if it keeps it, and answers with
     * head_output_credit() when it is ready for a frame; before that answer no
     * other canvas is announced. Returns 0, or -EAGAIN: try again after
     * head_output_unblock(). */
    int (*canvas)(struct head_output *output, struct canvas *canvas);
    /* A frame stands in the canvas: everything inside `damage` may differ from
     * the frame before that this output was given, once the move (NULL: there
     * is none) has been made in that frame. The output answers with
     * head_output_taken(); until then the canvas is not written (for 50 ms at
     * most, see head_output_taken). Returns 0, or -EAGAIN as above. */
    int (*frame)(struct head_output *output, uint64_t sequence, const pixman_region32_t *damage,
                 const struct damage_move *move, bool whole);
    /* The cursor changed; `image` says that more than its place did. */
    void (*cursor)(struct head_output *output, const struct head_cursor *cursor, bool image);
};

/* Owned by the subscriber; it keeps the memory until head_output_remove(). */
struct head_output {
    const struct head_output_ops *ops;
    void *user;
    /* The rest belongs to head.c. */
    struct head *head;
    struct head_output *next;
    pixman_region32_t pending; /* damage that this output has not been given */
    struct damage_move move;   /* comes before it; width 0: none */
    uint32_t credit;           /* frames it can take */
    uint64_t taking;           /* sequence of the frame it copies, 0: none */
    uint64_t taking_since_ms;
    bool stale;                /* took too long: the canvas went on */
    bool canvas_pending;       /* has to be told of the canvas */
    bool canvas_unanswered;    /* was told and has not answered */
    bool blocked;              /* its socket is full */
};

struct head {
    uv_loop_t *loop;
    uint32_t id;
    struct head_config config;
    struct canvas *canvas;
    struct head_cursor cursor;

    /* What the head shows: a part of a guest's resource, or the card. */
    struct picture *source; /* NULL before the first card */
    uint32_t source_x, source_y;
    bool guest;             /* the source is a guest's */
    const char *card_reason; /* second line of the card; static string or NULL */

    /* Flushed but not yet compared with the canvas; canvas coordinates. */
    pixman_region32_t flushed;
    bool scanout_changed_unflushed; /* a new source that was never flushed */

    struct head_output *outputs;
    uint64_t sequence;  /* of the last frame, over all canvases */
    bool canvas_valid;  /* a frame was published into this canvas */
    uint64_t due_ns;    /* by uv_hrtime: the next publish, not earlier */

    struct publish_job *publishing; /* at most one */

    uv_timer_t pace_timer;  /* one-shot: a publish that is due later */
    uv_timer_t card_timer;  /* one-shot: shows the card when no guest comes */
    uint64_t wait_until_ms; /* how long an unfinished frame is waited for; 0: not waiting */
    bool closing;
    unsigned open_handles;
    void (*close_cb)(struct head *head);

    struct log_limit log_limit;
    uint64_t frames_published, pixels_changed, moves_found; /* counters, for status */

    /* Set by the owner: a publish that borrowed a guest's picture has given
     * it back. */
    void (*picture_returned)(struct head *head, struct picture *picture);
    void *user;
};

/* Shows the card at the preferred mode. Returns 0 or a negative errno. */
int head_init(struct head *head, uv_loop_t *loop, uint32_t id, const struct head_config *config);
/* Two phases: outputs must be gone; jobs in flight are waited for. */
void head_close(struct head *head, void (*close_cb)(struct head *head));

/* The guest scans out `width` x `height` pixels of `picture` from (x,y); the
 * caller has checked that they lie inside. */
void head_set_scanout(struct head *head, struct picture *picture, uint32_t x, uint32_t y,
                      uint32_t width, uint32_t height);
/* Nothing is scanned out: after a moment's grace the card appears, in the size
 * that the head has. `now`: without the grace (the guest is gone). */
void head_disable(struct head *head, bool now);
/* The guest flushed that rectangle (picture coordinates, inside it). */
void head_flush(struct head *head, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
/* A transfer into the shown picture has ended; it may have been the one that
 * a due publish waits for. */
void head_source_written(struct head *head);

void head_set_cursor(struct head *head, const struct head_cursor *cursor, bool image);

/* Subscribes: the canvas, the cursor and, with credit, a whole frame follow. */
void head_output_add(struct head *head, struct head_output *output);
/* Unsubscribes; a frame that it had not taken counts as taken. */
void head_output_remove(struct head_output *output);
/* The output can take `frames` more frames (at most two at a time). */
void head_output_credit(struct head_output *output, uint32_t frames);
/* The output has copied the frame. When it took longer than 50 ms the canvas
 * may have gone on: the sequence in the canvas tells the output, which throws
 * the copy away, and the head sends it the whole picture next. Returns
 * -EPROTO when no such frame is being taken. */
int head_output_taken(struct head_output *output, uint64_t sequence);
/* Its socket takes messages again. */
void head_output_unblock(struct head_output *output);

#endif
