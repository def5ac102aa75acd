// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The input that a program under test sends up to a fake core, in its order.
 * What names a viewer that was not announced, or is gone, fails the test. One
 * thread.
 */
#ifndef ORIEL_TESTS_FAKE_INPUT_H
#define ORIEL_TESTS_FAKE_INPUT_H

#include "net/link.h"

#include <stdbool.h>
#include <stdint.h>

struct fake_core;

struct fake_input {
    uint32_t type, head;
    uint32_t viewer;
    struct link_key key;         /* of a LINK_KEY */
    struct link_pointer pointer; /* of a LINK_POINTER */
    char *text;                  /* of a LINK_TEXT, with a NUL at its end; owned */
    uint32_t text_size;          /* without that */
};

/* Zero-initialised is empty. */
struct fake_inputs {
    struct fake_input *list;
    unsigned count, capacity;
};

/* A message of one of the three types. */
void fake_input_take(struct fake_core *core, const struct link_header *header, const void *payload);
/* Forgets all, and frees. */
void fake_inputs_clear(struct fake_inputs *inputs);

#endif
