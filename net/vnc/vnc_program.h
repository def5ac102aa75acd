// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oriel-vnc as a whole: the link to the core, the listeners, the displays and
 * the viewers, and when the program ends.
 *
 * vnc_program.c has its life, vnc_door.c when the sandbox is entered,
 * vnc_messages.c what the core says,
 * vnc_viewers.c who comes and goes, vnc_reports.c what the core is told of
 * them.
 *
 * Loop thread; memory belongs to the owner, who keeps it until the loop has
 * ended by itself.
 */
#ifndef ORIEL_NET_VNC_VNC_PROGRAM_H
#define ORIEL_NET_VNC_VNC_PROGRAM_H

#include "net/link.h"
#include "net/vnc/addresses.h"
#include "net/vnc/budget.h"
#include "net/vnc/credentials.h"
#include "net/vnc/display.h"
#include "net/vnc/figures.h"
#include "net/vnc/gate.h"
#include "net/vnc/rfb_listener.h"
#include "net/vnc/uplink.h"
#include "net/vnc/viewer.h"
#include "server/jobs.h"
#include "server/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Each takes three descriptors, and the library's end of its socketpair must
 * stay below FD_SETSIZE. */
#define VNC_MAX_VIEWERS 256

struct vnc_options {
    uint32_t stall_timeout_ms;
    unsigned encoders; /* that may run at a time, at least 1 */
};

struct vnc_program {
    uv_loop_t *loop;
    struct link link;
    struct uplink uplink;
    bool have_settings, ready, ending;
    int exit_status; /* of the program */
    uint32_t heads, sandbox;
    struct job first_job; /* brings the pool's threads into being */
    uint32_t idle_timeout_ms;
    uv_timer_t idle_timer; /* one-shot, armed while there are no viewers */
    struct link_policy policy;
    struct credentials credentials;
    struct addresses addresses;
    struct link_seat seat; /* what the core said of it last */
    struct display displays[LINK_MAX_HEADS];
    struct rfb_listener *listeners;
    struct gate gate;
    struct budget budget;
    struct figures figures;
    struct viewer_owner owner;
    struct viewer *viewers;
    uint32_t nviewers, last_viewer_id;
    uv_timer_t report_timer; /* one-shot, armed while a report waits its turn */
    uint64_t last_report_ms;
    struct log_limit refusals;
};

/* Takes fd, the link's. Returns 0 or a negative errno. */
int vnc_program_start(struct vnc_program *program, uv_loop_t *loop, int fd,
                      const struct vnc_options *options);
/* After the loop has ended. */
void vnc_program_fini(struct vnc_program *program);

#endif
