// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/core.h"
#include "server/core_close.h"
#include "server/core_open.h"
#include "server/log.h"
#include "server/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The loop's, and its signals' pipe, with some to spare. */
#define LOOP_DESCRIPTORS 10

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
    if (number == SIGHUP) {
        reload_on_signal(signal->data);
        return;
    }
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
    static const int numbers[CORE_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    int r = uv_async_init(&core->loop, &core->stop_async, on_stop_async);
    if (r < 0)
        return r;
    core->stop_async.data = core;
    r = loop_meter_start(&core->meter, &core->loop);
    if (r < 0)
        return r;
    uv_timer_init(&core->loop, &core->deadline);
    core->deadline.data = core;
    for (int i = 0; i < CORE_SIGNALS; i++) {
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

void core_explain_listen(const struct address *address, int error, char why[CORE_REASON_SIZE])
{
    char text[ADDRESS_TEXT_SIZE];
    const char *reason = strerror(-error);
    address_format(address, text);
    if (error == -EADDRINUSE)
        reason = "another program listens there";
    else if (error == -EEXIST)
        reason = "the path is not a socket";
    else if (address->kind == ADDRESS_FD && error == -EBADF)
        reason = "no such descriptor was handed over, or it is in use already";
    else if (address->kind == ADDRESS_FD && error == -EINVAL)
        reason = "the descriptor is not a listening stream socket";
    snprintf(why, CORE_REASON_SIZE, "cannot listen on %s: %s", text, reason);
}

int core_open_listener(struct core *core, enum listener_kind kind, uint32_t head,
                       const struct address *address, struct listener **opened)
{
    struct listener *listener = &core->listeners[core->nlisteners];
    int r = listener_open(listener, kind, head, address, 0600);
    if (r < 0) {
        char why[CORE_REASON_SIZE];
        core_explain_listen(address, r, why);
        log_error("core", "%s", why);
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

static int open_gpu_socket(struct core *core)
{
    const struct address address = unix_address(core->config->gpu.socket);
    if (core->gpu_fd < 0)
        return core_open_listener(core, LISTENER_GPU, 0, &address, &core->gpu_listener);
    core->gpu_listener = &core->listeners[core->nlisteners++];
    listener_adopt(core->gpu_listener, LISTENER_GPU, core->gpu_fd);
    return 0;
}

static int open_gpu(struct core *core)
{
    const struct gpu_limits limits = {
        .max_resource_bytes = core->config->gpu.max_resource_bytes,
        .max_resources = core->config->gpu.max_resources,
        .max_backing_entries = core->config->gpu.max_backing_entries,
        .max_scanout_size = core->config->gpu.max_scanout_size,
    };
    core->gpu = gpu_create(&core->loop, core->heads, core->nheads, &limits);
    if (core->gpu != NULL)
        return 0;
    int r = -errno;
    log_error("core", "cannot set up the GPU: %s", strerror(-r));
    return r;
}

static int open_transport(struct core *core)
{
    struct listener *listener = core->gpu_listener;
    core->vhost_user = vhost_user_create(&core->loop, gpu_device(core->gpu),
                                         listener_take_fd(listener), &gpu_events, core);
    if (core->vhost_user == NULL) {
        int r = -errno;
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

static int open_input_sockets(struct core *core)
{
    static const enum listener_kind kinds[INPUT_DEVICES] = {
        [SEAT_KEYBOARD] = LISTENER_KEYBOARD,
        [SEAT_TABLET] = LISTENER_TABLET,
        [SEAT_MOUSE] = LISTENER_MOUSE,
    };
    const struct config *config = core->config;
    for (int i = 0; i < INPUT_DEVICES; i++) {
        const struct address address = unix_address(config->input.sockets[i]);
        /* A GPU whose socket was handed over has no path to go by. */
        if (address.path[0] == '\0' || (config->input.derived[i] && core->gpu_fd >= 0))
            continue;
        int r = core_open_listener(core, kinds[i], 0, &address, &core->input_listeners[i]);
        if (r < 0)
            return r;
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
    for (int i = 0; i < INPUT_DEVICES; i++) {
        struct listener *listener = core->input_listeners[i];
        input.fds[i] = listener != NULL ? listener_take_fd(listener) : -1;
    }
    core->input = input_create(&core->loop, &input);
    if (core->input == NULL) {
        int r = -errno;
        log_error("core", "cannot set up the input devices: %s", strerror(-r));
        return r;
    }
    /* A VMM whose socket was handed over is there already. */
    input_vmm_connected(core->input, vhost_user_connected(core->vhost_user));
    return 0;
}

static int open_control_socket(struct core *core)
{
    const struct address address = unix_address(core->config->control.socket);
    if (address.path[0] == '\0')
        return 0;
    return core_open_listener(core, LISTENER_CONTROL, 0, &address, &core->control_listener);
}

static int open_control(struct core *core)
{
    struct listener *listener = core->control_listener;
    if (listener == NULL)
        return 0;
    core->control = control_create(core, &core->loop, listener_take_fd(listener));
    if (core->control == NULL) {
        int r = -errno;
        log_error("core", "cannot serve %s: %s", listener->text, strerror(-r));
        return r;
    }
    return 0;
}

/* In order; each says itself what is wrong. */
static const struct {
    int (*open)(struct core *core);
    enum exit_code failure;
} steps[] = {
    {open_heads, EXIT_HEADS},
    {open_gpu_socket, EXIT_GPU_SOCKET},
    {open_gpu, EXIT_GPU},
    {open_transport, EXIT_TRANSPORT},
    {open_input_sockets, EXIT_INPUT_SOCKET},
    {open_input, EXIT_INPUT},
    {core_find_vnc, EXIT_VNC_PROGRAM},
    {core_check_passwords, EXIT_VNC_PASSWORD},
    {core_listen_vnc, EXIT_VNC_SOCKET},
    {core_begin_vnc, EXIT_VNC},
    {open_control_socket, EXIT_CONTROL_SOCKET},
    {open_control, EXIT_CONTROL},
};

/* libuv aborts where it lacks descriptors for its first loop. */
static int check_descriptors(void)
{
    int fds[LOOP_DESCRIPTORS], count = 0, r = 0;
    while (count < LOOP_DESCRIPTORS && r == 0) {
        fds[count] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        r = fds[count] < 0 ? -errno : 0;
        count += r == 0;
    }
    while (count > 0)
        close(fds[--count]);
    return r;
}

int core_start(struct core *core, struct config *config, const struct config_sources *sources,
               int gpu_fd)
{
    *core = (struct core){
        .config = config, .sources = sources, .started_ns = uv_hrtime(), .gpu_fd = gpu_fd};
    int r = check_descriptors();
    if (r == 0)
        r = uv_loop_init(&core->loop);
    if (r == 0) {
        r = open_handles(core);
        if (r != 0)
            uv_loop_close(&core->loop);
    }
    if (r != 0) {
        log_error("core", "cannot set up the event loop: %s", strerror(-r));
        core->loop.data = NULL;
        core->exit_code = EXIT_LOOP;
        return r;
    }
    core->loop.data = core;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++) {
        r = steps[i].open(core);
        core->exit_code = r == 0 ? EXIT_OK : steps[i].failure;
    }
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
