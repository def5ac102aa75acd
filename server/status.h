// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Status: everything that the core says about itself, as one JSON object, for
 * the control socket and for --ready-fd. Loop thread.
 */
#ifndef ORIEL_SERVER_STATUS_H
#define ORIEL_SERVER_STATUS_H

#include <jansson.h>

struct core;

/* A new object, or NULL when memory is short. */
json_t *status_build(const struct core *core);
/* Its list of viewers. */
json_t *status_viewers(const struct core *core);

#endif
