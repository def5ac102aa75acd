// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A loop whose time and jobs are the fuzzer's, so that an input always does
 * the same: the monotonic clock stands still but for fuzz_clock_advance(), and
 * jobs wait until fuzz_job_run(). The order in which work, answers and events
 * meet is thereby part of the input.
 *
 * One thread. What the code under test calls is put in place by the linker:
 * job_submit() by --wrap, clock_gettime() and mmap() as symbols of the program.
 */
#ifndef ORIEL_TESTS_FUZZ_LOOP_H
#define ORIEL_TESTS_FUZZ_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* To be called once, by LLVMFuzzerInitialize(). */
void fuzz_init(void);

void fuzz_clock_advance(uint64_t ms);

/* Runs the oldest job, work and done. False: there is none. */
bool fuzz_job_run(void);

/* One turn of the loop, which waits for nothing. */
void fuzz_turn(uv_loop_t *loop);

/* Turns, runs jobs and lets timers come due until nothing keeps the loop
 * alive. Aborts when that does not end: something was left open. */
void fuzz_finish(uv_loop_t *loop);

/* Aborts the program, as a crash that was found. */
_Noreturn void fuzz_fail(const char *what);
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(#condition);                                                                 \
    } while (0)

#endif
