// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The typist: types text into the guest, key by key, at a pace that any guest
 * keeps up with. It has hands of its own at the seat. Loop thread.
 */
#ifndef ORIEL_SERVER_TYPIST_H
#define ORIEL_SERVER_TYPIST_H

#include "device/seat.h"

#include <stddef.h>
#include <uv.h>

/* Characters that may wait; what comes on top is refused. */
#define TYPIST_MAX_WAITING (64u * 1024)

struct typist;

/* NULL with errno set on failure. `seat` stays the caller's. */
struct typist *typist_create(uv_loop_t *loop, struct seat *seat);
/* UTF-8; line feeds become Return. Returns 0, -EILSEQ when it is not UTF-8
 * (nothing is typed), -ENOBUFS when too much waits, -ENOMEM. */
int typist_type(struct typist *typist, const char *text, size_t size);
/* Two phases; what waits is dropped, and no key stays held. */
void typist_destroy(struct typist *typist, void (*done)(void *user), void *user);

#endif
