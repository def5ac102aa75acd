// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: accepts clients and keeps account of them and of their
 * requests. Loop thread.
 */
#ifndef ORIEL_SERVER_CONTROL_CONTROL_H
#define ORIEL_SERVER_CONTROL_CONTROL_H

#include <uv.h>

struct control;
struct control_client;
struct core;
struct screenshots;

/* `fd` is a listening unix socket; it passes to us also on failure. NULL with
 * errno set on failure. */
struct control *control_create(struct core *core, uv_loop_t *loop, int fd);
/* Two phases: ends all clients and waits for their requests. */
void control_destroy(struct control *control, void (*done)(void *user), void *user);

/* For the parts of the control socket. */
struct core *control_core(struct control *control);
uv_loop_t *control_loop(struct control *control);
struct screenshots *control_screenshots(struct control *control);
void control_client_gone(struct control_client *client);
void control_request_begun(struct control *control);
void control_request_over(struct control *control);

#endif
