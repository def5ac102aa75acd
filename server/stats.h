// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The metrics as people and programs read them. Loop thread.
 */
#ifndef ORIEL_SERVER_STATS_H
#define ORIEL_SERVER_STATS_H

#include <jansson.h>

struct core;

/* Brings up to date what is not counted as it happens. */
void stats_collect(struct core *core);
/* A list of {name, kind, help, label, values: [{label, value}]}. */
json_t *stats_json(void);
/* The text format of Prometheus (version 0.0.4), malloc'ed, or NULL. */
char *stats_prometheus(void);

#endif
