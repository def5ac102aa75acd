// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/gate.h"

#include <stddef.h>

bool gate_enter(struct gate *gate, struct gate_waiter *waiter)
{
    if (waiter->waiting)
        return false;
    if (gate->running < gate->limit && !gate->first) {
        gate->running++;
        return true;
    }
    waiter->waiting = true;
    waiter->next = NULL;
    if (gate->last)
        gate->last->next = waiter;
    else
        gate->first = waiter;
    gate->last = waiter;
    return false;
}

void gate_cancel(struct gate *gate, struct gate_waiter *waiter)
{
    struct gate_waiter *previous = NULL;
    for (struct gate_waiter *w = gate->first; w; previous = w, w = w->next) {
        if (w != waiter)
            continue;
        if (previous)
            previous->next = w->next;
        else
            gate->first = w->next;
        if (gate->last == w)
            gate->last = previous;
        break;
    }
    waiter->waiting = false;
    waiter->next = NULL;
}

void gate_leave(struct gate *gate)
{
    gate->running--;
    if (gate->admitting)
        return;
    gate->admitting = true;
    while (gate->first && gate->running < gate->limit) {
        struct gate_waiter *waiter = gate->first;
        gate_cancel(gate, waiter);
        gate->running++;
        waiter->admitted(waiter);
    }
    gate->admitting = false;
}
