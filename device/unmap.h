// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives mappings back to the system without holding up the loop: a quarter of
 * a gigabyte takes some 20 ms, and so do a few thousand single pages.
 */
#ifndef ORIEL_DEVICE_UNMAP_H
#define ORIEL_DEVICE_UNMAP_H

#include <stddef.h>
#include <uv.h>

/* munmap(), in a job when there is much of it. Loop thread; the loop has to run
 * until the job is done, as for any other. */
void unmap_soon(uv_loop_t *loop, void *address, size_t size);

/* What unmap_soon() gets between these two calls goes together, in one job. */
void unmap_hold(void);
void unmap_release(uv_loop_t *loop);

#endif
