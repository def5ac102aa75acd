// SPDX-License-Identifier: GPL-2.0-or-later
/* Replies of the control socket, for people to read on standard output. */
#ifndef ORIEL_SERVER_ORIELCTL_SHOW_H
#define ORIEL_SERVER_ORIELCTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>

void show_status(const json_t *status);
void show_help(const json_t *help);
/* Lists, as in the replies. */
void show_viewers(const json_t *viewers);
void show_metrics(const json_t *metrics);
/* All points with what they are, or the names of those that are on. */
void show_points(const json_t *points, bool all);
void show_reload(const json_t *reply);

#endif
