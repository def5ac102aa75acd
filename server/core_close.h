// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of the core: outputs and control first, then the transport, the
 * GPU, the heads, and last the core's own handles. Loop thread.
 */
#ifndef ORIEL_SERVER_CORE_CLOSE_H
#define ORIEL_SERVER_CORE_CLOSE_H

struct core;

/* Begins the end; the loop runs out when all is closed. Harmless when it has
 * begun. */
void core_close(struct core *core);

/* Closes what is left of the listeners and removes their paths. */
void core_close_listeners(struct core *core);

#endif
