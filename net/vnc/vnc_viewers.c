// SPDX-License-Identifier: GPL-2.0-or-later
/* Viewers come and go. */
#include "net/vnc/vnc_program_private.h"

#include "server/log.h"

#include <unistd.h>

static void on_idle(uv_timer_t *timer)
{
    log_info("vnc", "no viewers any more");
    vnc_program_end(timer->data, 0);
}

void vnc_viewers_update_idle(struct vnc_program *program)
{
    if (program->ending || !program->ready)
        return;
    if (program->nviewers > 0 || program->idle_timeout_ms == 0)
        uv_timer_stop(&program->idle_timer);
    else
        uv_timer_start(&program->idle_timer, on_idle, program->idle_timeout_ms, 0);
}

void vnc_viewers_update_listeners(struct vnc_program *program)
{
    uint32_t limit = program->policy.max_viewers;
    if (limit > VNC_MAX_VIEWERS)
        limit = VNC_MAX_VIEWERS;
    bool accept = program->ready && !program->ending && program->nviewers < limit &&
                  uplink_idle(&program->uplink);
    for (struct rfb_listener *l = program->listeners; l; l = l->next)
        rfb_listener_accept(l, accept);
}

struct viewer *vnc_viewers_find(struct vnc_program *program, uint32_t id)
{
    struct viewer *viewer = program->viewers;
    while (viewer && viewer->id != id)
        viewer = viewer->next;
    return viewer;
}

/* ---- what viewers call ---- */

static bool is_in(const struct viewer *viewer)
{
    return viewer->state != VIEWER_HANDSHAKE && !viewer->closing;
}

static bool is_alone(const struct viewer *viewer)
{
    return viewer->alone;
}

static bool see_the_same(const struct viewer *a, const struct viewer *b)
{
    return a->view.all || b->view.all || viewer_head(a) == viewer_head(b);
}

static void hang_up_on_others(struct vnc_program *program, const struct viewer *viewer)
{
    for (struct viewer *v = program->viewers; v; v = v->next) {
        if (v != viewer && is_in(v) && see_the_same(v, viewer))
            viewer_close(v, "another viewer wants to be alone");
    }
}

static const char *on_admit(struct viewer *viewer)
{
    struct vnc_program *program = vnc_program_of(viewer);
    /* Who may not touch the guest may not throw out others either. */
    bool wants_alone = !viewer->handshake.shared && !viewer->view_only;
    if (program->policy.share == LINK_SHARE_FORCE_SHARED && wants_alone)
        return "wants to be alone, which is not allowed here";
    if (program->policy.share != LINK_SHARE_ALLOW_EXCLUSIVE)
        return NULL;
    viewer->alone = wants_alone;
    if (wants_alone) {
        hang_up_on_others(program, viewer);
        return NULL;
    }
    for (struct viewer *v = program->viewers; v; v = v->next) {
        if (is_in(v) && is_alone(v) && see_the_same(v, viewer))
            return "another viewer wants to be alone";
    }
    return NULL;
}

static void on_announce(struct viewer *viewer)
{
    vnc_report(vnc_program_of(viewer), viewer);
}

static void on_changed(struct viewer *viewer)
{
    vnc_report_later(vnc_program_of(viewer), viewer);
}

static void on_send_input(struct viewer *viewer, uint32_t type, uint32_t head, const void *payload,
                          size_t size)
{
    struct vnc_program *program = vnc_program_of(viewer);
    if (program->ending || viewer->view_only)
        return;
    ptrdiff_t waiting = uplink_send_input(&program->uplink, viewer->id, type, head, payload, size);
    if (waiting < 0) {
        log_error("vnc", "out of memory");
        vnc_program_end(program, EXIT_BROKEN);
    } else {
        viewer->input_waiting += (size_t)waiting;
    }
}

/* The viewer may be gone; its input has been sent all the same. */
static void on_input_sent(struct uplink *uplink, uint32_t id, size_t size)
{
    struct vnc_program *program =
        (struct vnc_program *)((char *)uplink - offsetof(struct vnc_program, uplink));
    struct viewer *viewer = vnc_viewers_find(program, id);
    if (viewer)
        viewer->input_waiting -= size;
}

void vnc_viewers_resume_inputs(struct vnc_program *program)
{
    for (struct viewer *v = program->viewers, *next; v; v = next) {
        next = v->next;
        if (v->input_waiting <= VIEWER_MAX_INPUT_WAITING / 2)
            viewer_resume_input(v);
    }
}

static void on_gone(struct viewer *viewer)
{
    struct vnc_program *program = vnc_program_of(viewer);
    if (viewer->previous)
        viewer->previous->next = viewer->next;
    else
        program->viewers = viewer->next;
    if (viewer->next)
        viewer->next->previous = viewer->previous;
    program->nviewers--;
    addresses_leave(&program->addresses, &viewer->peer);
    if (viewer->announced) {
        struct link_viewer_gone message = {.id = viewer->id,
                                           .bytes_sent = viewer->bytes_sent,
                                           .updates_sent = viewer->updates_sent};
        vnc_program_send(program, LINK_VIEWER_GONE, viewer_head(viewer), 0, &message,
                         sizeof(message));
    }
    vnc_viewers_update_idle(program);
    vnc_viewers_update_listeners(program);
}

/* ---- who comes ---- */

/* The shortest way to tell a viewer that it is not welcome; it needs no state
 * here. */
static void refuse(struct vnc_program *program, const struct rfb_listener *listener, int fd,
                   const struct peer *peer)
{
    struct bytes farewell = {0};
    handshake_refuse(&farewell, "Too many connections from this address");
    if (!farewell.failed)
        send(fd, farewell.data, farewell.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    bytes_free(&farewell);
    close(fd);
    log_warning_limited(&program->refusals, "vnc", "%s: %s has too many connections",
                        listener->address, peer->text);
}

static void add(struct vnc_program *program, struct viewer *viewer)
{
    viewer->previous = NULL;
    viewer->next = program->viewers;
    if (viewer->next)
        viewer->next->previous = viewer;
    program->viewers = viewer;
    program->nviewers++;
}

void vnc_viewers_accepted(struct rfb_listener *listener, int fd, const struct peer *peer)
{
    struct vnc_program *program = listener->user;
    struct viewer *viewer;
    const struct viewer_door door = {
        .displays = &program->displays[listener->head],
        .count = listener->all_heads ? program->heads : 1,
        .all = listener->all_heads,
        .listener_id = listener->id,
    };
    if (!addresses_enter(&program->addresses, peer, program->policy.max_viewers_per_address)) {
        refuse(program, listener, fd, peer);
        return;
    }
    int rc = viewer_create(&viewer, &program->owner, &door, ++program->last_viewer_id, fd, peer);
    if (rc < 0) {
        addresses_leave(&program->addresses, peer);
        log_warning_limited(&program->refusals, "vnc", "%s: cannot serve %s: %s", listener->address,
                            peer->text, uv_strerror(rc));
        return;
    }
    log_debug("vnc", "%s: connection from %s", listener->address, peer->text);
    add(program, viewer);
    vnc_viewers_update_idle(program);
    vnc_viewers_update_listeners(program);
}

void vnc_viewers_init(struct vnc_program *program, const struct vnc_options *options)
{
    program->uplink.sent = on_input_sent;
    program->owner = (struct viewer_owner){
        .loop = program->loop,
        .gate = &program->gate,
        .budget = &program->budget,
        .addresses = &program->addresses,
        .credentials = &program->credentials,
        .policy = &program->policy,
        .figures = &program->figures,
        .sender_ops = &lvs_sender_ops,
        .seat = &program->seat,
        .stall_timeout_ms = options->stall_timeout_ms,
        .admit = on_admit,
        .announce = on_announce,
        .changed = on_changed,
        .send_input = on_send_input,
        .gone = on_gone,
    };
}
