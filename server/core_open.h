// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The steps of core_start() that stand in files of their own. Each returns 0
 * or a negative errno after having said what is wrong. Loop thread.
 */
#ifndef ORIEL_SERVER_CORE_OPEN_H
#define ORIEL_SERVER_CORE_OPEN_H

#include "server/core.h"

/* Opens a listener in core->listeners; *opened points at it. */
int core_open_listener(struct core *core, enum listener_kind kind, uint32_t head,
                       const struct address *address, struct listener **opened);

/* VNC: listeners and output (core_vnc.c). */
int core_open_vnc(struct core *core);

#endif
