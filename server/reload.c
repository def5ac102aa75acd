// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/reload.h"
#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_table.h"
#include "server/core.h"
#include "server/core_vnc.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/paths.h"
#include "server/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64

static void add(json_t *list, const char *text)
{
    json_t *string = json_string(text);
    /* A file's bytes need not be UTF-8, JSON does. */
    json_array_append_new(list, string != NULL ? string : json_string("?"));
}

static void report_error(struct reload_report *report, const char *text)
{
    log_error("config", "%s", text);
    add(report->errors, text);
}

static void report_lines(struct reload_report *report, const struct config_errors *errors)
{
    char *rest = errors->text, *line;
    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '\0')
            report_error(report, line);
    if (errors->count > CONFIG_ERRORS_SHOWN || errors->text == NULL) {
        char text[64];
        snprintf(text, sizeof(text), "and %u errors more", errors->count);
        report_error(report, text);
    }
}

/* NULL after having reported why. */
static struct config *load(const struct core *core, struct reload_report *report)
{
    char path[PATH_MAX];
    struct config_errors errors;
    struct config_sources sources = *core->sources;
    struct config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        report_error(report, "out of memory");
        return NULL;
    }
    if (sources.path == NULL && config_find_file(path, sizeof(path)))
        sources.path = path;
    config_errors_init(&errors);
    int r = config_load(config, &sources, &errors);
    if (r < 0)
        report_lines(report, &errors);
    config_errors_finish(&errors);
    if (r == 0)
        return config;
    free(config);
    return NULL;
}

/* Calls `found` for each key whose value differs. Keys of heads that do not
 * exist now count for nothing. */
static void each_difference(struct core *core, const struct config *next,
                            void (*found)(struct core *core, const struct config *next,
                                          const struct config_key *key, int head, void *user),
                            void *user)
{
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        bool of_heads = strcmp(key->section, CONFIG_HEAD_SECTION) == 0;
        for (unsigned head = 0; head < (of_heads ? core->nheads : 1); head++)
            if (!config_table_equal(key, core->config, next, (int)head))
                found(core, next, key, (int)head, user);
    }
}

static void note_difference(struct core *core, const struct config *next,
                            const struct config_key *key, int head, void *user)
{
    struct reload_report *report = user;
    char name[NAME_SIZE];
    (void)core;
    (void)next;
    if (strcmp(key->section, CONFIG_HEAD_SECTION) == 0)
        snprintf(name, sizeof(name), "[head.%d].%s", head, key->name);
    else
        snprintf(name, sizeof(name), "[%s].%s", key->section, key->name);
    add(key->reloadable ? report->changed : report->restart, name);
}

static void take_difference(struct core *core, const struct config *next,
                            const struct config_key *key, int head, void *user)
{
    (void)user;
    if (key->reloadable)
        config_table_copy(key, core->config, next, head);
}

void reload_apply_log(const struct config *config)
{
    log_set_level((enum log_level)config->log.levels.level);
    /* Both were checked when they were read. */
    log_set_modules(config->log.levels.modules, NULL);
    log_set_format((enum log_format)config->log.format);
    trace_set_pattern(config->log.trace, NULL);
}

static void apply(struct core *core)
{
    reload_apply_log(core->config);
    for (unsigned i = 0; i < core->nheads; i++)
        core->heads[i].config.max_fps = core->config->heads[i].max_fps;
    core_vnc_reconfigure(core);
}

static void log_list(const char *what, const json_t *list)
{
    char line[1024];
    size_t used = 0, i;
    const json_t *name;
    if (json_array_size(list) == 0)
        return;
    json_array_foreach(list, i, name)
    {
        if (used < sizeof(line))
            used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i > 0 ? ", " : "",
                                     json_string_value(name));
    }
    log_info("config", "%s: %s", what, line);
}

static void log_report(const struct reload_report *report)
{
    if (json_array_size(report->changed) == 0)
        log_info("config", "read again: nothing has changed");
    log_list("read again, changed", report->changed);
    log_list("these need a restart of oriel", report->restart);
}

/* What can fail comes first, and the listeners, which have their own way back,
 * last of it. */
static int carry_out(struct core *core, const struct config *next, struct reload_report *report)
{
    char why[CORE_REASON_SIZE];
    int r = core_vnc_find(core, next, why);
    if (r == 0)
        r = core_vnc_check_passwords(next, why);
    if (r == 0)
        r = core_vnc_relisten(core, next, why);
    if (r < 0) {
        report_error(report, why);
        return -EINVAL;
    }
    each_difference(core, next, note_difference, report);
    each_difference(core, next, take_difference, NULL);
    apply(core);
    return 0;
}

int reload(struct core *core, struct reload_report *report)
{
    *report = (struct reload_report){json_array(), json_array(), json_array()};
    int r = -EINVAL;
    struct config *next = load(core, report);
    if (next != NULL)
        r = carry_out(core, next, report);
    free(next);
    if (r == 0)
        log_report(report);
    else
        log_error("config", "read again, with errors: nothing changes");
    metric_add(METRIC_reloads_total,
               metric_label(METRIC_reloads_total, r == 0 ? "done" : "failed"), 1);
    return r;
}

void reload_report_finish(struct reload_report *report)
{
    json_decref(report->errors);
    json_decref(report->changed);
    json_decref(report->restart);
}

void reload_on_signal(struct core *core)
{
    struct reload_report report;
    if (core->stopping)
        return;
    reload(core, &report);
    reload_report_finish(&report);
}
