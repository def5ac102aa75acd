// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs: bulk work over lent buffers in libuv's thread pool.
 *
 * Ground floor: every room may include it. job_submit() is called on the loop
 * thread, `work` runs on a pool thread, `done` on the loop thread again. The
 * caller owns the struct (usually embedded in a larger one) and must keep it
 * until `done`; a job cannot be cancelled. Whatever the job reads or writes
 * is lent to it: the loop neither touches nor frees it before `done`.
 */
#ifndef ORIEL_SERVER_JOBS_H
#define ORIEL_SERVER_JOBS_H

#include <uv.h>

struct job {
    uv_work_t request;
    void (*work)(struct job *job);
    void (*done)(struct job *job);
};

void job_submit(uv_loop_t *loop, struct job *job);

#endif
