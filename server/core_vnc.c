// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/core.h"
#include "server/core_open.h"
#include "server/log.h"
#include "server/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int open_vnc_listener(struct core *core, unsigned head, const struct address *address)
{
    struct listener *listener;
    int r = core_open_listener(core, LISTENER_VNC, head, address, &listener);
    if (r < 0)
        return r;
    log_info("core", "VNC for head %u on %s", head, listener->text);
    core->vnc_listeners[core->nvnc_listeners++] = listener;
    return 0;
}

static int open_vnc_listeners(struct core *core)
{
    const struct config_heads *heads = &core->config->vnc.heads;
    const struct config_listen *listen = &core->config->vnc.listen;
    unsigned first = heads->each ? 0 : heads->head;
    unsigned count = heads->each ? core->nheads : 1;
    for (unsigned head = first; head < first + count; head++) {
        for (unsigned i = 0; i < listen->count; i++) {
            struct address address;
            /* One head alone is served on the port as it stands. */
            int r = address_for_head(&listen->addresses[i], heads->each ? head : 0, &address);
            if (r == 0)
                r = open_vnc_listener(core, head, &address);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* Better now than when the first viewer comes. */
static int check_password(const struct core *core)
{
    const char *path = core->config->vnc.password_file;
    if (path[0] == '\0')
        return 0;
    int fd = output_open_password(path);
    if (fd < 0) {
        log_error("core", "cannot open the password file %s: %s", path,
                  fd == -EINVAL ? "not a regular file" : strerror(-fd));
        return fd;
    }
    close(fd);
    return 0;
}

static int create_vnc(struct core *core)
{
    const struct config *config = core->config;
    const struct output_config output = {
        .kind = "vnc",
        .program = core->vnc_program,
        .name = config->gpu.name,
        .password_file = config->vnc.password_file[0] != '\0' ? config->vnc.password_file : NULL,
        .link_kind = LINK_LISTENER_VNC,
        .idle_timeout_ms = config->vnc.idle_timeout * 1000,
        .eager = config->vnc.start == CONFIG_START_EAGER,
        .listeners = core->vnc_listeners,
        .nlisteners = core->nvnc_listeners,
        .heads = core->heads,
        .nheads = core->nheads,
        .input = core->input,
    };
    core->vnc = output_create(&core->loop, &output);
    if (core->vnc == NULL) {
        int r = -errno;
        log_error("core", "cannot set up VNC: %s", strerror(-r));
        return r;
    }
    return 0;
}

int core_open_vnc(struct core *core)
{
    if (core->config->vnc.listen.count == 0)
        return 0;
    int r = program_find("oriel-vnc", core->vnc_program);
    if (r < 0) {
        log_error("core", "there is no oriel-vnc beside oriel nor in " ORIEL_LIBEXECDIR);
        return r;
    }
    r = check_password(core);
    if (r == 0)
        r = open_vnc_listeners(core);
    return r == 0 ? create_vnc(core) : r;
}
