// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much processor time the turns of the loop take: a histogram that is
 * cheap enough to be kept always (one system call a turn). Loop thread.
 *
 * What holds up the loop holds up every head and the VMM, which waits for
 * answers with its big lock held; so this figure is part of the status.
 */
#ifndef ORIEL_SERVER_LOOP_METER_H
#define ORIEL_SERVER_LOOP_METER_H

#include <stdint.h>
#include <uv.h>

/* Four steps to each doubling, from 1 us to more than an hour. */
#define LOOP_METER_STEPS 128

struct loop_meter {
    uv_prepare_t prepare;
    uint64_t last_ns; /* processor time of the thread at the last turn */
    uint64_t turns;
    uint64_t max_us;
    uint64_t steps[LOOP_METER_STEPS];
};

struct loop_figures {
    uint64_t turns;
    uint64_t p50_us, p99_us, max_us; /* p50 and p99: rounded up by at most a quarter */
};

/* Starts with the next turn and does not keep the loop alive. */
int loop_meter_start(struct loop_meter *meter, uv_loop_t *loop);
void loop_meter_stop(struct loop_meter *meter);

/* One turn of that length; called by the meter itself, and by tests. */
void loop_meter_add(struct loop_meter *meter, uint64_t ns);
void loop_meter_read(const struct loop_meter *meter, struct loop_figures *figures);

#endif
