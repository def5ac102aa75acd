// SPDX-License-Identifier: GPL-2.0-or-later
/* What the core says, message by message. */
#include "net/vnc/vnc_program_private.h"

#include "net/vnc/policy.h"
#include "server/log.h"
#include "server/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool settings_are_sound(const struct vnc_program *program,
                               const struct link_settings *settings)
{
    bool texts = is_text(settings->name, sizeof(settings->name)) &&
                 is_text(settings->log_modules, sizeof(settings->log_modules)) &&
                 is_text(settings->trace, sizeof(settings->trace));
    bool same = !program->have_settings ||
                (settings->heads == program->heads && settings->sandbox == program->sandbox);
    return texts && same && settings->version == LINK_VERSION && settings->heads >= 1 &&
           settings->heads <= LINK_MAX_HEADS && settings->log_level <= LOG_DEBUG &&
           settings->log_format <= LOG_JSON && settings->sandbox <= LINK_SANDBOX_REQUIRE;
}

static int set_log(const struct link_settings *settings)
{
    int rc = log_set_modules(settings->log_modules, NULL);
    if (rc == 0)
        rc = trace_set_pattern(settings->trace, NULL);
    if (rc < 0)
        return -EPROTO;
    log_set_level((enum log_level)settings->log_level);
    log_set_format((enum log_format)settings->log_format);
    return 0;
}

static void set_name(struct vnc_program *program, const char *name)
{
    struct viewer_owner *owner = &program->owner;
    if (strcmp(owner->machine, name) == 0)
        return;
    snprintf(owner->machine, sizeof(owner->machine), "%s", name);
    owner->machine_names++;
    for (struct viewer *v = program->viewers; v; v = v->next)
        viewer_name_changed(v);
}

static int handle_settings(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    const struct link_settings *settings = payload;
    (void)header;
    (void)fd;
    if (!settings_are_sound(program, settings))
        return -EPROTO;
    int rc = set_log(settings);
    if (rc < 0)
        return rc;
    program->have_settings = true;
    program->heads = settings->heads;
    program->sandbox = settings->sandbox;
    program->idle_timeout_ms = settings->idle_timeout_ms;
    set_name(program, settings->name);
    vnc_viewers_update_idle(program);
    return 0;
}

static int handle_policy(struct vnc_program *program, const struct link_header *header,
                         const void *payload, int fd)
{
    (void)header;
    (void)fd;
    if (!policy_is_sound(payload))
        return -EPROTO;
    memcpy(&program->policy, payload, sizeof(program->policy));
    budget_set_limit(&program->budget, program->policy.max_bytes);
    vnc_viewers_update_listeners(program);
    return 0;
}

static void take_password(struct vnc_program *program, struct password *password, int fd,
                          const char *which)
{
    int rc = 0;
    if (fd < 0)
        password_clear(password);
    else
        rc = password_read(password, fd);
    if (rc < 0)
        log_error("vnc", "%s file: %s; nobody is let in by it", which,
                  rc == -ENODATA ? "its first line is empty" : uv_strerror(rc));
    if (fd >= 0)
        close(fd);
    for (struct viewer *v = program->viewers; v; v = v->next)
        viewer_credentials_changed(v);
}

static int handle_password(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    (void)header;
    (void)payload;
    take_password(program, &program->credentials.full, fd, "password");
    return 0;
}

static int handle_view_password(struct vnc_program *program, const struct link_header *header,
                                const void *payload, int fd)
{
    (void)header;
    (void)payload;
    take_password(program, &program->credentials.view, fd, "view-only password");
    return 0;
}

static bool listener_is_sound(const struct vnc_program *program, const struct link_header *header,
                              const struct link_listener *message)
{
    return message->kind == LINK_LISTENER_VNC && header->head < program->heads &&
           message->all_heads <= 1 && (!message->all_heads || header->head == 0) &&
           is_text(message->address, sizeof(message->address));
}

static int handle_listener(struct vnc_program *program, const struct link_header *header,
                           const void *payload, int fd)
{
    const struct link_listener *message = payload;
    struct rfb_listener *listener;
    if (!listener_is_sound(program, header, message)) {
        close(fd);
        return -EPROTO;
    }
    int rc = rfb_listener_create(&listener, program->loop, fd, header->head, message);
    if (rc < 0)
        return rc;
    listener->user = program;
    listener->accepted = vnc_viewers_accepted;
    listener->next = program->listeners;
    program->listeners = listener;
    vnc_viewers_update_listeners(program);
    return 0;
}

static int handle_listener_gone(struct vnc_program *program, const struct link_header *header,
                                const void *payload, int fd)
{
    const struct link_listener_gone *message = payload;
    struct rfb_listener **at = &program->listeners;
    (void)header;
    (void)fd;
    while (*at && (*at)->id != message->id)
        at = &(*at)->next;
    if (!*at)
        return -EPROTO;
    struct rfb_listener *listener = *at;
    *at = listener->next;
    rfb_listener_close(listener);
    for (struct viewer *v = program->viewers; v; v = v->next) {
        if (v->listener_id == message->id)
            viewer_close(v, "its listener is closed");
    }
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

static int handle_disconnect(struct vnc_program *program, const struct link_header *header,
                             const void *payload, int fd)
{
    const struct link_disconnect *message = payload;
    struct viewer *viewer = vnc_viewers_find(program, message->viewer);
    (void)header;
    (void)fd;
    if (viewer)
        viewer_close(viewer, "hung up on by request");
    return 0;
}

static int handle_ask(struct vnc_program *program, const struct link_header *header,
                      const void *payload, int fd)
{
    const struct link_ask *message = payload;
    (void)header;
    (void)fd;
    vnc_report_all(program, message->number);
    return 0;
}

static int handle_ready(struct vnc_program *program, const struct link_header *header,
                        const void *payload, int fd)
{
    (void)header;
    (void)payload;
    (void)fd;
    if (program->ready)
        return -EPROTO;
    if (!vnc_program_close_door(program))
        return 0;
    program->ready = true;
    vnc_viewers_update_idle(program);
    vnc_viewers_update_listeners(program);
    return 0;
}

static int on_message(struct link *link, const struct link_header *header, const void *payload,
                      int fd)
{
    static int (*const handlers[LINK_DOWN_END])(struct vnc_program *, const struct link_header *,
                                                const void *, int) = {
        [LINK_SETTINGS] = handle_settings,
        [LINK_PASSWORD] = handle_password,
        [LINK_LISTENER] = handle_listener,
        [LINK_HEAD] = handle_head,
        [LINK_FRAME] = handle_frame,
        [LINK_CURSOR] = handle_cursor,
        [LINK_CURSOR_MOVE] = handle_cursor_move,
        [LINK_READY] = handle_ready,
        [LINK_SEAT] = handle_seat,
        [LINK_POLICY] = handle_policy,
        [LINK_VIEW_PASSWORD] = handle_view_password,
        [LINK_LISTENER_GONE] = handle_listener_gone,
        [LINK_DISCONNECT] = handle_disconnect,
        [LINK_ASK] = handle_ask,
    };
    struct vnc_program *program = link->user;
    bool expected = program->have_settings || header->type == LINK_SETTINGS;
    if (!expected || !handlers[header->type]) {
        if (fd >= 0)
            close(fd);
        return -EPROTO;
    }
    return handlers[header->type](program, header, payload, fd);
}

static void on_writable(struct link *link)
{
    struct vnc_program *program = link->user;
    uplink_flush(&program->uplink);
    vnc_viewers_resume_inputs(program);
    vnc_viewers_update_listeners(program);
}

static void on_closed(struct link *link, int error)
{
    if (error < 0)
        log_error("vnc", "the link broke: %s", uv_strerror(error));
    vnc_program_end(link->user, error < 0 ? EXIT_BROKEN : 0);
}

const struct link_ops vnc_link_ops = {
    .message = on_message,
    .writable = on_writable,
    .closed = on_closed,
};
