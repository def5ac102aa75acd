// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest makes of the events of its keyboard: text, by libxkbcommon with
 * the layout that the guest is set to, dead keys included. One thread.
 *
 * What no keyboard does fails the test: a key that is pressed twice or let go
 * of without being held, a report without its end.
 */
#ifndef ORIEL_TESTS_GUEST_KEYBOARD_H
#define ORIEL_TESTS_GUEST_KEYBOARD_H

#include "tests/protocol/lib/guest_input.h"

#include <linux/input-event-codes.h>

struct guest_keyboard {
    struct xkb_context *context;
    struct xkb_keymap *keymap;
    struct xkb_state *state;
    struct xkb_compose_state *compose;
    bool down[KEY_CNT];
    bool in_report; /* an event has come since the last SYN */
    char text[16384];
};

void guest_keyboard_init(struct guest_keyboard *keyboard, const char *layout);
void guest_keyboard_finish(struct guest_keyboard *keyboard);
void guest_keyboard_feed(struct guest_keyboard *keyboard, const struct guest_input_event *events,
                         unsigned count);
/* The test fails when a key is held or a report is not at its end. */
void guest_keyboard_check_idle(const struct guest_keyboard *keyboard);

#endif
