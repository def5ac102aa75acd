// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/control.h"
#include "server/control/client.h"
#include "server/control/screenshot.h"
#include "server/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Each has a buffer for one request. */
#define MAX_CLIENTS 256

struct control {
    struct core *core;
    uv_pipe_t listener;
    struct control_client *clients;
    unsigned nclients;
    struct log_limit refusals;
    struct screenshots screenshots;
    /* What has to end before we may: the listener, clients, requests. */
    unsigned alive;
    void (*done)(void *user);
    void *user;
};

struct core *control_core(struct control *control)
{
    return control->core;
}

uv_loop_t *control_loop(struct control *control)
{
    return control->listener.loop;
}

struct screenshots *control_screenshots(struct control *control)
{
    return &control->screenshots;
}

static void release(struct control *control)
{
    if (--control->alive > 0)
        return;
    void (*done)(void *user) = control->done;
    void *user = control->user;
    free(control);
    if (done != NULL)
        done(user);
}

void control_request_begun(struct control *control)
{
    control->alive++;
}

void control_request_over(struct control *control)
{
    release(control);
}

void control_client_gone(struct control_client *client)
{
    struct control *control = client->control;
    struct control_client **at = &control->clients;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    control->nclients--;
    release(control);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = listener->data;
    if (status < 0) {
        log_warning_limited(&control->refusals, "control", "cannot accept: %s",
                            uv_strerror(status));
        return;
    }
    struct control_client *client = control_client_accept(control, listener);
    if (client == NULL)
        return;
    client->next = control->clients;
    control->clients = client;
    control->nclients++;
    control->alive++;
    /* One too many is hung up on at once: left in the queue it would keep
     * the listener readable. */
    if (control->nclients > MAX_CLIENTS) {
        log_warning_limited(&control->refusals, "control", "more than %d clients", MAX_CLIENTS);
        control_client_close(client);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    release(handle->data);
}

struct control *control_create(struct core *core, uv_loop_t *loop, int fd)
{
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    control->core = core;
    control->alive = 1;
    uv_pipe_init(loop, &control->listener, 0);
    control->listener.data = control;
    int r = uv_pipe_open(&control->listener, fd);
    if (r < 0)
        close(fd);
    else
        r = uv_listen((uv_stream_t *)&control->listener, SOMAXCONN, on_connection);
    if (r < 0) {
        uv_close((uv_handle_t *)&control->listener, on_listener_closed);
        errno = -r;
        return NULL;
    }
    return control;
}

void control_destroy(struct control *control, void (*done)(void *user), void *user)
{
    control->done = done;
    control->user = user;
    for (struct control_client *client = control->clients; client != NULL; client = client->next)
        control_client_close(client);
    uv_close((uv_handle_t *)&control->listener, on_listener_closed);
}
