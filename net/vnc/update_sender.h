// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An update sender turns pixels into FramebufferUpdate messages for one
 * viewer: the place where an encoder library, or our own encoders, plug in.
 *
 * All functions are called on the loop thread and callbacks come there; the
 * encoding itself runs as a job in the pool. One update at a time, and while
 * it is being sent only cancel() may be called.
 */
#ifndef ORIEL_NET_VNC_UPDATE_SENDER_H
#define ORIEL_NET_VNC_UPDATE_SENDER_H

#include "net/vnc/bytes.h"
#include "net/vnc/encodings.h"
#include "net/vnc/out_queue.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* A rectangle of the viewer's framebuffer and where its pixels come from. */
struct update_rect {
    uint16_t x, y, width, height;
    const uint8_t *pixels; /* XRGB8888, the rectangle's first pixel */
    size_t stride;         /* bytes; 0 repeats one row */
};

struct update {
    struct bytes prefix; /* finished rectangles that go before the pixels */
    uint32_t nprefix;
    struct update_rect *rects;
    uint32_t nrects, capacity;
};

struct update_sender;

struct update_sender_config {
    uv_loop_t *loop;
    uint16_t width, height; /* of the viewer's framebuffer */
    const char *name;       /* of the desktop */
    struct out_queue *out;  /* where the bytes go; outlives the sender */
    /* Bytes have come into `out` while an update is being sent. */
    void (*progress)(void *user);
    /* The update is finished and all of it is in `out`; after an error the
     * stream is of no use any more. */
    void (*done)(void *user, int error);
    void *user;
};

struct update_sender_ops {
    /* Writes ServerInit to `out`. Returns 0 or a negative errno. */
    int (*create)(struct update_sender **sender, const struct update_sender_config *config);
    /* Messages of the viewer, whole and checked. May write to `out`. Return 0
     * or a negative errno. */
    int (*set_pixel_format)(struct update_sender *sender, const uint8_t message[20]);
    int (*set_encodings)(struct update_sender *sender, const struct encodings *encodings);
    /* The viewer has been told of a new size. */
    void (*resize)(struct update_sender *sender, uint16_t width, uint16_t height);
    /* Starts to send; `update` and the pixels are lent until done(). */
    void (*send)(struct update_sender *sender, const struct update *update);
    /* The viewer is gone: the update in progress ends soon, with an error. */
    void (*cancel)(struct update_sender *sender);
    /* Not while an update is being sent. NULL is fine. `destroyed` is called
     * later, when nothing of the sender is left. */
    void (*destroy)(struct update_sender *sender, void (*destroyed)(void *user), void *user);
};

/* LibVNCServer's encoders (lvs_sender.c). */
extern const struct update_sender_ops lvs_sender_ops;

#endif
