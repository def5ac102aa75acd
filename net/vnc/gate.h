// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A gate: lets at most so many encodings run at a time, in the order in which
 * they asked, so that a thread of the pool is always left for taking frames.
 * Loop thread.
 */
#ifndef ORIEL_NET_VNC_GATE_H
#define ORIEL_NET_VNC_GATE_H

#include <stdbool.h>

/* Embedded in whoever waits; zero-initialised. */
struct gate_waiter {
    /* It has a place now: gate_leave() is due, also when it is not needed any
     * more. */
    void (*admitted)(struct gate_waiter *waiter);
    struct gate_waiter *next;
    bool waiting;
};

struct gate {
    unsigned running, limit;
    bool admitting; /* gate_leave() is at work further up the stack */
    struct gate_waiter *first, *last;
};

/* True: it has a place, gate_leave() is due. False: it is in the queue. */
bool gate_enter(struct gate *gate, struct gate_waiter *waiter);
void gate_leave(struct gate *gate);
/* Out of the queue; no harm when it does not wait. */
void gate_cancel(struct gate *gate, struct gate_waiter *waiter);

#endif
