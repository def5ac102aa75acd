// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A listening socket that the core opened, and the accepting on it. It accepts
 * only while it is told to, so that those who cannot be served wait in the
 * kernel's queue, for us or for our successor.
 *
 * Loop thread.
 */
#ifndef ORIEL_NET_VNC_RFB_LISTENER_H
#define ORIEL_NET_VNC_RFB_LISTENER_H

#include "net/link.h"
#include "net/vnc/peer.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct rfb_listener {
    struct rfb_listener *next; /* the owner's list */
    uv_poll_t poll;
    int fd;
    uint32_t id;    /* the core's number of it */
    uint32_t head;  /* the one that is served here, */
    bool all_heads; /* unless it is the whole layout */
    char address[LINK_TEXT_SIZE];
    bool accepting, closing;
    /* A connection; fd belongs to the callee, who may tell the listener to
     * stop. */
    void (*accepted)(struct rfb_listener *listener, int fd, const struct peer *peer);
    void *user;
};

/* Takes fd, also on failure; leaves next, accepted and user to the owner.
 * `message` is checked. Returns 0 or a negative errno, -EPROTO for what does
 * not listen. */
int rfb_listener_create(struct rfb_listener **listener, uv_loop_t *loop, int fd, uint32_t head,
                        const struct link_listener *message);
void rfb_listener_accept(struct rfb_listener *listener, bool accept);
/* Frees itself once its handle is closed. */
void rfb_listener_close(struct rfb_listener *listener);

#endif
