// SPDX-License-Identifier: GPL-2.0-or-later
/* Replies of the control socket, for people to read on standard output. */
#ifndef ORIEL_SERVER_ORIELCTL_SHOW_H
#define ORIEL_SERVER_ORIELCTL_SHOW_H

#include <jansson.h>

void show_status(const json_t *status);
void show_help(const json_t *help);

#endif
