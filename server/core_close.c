// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/core_close.h"
#include "server/core.h"
#include "server/core_vnc.h"
#include "server/log.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void core_close_listeners(struct core *core)
{
    for (unsigned i = 0; i < core->nlisteners; i++)
        listener_close(&core->listeners[i]);
    core->nlisteners = 0;
    core_vnc_close_listeners(core);
}

/* A job may hang in the memory of a guest; nobody who sent SIGTERM wants to
 * wait for that. */
static void on_deadline(uv_timer_t *timer)
{
    struct core *core = timer->data;
    log_warning("core", "something does not end: leaving it behind");
    core_close_listeners(core);
    _exit(EXIT_SUCCESS);
}

static void close_own_handles(struct core *core)
{
    for (int i = 0; i < CORE_SIGNALS; i++)
        uv_close((uv_handle_t *)&core->signals[i], NULL);
    /* Who signals twice gets the clean end all the same. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    loop_meter_stop(&core->meter);
    uv_close((uv_handle_t *)&core->deadline, NULL);
    uv_close((uv_handle_t *)&core->stop_async, NULL);
}

static void on_head_closed(struct head *head)
{
    struct core *core = head->loop->data;
    if (--core->closing == 0)
        close_own_handles(core);
}

static void close_heads(void *user)
{
    struct core *core = user;
    core->closing = core->nheads;
    for (unsigned i = 0; i < core->nheads; i++)
        head_close(&core->heads[i], on_head_closed);
    if (core->nheads == 0)
        close_own_handles(core);
}

static void close_gpu(void *user)
{
    struct core *core = user;
    core->vhost_user = NULL;
    if (core->gpu != NULL)
        gpu_destroy(core->gpu, close_heads, core);
    else
        close_heads(core);
}

static void close_transport(void *user)
{
    struct core *core = user;
    if (core->vhost_user != NULL)
        vhost_user_destroy(core->vhost_user, close_gpu, core);
    else
        close_gpu(core);
}

/* Of the first step: outputs and control. */
static void on_user_closed(void *user)
{
    struct core *core = user;
    if (--core->closing > 0)
        return;
    core->vnc = NULL;
    core->control = NULL;
    struct input *input = core->input;
    core->input = NULL;
    if (input != NULL)
        input_destroy(input, close_transport, core);
    else
        close_transport(core);
}

void core_close(struct core *core)
{
    if (core->stopping)
        return;
    core->stopping = true;
    uv_timer_start(&core->deadline, on_deadline, CORE_STOP_DEADLINE_MS, 0);
    /* One for this function itself, so that nothing is over before all have
     * been asked. */
    core->closing = 1;
    if (core->vnc != NULL) {
        core->closing++;
        output_destroy(core->vnc, on_user_closed, core);
    }
    if (core->control != NULL) {
        core->closing++;
        control_destroy(core->control, on_user_closed, core);
    }
    on_user_closed(core);
}
