// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/jobs.h"

#include <stdlib.h>

static void run_work(uv_work_t *request)
{
    struct job *job = request->data;
    job->work(job);
}

static void run_done(uv_work_t *request, int status)
{
    struct job *job = request->data;
    /* Nobody calls uv_cancel() on a job, so the status is always 0. */
    (void)status;
    job->done(job);
}

void job_submit(uv_loop_t *loop, struct job *job)
{
    job->request.data = job;
    /* uv_queue_work() fails only for a missing work callback. */
    if (uv_queue_work(loop, &job->request, run_work, run_done) != 0)
        abort();
}
