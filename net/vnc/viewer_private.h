// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of a viewer (viewer.h) share among themselves. */
#ifndef ORIEL_NET_VNC_VIEWER_PRIVATE_H
#define ORIEL_NET_VNC_VIEWER_PRIVATE_H

#include "net/vnc/viewer.h"

/* ---- viewer.c ---- */

/* Writes to the socket what it takes and polls for the rest. */
void viewer_flush(struct viewer *viewer);
/* The size of the head is known; a viewer that waits for it starts. */
void viewer_size_known(struct viewer *viewer);
/* Handles what has come as far as it can be handled now. */
void viewer_handle_input(struct viewer *viewer);

/* ---- viewer_messages.c ---- */

/* Handles one whole message. Returns 0 or a negative errno: the viewer has
 * to go. */
int viewer_handle_message(struct viewer *viewer, const uint8_t *message, size_t size);
/* The message has to wait until the update in progress is sent. */
bool viewer_message_waits(const struct viewer *viewer, uint8_t type);

/* ---- viewer_damage.c ---- */

extern const struct display_watcher_ops viewer_watcher_ops;
bool viewer_draws_cursor(const struct viewer *viewer);
/* Nothing that it has is right. */
void viewer_all_pending(struct viewer *viewer);
/* Gives up the moves that wait: where they lead is sent as pixels. */
void viewer_drop_moves(struct viewer *viewer);
void viewer_request(struct viewer *viewer, bool incremental, const pixman_box32_t *area);
void viewer_set_encodings(struct viewer *viewer, const struct encodings *encodings);
void viewer_refuse_size(struct viewer *viewer);

/* ---- viewer_update.c ---- */

void viewer_update_init(struct viewer *viewer);
void viewer_update_fini(struct viewer *viewer);
/* Sends an update when one is due and may go out. */
void viewer_update(struct viewer *viewer);
/* struct update_sender_config's done(), before viewer.c's part of it. */
void viewer_update_sent(struct viewer *viewer, int error);

#endif
