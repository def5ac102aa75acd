// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oriel-vnc as a whole: the link to the core, the listeners, the displays and
 * the viewers, and when the program ends.
 *
 * Loop thread; memory belongs to the owner, who keeps it until the loop has
 * ended by itself.
 */
#ifndef ORIEL_NET_VNC_VNC_PROGRAM_H
#define ORIEL_NET_VNC_VNC_PROGRAM_H

#include "net/link.h"
#include "net/vnc/display.h"
#include "net/vnc/gate.h"
#include "net/vnc/password.h"
#include "net/vnc/rfb_listener.h"
#include "net/vnc/uplink.h"
#include "net/vnc/viewer.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Each takes three descriptors, and the library's end of its socketpair must
 * stay below FD_SETSIZE. */
#define VNC_MAX_VIEWERS 256

struct vnc_options {
    uint32_t handshake_timeout_ms;
    unsigned encoders; /* that may run at a time, at least 1 */
};

struct vnc_program {
    uv_loop_t *loop;
    struct link link;
    struct uplink uplink;
    bool have_settings, ready, ending;
    int exit_error; /* why it ended: 0 or a negative errno */
    uint32_t heads;
    uint32_t idle_timeout_ms;
    uv_timer_t idle_timer; /* one-shot, armed while there are no viewers */
    struct password password;
    struct link_seat seat; /* what the core said of it last */
    struct display displays[LINK_MAX_HEADS];
    struct rfb_listener *listeners;
    struct gate gate;
    struct viewer_owner owner;
    struct viewer *viewers;
    uint32_t nviewers, last_viewer_id;
};

/* Takes fd, the link's. Returns 0 or a negative errno. */
int vnc_program_start(struct vnc_program *program, uv_loop_t *loop, int fd,
                      const struct vnc_options *options);
/* After the loop has ended. */
void vnc_program_fini(struct vnc_program *program);

#endif
