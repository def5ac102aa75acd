// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to the core that must arrive, in order: what the socket does not
 * take now waits here. The program takes on no new viewers while something
 * waits, which bounds it. Loop thread.
 */
#ifndef ORIEL_NET_VNC_UPLINK_H
#define ORIEL_NET_VNC_UPLINK_H

#include "net/link.h"

#include <stdbool.h>

struct uplink_message;

/* `link` is the owner's; zero-initialised apart from that. */
struct uplink {
    struct link *link;
    struct uplink_message *first, *last;
};

/* Returns 0 or -ENOMEM; a link that is dead swallows messages. */
int uplink_send(struct uplink *uplink, uint32_t type, uint32_t head, uint32_t generation,
                const void *payload, size_t size);
/* The link takes messages again. True when nothing waits any more. */
bool uplink_flush(struct uplink *uplink);
bool uplink_idle(const struct uplink *uplink);
void uplink_free(struct uplink *uplink);

#endif
