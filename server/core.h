// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core: the loop, and everything that lives on it, put together and taken
 * apart in order. Loop thread.
 */
#ifndef ORIEL_SERVER_CORE_H
#define ORIEL_SERVER_CORE_H

#include "device/gpu.h"
#include "device/head.h"
#include "device/vhost_user.h"
#include "server/config.h"
#include "server/control/control.h"
#include "server/input.h"
#include "server/listener.h"
#include "server/loop_meter.h"
#include "server/output.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* GPU, input devices, control socket, and each head on each address. */
#define CORE_MAX_LISTENERS (2 + INPUT_DEVICES + CONFIG_MAX_LISTEN * HEAD_MAX_HEADS)
/* What has not ended by then is left behind. */
#define CORE_STOP_DEADLINE_MS 900

struct core {
    uv_loop_t loop;
    const struct config *config;
    uint64_t started_ns; /* by uv_hrtime() */
    bool gpu_handed_over; /* its socket came as a descriptor */

    struct head heads[HEAD_MAX_HEADS];
    unsigned nheads; /* that are open */
    struct gpu *gpu;
    struct vhost_user *vhost_user;
    struct input *input;
    struct output *vnc; /* NULL: no VNC */
    char vnc_program[PATH_MAX];
    struct control *control; /* NULL: no control socket */

    struct listener listeners[CORE_MAX_LISTENERS];
    unsigned nlisteners;
    struct listener *vnc_listeners[CORE_MAX_LISTENERS]; /* of the ones above */
    unsigned nvnc_listeners;

    uv_signal_t signals[2];
    uv_async_t stop_async;
    uv_timer_t deadline;
    struct loop_meter meter;
    bool stopping;
    unsigned closing; /* what the present step of the end waits for */
};

/*
 * Opens everything. `gpu_fd` is a connected or listening socket for the VMM
 * (it becomes ours), or -1: then config->gpu.socket is opened. `config` must
 * outlive the core. Returns 0 or a negative errno after having said what is
 * wrong; core_run() is to be called in both cases, it takes things apart
 * again.
 */
int core_start(struct core *core, const struct config *config, int gpu_fd);
/* Runs until core_stop() and takes everything apart. */
void core_run(struct core *core);
/* Asks for the end, which comes in a later turn of the loop. */
void core_stop(struct core *core);

uint64_t core_uptime_ms(const struct core *core);

#endif
