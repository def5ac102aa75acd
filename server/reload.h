// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the configuration again and makes what may change so. All or nothing:
 * with one error, nothing changes. Loop thread.
 */
#ifndef ORIEL_SERVER_RELOAD_H
#define ORIEL_SERVER_RELOAD_H

#include <jansson.h>

struct core;
struct config;

/* Lists of strings; never NULL, but for want of memory. */
struct reload_report {
    json_t *errors;  /* sentences */
    json_t *changed; /* "[vnc].listen" */
    json_t *restart; /* the same, of keys that hold only from the next start on */
};

/* Returns 0 or -EINVAL, with report->errors. The log has been told in both
 * cases. The report is to be finished. */
int reload(struct core *core, struct reload_report *report);
void reload_report_finish(struct reload_report *report);

/* On SIGHUP. */
void reload_on_signal(struct core *core);

/* Makes the log and the trace as the configuration has them. */
void reload_apply_log(const struct config *config);

#endif
