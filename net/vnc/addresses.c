// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/addresses.h"

#include <string.h>

static struct address *find(struct addresses *addresses, const struct peer *peer)
{
    for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
        struct address *entry = &addresses->entries[i];
        if (memcmp(entry->key, peer->key, PEER_KEY_SIZE) == 0)
            return entry;
    }
    return NULL;
}

/* The entry that is missed least: an unused one, whose time is long over, or
 * the one that is over next. */
static struct address *oldest(struct addresses *addresses)
{
    struct address *best = NULL;
    for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
        struct address *entry = &addresses->entries[i];
        if (entry->connections == 0 && (!best || entry->next_login_ms < best->next_login_ms))
            best = entry;
    }
    return best;
}

/* NULL only if all entries have connections. */
static struct address *find_or_add(struct addresses *addresses, const struct peer *peer)
{
    struct address *entry = find(addresses, peer);
    if (!entry)
        entry = oldest(addresses);
    if (entry && memcmp(entry->key, peer->key, PEER_KEY_SIZE) != 0) {
        memset(entry, 0, sizeof(*entry));
        memcpy(entry->key, peer->key, PEER_KEY_SIZE);
    }
    return entry;
}

bool addresses_enter(struct addresses *addresses, const struct peer *peer, uint32_t limit)
{
    struct address *entry = peer->has_key ? find_or_add(addresses, peer) : NULL;
    if (!peer->has_key)
        return true;
    if (!entry || entry->connections >= limit)
        return false;
    entry->connections++;
    return true;
}

void addresses_leave(struct addresses *addresses, const struct peer *peer)
{
    struct address *entry = peer->has_key ? find(addresses, peer) : NULL;
    if (entry && entry->connections > 0)
        entry->connections--;
}

uint64_t addresses_login(struct addresses *addresses, const struct peer *peer, uint64_t delay_ms,
                         uint64_t now_ms)
{
    struct address *entry = peer->has_key ? find(addresses, peer) : NULL;
    if (!entry || entry->next_login_ms <= now_ms)
        return 0;
    uint64_t wait = entry->next_login_ms - now_ms;
    entry->next_login_ms += delay_ms;
    return wait;
}

void addresses_login_failed(struct addresses *addresses, const struct peer *peer, uint64_t delay_ms,
                            uint64_t now_ms)
{
    struct address *entry = peer->has_key ? find_or_add(addresses, peer) : NULL;
    if (entry && entry->next_login_ms < now_ms + delay_ms)
        entry->next_login_ms = now_ms + delay_ms;
}
