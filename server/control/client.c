// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/client.h"
#include "server/control/control.h"
#include "server/control/request.h"
#include "server/log.h"

#include <stdlib.h>
#include <string.h>

struct outgoing {
    uv_write_t request;
    struct control_client *client;
    char *data;
};

static void advance(struct control_client *client);

static uv_stream_t *stream_of(struct control_client *client)
{
    return (uv_stream_t *)&client->pipe;
}

static size_t backlog_of(struct control_client *client)
{
    return uv_stream_get_write_queue_size(stream_of(client));
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct control_client *client = handle->data;
    if (--client->open_handles > 0)
        return;
    control_client_gone(client);
    free(client);
}

void control_client_close(struct control_client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    if (client->current != NULL)
        control_request_abandon(client->current);
    client->current = NULL;
    uv_close((uv_handle_t *)&client->pipe, on_handle_closed);
    uv_close((uv_handle_t *)&client->stall_timer, on_handle_closed);
}

static void on_stall(uv_timer_t *timer)
{
    struct control_client *client = timer->data;
    size_t backlog = backlog_of(client);
    if (backlog >= client->stall_size) {
        log_warning("control", "a client has not read for %d s: cut off", CONTROL_STALL_MS / 1000);
        control_client_close(client);
        return;
    }
    client->stall_size = backlog;
    uv_timer_start(timer, on_stall, CONTROL_STALL_MS, 0);
}

/* The timer runs only while something waits to be read. */
static void watch_backlog(struct control_client *client)
{
    size_t backlog = backlog_of(client);
    if (backlog == 0)
        uv_timer_stop(&client->stall_timer);
    else if (!uv_is_active((uv_handle_t *)&client->stall_timer)) {
        client->stall_size = backlog;
        uv_timer_start(&client->stall_timer, on_stall, CONTROL_STALL_MS, 0);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct outgoing *outgoing = request->data;
    struct control_client *client = outgoing->client;
    free(outgoing->data);
    free(outgoing);
    if (client->closing)
        return;
    if (status < 0) {
        control_client_close(client);
        return;
    }
    /* That was progress; on_stall() sees that of a large write alone. */
    uv_timer_stop(&client->stall_timer);
    watch_backlog(client);
    advance(client);
}

void control_client_send(struct control_client *client, char *data, size_t size)
{
    struct outgoing *outgoing = client->closing ? NULL : malloc(sizeof(*outgoing));
    if (outgoing == NULL) {
        /* A reply left out would make the client take the next for it. */
        control_client_close(client);
        free(data);
        return;
    }
    *outgoing = (struct outgoing){.client = client, .data = data};
    outgoing->request.data = outgoing;
    uv_buf_t buffer = {.base = data, .len = size};
    if (uv_write(&outgoing->request, stream_of(client), &buffer, 1, on_written) < 0) {
        control_client_close(client);
        free(data);
        free(outgoing);
        return;
    }
    watch_backlog(client);
}

/* Handles one line. Returns false when none is complete. */
static bool handle_line(struct control_client *client)
{
    char *end = memchr(client->buffer, '\n', client->used);
    if (end == NULL)
        return false;
    size_t length = (size_t)(end - client->buffer);
    client->handling = true;
    control_request_run(client, client->buffer, length);
    client->handling = false;
    client->used -= length + 1;
    memmove(client->buffer, end + 1, client->used);
    return true;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct control_client *client = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(client->buffer + client->used,
                          (unsigned)(sizeof(client->buffer) - client->used));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct control_client *client = stream->data;
    (void)buffer;
    if (size > 0)
        client->used += (size_t)size;
    else if (size < 0)
        client->ended = true;
    advance(client);
}

static bool may_read(struct control_client *client)
{
    return !client->ended && client->current == NULL && backlog_of(client) <= CONTROL_MAX_BACKLOG;
}

/* Does whatever can be done next: called whenever something has changed. */
static void advance(struct control_client *client)
{
    while (!client->closing && client->current == NULL &&
           backlog_of(client) <= CONTROL_MAX_BACKLOG && handle_line(client))
        ;
    if (client->closing)
        return;
    if (client->current == NULL && client->used == sizeof(client->buffer) &&
        memchr(client->buffer, '\n', client->used) == NULL) {
        control_request_refuse(client, "the request is longer than 64 KiB");
        client->used = 0;
        client->ended = true;
    }
    bool read = may_read(client);
    if (read && !client->reading)
        uv_read_start(stream_of(client), on_allocate, on_read);
    else if (!read && client->reading)
        uv_read_stop(stream_of(client));
    client->reading = read;
    if (client->ended && client->current == NULL && backlog_of(client) == 0)
        control_client_close(client);
}

void control_client_resume(struct control_client *client)
{
    client->current = NULL;
    if (!client->handling)
        advance(client);
}

struct control_client *control_client_accept(struct control *control, uv_stream_t *listener)
{
    struct control_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        log_error("control", "out of memory for a client");
        return NULL;
    }
    client->control = control;
    uv_pipe_init(listener->loop, &client->pipe, 0);
    uv_timer_init(listener->loop, &client->stall_timer);
    client->pipe.data = client->stall_timer.data = client;
    client->open_handles = 2;
    if (uv_accept(listener, stream_of(client)) != 0)
        control_client_close(client);
    else
        advance(client);
    return client;
}
