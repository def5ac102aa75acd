// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/output.h"
#include "net/link.h"
#include "server/log.h"
#include "server/output_head.h"
#include "server/output_input.h"
#include "server/program.h"

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

struct output {
    uv_loop_t *loop;
    struct output_config config;
    uv_poll_t *polls; /* one per listener */
    uv_timer_t backoff_timer;
    struct program program;
    bool running;        /* from program_start() to its `over` */
    bool greeted;        /* it has said LINK_HELLO */
    unsigned setup_step; /* of what it is told at first, see send_setup_step */
    uint32_t last_generation;
    bool owes_seat; /* the program has not been told of the newest LEDs */
    struct output_head heads[HEAD_MAX_HEADS];
    struct viewers viewers;
    uint64_t starts, started_ms;
    unsigned quick_deaths; /* in a row */
    bool closing;
    unsigned open_handles;
    void (*done)(void *user);
    void *user;
};

static void start(struct output *output);

int output_open_password(const char *path)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

static void on_listener_readable(uv_poll_t *poll, int status, int events)
{
    struct output *output = poll->data;
    (void)status;
    (void)events;
    for (unsigned i = 0; i < output->config.nlisteners; i++)
        uv_poll_stop(&output->polls[i]);
    start(output);
}

static void wait_for_connection(struct output *output)
{
    for (unsigned i = 0; i < output->config.nlisteners; i++)
        uv_poll_start(&output->polls[i], UV_READABLE, on_listener_readable);
}

static void resume(struct output *output)
{
    if (output->config.eager)
        start(output);
    else
        wait_for_connection(output);
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

/* ---- What the program is told at first ---- */

static int send_settings(struct output *output)
{
    struct link_settings message = {
        .version = LINK_VERSION,
        .heads = output->config.nheads,
        .idle_timeout_ms = output->config.eager ? 0 : output->config.idle_timeout_ms,
        .log_level = (uint32_t)log_get_level(),
    };
    snprintf(message.name, sizeof(message.name), "%s", output->config.name);
    return link_send_struct(&output->program.link, LINK_SETTINGS, 0, 0, &message, sizeof(message));
}

/* Without the file that was asked for nobody is let in. */
static int send_password(struct output *output)
{
    const struct link_header header = {.type = LINK_PASSWORD};
    if (output->config.password_file == NULL)
        return 0;
    int fd = output_open_password(output->config.password_file);
    if (fd < 0) {
        log_error("output", "cannot open the password file %s: %s", output->config.password_file,
                  fd == -EINVAL ? "not a regular file" : strerror(-fd));
        return fd;
    }
    int r = link_send(&output->program.link, &header, NULL, 0, fd);
    close(fd);
    return r;
}

static int send_listener(struct output *output, const struct listener *listener)
{
    const struct link_header header = {.type = LINK_LISTENER, .head = listener->head};
    struct link_listener message = {.kind = output->config.link_kind};
    snprintf(message.address, sizeof(message.address), "%s", listener->text);
    const struct iovec part = {&message, sizeof(message)};
    return link_send(&output->program.link, &header, &part, 1, listener->fd);
}

static int send_setup_step(struct output *output, unsigned step)
{
    if (step == 0)
        return send_settings(output);
    if (step == 1)
        return send_password(output);
    if (step - 2 < output->config.nlisteners)
        return send_listener(output, output->config.listeners[step - 2]);
    return link_send_struct(&output->program.link, LINK_READY, 0, 0, NULL, 0);
}

static void send_seat(struct output *output)
{
    if (!output->owes_seat || output->setup_step == 0)
        return;
    const struct input_state state = input_state(output->config.input);
    const struct link_seat message = {.leds = state.leds, .relative = state.relative};
    int r = link_send_struct(&output->program.link, LINK_SEAT, 0, 0, &message, sizeof(message));
    output->owes_seat = r == -EAGAIN;
}

void output_input_changed(struct output *output)
{
    output->owes_seat = true;
    if (output->running && !output->closing)
        send_seat(output);
}

/* Goes on where a full socket stopped it. */
static void send_setup(struct output *output)
{
    unsigned steps = output->config.nlisteners + 3;
    while (output->setup_step < steps) {
        int r = send_setup_step(output, output->setup_step);
        if (r == -EAGAIN)
            return;
        if (r < 0) {
            program_end(&output->program);
            return;
        }
        output->setup_step++;
    }
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

static int handle_head_message(struct output *output, const struct link_header *header,
                               const void *payload)
{
    struct output_head *head = &output->heads[header->head];
    switch (header->type) {
    case LINK_SUBSCRIBE:
        return output_head_subscribe(head, &output->program.link,
                                     &output->config.heads[header->head], &output->last_generation);
    case LINK_UNSUBSCRIBE:
        return output_head_unsubscribe(head);
    case LINK_CREDIT:
        return output_head_credit(head, header->generation, payload);
    case LINK_TAKEN:
        return output_head_taken(head, header->generation, payload);
    case LINK_VIEWER:
        return viewers_update(&output->viewers, header->head, payload);
    case LINK_VIEWER_GONE:
        return viewers_remove(&output->viewers, ((const struct link_viewer_gone *)payload)->id);
    default:
        return output_input_message(&output->viewers, output->config.nheads, header, payload,
                                    output->config.input);
    }
}

static int on_message(struct program *program, const struct link_header *header,
                      const void *payload, int fd)
{
    struct output *output = program->user;
    /* No message upwards carries a descriptor, so link.c lets none through;
     * one all the same is not kept. */
    if (fd >= 0)
        close(fd);
    if (header->type == LINK_HELLO)
        return handle_hello(output, payload);
    if (!output->greeted || header->head >= output->config.nheads)
        return -EPROTO;
    return handle_head_message(output, header, payload);
}

static void on_writable(struct program *program)
{
    struct output *output = program->user;
    send_setup(output);
    send_seat(output);
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

static void on_handle_closed(uv_handle_t *handle)
{
    struct output *output = handle->data;
    if (--output->open_handles > 0)
        return;
    void (*done)(void *user) = output->done;
    void *user = output->user;
    free(output->polls);
    free(output);
    if (done != NULL)
        done(user);
}

static void close_handles(struct output *output)
{
    for (unsigned i = 0; i < output->config.nlisteners; i++)
        uv_close((uv_handle_t *)&output->polls[i], on_handle_closed);
    uv_close((uv_handle_t *)&output->backoff_timer, on_handle_closed);
}

static void on_over(struct program *program)
{
    struct output *output = program->user;
    output->running = false;
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
    output->greeted = false;
    output->setup_step = 0;
    output->owes_seat = true;
    output->last_generation = 0;
    output->starts++;
    output->started_ms = uv_now(output->loop);
    program_start(&output->program, output->loop, output->config.program, &program_ops, output);
    if (output->program.start_error < 0)
        return;
    log_info("output", "%s started (pid %d)", output->config.program,
             program_pid(&output->program));
    send_setup(output);
    send_seat(output);
}

struct output *output_create(uv_loop_t *loop, const struct output_config *config)
{
    struct output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return NULL;
    output->polls = calloc(config->nlisteners, sizeof(*output->polls));
    if (output->polls == NULL) {
        free(output);
        errno = ENOMEM;
        return NULL;
    }
    output->loop = loop;
    output->config = *config;
    output->viewers.seat = input_seat(config->input);
    uv_timer_init(loop, &output->backoff_timer);
    output->backoff_timer.data = output;
    output->open_handles = 1;
    for (unsigned i = 0; i < config->nlisteners; i++) {
        int r = uv_poll_init(loop, &output->polls[i], config->listeners[i]->fd);
        if (r < 0) {
            /* The others are closed as if there had been only them. */
            output->config.nlisteners = i;
            close_handles(output);
            errno = -r;
            return NULL;
        }
        output->polls[i].data = output;
        output->open_handles++;
    }
    resume(output);
    return output;
}

void output_status(const struct output *output, struct output_status *status)
{
    *status = (struct output_status){
        .kind = output->config.kind,
        .pid = output->running ? program_pid(&output->program) : 0,
        .starts = output->starts,
        .viewers = &output->viewers,
    };
}

void output_destroy(struct output *output, void (*done)(void *user), void *user)
{
    output->closing = true;
    output->done = done;
    output->user = user;
    uv_timer_stop(&output->backoff_timer);
    if (output->running)
        program_end(&output->program);
    else
        close_handles(output);
}
