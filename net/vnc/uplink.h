// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to the core that must arrive, in order: what the socket does not
 * take now waits here. Loop thread.
 *
 * Two things bound what waits. The program takes on no new viewers while a
 * message of its own waits. And each viewer's input is counted by the owner,
 * who reads nothing more from a viewer of which too much waits.
 */
#ifndef ORIEL_NET_VNC_UPLINK_H
#define ORIEL_NET_VNC_UPLINK_H

#include "net/link.h"

#include <stdbool.h>

struct uplink_message;

/* `link` is the owner's; zero-initialised apart from that and `sent`. */
struct uplink {
    struct link *link;
    struct uplink_message *first, *last;
    unsigned nown; /* messages waiting that are nobody's input */
    /* Input that waited has gone: `viewer` and `size` as uplink_send_input()
     * had them. May not send anything itself. */
    void (*sent)(struct uplink *uplink, uint32_t viewer, size_t size);
};

/* Returns 0 or -ENOMEM; a link that is dead swallows messages. */
int uplink_send(struct uplink *uplink, uint32_t type, uint32_t head, uint32_t generation,
                const void *payload, size_t size);
/*
 * Input of a viewer (its id, never 0), generation 0. Motion is united with
 * motion of the same viewer when that is the last thing that waits; where the
 * pointer was when something else happened is kept. Returns how many bytes of
 * memory it takes while it waits, 0 when it does not, or -ENOMEM.
 */
ptrdiff_t uplink_send_input(struct uplink *uplink, uint32_t viewer, uint32_t type, uint32_t head,
                            const void *payload, size_t size);
/* The link takes messages again. True when nothing waits any more. */
bool uplink_flush(struct uplink *uplink);
/* Nothing of the program's own waits. */
bool uplink_idle(const struct uplink *uplink);
void uplink_free(struct uplink *uplink);

#endif
