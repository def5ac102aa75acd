// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The viewers that an output program says it has, for status and
 * with their hands at the seat. Loop thread.
 */
#ifndef ORIEL_SERVER_VIEWERS_H
#define ORIEL_SERVER_VIEWERS_H

#include "device/seat.h"
#include "net/link.h"

#include <stdbool.h>
#include <stdint.h>

/* More than any program has descriptors for. */
#define VIEWERS_MAX 4096

struct viewer {
    struct viewer *next;
    struct seat_viewer *hands;
    uint32_t id, head;
    bool shared, view_only;
    bool all_heads; /* sees the whole layout; `head` is 0 */
    enum link_viewer_state state;
    uint64_t bytes_sent, updates_sent, bytes_queued; /* as it was last told */
    char address[LINK_TEXT_SIZE];
    char encoding[sizeof(((struct link_viewer *)0)->encoding)];
};

struct viewers {
    struct seat *seat; /* where their hands are; set by the owner */
    struct viewer *first;
    uint32_t count;
    uint64_t total; /* that have come so far */
};

/* A LINK_VIEWER of that head. Returns 0, -EPROTO when a field is not as
 * net/link.h says or there are too many, -ENOMEM. */
int viewers_update(struct viewers *viewers, uint32_t head, const struct link_viewer *message);
/* Returns 0, or -EPROTO when there is no such viewer. */
int viewers_remove(struct viewers *viewers, uint32_t id);
void viewers_clear(struct viewers *viewers);
/* NULL when there is no such viewer. */
struct viewer *viewers_find(const struct viewers *viewers, uint32_t id);

#endif
