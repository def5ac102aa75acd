// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The steps of core_start() that stand in files of their own. Each returns 0
 * or a negative errno after having said what is wrong. Loop thread.
 */
#ifndef ORIEL_SERVER_CORE_OPEN_H
#define ORIEL_SERVER_CORE_OPEN_H

#include "server/core.h"
#include "server/core_vnc.h"

/* Opens a listener in core->listeners; *opened points at it. */
int core_open_listener(struct core *core, enum listener_kind kind, uint32_t head,
                       const struct address *address, struct listener **opened);

/* Why an address cannot be listened on, as a sentence. */
void core_explain_listen(const struct address *address, int error, char why[CORE_REASON_SIZE]);

#endif
