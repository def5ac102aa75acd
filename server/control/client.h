// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One connection to the control socket: cuts what comes in into lines and
 * writes what goes out. Loop thread.
 *
 * Requests of a client are handled in their order, one at a time. A client
 * that does not read its replies is not read from either, so that what it
 * can occupy is bounded, and is cut off when it takes no byte for a while.
 */
#ifndef ORIEL_SERVER_CONTROL_CLIENT_H
#define ORIEL_SERVER_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* Of one line, with its newline. */
#define CONTROL_MAX_REQUEST (64u * 1024)
/* With more than this unread, no further request of the client is handled. */
#define CONTROL_MAX_BACKLOG (64u * 1024)
/* A client that takes no byte for so long is cut off. */
#define CONTROL_STALL_MS 10000

struct control;
struct control_request;

struct control_client {
    struct control *control;
    struct control_client *next;
    struct control_request *current; /* in progress, NULL: none */
    /* The rest belongs to client.c. */
    uv_pipe_t pipe;
    uv_timer_t stall_timer;
    size_t stall_size; /* bytes that were unwritten when the timer was armed */
    bool reading, ended, closing;
    bool handling; /* a line is being handled: its reply may come from inside */
    int open_handles;
    size_t used;
    char buffer[CONTROL_MAX_REQUEST];
};

/* Accepts a connection. Returns NULL (and logs) when that fails. `control`
 * learns of the end by control_client_gone(). */
struct control_client *control_client_accept(struct control *control, uv_stream_t *listener);
/* Sends `size` bytes; `data` is malloc'ed and passes to the client. */
void control_client_send(struct control_client *client, char *data, size_t size);
/* The request in progress has been answered. */
void control_client_resume(struct control_client *client);
/* Two phases. Harmless when it closes already. */
void control_client_close(struct control_client *client);

#endif
