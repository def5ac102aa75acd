// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is remembered of the addresses that connect: how many connections each
 * has, and when the next login from it may be answered.
 *
 * Bounded: when there are too many, the one whose delay ends first is
 * forgotten; those with connections never are, since there are fewer
 * connections than entries. Peers without an address (struct peer) pass
 * through all of it. Times are milliseconds of one clock. Loop thread.
 */
#ifndef ORIEL_NET_VNC_ADDRESSES_H
#define ORIEL_NET_VNC_ADDRESSES_H

#include "net/vnc/peer.h"

#include <stdbool.h>
#include <stdint.h>

#define ADDRESSES_MAX 1024

struct address {
    uint8_t key[PEER_KEY_SIZE];
    uint32_t connections;
    uint64_t next_login_ms; /* no login is answered before */
};

/* Zero-initialised is empty. */
struct addresses {
    struct address entries[ADDRESSES_MAX];
};

/* False: it has `limit` connections already. Otherwise addresses_leave() is
 * due. */
bool addresses_enter(struct addresses *addresses, const struct peer *peer, uint32_t limit);
void addresses_leave(struct addresses *addresses, const struct peer *peer);

/*
 * A login has come: returns how long its answer has to wait. While an address
 * is being slowed down each of its attempts gets a turn of its own, `delay_ms`
 * after the one before, so that asking many times at once does not help.
 */
uint64_t addresses_login(struct addresses *addresses, const struct peer *peer, uint64_t delay_ms,
                         uint64_t now_ms);
/* And it was wrong. */
void addresses_login_failed(struct addresses *addresses, const struct peer *peer,
                            uint64_t delay_ms, uint64_t now_ms);

#endif
