// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps a guest that truncates its memory from killing us.
 *
 * A page of a shared mapping whose file has shrunk raises SIGBUS when it is
 * touched, in whatever thread and code does so (a ring access, a copy, pixman).
 * The handler puts zero pages in the place of the lost rest of a guarded
 * mapping and marks it lost; the access then goes on and reads zeros. A SIGBUS
 * anywhere else is fatal as usual.
 *
 * add and remove: loop thread. lost: any thread.
 */
#ifndef ORIEL_DEVICE_MEMORY_GUARD_H
#define ORIEL_DEVICE_MEMORY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Guards `size` bytes at `address`, a mapping with pages of `page_size` bytes.
 * Returns a slot number, or -ENOSPC when too many mappings are guarded. */
int memory_guard_add(void *address, size_t size, size_t page_size);
/* To be called before the mapping goes. */
void memory_guard_remove(int slot);
/* Whether pages of the mapping were lost. */
bool memory_guard_lost(int slot);

#endif
