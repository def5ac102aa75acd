// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * orielctl's end of the control socket: one request, one reply. Blocking, for
 * a program with nothing else to do.
 */
#ifndef ORIEL_SERVER_ORIELCTL_CONNECTION_H
#define ORIEL_SERVER_ORIELCTL_CONNECTION_H

#include <jansson.h>

/* Without an answer for so long the core counts as hung. */
#define CONNECTION_TIMEOUT_S 30

/*
 * Sends `request` (released) to the socket at `path` and returns the reply
 * without "id" and "ok", or NULL after having said on standard error what
 * went wrong.
 */
json_t *connection_ask(const char *path, json_t *request);

#endif
