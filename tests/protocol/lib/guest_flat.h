// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proof that work left nothing behind: the memory and the descriptors of the
 * program under test after it are those of before. One thread; a difference
 * fails the running test.
 */
#ifndef ORIEL_TESTS_GUEST_FLAT_H
#define ORIEL_TESTS_GUEST_FLAT_H

#include "tests/protocol/lib/guest_machine.h"

/* What may differ: heaps do not give back every page. Times oriel_patience()
 * with the sanitizers. */
#define GUEST_FLAT_KIB 2048

struct guest_flat {
    struct guest_machine *machine;
    long before_kib;
    unsigned fds;
};

/* Both wait until every command is answered. */
void guest_flat_begin(struct guest_flat *flat, struct guest_machine *machine);
void guest_flat_end(const struct guest_flat *flat);

/* How often a test repeats: `quick` times, a quarter of it with the
 * sanitizers, `full` times when ORIEL_LONG is set. */
uint32_t guest_flat_rounds(uint32_t quick, uint32_t full);

/* A guest whose next picture is exact, on head 0. */
void guest_flat_good_guest(struct guest_machine *machine);

#endif
