// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VNC as the core has it: its listeners, and the output that serves them.
 * Loop thread.
 */
#ifndef ORIEL_SERVER_CORE_VNC_H
#define ORIEL_SERVER_CORE_VNC_H

#include "server/core.h"

/* A listener for VNC, kept in a list of the core's. */
struct vnc_listener {
    struct vnc_listener *next;
    struct listener listener;
    bool keep; /* while listeners are changed: it stays */
};

/* Room for the sentence that says why something cannot be opened. */
#define CORE_REASON_SIZE 320

/* The steps of core_start(), see core_open.h. */
int core_find_vnc(struct core *core);
int core_check_passwords(struct core *core);
int core_listen_vnc(struct core *core);
int core_begin_vnc(struct core *core);

/*
 * For reload: makes the listeners those of `config`. Those that stay are not
 * touched. Returns 0, or a negative errno with the reason written to `why`;
 * then they are as they were before.
 */
int core_vnc_relisten(struct core *core, const struct config *config,
                      char why[CORE_REASON_SIZE]);
/* Whether the program and the password files that `config` asks for are
 * there; as above. */
int core_vnc_find(struct core *core, const struct config *config, char why[CORE_REASON_SIZE]);
int core_vnc_check_passwords(const struct config *config, char why[CORE_REASON_SIZE]);
/* The output is told what core->config says now. */
void core_vnc_reconfigure(struct core *core);

void core_vnc_close_listeners(struct core *core);

#endif
