// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/vnc_program_private.h"

#include "net/vnc/policy.h"
#include "server/log.h"

#include <string.h>
#include <unistd.h>

void vnc_program_end(struct vnc_program *program, int exit_status)
{
    if (program->ending)
        return;
    program->ending = true;
    program->exit_status = exit_status;
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
    budget_close(&program->budget);
    uv_close((uv_handle_t *)&program->idle_timer, NULL);
    uv_close((uv_handle_t *)&program->report_timer, NULL);
    link_close(&program->link, NULL);
}

void vnc_program_send(struct vnc_program *program, uint32_t type, uint32_t head,
                      uint32_t generation, const void *payload, size_t size)
{
    if (program->ending)
        return;
    if (uplink_send(&program->uplink, type, head, generation, payload, size) < 0) {
        log_error("vnc", "out of memory");
        vnc_program_end(program, EXIT_BROKEN);
    }
}

struct vnc_program *vnc_program_of(const struct viewer *viewer)
{
    return (struct vnc_program *)((char *)viewer->owner - offsetof(struct vnc_program, owner));
}

static void on_display_send(struct display *display, uint32_t type, uint32_t generation,
                            const void *payload, size_t size)
{
    vnc_program_send(display->user, type, display->head, generation, payload, size);
}

static const struct display_ops display_ops = {.send = on_display_send};

int vnc_program_start(struct vnc_program *program, uv_loop_t *loop, int fd,
                      const struct vnc_options *options)
{
    memset(program, 0, sizeof(*program));
    program->loop = loop;
    int rc = link_open(&program->link, loop, fd, LINK_OUTPUT, &vnc_link_ops, program);
    if (rc < 0)
        return rc;
    program->uplink.link = &program->link;
    uv_timer_init(loop, &program->idle_timer);
    uv_timer_init(loop, &program->report_timer);
    program->idle_timer.data = program->report_timer.data = program;
    program->policy = policy_default();
    program->gate.limit = options->encoders;
    budget_init(&program->budget, loop, program->policy.max_bytes);
    vnc_viewers_init(program, options);
    for (uint32_t i = 0; i < LINK_MAX_HEADS; i++)
        display_init(&program->displays[i], loop, i, &display_ops, program);
    struct link_hello hello = {.version = LINK_VERSION, .pid = (uint32_t)getpid()};
    vnc_program_send(program, LINK_HELLO, 0, 0, &hello, sizeof(hello));
    return 0;
}

void vnc_program_fini(struct vnc_program *program)
{
    credentials_clear(&program->credentials);
    uplink_free(&program->uplink);
}
