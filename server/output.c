// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/log.h"
#include "server/metrics.h"
#include "server/output_input.h"
#include "server/output_internal.h"
#include "server/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who dies within this time is started again after a pause that doubles. */
#define QUICK_DEATH_MS 1000
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 1000

static void start(struct output *output);

/* ---- Listeners ---- */

static void on_listener_readable(uv_poll_t *poll, int status, int events)
{
    struct output_listener *entry = poll->data;
    struct output *output = entry->output;
    (void)status;
    (void)events;
    for (entry = output->listeners; entry; entry = entry->next)
        uv_poll_stop(&entry->poll);
    start(output);
}

static void watch_listener(struct output_listener *entry)
{
    if (entry->listener != NULL)
        uv_poll_start(&entry->poll, UV_READABLE, on_listener_readable);
}

static void count_closed(struct output *output);

static void on_poll_closed(uv_handle_t *handle)
{
    struct output_listener *entry = handle->data;
    struct output *output = entry->output;
    entry->closed = true;
    output_sweep_listeners(output); /* the handle goes with its entry */
    count_closed(output);
}

/* Waits for connections where no program runs and none is about to. */
static bool is_waiting(const struct output *output)
{
    return !output->running && !output->closing && output->begun && !output->config.eager &&
           !uv_is_active((const uv_handle_t *)&output->backoff_timer);
}

int output_add_listener(struct output *output, const struct listener *listener)
{
    struct output_listener *entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return -ENOMEM;
    int r = uv_poll_init(output->loop, &entry->poll, listener->fd);
    if (r < 0) {
        free(entry);
        return r;
    }
    entry->output = output;
    entry->listener = listener;
    entry->id = ++output->last_listener_id;
    entry->poll.data = entry;
    output->open_handles++;
    struct output_listener **at = &output->listeners;
    while (*at != NULL)
        at = &(*at)->next;
    *at = entry;
    if (is_waiting(output))
        watch_listener(entry);
    if (output->running)
        output_tell(output, OUTPUT_OWES_LISTENERS);
    return 0;
}

static void remove_listener(struct output_listener *entry)
{
    entry->listener = NULL;
    uv_close((uv_handle_t *)&entry->poll, on_poll_closed);
}

void output_remove_listener(struct output *output, const struct listener *listener)
{
    struct output_listener *entry = output->listeners;
    while (entry != NULL && entry->listener != listener)
        entry = entry->next;
    if (entry == NULL)
        return;
    remove_listener(entry);
    if (entry->told)
        output_tell(output, OUTPUT_OWES_LISTENERS);
}

void output_sweep_listeners(struct output *output)
{
    struct output_listener **at = &output->listeners;
    while (*at != NULL) {
        struct output_listener *entry = *at;
        if (entry->listener == NULL && entry->closed && !(entry->told && output->running)) {
            *at = entry->next;
            free(entry);
        } else {
            at = &entry->next;
        }
    }
}

/* ---- Waiting ---- */

static void resume(struct output *output)
{
    if (output->config.eager) {
        start(output);
        return;
    }
    for (struct output_listener *entry = output->listeners; entry; entry = entry->next)
        watch_listener(entry);
}

void output_begin(struct output *output)
{
    output->begun = true;
    resume(output);
}

static void on_backoff(uv_timer_t *timer)
{
    resume(timer->data);
}

static uint64_t backoff_ms(const struct output *output)
{
    unsigned doublings = output->quick_deaths - 1;
    return doublings >= 4 ? BACKOFF_MAX_MS : (uint64_t)BACKOFF_FIRST_MS << doublings;
}

/* ---- What the program says ---- */

static int handle_hello(struct output *output, const struct link_hello *message)
{
    if (output->greeted || message->version != LINK_VERSION)
        return -EPROTO;
    output->greeted = true;
    log_debug("output", "%s %u is there", output->config.program, message->pid);
    return 0;
}

static int handle_viewer(struct output *output, uint32_t head, const struct link_viewer *message)
{
    uint64_t before = output->viewers.total;
    int r = viewers_update(&output->viewers, head, message);
    metric_add(METRIC_viewers_total, metric_label(METRIC_viewers_total, output->config.kind),
               output->viewers.total - before);
    return r;
}

static int handle_encodings(struct output *output, const struct link_encodings *message)
{
    return output_figures_update(&output->figures, (const struct link_encoding *)(message + 1),
                                 message->count);
}

static int handle_sandboxed(struct output *output, const struct link_sandboxed *message)
{
    if ((message->parts & ~(uint32_t)LINK_SANDBOX_ALL) != 0)
        return -EPROTO;
    output->sandbox = message->parts;
    return 0;
}

static void on_sent(void *user)
{
    output_watch(user);
}

static int handle_subscribe(struct output *output, uint32_t head)
{
    const struct output_head_shared shared = {
        .link = &output->program.link,
        .last_generation = &output->last_generation,
        .sent = on_sent,
        .user = output,
    };
    return output_head_subscribe(&output->heads[head], &output->config.heads[head], &shared);
}

static int handle_head_message(struct output *output, const struct link_header *header,
                               const void *payload)
{
    struct output_head *head = &output->heads[header->head];
    switch (header->type) {
    case LINK_SUBSCRIBE:
        return handle_subscribe(output, header->head);
    case LINK_UNSUBSCRIBE:
        return output_head_unsubscribe(head);
    case LINK_CREDIT:
        return output_head_credit(head, header->generation, payload);
    case LINK_TAKEN:
        return output_head_taken(head, header->generation, payload);
    case LINK_VIEWER:
        return handle_viewer(output, header->head, payload);
    case LINK_VIEWER_GONE:
        return viewers_remove(&output->viewers, ((const struct link_viewer_gone *)payload)->id);
    case LINK_ENCODINGS:
        return handle_encodings(output, payload);
    case LINK_ANSWER:
        return output_handle_answer(output, payload);
    case LINK_SANDBOXED:
        return handle_sandboxed(output, payload);
    default:
        return output_input_message(&output->viewers, output->config.nheads, header, payload,
                                    output->config.input);
    }
}

static int handle_message(struct output *output, const struct link_header *header,
                          const void *payload)
{
    if (header->type == LINK_HELLO)
        return handle_hello(output, payload);
    if (!output->greeted || header->head >= output->config.nheads)
        return -EPROTO;
    return handle_head_message(output, header, payload);
}

static int on_message(struct program *program, const struct link_header *header,
                      const void *payload, int fd)
{
    struct output *output = program->user;
    /* No message upwards carries a descriptor, so link.c lets none through;
     * one all the same is not kept. */
    if (fd >= 0)
        close(fd);
    trace(output_message, "output=%s type=%u head=%u size=%u", output->config.kind, header->type,
          header->head, header->size);
    int r = handle_message(output, header, payload);
    output_heard(output);
    return r;
}

static void on_writable(struct program *program)
{
    struct output *output = program->user;
    output_tell(output, 0);
    for (unsigned i = 0; i < output->config.nheads; i++)
        output_head_writable(&output->heads[i]);
}

/* ---- Life and death ---- */

static void on_lost(struct program *program, int error)
{
    struct output *output = program->user;
    if (error < 0)
        log_warning("output", "%s (pid %d) broke the protocol of the link (%s): cut off",
                    output->config.program, program_pid(program), strerror(-error));
    for (unsigned i = 0; i < output->config.nheads; i++)
        output_head_unsubscribe(&output->heads[i]);
    viewers_clear(&output->viewers);
    output_watch_stop(output);
    /* It takes a moment to end; who asks meanwhile is not to wait for it. */
    output->greeted = false;
    output_answered(output);
}

static void log_end(const struct output *output)
{
    const struct program *program = &output->program;
    const char *path = output->config.program;
    if (program->start_error < 0)
        log_error("output", "cannot start %s: %s", path, strerror(-program->start_error));
    else if (program->exit_signal != 0)
        log_warning("output", "%s was ended by signal %d (%s)", path, program->exit_signal,
                    strsignal(program->exit_signal));
    else if (program->exit_status != 0)
        log_warning("output", "%s ended with status %d", path, (int)program->exit_status);
    else
        log_info("output", "%s has ended", path);
}

static void count_closed(struct output *output)
{
    if (--output->open_handles > 0)
        return;
    void (*done)(void *user) = output->done;
    void *user = output->user;
    free(output);
    if (done != NULL)
        done(user);
}

static void on_handle_closed(uv_handle_t *handle)
{
    count_closed(handle->data);
}

static void close_handles(struct output *output)
{
    for (struct output_listener *entry = output->listeners; entry; entry = entry->next)
        if (entry->listener != NULL)
            remove_listener(entry);
    uv_close((uv_handle_t *)&output->backoff_timer, on_handle_closed);
    uv_close((uv_handle_t *)&output->watch_timer, on_handle_closed);
}

static void on_over(struct program *program)
{
    struct output *output = program->user;
    output->running = false;
    output->sandbox = 0;
    output_figures_restart(&output->figures);
    output_sweep_listeners(output);
    log_end(output);
    if (output->closing) {
        close_handles(output);
        return;
    }
    if (uv_now(output->loop) - output->started_ms >= QUICK_DEATH_MS)
        output->quick_deaths = 0;
    else
        output->quick_deaths++;
    if (output->quick_deaths == 0)
        resume(output);
    else
        uv_timer_start(&output->backoff_timer, on_backoff, backoff_ms(output), 0);
}

static const struct program_ops program_ops = {
    .message = on_message,
    .writable = on_writable,
    .lost = on_lost,
    .over = on_over,
};

static void start(struct output *output)
{
    output->running = true;
    output->greeted = output->hung = false;
    output->last_generation = 0;
    output->starts++;
    output->started_ms = uv_now(output->loop);
    metric_add(METRIC_output_starts_total,
               metric_label(METRIC_output_starts_total, output->config.kind), 1);
    program_start(&output->program, output->loop, output->config.program, &program_ops, output);
    if (output->program.start_error < 0)
        return;
    log_info("output", "%s started (pid %d)", output->config.program,
             program_pid(&output->program));
    output_tell_all(output);
    /* For its hello. */
    output_watch(output);
}

struct output *output_create(uv_loop_t *loop, const struct output_config *config)
{
    struct output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return NULL;
    output->loop = loop;
    output->config = *config;
    output->viewers.seat = input_seat(config->input);
    uv_timer_init(loop, &output->backoff_timer);
    uv_timer_init(loop, &output->watch_timer);
    output->backoff_timer.data = output->watch_timer.data = output;
    output->open_handles = 2;
    return output;
}

void output_status(const struct output *output, struct output_status *status)
{
    *status = (struct output_status){
        .kind = output->config.kind,
        .pid = output->running ? program_pid(&output->program) : 0,
        .starts = output->starts,
        .sandbox = output->sandbox,
        .viewers = &output->viewers,
    };
}

void output_destroy(struct output *output, void (*done)(void *user), void *user)
{
    output->closing = true;
    output->done = done;
    output->user = user;
    uv_timer_stop(&output->backoff_timer);
    output_watch_stop(output);
    if (output->running)
        program_end(&output->program);
    else
        close_handles(output);
}
