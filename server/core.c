// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/core.h"
#include "server/core_close.h"
#include "server/core_open.h"
#include "server/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t core_uptime_ms(const struct core *core)
{
    return (uv_hrtime() - core->started_ns) / 1000000;
}

void core_stop(struct core *core)
{
    uv_async_send(&core->stop_async);
}

static void on_stop_async(uv_async_t *async)
{
    core_close(async->data);
}

static void on_signal(uv_signal_t *signal, int number)
{
    log_info("core", "ending after %s", number == SIGINT ? "SIGINT" : "SIGTERM");
    core_close(signal->data);
}

static void on_vmm_connected(void *user, bool connected)
{
    struct core *core = user;
    if (core->input != NULL)
        input_vmm_connected(core->input, connected);
}

static void on_vmm_ended(void *user)
{
    log_info("core", "the VMM has left the socket that was handed over: ending");
    core_stop(user);
}

static const struct vhost_user_listener gpu_events = {on_vmm_connected, on_vmm_ended};

/* The handles that live as long as the core. */
static int open_handles(struct core *core)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    int r = uv_async_init(&core->loop, &core->stop_async, on_stop_async);
    if (r < 0)
        return r;
    core->stop_async.data = core;
    r = loop_meter_start(&core->meter, &core->loop);
    if (r < 0)
        return r;
    uv_timer_init(&core->loop, &core->deadline);
    core->deadline.data = core;
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&core->loop, &core->signals[i]);
        core->signals[i].data = core;
        r = uv_signal_start(&core->signals[i], on_signal, numbers[i]);
        if (r < 0)
            log_error("core", "cannot watch signals: %s", strerror(-r));
    }
    return 0;
}

static int open_heads(struct core *core)
{
    for (unsigned i = 0; i < core->config->gpu.heads; i++) {
        struct head_config settings;
        config_head_settings(core->config, i, &settings);
        int r = head_init(&core->heads[i], &core->loop, i, &settings);
        if (r < 0) {
            log_error("core", "cannot set up head %u (%ux%u): %s", i, settings.mode.width,
                      settings.mode.height, strerror(-r));
            return r;
        }
        core->nheads++;
    }
    return 0;
}

static void explain(const struct address *address, int error)
{
    char text[ADDRESS_TEXT_SIZE];
    address_format(address, text);
    if (error == -EADDRINUSE)
        log_error("core", "cannot listen on %s: another program listens there", text);
    else if (error == -EEXIST)
        log_error("core", "cannot listen on %s: the path is not a socket", text);
    else
        log_error("core", "cannot listen on %s: %s", text, strerror(-error));
}

int core_open_listener(struct core *core, enum listener_kind kind, uint32_t head,
                       const struct address *address, struct listener **opened)
{
    struct listener *listener = &core->listeners[core->nlisteners];
    int r = listener_open(listener, kind, head, address, 0600);
    if (r < 0) {
        explain(address, r);
        return r;
    }
    core->nlisteners++;
    *opened = listener;
    return 0;
}

static struct address unix_address(const char *path)
{
    struct address address = {.kind = ADDRESS_UNIX};
    snprintf(address.path, sizeof(address.path), "%s", path);
    return address;
}

static int open_gpu_listener(struct core *core, int fd, struct listener **listener)
{
    const struct address address = unix_address(core->config->gpu.socket);
    if (fd < 0)
        return core_open_listener(core, LISTENER_GPU, 0, &address, listener);
    *listener = &core->listeners[core->nlisteners++];
    listener_adopt(*listener, LISTENER_GPU, fd);
    return 0;
}

static int open_gpu(struct core *core, int fd)
{
    struct listener *listener;
    const struct gpu_limits limits = {
        .max_resource_bytes = core->config->gpu.max_resource_bytes,
        .max_resources = core->config->gpu.max_resources,
        .max_backing_entries = core->config->gpu.max_backing_entries,
        .max_scanout_size = core->config->gpu.max_scanout_size,
    };
    int r = open_gpu_listener(core, fd, &listener);
    if (r < 0)
        return r;
    core->gpu = gpu_create(&core->loop, core->heads, core->nheads, &limits);
    if (core->gpu == NULL) {
        r = -errno;
        log_error("core", "cannot set up the GPU: %s", strerror(-r));
        return r;
    }
    core->vhost_user = vhost_user_create(&core->loop, gpu_device(core->gpu),
                                         listener_take_fd(listener), &gpu_events, core);
    if (core->vhost_user == NULL) {
        r = -errno;
        log_error("core", "cannot serve the VMM on %s: %s", listener->text, strerror(-r));
        return r;
    }
    log_info("core", "waiting for the VMM on %s", listener->text);
    return 0;
}

/* LEDs or the kind of pointer changed. */
static void on_input_changed(void *user)
{
    struct core *core = user;
    if (core->vnc != NULL)
        output_input_changed(core->vnc);
}

static int open_input_listeners(struct core *core, int fds[INPUT_DEVICES])
{
    static const enum listener_kind kinds[INPUT_DEVICES] = {
        [SEAT_KEYBOARD] = LISTENER_KEYBOARD,
        [SEAT_TABLET] = LISTENER_TABLET,
        [SEAT_MOUSE] = LISTENER_MOUSE,
    };
    const struct config *config = core->config;
    for (int i = 0; i < INPUT_DEVICES; i++)
        fds[i] = -1;
    for (int i = 0; i < INPUT_DEVICES; i++) {
        const struct address address = unix_address(config->input.sockets[i]);
        struct listener *listener;
        /* A GPU whose socket was handed over has no path to go by. */
        if (address.path[0] == '\0' || (config->input.derived[i] && core->gpu_handed_over))
            continue;
        int r = core_open_listener(core, kinds[i], 0, &address, &listener);
        if (r < 0) {
            for (int j = 0; j < INPUT_DEVICES; j++)
                if (fds[j] >= 0)
                    close(fds[j]);
            return r;
        }
        fds[i] = listener_take_fd(listener);
    }
    return 0;
}

static int open_input(struct core *core)
{
    const struct config *config = core->config;
    struct input_config input = {
        .keyboard = config_keyboard_names(config),
        .qmp = config->vmm.qmp[0] != '\0' ? config->vmm.qmp : NULL,
        .paste = config->input.paste == CONFIG_PASTE_TYPE,
        .heads = core->heads,
        .nheads = core->nheads,
        .changed = on_input_changed,
        .user = core,
    };
    int r = open_input_listeners(core, input.fds);
    if (r < 0)
        return r;
    core->input = input_create(&core->loop, &input);
    if (core->input == NULL) {
        r = -errno;
        log_error("core", "cannot set up the input devices: %s", strerror(-r));
        return r;
    }
    /* A VMM whose socket was handed over is there already. */
    input_vmm_connected(core->input, vhost_user_connected(core->vhost_user));
    return 0;
}

static int open_control(struct core *core)
{
    struct listener *listener;
    const struct address address = unix_address(core->config->control.socket);
    if (address.path[0] == '\0')
        return 0;
    int r = core_open_listener(core, LISTENER_CONTROL, 0, &address, &listener);
    if (r < 0)
        return r;
    core->control = control_create(core, &core->loop, listener_take_fd(listener));
    if (core->control == NULL) {
        r = -errno;
        log_error("core", "cannot serve %s: %s", listener->text, strerror(-r));
        return r;
    }
    return 0;
}

int core_start(struct core *core, const struct config *config, int gpu_fd)
{
    *core =
        (struct core){.config = config, .started_ns = uv_hrtime(), .gpu_handed_over = gpu_fd >= 0};
    int r = uv_loop_init(&core->loop);
    if (r == 0) {
        r = open_handles(core);
        if (r != 0)
            uv_loop_close(&core->loop);
    }
    if (r != 0) {
        log_error("core", "cannot set up the event loop: %s", strerror(-r));
        core->loop.data = NULL;
        return r;
    }
    core->loop.data = core;
    r = open_heads(core);
    if (r == 0)
        r = open_gpu(core, gpu_fd);
    if (r == 0)
        r = open_input(core);
    if (r == 0)
        r = core_open_vnc(core);
    if (r == 0)
        r = open_control(core);
    if (r != 0)
        core_stop(core);
    return r;
}

void core_run(struct core *core)
{
    if (core->loop.data == NULL)
        return;
    uv_run(&core->loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(&core->loop);
    if (r != 0)
        log_error("core", "something was left open: %s", strerror(-r));
    core_close_listeners(core);
}
