// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine (guest_machine.h) with a keyboard, a tablet and a mouse, and the
 * viewers that operate it over the real oriel-vnc: what the tests of input
 * from end to end are written with. One thread.
 */
#ifndef ORIEL_TESTS_INPUT_MACHINE_H
#define ORIEL_TESTS_INPUT_MACHINE_H

#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_input.h"
#include "tests/protocol/lib/guest_keyboard.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/rfb_client_input.h"

#define INPUT_MACHINE_VIEWERS 4

enum input_machine_device { INPUT_KEYBOARD, INPUT_TABLET, INPUT_MOUSE, INPUT_DEVICES_COUNT };

struct input_machine_options {
    struct guest_machine_options machine; /* oriel.vnc is set */
    struct guest_input_options input;     /* of all devices */
    bool without[INPUT_DEVICES_COUNT];    /* the VMM has no such device */
};

struct input_machine {
    struct guest_machine machine;
    struct guest_input devices[INPUT_DEVICES_COUNT];
    bool has[INPUT_DEVICES_COUNT];
    struct rfb_client viewers[INPUT_MACHINE_VIEWERS];
    unsigned nviewers;
};

/* `options` may be NULL. */
void input_machine_start(struct input_machine *machine,
                         const struct input_machine_options *options);
void input_machine_finish(struct input_machine *machine);
/* For cmocka, after a test that failed half-way. */
int input_machine_teardown(void **state);
#define INPUT_TEST(function) cmocka_unit_test_teardown(function, input_machine_teardown)

/* Connects to one of the machine's devices, if it is not there yet. */
void input_machine_add_device(struct input_machine *machine, enum input_machine_device device,
                              const struct guest_input_options *options);
/* A viewer of that head, with its first update. The list ends with 0. */
struct rfb_client *input_machine_connect(struct input_machine *machine, unsigned head,
                                         const int32_t *encodings);
/* Waits at most that long for something to do, and does it. */
void input_machine_step(struct input_machine *machine, int timeout_ms);
/* What a viewer said so far has come to the core, and what came of it has
 * gone to the guest, where that took it. */
void input_machine_settle(struct input_machine *machine, struct rfb_client *viewer);

#define INPUT_WAIT(machine, condition)                                                             \
    do {                                                                                           \
        uint64_t end_ = check_now_us() + 10000000ull * oriel_patience();                           \
        while (!(condition)) {                                                                     \
            CHECK(check_now_us() < end_, "waited in vain");                                        \
            input_machine_step((machine), 5);                                                      \
        }                                                                                          \
    } while (0)

#endif
