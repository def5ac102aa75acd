// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request on the control socket, from its line to its reply. Loop thread.
 *
 *     {"id": 1, "command": "status"}
 *     {"id": 1, "ok": true, ...}            or
 *     {"id": 1, "ok": false, "error": "a sentence"}
 */
#ifndef ORIEL_SERVER_CONTROL_REQUEST_H
#define ORIEL_SERVER_CONTROL_REQUEST_H

#include <jansson.h>
#include <stddef.h>

struct control;
struct control_client;
struct control_command;

struct control_request {
    struct control *control;
    struct control_client *client; /* NULL: gone, the reply goes nowhere */
    const struct control_command *command;
    json_t *message; /* the whole request, with checked parameters */
    /* For handlers that answer later: what they work on, and how to be told
     * that nobody waits any more. They answer all the same. */
    void *state;
    void (*cancel)(struct control_request *request);
};

/* Handles one line of `length` bytes (without its newline). */
void control_request_run(struct control_client *client, const char *line, size_t length);
/* An error reply without a request. */
void control_request_refuse(struct control_client *client, const char *error);
/* The client is gone. */
void control_request_abandon(struct control_request *request);

/* The replies: each ends the request and frees it. `fields` (an object, or
 * NULL) passes to the reply. */
void control_reply(struct control_request *request, json_t *fields);
void control_reply_error(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An error with further fields, as control_reply(). */
void control_reply_failure(struct control_request *request, json_t *fields, const char *error);
/* With one more field, whose text (malloc'ed; letters that need no escaping)
 * may be large and is not copied. */
void control_reply_large(struct control_request *request, json_t *fields, const char *name,
                         char *text, size_t size);

#endif
