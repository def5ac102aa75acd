// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oriel-vnc in this process: the real program between a link, whose other end
 * the target holds, and viewers' connections. Fresh for each input. One thread.
 */
#ifndef ORIEL_TESTS_FUZZ_VNC_RUN_H
#define ORIEL_TESTS_FUZZ_VNC_RUN_H

#include "net/vnc/vnc_program.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define VNC_RUN_VIEWERS 4

struct vnc_run {
    uv_loop_t loop;
    struct vnc_program program;
    int link;                            /* our end; -1: closed */
    int viewers[VNC_RUN_VIEWERS];        /* -1: not connected */
    uint32_t generation[LINK_MAX_HEADS]; /* of the canvas that we gave last */
    uint32_t credit[LINK_MAX_HEADS];     /* frames that the program waits for */
};

void vnc_run_init(void); /* once */
void vnc_run_start(struct vnc_run *run);
void vnc_run_finish(struct vnc_run *run);

/* A viewer comes, or another in its place. */
void vnc_run_connect(struct vnc_run *run, unsigned viewer);
void vnc_run_send(struct vnc_run *run, unsigned viewer, const void *bytes, size_t size);
/* Reads all that was sent to the viewer. */
void vnc_run_read(struct vnc_run *run, unsigned viewer);

/* Sends the program a whole message (lib/link_message.h). */
void vnc_run_tell(struct vnc_run *run, uint32_t type, uint32_t head, const uint32_t numbers[4]);
/* The same without the descriptor that the type may have. */
void vnc_run_tell_without_fd(struct vnc_run *run, uint32_t type);
/* What has to be said before viewers are let in. */
void vnc_run_set_up(struct vnc_run *run);
/* A new canvas. */
void vnc_run_resize(struct vnc_run *run, uint32_t head, uint32_t width, uint32_t height);
/* A frame in it, if the program waits for one (numbers: lib/link_message.h). */
bool vnc_run_frame(struct vnc_run *run, uint32_t head, const uint32_t numbers[4]);
/* Reads what the program says. */
void vnc_run_listen(struct vnc_run *run);

#endif
