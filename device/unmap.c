// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/unmap.h"

#include "server/jobs.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Below this it takes less than a third of a millisecond. */
#define INLINE_BYTES (4u << 20)

struct unmap_job {
    struct job job;
    void *address;
    size_t size;
};

static void run_unmap(struct job *job)
{
    struct unmap_job *unmap = (struct unmap_job *)job;
    munmap(unmap->address, unmap->size);
}

static void handle_unmap_done(struct job *job)
{
    free(job);
}

void unmap_soon(uv_loop_t *loop, void *address, size_t size)
{
    struct unmap_job *unmap = size > INLINE_BYTES ? malloc(sizeof *unmap) : NULL;
    if (!unmap) {
        munmap(address, size);
        return;
    }
    *unmap = (struct unmap_job){ .job = { .work = run_unmap, .done = handle_unmap_done },
                                 .address = address,
                                 .size = size };
    job_submit(loop, &unmap->job);
}
