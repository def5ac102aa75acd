// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/request.h"
#include "server/control/client.h"
#include "server/control/command.h"
#include "server/control/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The message as a line without its newline, or NULL. `fields` is released. */
static char *dump_reply(const json_t *id, json_t *fields, const char *error)
{
    json_t *reply = json_object();
    char *line = NULL;
    int r = json_object_set_new(reply, "id", id ? json_deep_copy(id) : json_null());
    r |= json_object_set_new(reply, "ok", json_boolean(error == NULL));
    if (error != NULL)
        r |= json_object_set_new(reply, "error", json_string(error));
    if (fields != NULL)
        r |= json_object_update(reply, fields);
    if (r == 0)
        line = json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    json_decref(fields);
    return line;
}

static void send_line(struct control_client *client, char *line)
{
    if (line == NULL) {
        control_client_close(client);
        return;
    }
    size_t length = strlen(line);
    line[length] = '\n'; /* in place of the NUL */
    control_client_send(client, line, length + 1);
}

/* Gives the request up; the client handles its next one. */
static void finish(struct control_request *request)
{
    struct control_client *client = request->client;
    struct control *control = request->control;
    bool in_progress = client != NULL && client->current == request;
    json_decref(request->message);
    free(request);
    if (in_progress)
        control_client_resume(client);
    control_request_over(control);
}

void control_reply(struct control_request *request, json_t *fields)
{
    if (request->client != NULL)
        send_line(request->client,
                  dump_reply(json_object_get(request->message, "id"), fields, NULL));
    else
        json_decref(fields);
    finish(request);
}

void control_reply_failure(struct control_request *request, json_t *fields, const char *error)
{
    if (request->client != NULL)
        send_line(request->client,
                  dump_reply(json_object_get(request->message, "id"), fields, error));
    else
        json_decref(fields);
    finish(request);
}

void control_reply_error(struct control_request *request, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (request->client != NULL)
        send_line(request->client, dump_reply(json_object_get(request->message, "id"), NULL, text));
    finish(request);
}

static void send_large(struct control_request *request, json_t *fields, const char *name,
                       char *text, size_t size)
{
    struct control_client *client = request->client;
    char *line = dump_reply(json_object_get(request->message, "id"), fields, NULL);
    char *begin = NULL, *end = strdup("\"}");
    int length = -1;
    if (line != NULL && end != NULL) {
        line[strlen(line) - 1] = '\0'; /* the closing brace */
        length = asprintf(&begin, "%s,\"%s\":\"", line, name);
    }
    free(line);
    if (length < 0) {
        free(text);
        free(end);
        control_client_close(client);
        return;
    }
    control_client_send(client, begin, (size_t)length);
    control_client_send(client, text, size);
    send_line(client, end);
}

void control_reply_large(struct control_request *request, json_t *fields, const char *name,
                         char *text, size_t size)
{
    if (request->client != NULL) {
        send_large(request, fields, name, text, size);
    } else {
        free(text);
        json_decref(fields);
    }
    finish(request);
}

void control_request_refuse(struct control_client *client, const char *error)
{
    send_line(client, dump_reply(NULL, NULL, error));
}

void control_request_abandon(struct control_request *request)
{
    request->client = NULL;
    if (request->cancel != NULL)
        request->cancel(request);
}

static struct control_request *create(struct control_client *client, json_t *message)
{
    struct control_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        json_decref(message);
        return NULL;
    }
    request->control = client->control;
    request->client = client;
    request->message = message;
    control_request_begun(client->control);
    return request;
}

/* Returns NULL after having answered. */
static struct control_request *parse(struct control_client *client, const char *line, size_t length)
{
    char text[JSON_ERROR_TEXT_LENGTH + 64];
    json_error_t error;
    json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (message == NULL) {
        snprintf(text, sizeof(text), "not JSON: %s", error.text);
        control_request_refuse(client, text);
        return NULL;
    }
    if (!json_is_object(message) || !json_is_string(json_object_get(message, "command"))) {
        json_decref(message);
        control_request_refuse(client, "a request is an object with a \"command\"");
        return NULL;
    }
    struct control_request *request = create(client, message);
    if (request == NULL)
        control_client_close(client);
    return request;
}

void control_request_run(struct control_client *client, const char *line, size_t length)
{
    /* Blank lines come from people who type. */
    if (strspn(line, " \t\r\n") >= length)
        return;
    struct control_request *request = parse(client, line, length);
    if (request == NULL)
        return;
    client->current = request;
    control_command_run(request);
}
