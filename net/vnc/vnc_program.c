// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/vnc_program.h"

#include "server/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ends everything that keeps the loop running; the loop then ends by itself,
 * once jobs in progress are done. */
static void end(struct vnc_program *program, int error)
{
    if (program->ending)
        return;
    program->ending = true;
    program->exit_error = error;
    for (struct rfb_listener *l = program->listeners, *next; l; l = next) {
        next = l->next;
        rfb_listener_close(l);
    }
    program->listeners = NULL;
    for (struct viewer *v = program->viewers, *next; v; v = next) {
        next = v->next;
        viewer_close(v, NULL);
    }
    for (uint32_t i = 0; i < LINK_MAX_HEADS; i++)
        display_fini(&program->displays[i]);
    uv_close((uv_handle_t *)&program->idle_timer, NULL);
    link_close(&program->link, NULL);
}

static void run_out_of_memory(struct vnc_program *program)
{
    log_error("vnc", "out of memory");
    end(program, -ENOMEM);
}

static void send_up(struct vnc_program *program, uint32_t type, uint32_t head,
                    uint32_t generation, const void *payload, size_t size)
{
    if (program->ending)
        return;
    if (uplink_send(&program->uplink, type, head, generation, payload, size) < 0)
        run_out_of_memory(program);
}

static void on_display_send(struct display *display, uint32_t type, uint32_t generation,
                            const void *payload, size_t size)
{
    send_up(display->user, type, display->head, generation, payload, size);
}

static const struct display_ops display_ops = {.send = on_display_send};

/* ---- listeners and viewers ---- */

static void on_idle(uv_timer_t *timer)
{
    struct vnc_program *program = timer->data;
    log_info("vnc", "no viewers any more");
    end(program, 0);
}

static void update_idle_timer(struct vnc_program *program)
{
    if (program->ending || !program->ready)
        return;
    if (program->nviewers > 0 || program->idle_timeout_ms == 0)
        uv_timer_stop(&program->idle_timer);
    else
        uv_timer_start(&program->idle_timer, on_idle, program->idle_timeout_ms, 0);
}

static void update_listeners(struct vnc_program *program)
{
    bool accept = program->ready && !program->ending && program->nviewers < VNC_MAX_VIEWERS &&
                  uplink_idle(&program->uplink);
    for (struct rfb_listener *l = program->listeners; l; l = l->next)
        rfb_listener_accept(l, accept);
}

static struct vnc_program *program_of(const struct viewer *viewer)
{
    return (struct vnc_program *)((char *)viewer->owner - offsetof(struct vnc_program, owner));
}

static void on_announce(struct viewer *viewer)
{
    struct vnc_program *program = program_of(viewer);
    struct link_viewer message = {.id = viewer->id, .shared = viewer->handshake.shared};
    snprintf(message.address, sizeof(message.address), "%s", viewer->address);
    if (viewer->encodings_known)
        snprintf(message.encoding, sizeof(message.encoding), "%s",
                 encoding_name(viewer->encodings.preferred));
    viewer->announced = true;
    send_up(program, LINK_VIEWER, viewer->display->head, 0, &message, sizeof(message));
}

static void on_send_input(struct viewer *viewer, uint32_t type, const void *payload, size_t size)
{
    struct vnc_program *program = program_of(viewer);
    if (program->ending)
        return;
    ptrdiff_t waiting = uplink_send_input(&program->uplink, viewer->id, type,
                                          viewer->display->head, payload, size);
    if (waiting < 0)
        run_out_of_memory(program);
    else
        viewer->input_waiting += (size_t)waiting;
}

/* The viewer may be gone; its input has been sent all the same. */
static void on_input_sent(struct uplink *uplink, uint32_t id, size_t size)
{
    struct vnc_program *program =
        (struct vnc_program *)((char *)uplink - offsetof(struct vnc_program, uplink));
    struct viewer *viewer = program->viewers;
    while (viewer && viewer->id != id)
        viewer = viewer->next;
    if (viewer)
        viewer->input_waiting -= size;
}

static void resume_inputs(struct vnc_program *program)
{
    for (struct viewer *v = program->viewers, *next; v; v = next) {
        next = v->next;
        if (v->input_waiting <= VIEWER_MAX_INPUT_WAITING / 2)
            viewer_resume_input(v);
    }
}

static void on_gone(struct viewer *viewer)
{
    struct vnc_program *program = program_of(viewer);
    if (viewer->previous)
        viewer->previous->next = viewer->next;
    else
        program->viewers = viewer->next;
    if (viewer->next)
        viewer->next->previous = viewer->previous;
    program->nviewers--;
    if (viewer->announced) {
        struct link_viewer_gone message = {.id = viewer->id,
                                           .bytes_sent = viewer->bytes_sent,
                                           .updates_sent = viewer->updates_sent};
        send_up(program, LINK_VIEWER_GONE, viewer->display->head, 0, &message, sizeof(message));
    }
    update_idle_timer(program);
    update_listeners(program);
}

static void on_accepted(struct rfb_listener *listener, int fd, const char *peer)
{
    struct vnc_program *program = listener->user;
    struct viewer *viewer;
    int rc = viewer_create(&viewer, &program->owner, &program->displays[listener->head],
                           ++program->last_viewer_id, fd, peer);
    if (rc < 0) {
        log_warning("vnc", "%s: cannot serve %s: %s", listener->address, peer, uv_strerror(rc));
        return;
    }
    log_debug("vnc", "%s: connection from %s", listener->address, peer);
    viewer->previous = NULL;
    viewer->next = program->viewers;
    if (viewer->next)
        viewer->next->previous = viewer;
    program->viewers = viewer;
    program->nviewers++;
    update_idle_timer(program);
    update_listeners(program);
}

/* ---- messages of the core ---- */

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static int handle_settings(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    const struct link_settings *settings = payload;
    (void)header;
    (void)fd;
    if (settings->version != LINK_VERSION || settings->heads < 1 ||
        settings->heads > LINK_MAX_HEADS || settings->log_level > LOG_DEBUG ||
        !is_text(settings->name, sizeof(settings->name)))
        return -EPROTO;
    log_set_level((enum log_level)settings->log_level);
    program->have_settings = true;
    program->heads = settings->heads;
    program->idle_timeout_ms = settings->idle_timeout_ms;
    memcpy(program->owner.machine, settings->name, sizeof(program->owner.machine));
    update_idle_timer(program);
    return 0;
}

static int handle_password(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    (void)header;
    (void)payload;
    int rc = password_read(&program->password, fd);
    close(fd);
    if (rc < 0)
        log_error("vnc", "password file: %s; nobody is let in",
                  rc == -ENODATA ? "its first line is empty" : uv_strerror(rc));
    return 0;
}

static int handle_listener(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    const struct link_listener *message = payload;
    struct rfb_listener *listener;
    if (message->kind != LINK_LISTENER_VNC || header->head >= program->heads ||
        !is_text(message->address, sizeof(message->address))) {
        close(fd);
        return -EPROTO;
    }
    int rc = rfb_listener_create(&listener, program->loop, fd, header->head, message->address);
    if (rc < 0)
        return rc;
    listener->user = program;
    listener->accepted = on_accepted;
    listener->next = program->listeners;
    program->listeners = listener;
    update_listeners(program);
    return 0;
}

static int handle_head(struct vnc_program *program, const struct link_header *header,
                       const void *payload, int fd)
{
    int rc = display_handle_head(&program->displays[header->head], header->generation, payload, fd);
    close(fd);
    return rc;
}

static int handle_frame(struct vnc_program *program, const struct link_header *header,
                        const void *payload, int fd)
{
    (void)fd;
    return display_handle_frame(&program->displays[header->head], header->generation, payload);
}

static int handle_cursor(struct vnc_program *program, const struct link_header *header,
                         const void *payload, int fd)
{
    (void)fd;
    return display_handle_cursor(&program->displays[header->head], payload);
}

static int handle_cursor_move(struct vnc_program *program, const struct link_header *header,
                              const void *payload, int fd)
{
    (void)fd;
    return display_handle_cursor_move(&program->displays[header->head], payload);
}

static int handle_seat(struct vnc_program *program, const struct link_header *header,
                       const void *payload, int fd)
{
    (void)header;
    (void)fd;
    memcpy(&program->seat, payload, sizeof(program->seat));
    if (program->seat.relative > 1)
        return -EPROTO;
    for (struct viewer *v = program->viewers, *next; v; v = next) {
        next = v->next;
        viewer_seat_changed(v);
    }
    return 0;
}

static int handle_ready(struct vnc_program *program, const struct link_header *header,
                        const void *payload, int fd)
{
    (void)header;
    (void)payload;
    (void)fd;
    program->ready = true;
    update_idle_timer(program);
    update_listeners(program);
    return 0;
}

static int on_message(struct link *link, const struct link_header *header, const void *payload,
                      int fd)
{
    static int (*const handlers[LINK_DOWN_END])(struct vnc_program *, const struct link_header *,
                                                const void *, int) = {
        [LINK_SETTINGS] = handle_settings, [LINK_PASSWORD] = handle_password,
        [LINK_LISTENER] = handle_listener, [LINK_HEAD] = handle_head,
        [LINK_FRAME] = handle_frame,       [LINK_CURSOR] = handle_cursor,
        [LINK_CURSOR_MOVE] = handle_cursor_move, [LINK_READY] = handle_ready,
        [LINK_SEAT] = handle_seat,
    };
    struct vnc_program *program = link->user;
    if (!program->have_settings && header->type != LINK_SETTINGS) {
        if (fd >= 0)
            close(fd);
        return -EPROTO;
    }
    /* Later parts of the protocol that this program does not know yet. */
    if (!handlers[header->type]) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    return handlers[header->type](program, header, payload, fd);
}

static void on_writable(struct link *link)
{
    struct vnc_program *program = link->user;
    uplink_flush(&program->uplink);
    resume_inputs(program);
    update_listeners(program);
}

static void on_closed(struct link *link, int error)
{
    if (error < 0)
        log_error("vnc", "the link broke: %s", uv_strerror(error));
    end(link->user, error);
}

static const struct link_ops link_ops = {
    .message = on_message,
    .writable = on_writable,
    .closed = on_closed,
};

int vnc_program_start(struct vnc_program *program, uv_loop_t *loop, int fd,
                      const struct vnc_options *options)
{
    memset(program, 0, sizeof(*program));
    program->loop = loop;
    int rc = link_open(&program->link, loop, fd, LINK_OUTPUT, &link_ops, program);
    if (rc < 0)
        return rc;
    program->uplink.link = &program->link;
    program->uplink.sent = on_input_sent;
    uv_timer_init(loop, &program->idle_timer);
    program->idle_timer.data = program;
    program->gate.limit = options->encoders;
    program->owner = (struct viewer_owner){
        .loop = loop,
        .gate = &program->gate,
        .password = &program->password,
        .sender_ops = &lvs_sender_ops,
        .seat = &program->seat,
        .handshake_timeout_ms = options->handshake_timeout_ms,
        .announce = on_announce,
        .send_input = on_send_input,
        .gone = on_gone,
    };
    for (uint32_t i = 0; i < LINK_MAX_HEADS; i++)
        display_init(&program->displays[i], loop, i, &display_ops, program);
    struct link_hello hello = {.version = LINK_VERSION, .pid = (uint32_t)getpid()};
    send_up(program, LINK_HELLO, 0, 0, &hello, sizeof(hello));
    return 0;
}

void vnc_program_fini(struct vnc_program *program)
{
    password_clear(&program->password);
    uplink_free(&program->uplink);
}
