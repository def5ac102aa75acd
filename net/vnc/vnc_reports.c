// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the core is told of the viewers. What a viewer says about itself goes
 * at once; what changes with each update goes at most once a second, and not
 * at all while nothing changes.
 */
#include "net/vnc/vnc_program_private.h"

#include <stdio.h>

#define REPORT_INTERVAL_MS 1000

static enum link_viewer_state state_of(const struct viewer *viewer)
{
    if (viewer->stalled)
        return LINK_VIEWER_STALLED;
    return viewer->sending || viewer->out.size > 0 ? LINK_VIEWER_BUSY : LINK_VIEWER_IDLE;
}

void vnc_report(struct vnc_program *program, struct viewer *viewer)
{
    struct link_viewer message = {
        .id = viewer->id,
        .shared = viewer->handshake.shared,
        .state = state_of(viewer),
        .view_only = viewer->view_only,
        .all_heads = viewer->view.all,
        .bytes_sent = viewer->bytes_sent,
        .updates_sent = viewer->updates_sent,
        .bytes_queued = viewer->out.size,
    };
    snprintf(message.address, sizeof(message.address), "%s", viewer->address);
    if (viewer->encodings_known)
        snprintf(message.encoding, sizeof(message.encoding), "%s",
                 encoding_name(viewer->encodings.preferred));
    viewer->announced = true;
    viewer->reported_state = message.state;
    vnc_program_send(program, LINK_VIEWER, viewer_head(viewer), 0, &message, sizeof(message));
}

static void report_changed(struct vnc_program *program)
{
    program->last_report_ms = uv_now(program->loop);
    for (struct viewer *v = program->viewers; v && !program->ending; v = v->next) {
        if (v->announced && !v->closing && v->reported_state != state_of(v))
            vnc_report(program, v);
    }
}

static void on_timer(uv_timer_t *timer)
{
    report_changed(timer->data);
}

void vnc_report_later(struct vnc_program *program, struct viewer *viewer)
{
    uint64_t since = uv_now(program->loop) - program->last_report_ms;
    if (program->ending || !viewer->announced || viewer->reported_state == state_of(viewer) ||
        uv_is_active((uv_handle_t *)&program->report_timer))
        return;
    /* Never from inside a viewer's work: what it is doing may not be over. */
    uv_timer_start(&program->report_timer, on_timer,
                   since < REPORT_INTERVAL_MS ? REPORT_INTERVAL_MS - since : 0, 0);
}

void vnc_report_all(struct vnc_program *program, uint32_t number)
{
    struct figures_message figures;
    struct link_answer answer = {.number = number};
    for (struct viewer *v = program->viewers; v && !program->ending; v = v->next) {
        if (v->announced && !v->closing)
            vnc_report(program, v);
    }
    size_t size = figures_write(&program->figures, &figures);
    vnc_program_send(program, LINK_ENCODINGS, 0, 0, &figures, size);
    vnc_program_send(program, LINK_ANSWER, 0, 0, &answer, sizeof(answer));
}
