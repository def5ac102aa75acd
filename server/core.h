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
#include "server/exit_code.h"
#include "server/input.h"
#include "server/listener.h"
#include "server/loop_meter.h"
#include "server/output.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* GPU, input devices, control socket; those of VNC are in a list. */
#define CORE_MAX_LISTENERS (2 + INPUT_DEVICES)
/* What has not ended by then is left behind. */
#define CORE_STOP_DEADLINE_MS 900

/* SIGTERM, SIGINT, SIGHUP. */
#define CORE_SIGNALS 3

struct vnc_listener;

struct core {
    uv_loop_t loop;
    struct config *config; /* as it is now; server/reload.h changes it */
    const struct config_sources *sources;
    enum exit_code exit_code; /* of the start that failed */
    uint64_t started_ns; /* by uv_hrtime() */
    int gpu_fd;          /* the VMM's socket that was handed over, or -1 */

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
    struct listener *gpu_listener, *control_listener; /* of these */
    struct listener *input_listeners[INPUT_DEVICES];  /* NULL: none */
    struct vnc_listener *vnc_listeners; /* see core_vnc.h */

    uv_signal_t signals[CORE_SIGNALS];
    uv_async_t stop_async;
    uv_timer_t deadline;
    struct loop_meter meter;
    bool stopping;
    unsigned closing; /* what the present step of the end waits for */
};

/*
 * Opens everything. `gpu_fd` is a connected or listening socket for the VMM
 * (it becomes ours), or -1: then config->gpu.socket is opened. `config` and
 * `sources`, from which it was loaded and is loaded again, must outlive the
 * core. Returns 0 or a negative errno after having said what is wrong, and
 * core->exit_code is set then; core_run() is to be called in both cases, it
 * takes things apart again.
 */
int core_start(struct core *core, struct config *config, const struct config_sources *sources,
               int gpu_fd);
/* Runs until core_stop() and takes everything apart. */
void core_run(struct core *core);
/* Asks for the end, which comes in a later turn of the loop. */
void core_stop(struct core *core);

uint64_t core_uptime_ms(const struct core *core);

#endif
