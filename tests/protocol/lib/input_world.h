// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of oriel-vnc's input share: a world (vnc_world.h) with one
 * viewer, and what the core gets from it. One thread.
 */
#ifndef ORIEL_TESTS_INPUT_WORLD_H
#define ORIEL_TESTS_INPUT_WORLD_H

#include "net/vnc/encodings.h"
#include "tests/protocol/lib/rfb_client_input.h"
#include "tests/protocol/lib/vnc_world.h"

/* Starts the world and connects a viewer that has its first picture. The list
 * ends with 0. */
struct rfb_client *input_world_start(struct vnc_world *world, const int32_t *encodings);
struct rfb_client *input_world_connect(struct vnc_world *world, const int32_t *encodings);

/* Waits for input number `index`, from 0. */
const struct fake_input *input_world_get(struct vnc_world *world, unsigned index);
/* Waits until `count` have come, and sees that no more do. */
void input_world_expect_count(struct vnc_world *world, unsigned count);
/* All that the program has been sent by this viewer before has been handled. */
void input_world_settle(struct vnc_world *world, struct rfb_client *client);

void input_world_expect_key(struct vnc_world *world, unsigned index, enum link_key_kind kind,
                            uint32_t code, bool down);
/* Compared as a whole, but for the viewer. */
void input_world_expect_pointer(struct vnc_world *world, unsigned index,
                                const struct link_pointer *expected);

#endif
