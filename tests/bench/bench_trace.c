// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a trace point costs that is off: a loop of a few instructions with and
 * without one. It has to be less than a nanosecond and a half, which a load and
 * a predicted branch are on any machine of these years, and a call is not.
 */
#include "server/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 20000000u
#define TRIES 15
#define MOST_NS 1.5

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t step(uint32_t value)
{
    value ^= value << 13;
    value ^= value >> 17;
    return value ^ value << 5;
}

/* The value keeps the compiler from leaving the loop out. */
static double plain(uint32_t *value)
{
    double begun = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++)
        *value = step(*value);
    return (now_ns() - begun) / ROUNDS;
}

static double traced(uint32_t *value)
{
    double begun = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        *value = step(*value);
        trace(gpu_command, "round=%u value=%u", i, *value);
    }
    return (now_ns() - begun) / ROUNDS;
}

int main(void)
{
    uint32_t value = 1;
    double best_plain = 1e9, best_traced = 1e9;
    for (int i = 0; i < TRIES; i++) {
        double a = plain(&value), b = traced(&value);
        best_plain = a < best_plain ? a : best_plain;
        best_traced = b < best_traced ? b : best_traced;
    }
    double cost = best_traced - best_plain;
    printf("trace point that is off: %.2f ns (loop %.2f ns, with it %.2f ns; %u)\n", cost,
           best_plain, best_traced, value);
    return cost < MOST_NS ? 0 : 1;
}
