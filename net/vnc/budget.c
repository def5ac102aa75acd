// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/budget.h"

void budget_init(struct budget *budget, uv_loop_t *loop, uint64_t limit)
{
    *budget = (struct budget){.limit = limit};
    uv_timer_init(loop, &budget->wake);
    budget->wake.data = budget;
}

static void forget(struct budget *budget, struct budget_waiter *waiter)
{
    if (!waiter->waiting)
        return;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        budget->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        budget->last = waiter->previous;
    waiter->waiting = false;
}

/* An update counts only once it is encoded, so that all are told at once; how
 * many of them encode at a time is the gate's business. */
static void on_wake(uv_timer_t *timer)
{
    struct budget *budget = timer->data;
    while (budget->first && budget->used < budget->limit) {
        struct budget_waiter *waiter = budget->first;
        forget(budget, waiter);
        waiter->opened(waiter);
    }
}

static void wake(struct budget *budget)
{
    if (budget->first && budget->used < budget->limit &&
        !uv_is_closing((uv_handle_t *)&budget->wake) && !uv_is_active((uv_handle_t *)&budget->wake))
        uv_timer_start(&budget->wake, on_wake, 0, 0);
}

bool budget_open(struct budget *budget, struct budget_waiter *waiter)
{
    if (budget->used < budget->limit)
        return true;
    if (waiter->waiting)
        return false;
    waiter->waiting = true;
    waiter->next = NULL;
    waiter->previous = budget->last;
    if (budget->last)
        budget->last->next = waiter;
    else
        budget->first = waiter;
    budget->last = waiter;
    return false;
}

void budget_count(struct budget *budget, struct budget_waiter *waiter, size_t bytes)
{
    budget->used += bytes;
    budget->used -= waiter->bytes;
    waiter->bytes = bytes;
    wake(budget);
}

void budget_set_limit(struct budget *budget, uint64_t limit)
{
    budget->limit = limit;
    wake(budget);
}

void budget_leave(struct budget *budget, struct budget_waiter *waiter)
{
    forget(budget, waiter);
    budget_count(budget, waiter, 0);
}

void budget_close(struct budget *budget)
{
    uv_close((uv_handle_t *)&budget->wake, NULL);
}
