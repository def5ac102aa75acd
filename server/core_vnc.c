// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/core_vnc.h"
#include "server/core_open.h"
#include "server/log.h"
#include "server/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct link_settings link_settings(const struct config *config)
{
    struct link_settings settings = {
        .idle_timeout_ms = config->vnc.idle_timeout * 1000,
        .log_level = config->log.levels.level,
        .log_format = config->log.format,
        .sandbox = CONFIG_CAN_SANDBOX ? config->sandbox.mode : LINK_SANDBOX_OFF,
    };
    snprintf(settings.name, sizeof(settings.name), "%s", config->gpu.name);
    snprintf(settings.log_modules, sizeof(settings.log_modules), "%s",
             config->log.levels.modules);
    snprintf(settings.trace, sizeof(settings.trace), "%s", config->log.trace);
    return settings;
}

static struct link_policy link_policy(const struct config *config)
{
    return (struct link_policy){
        .share = config->vnc.share,
        .handshake_timeout_ms = config->vnc.handshake_timeout * 1000,
        .login_delay_ms = config->vnc.login_delay * 1000,
        .max_viewers = config->vnc.max_viewers,
        .max_viewers_per_address = config->vnc.max_viewers_per_address,
        .max_bytes = config->vnc.max_bytes,
    };
}

static const char *file_or_none(const char *path)
{
    return path[0] != '\0' ? path : NULL;
}

static struct output_settings output_settings(const struct config *config)
{
    return (struct output_settings){
        .link = link_settings(config),
        .policy = link_policy(config),
        .password_file = file_or_none(config->vnc.password_file),
        .view_password_file = file_or_none(config->vnc.view_password_file),
    };
}

/* ---- Passwords ---- */

static int check_password(const char *path, char why[CORE_REASON_SIZE])
{
    if (path[0] == '\0')
        return 0;
    int fd = output_open_password(path);
    if (fd < 0) {
        snprintf(why, CORE_REASON_SIZE, "cannot open the password file %.200s: %s", path,
                 fd == -EINVAL ? "not a regular file" : strerror(-fd));
        return fd;
    }
    close(fd);
    return 0;
}

int core_vnc_check_passwords(const struct config *config, char why[CORE_REASON_SIZE])
{
    if (config->vnc.listen.count == 0)
        return 0;
    int r = check_password(config->vnc.password_file, why);
    return r == 0 ? check_password(config->vnc.view_password_file, why) : r;
}

/* Better now than when the first viewer comes. */
int core_check_passwords(struct core *core)
{
    char why[CORE_REASON_SIZE];
    int r = core_vnc_check_passwords(core->config, why);
    if (r < 0)
        log_error("core", "%s", why);
    return r;
}

/* ---- The output ---- */

int core_vnc_find(struct core *core, const struct config *config, char why[CORE_REASON_SIZE])
{
    if (config->vnc.listen.count == 0 || core->vnc != NULL)
        return 0;
    int r = program_find("oriel-vnc", core->vnc_program);
    if (r < 0)
        snprintf(why, CORE_REASON_SIZE,
                 "there is no oriel-vnc beside oriel nor in " ORIEL_LIBEXECDIR);
    return r;
}

int core_find_vnc(struct core *core)
{
    char why[CORE_REASON_SIZE];
    int r = core_vnc_find(core, core->config, why);
    if (r < 0)
        log_error("core", "%s", why);
    return r;
}

static int create_vnc(struct core *core)
{
    const struct config *config = core->config;
    const struct output_config output = {
        .kind = "vnc",
        .program = core->vnc_program,
        .link_kind = LINK_LISTENER_VNC,
        .all_heads = config->vnc.heads.all,
        .eager = config->vnc.start == CONFIG_START_EAGER,
        .heads = core->heads,
        .nheads = core->nheads,
        .input = core->input,
        .settings = output_settings(config),
    };
    core->vnc = output_create(&core->loop, &output);
    return core->vnc != NULL ? 0 : -errno;
}

int core_begin_vnc(struct core *core)
{
    int r = 0;
    if (core->config->vnc.listen.count == 0)
        return 0;
    if (core->vnc == NULL)
        r = create_vnc(core);
    for (struct vnc_listener *entry = core->vnc_listeners; entry != NULL && r == 0;
         entry = entry->next)
        r = output_add_listener(core->vnc, &entry->listener);
    if (r < 0)
        log_error("core", "cannot set up VNC: %s", strerror(-r));
    else
        output_begin(core->vnc);
    return r;
}

void core_vnc_reconfigure(struct core *core)
{
    const struct output_settings settings = output_settings(core->config);
    if (core->vnc != NULL)
        output_reconfigure(core->vnc, &settings);
    else if (core->vnc_listeners != NULL)
        core_begin_vnc(core);
}
