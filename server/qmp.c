// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/qmp.h"

#include "server/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's longest lines (query-qmp-schema) have some 200 KiB; ours ask for
 * nothing of the kind. */
#define MAX_LINE (256u * 1024)
#define MAX_WAITING 64
#define RETRY_FIRST_MS 100
#define RETRY_LAST_MS 6400 /* after this one no more until a VMM comes anew */

struct waiting {
    qmp_reply *reply;
    void *user;
};

enum state { IDLE, CONNECTING, GREETING, NEGOTIATING, READY };

struct qmp {
    uv_loop_t *loop;
    char *path;
    const struct qmp_listener *listener;
    void *user;
    enum state state;
    bool wanted; /* a VMM is there */
    bool guest_runs;
    uv_pipe_t pipe;
    bool pipe_open;    /* from uv_pipe_init() to its close callback */
    bool pipe_closing;
    uv_connect_t connect;
    uv_timer_t retry;
    uint64_t retry_ms;
    char *line; /* what has come of the next line */
    size_t used;
    /* QEMU answers in order. */
    struct waiting waiting[MAX_WAITING];
    unsigned first, count;
    bool closing;
    bool timer_closed;
    void (*done)(void *user);
    void *done_user;
};

struct write {
    uv_write_t request;
    char *data;
};

static void connect_now(struct qmp *qmp);

static void finish_destroy(struct qmp *qmp)
{
    if (!qmp->closing || qmp->pipe_open || !qmp->timer_closed)
        return;
    void (*done)(void *user) = qmp->done;
    void *user = qmp->done_user;
    free(qmp->line);
    free(qmp->path);
    free(qmp);
    if (done)
        done(user);
}

static void handle_retry(uv_timer_t *timer)
{
    connect_now(timer->data);
}

static void handle_pipe_closed(uv_handle_t *handle)
{
    struct qmp *qmp = handle->data;
    qmp->pipe_open = qmp->pipe_closing = false;
    if (qmp->closing) {
        finish_destroy(qmp);
        return;
    }
    if (!qmp->wanted)
        return;
    if (qmp->retry_ms > RETRY_LAST_MS) {
        log_warning("qmp", "%s: no answer; not tried again until a VMM connects", qmp->path);
        return;
    }
    uv_timer_start(&qmp->retry, handle_retry, qmp->retry_ms, 0);
    qmp->retry_ms *= 2;
}

/* Ends the connection; who waits for a reply learns of it. */
static void disconnect(struct qmp *qmp, const char *why)
{
    bool was_ready = qmp->state == READY;
    qmp->state = IDLE;
    qmp->guest_runs = false;
    qmp->used = 0;
    while (qmp->count > 0) {
        struct waiting waiting = qmp->waiting[qmp->first];
        qmp->first = (qmp->first + 1) % MAX_WAITING;
        qmp->count--;
        if (waiting.reply)
            waiting.reply(waiting.user, NULL, why);
    }
    if (qmp->pipe_open && !qmp->pipe_closing) {
        qmp->pipe_closing = true;
        uv_close((uv_handle_t *)&qmp->pipe, handle_pipe_closed);
    }
    if (was_ready && !qmp->closing) {
        log_info("qmp", "%s: %s", qmp->path, why);
        qmp->listener->ready(qmp->user, false);
    }
}

static void handle_written(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    (void)status; /* A broken pipe shows itself to the reader. */
    free(write->data);
    free(write);
}

static int send_json(struct qmp *qmp, json_t *json)
{
    char *data = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct write *write = data ? malloc(sizeof *write) : NULL;
    json_decref(json);
    if (!write) {
        free(data);
        return -ENOMEM;
    }
    write->data = data;
    uv_buf_t buffer = uv_buf_init(data, (unsigned)strlen(data));
    int error = uv_write(&write->request, (uv_stream_t *)&qmp->pipe, &buffer, 1, handle_written);
    if (error < 0) {
        free(data);
        free(write);
    }
    return error;
}

static int execute(struct qmp *qmp, const char *command, json_t *arguments, qmp_reply *reply,
                   void *user)
{
    if (qmp->count == MAX_WAITING) {
        json_decref(arguments);
        return -ENOBUFS;
    }
    json_t *json = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    int error = send_json(qmp, json);
    if (error < 0)
        return error;
    qmp->waiting[(qmp->first + qmp->count++) % MAX_WAITING] = (struct waiting){ reply, user };
    return 0;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, qmp_reply *reply,
                void *user)
{
    if (qmp->state != READY) {
        json_decref(arguments);
        return -ENOTCONN;
    }
    return execute(qmp, command, arguments, reply, user);
}

static void handle_status(void *user, const json_t *result, const char *error)
{
    struct qmp *qmp = user;
    if (error)
        return;
    qmp->guest_runs = json_is_true(json_object_get(result, "running"));
}

static void handle_negotiated(void *user, const json_t *result, const char *error)
{
    struct qmp *qmp = user;
    (void)result;
    if (error) {
        if (qmp->state == NEGOTIATING)
            disconnect(qmp, "QEMU refused qmp_capabilities");
        return;
    }
    qmp->state = READY;
    qmp->retry_ms = RETRY_FIRST_MS;
    log_info("qmp", "%s: connected to the VMM", qmp->path);
    execute(qmp, "query-status", NULL, handle_status, qmp);
    qmp->listener->ready(qmp->user, true);
}

static void handle_event(struct qmp *qmp, const char *event)
{
    if (strcmp(event, "STOP") == 0)
        qmp->guest_runs = false;
    else if (strcmp(event, "RESUME") == 0)
        qmp->guest_runs = true;
}

static void handle_reply(struct qmp *qmp, const json_t *json)
{
    if (qmp->count == 0)
        return;
    struct waiting waiting = qmp->waiting[qmp->first];
    qmp->first = (qmp->first + 1) % MAX_WAITING;
    qmp->count--;
    if (!waiting.reply)
        return;
    const json_t *result = json_object_get(json, "return");
    const char *error =
        json_string_value(json_object_get(json_object_get(json, "error"), "desc"));
    waiting.reply(waiting.user, result, result ? NULL : error ? error : "no reason given");
}

static void handle_line(struct qmp *qmp, const char *line, size_t size)
{
    json_t *json = json_loadb(line, size, 0, NULL);
    const char *event = json_string_value(json_object_get(json, "event"));
    if (!json_is_object(json))
        disconnect(qmp, "the VMM sent a line that is no JSON object");
    else if (event)
        handle_event(qmp, event);
    else if (qmp->state == GREETING && json_object_get(json, "QMP")) {
        qmp->state = NEGOTIATING;
        if (execute(qmp, "qmp_capabilities", NULL, handle_negotiated, qmp) < 0)
            disconnect(qmp, "the VMM takes no commands");
    } else {
        handle_reply(qmp, json);
    }
    json_decref(json);
}

static void handle_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct qmp *qmp = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(qmp->line + qmp->used, (unsigned)(MAX_LINE - qmp->used));
}

static void handle_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct qmp *qmp = stream->data;
    (void)buffer;
    if (n < 0) {
        disconnect(qmp, n == UV_ENOBUFS ? "the VMM sent too long a line" : "the VMM has gone");
        return;
    }
    qmp->used += (size_t)n;
    size_t done = 0;
    while (qmp->state != IDLE) {
        const char *newline = memchr(qmp->line + done, '\n', qmp->used - done);
        if (!newline)
            break;
        size_t size = (size_t)(newline - (qmp->line + done));
        size_t next = done + size + 1;
        handle_line(qmp, qmp->line + done, size);
        done = next;
    }
    if (qmp->state == IDLE)
        return;
    memmove(qmp->line, qmp->line + done, qmp->used - done);
    qmp->used -= done;
}

static void handle_connected(uv_connect_t *connect, int status)
{
    struct qmp *qmp = connect->data;
    if (status == UV_ECANCELED)
        return;
    if (status < 0) {
        disconnect(qmp, uv_strerror(status));
        return;
    }
    qmp->state = GREETING;
    if (uv_read_start((uv_stream_t *)&qmp->pipe, handle_allocate, handle_read) < 0)
        disconnect(qmp, "cannot read");
}

static void connect_now(struct qmp *qmp)
{
    if (qmp->pipe_open || qmp->closing || !qmp->wanted)
        return;
    uv_pipe_init(qmp->loop, &qmp->pipe, 0);
    qmp->pipe.data = qmp;
    qmp->connect.data = qmp;
    qmp->pipe_open = true;
    qmp->state = CONNECTING;
    uv_pipe_connect(&qmp->connect, &qmp->pipe, qmp->path, handle_connected);
}

struct qmp *qmp_create(uv_loop_t *loop, const char *path, const struct qmp_listener *listener,
                       void *user)
{
    struct qmp *qmp = calloc(1, sizeof *qmp);
    if (!qmp)
        return NULL;
    qmp->path = strdup(path);
    qmp->line = malloc(MAX_LINE);
    if (!qmp->path || !qmp->line) {
        free(qmp->path);
        free(qmp->line);
        free(qmp);
        errno = ENOMEM;
        return NULL;
    }
    qmp->loop = loop;
    qmp->listener = listener;
    qmp->user = user;
    uv_timer_init(loop, &qmp->retry);
    qmp->retry.data = qmp;
    return qmp;
}

void qmp_vmm_connected(struct qmp *qmp, bool connected)
{
    qmp->wanted = connected;
    qmp->retry_ms = RETRY_FIRST_MS;
    uv_timer_stop(&qmp->retry);
    if (connected)
        connect_now(qmp);
    else
        disconnect(qmp, "the VMM has gone");
}

bool qmp_ready(const struct qmp *qmp)
{
    return qmp->state == READY;
}

bool qmp_guest_runs(const struct qmp *qmp)
{
    return qmp->state == READY && qmp->guest_runs;
}

static void handle_timer_closed(uv_handle_t *handle)
{
    struct qmp *qmp = handle->data;
    qmp->timer_closed = true;
    finish_destroy(qmp);
}

void qmp_destroy(struct qmp *qmp, void (*done)(void *user), void *user)
{
    qmp->closing = true;
    qmp->done = done;
    qmp->done_user = user;
    disconnect(qmp, "Oriel is ending");
    uv_close((uv_handle_t *)&qmp->retry, handle_timer_closed);
}
