// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many bytes may wait for all viewers together. While there are too many
 * nobody begins an update, and who wanted to is told when there are fewer, in
 * the order in which they asked. Loop thread.
 */
#ifndef ORIEL_NET_VNC_BUDGET_H
#define ORIEL_NET_VNC_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Embedded in whoever waits; zero-initialised but for `opened`. */
struct budget_waiter {
    void (*opened)(struct budget_waiter *waiter);
    struct budget_waiter *next, *previous;
    bool waiting;
    size_t bytes; /* that wait for it */
};

struct budget {
    uint64_t limit, used; /* bytes; limit is set freely */
    struct budget_waiter *first, *last;
    uv_timer_t wake; /* so that nobody is told from inside another's call */
};

void budget_init(struct budget *budget, uv_loop_t *loop, uint64_t limit);
/* An update may begin. False: it waits now. */
bool budget_open(struct budget *budget, struct budget_waiter *waiter);
/* So many bytes wait for it now. */
void budget_count(struct budget *budget, struct budget_waiter *waiter, size_t bytes);
void budget_set_limit(struct budget *budget, uint64_t limit);
/* Nothing waits for it, and it waits for nothing. */
void budget_leave(struct budget *budget, struct budget_waiter *waiter);
/* When all have left. */
void budget_close(struct budget *budget);

#endif
