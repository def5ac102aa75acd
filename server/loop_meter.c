// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/loop_meter.h"

#include <time.h>

static uint64_t thread_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Step 4n+q begins at 2^n * (4+q)/4 microseconds; the first steps, which
 * whole microseconds cannot tell apart, are one. */
static unsigned step_of(uint64_t us)
{
    if (us < 4)
        return us == 0 ? 0 : (us == 1 ? 1 : (us == 2 ? 4 : 6));
    unsigned doubling = 63u - (unsigned)__builtin_clzll(us);
    unsigned step = 4 * doubling + (unsigned)((us >> (doubling - 2)) & 3);
    return step < LOOP_METER_STEPS ? step : LOOP_METER_STEPS - 1;
}

/* The first microsecond behind the step. */
static uint64_t step_end(unsigned step)
{
    unsigned doubling = step / 4, quarter = step % 4 + 1;
    return ((4ull + quarter) << doubling) / 4;
}

void loop_meter_add(struct loop_meter *meter, uint64_t ns)
{
    uint64_t us = ns / 1000;
    meter->turns++;
    meter->steps[step_of(us)]++;
    if (us > meter->max_us)
        meter->max_us = us;
}

/* The thread sleeps in the middle of a turn, between prepare and check, which
 * takes no processor time: a turn is all from one prepare to the next. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct loop_meter *meter = prepare->data;
    uint64_t now = thread_time_ns();
    if (meter->last_ns != 0)
        loop_meter_add(meter, now - meter->last_ns);
    meter->last_ns = now;
}

int loop_meter_start(struct loop_meter *meter, uv_loop_t *loop)
{
    *meter = (struct loop_meter){0};
    int r = uv_prepare_init(loop, &meter->prepare);
    if (r < 0)
        return r;
    meter->prepare.data = meter;
    uv_unref((uv_handle_t *)&meter->prepare);
    return uv_prepare_start(&meter->prepare, on_prepare);
}

void loop_meter_stop(struct loop_meter *meter)
{
    uv_close((uv_handle_t *)&meter->prepare, NULL);
}

/* A length that `part` of `whole` turns do not exceed. */
static uint64_t quantile(const struct loop_meter *meter, uint64_t part, uint64_t whole)
{
    uint64_t seen = 0, wanted = meter->turns / whole * part +
                                (meter->turns % whole * part + whole - 1) / whole;
    for (unsigned step = 0; step < LOOP_METER_STEPS; step++) {
        seen += meter->steps[step];
        if (seen >= wanted)
            return step_end(step) < meter->max_us ? step_end(step) : meter->max_us;
    }
    return meter->max_us;
}

void loop_meter_read(const struct loop_meter *meter, struct loop_figures *figures)
{
    *figures = (struct loop_figures){
        .turns = meter->turns,
        .p50_us = quantile(meter, 50, 100),
        .p99_us = quantile(meter, 99, 100),
        .max_us = meter->max_us,
    };
}
