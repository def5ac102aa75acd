// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/fuzz_loop.h"

#include "server/jobs.h"
#include "server/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS 1024
/* More turns than any input can have work for. */
#define MAX_TURNS 20000

static uint64_t clock_ms = 1000000;
static struct job *jobs[MAX_JOBS];
static unsigned first_job, njobs;

int clock_gettime(clockid_t id, struct timespec *time);
void __wrap_job_submit(uv_loop_t *loop, struct job *job);

/* libFuzzer measures by the real-time clock; libuv and we by this one. */
int clock_gettime(clockid_t id, struct timespec *time)
{
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, time);
    time->tv_sec = (time_t)(clock_ms / 1000);
    time->tv_nsec = (long)(clock_ms % 1000) * 1000000;
    return 0;
}

void fuzz_fail(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

void fuzz_init(void)
{
    struct rlimit files = {4096, 4096};
    log_init("fuzz", LOG_DEBUG);
    signal(SIGPIPE, SIG_IGN);
    /* A leak of descriptors shows itself soon. */
    setrlimit(RLIMIT_NOFILE, &files);
}

void fuzz_clock_advance(uint64_t ms)
{
    clock_ms += ms;
}

void __wrap_job_submit(uv_loop_t *loop, struct job *job)
{
    (void)loop;
    FUZZ_CHECK(njobs < MAX_JOBS);
    jobs[(first_job + njobs++) % MAX_JOBS] = job;
}

bool fuzz_job_run(void)
{
    if (njobs == 0)
        return false;
    struct job *job = jobs[first_job];
    first_job = (first_job + 1) % MAX_JOBS;
    njobs--;
    job->work(job);
    job->done(job);
    return true;
}

void fuzz_turn(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_NOWAIT);
}

void fuzz_finish(uv_loop_t *loop)
{
    for (unsigned turn = 0; turn < MAX_TURNS; turn++) {
        while (fuzz_job_run())
            ;
        bool alive = uv_run(loop, UV_RUN_NOWAIT) != 0;
        if (!alive && njobs == 0)
            return;
        int wait = uv_backend_timeout(loop);
        if (wait > 0)
            fuzz_clock_advance((uint64_t)wait);
    }
    fuzz_fail("the loop does not end");
}
