// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of a viewer (viewer.h) share among themselves. */
#ifndef ORIEL_NET_VNC_VIEWER_PRIVATE_H
#define ORIEL_NET_VNC_VIEWER_PRIVATE_H

#include "net/vnc/viewer.h"

/* ---- viewer.c ---- */

/* Writes to the socket what it takes and polls for the rest. */
void viewer_flush(struct viewer *viewer);
/* The size of its picture is known; a viewer that waits for it starts. */
void viewer_size_known(struct viewer *viewer);
/* Writes what its desktop is called. */
void viewer_write_name(const struct viewer *viewer, char *name, size_t size);
/* Handles what has come as far as it can be handled now. */
void viewer_handle_input(struct viewer *viewer);

/* ---- viewer_login.c ---- */

/* Says the server's version. Returns 0 or a negative errno. */
int viewer_greet(struct viewer *viewer);
/* Of viewer->handshake_timer. */
void viewer_handshake_timeout(uv_timer_t *timer);
/* Handles one message of the handshake. Returns how many bytes that were; 0
 * when more have to come, or when it has to wait. */
size_t viewer_shake_hands(struct viewer *viewer, const uint8_t *data, size_t size);

/* ---- viewer_progress.c ---- */

/* So many bytes have just been taken by the socket. */
void viewer_progress(struct viewer *viewer, size_t bytes);

/* ---- viewer_messages.c ---- */

/* As client_message_length(), for what was agreed on with this viewer. */
int64_t viewer_message_length(const struct viewer *viewer, const uint8_t *data, size_t size);
/* Handles one whole message. Returns 0 or a negative errno: the viewer has
 * to go. */
int viewer_handle_message(struct viewer *viewer, const uint8_t *message, size_t size);
/* The message is input, and too much of it waits for the link already. */
bool viewer_message_waits(const struct viewer *viewer, uint8_t type);
/* No update is being sent any more: tells the sender what it did not know.
 * Returns 0 or a negative errno. */
int viewer_apply_settings(struct viewer *viewer);

/* ---- viewer_input.c; each handles one whole message ---- */

int viewer_handle_key(struct viewer *viewer, const uint8_t *message, size_t size);
int viewer_handle_qemu(struct viewer *viewer, const uint8_t *message, size_t size);
int viewer_handle_pointer(struct viewer *viewer, const uint8_t *message, size_t size);

/* ---- viewer_clipboard.c ---- */

int viewer_handle_cut_text(struct viewer *viewer, const uint8_t *message, size_t size);
/* Messages of the clipboard that are due go out, if they may now. */
void viewer_send_clipboard(struct viewer *viewer);

/* ---- viewer_notices.c ---- */

/* There is something that the viewer asked to know and has not been told. */
bool viewer_notices_due(const struct viewer *viewer);
/* Appends it as rectangles of an update; returns how many. */
uint32_t viewer_notices_write(struct viewer *viewer, struct bytes *out);
/* The guest has moved the cursor. */
void viewer_pointer_moved(struct viewer *viewer);
/* It knows that it may send more buttons than RFB has. */
bool viewer_has_extended_buttons(const struct viewer *viewer);

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
