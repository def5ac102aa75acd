// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the program (vnc_program.h) share among themselves. */
#ifndef ORIEL_NET_VNC_VNC_PROGRAM_PRIVATE_H
#define ORIEL_NET_VNC_VNC_PROGRAM_PRIVATE_H

#include "net/vnc/vnc_program.h"

#define EXIT_BROKEN 1     /* the link or the host failed us */
#define EXIT_NO_SANDBOX 3 /* which was required */

/* ---- vnc_program.c ---- */

/* Ends everything that keeps the loop running; the loop then ends by itself,
 * once jobs in progress are done. */
void vnc_program_end(struct vnc_program *program, int exit_status);
/* A message to the core, which arrives, or the program ends. */
void vnc_program_send(struct vnc_program *program, uint32_t type, uint32_t head,
                      uint32_t generation, const void *payload, size_t size);
/* Whoever the callback of an owner belongs to. */
struct vnc_program *vnc_program_of(const struct viewer *viewer);

/* ---- vnc_messages.c ---- */

extern const struct link_ops vnc_link_ops;

/* ---- vnc_door.c ---- */

/* Enters the sandbox, as the settings have it, and tells the core. False: it
 * was required and cannot be had, so that the program ends. */
bool vnc_program_close_door(struct vnc_program *program);

/* ---- vnc_viewers.c ---- */

void vnc_viewers_init(struct vnc_program *program, const struct vnc_options *options);
/* What decides about the idle timer, or about accepting, has changed. */
void vnc_viewers_update_idle(struct vnc_program *program);
void vnc_viewers_update_listeners(struct vnc_program *program);
/* Of rfb_listener. */
void vnc_viewers_accepted(struct rfb_listener *listener, int fd, const struct peer *peer);
/* Input of viewers that waited has gone to the core. */
void vnc_viewers_resume_inputs(struct vnc_program *program);
struct viewer *vnc_viewers_find(struct vnc_program *program, uint32_t id);

/* ---- vnc_reports.c ---- */

/* Tells all of the viewer. */
void vnc_report(struct vnc_program *program, struct viewer *viewer);
/* Something about it may be another. */
void vnc_report_later(struct vnc_program *program, struct viewer *viewer);
/* Answers LINK_ASK. */
void vnc_report_all(struct vnc_program *program, uint32_t number);

#endif
