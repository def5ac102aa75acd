// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtual machine without a VMM: the `oriel` program, guest RAM, a
 * transport, and the driver of the gpu; and what its heads show.
 *
 * One thread, any number of machines. A test uses GUEST_TEST(), so that
 * nothing is left when it fails. This is the only place that chooses the
 * transport.
 */
#ifndef ORIEL_TESTS_GUEST_MACHINE_H
#define ORIEL_TESTS_GUEST_MACHINE_H

#include "tests/protocol/lib/front_end.h"
#include "tests/protocol/lib/guest_gpu.h"
#include "tests/protocol/lib/guest_image.h"
#include "tests/protocol/lib/oriel_process.h"

struct guest_machine_options {
    struct oriel_options oriel;
    struct front_end_options front_end;
    void (*lay_out)(struct guest_ram *ram); /* NULL: as a PC */
    uint64_t refuse_features;               /* that the driver does not accept */
    uint16_t control_size, cursor_size;     /* 0: 64 and 16, as QEMU */
    bool unrealized; /* nothing is said on the socket; front_end_realize() and
                      * guest_machine_probe() are the test's */
};

struct guest_machine {
    struct oriel_process oriel;
    struct guest_ram ram;
    struct front_end front_end;
    struct guest_transport *transport;
    struct guest_gpu gpu;
    struct guest_machine *next;
    bool running, has_gpu;
};

/* Everything started, the driver's rings run. `options` may be NULL. */
void guest_machine_start(struct guest_machine *machine,
                         const struct guest_machine_options *options);
/* The driver probes: features, rings, DRIVER_OK. */
void guest_machine_probe(struct guest_machine *machine,
                         const struct guest_machine_options *options);
/* The VMM goes, then the program; its exit code and its log are checked. */
void guest_machine_finish(struct guest_machine *machine);
/* Machine reset or driver re-probe; the rings run again afterwards. */
void guest_machine_reset(struct guest_machine *machine);

/* What head `head` shows, over the control socket. */
void guest_machine_screenshot(struct guest_machine *machine, unsigned head,
                              struct guest_image *image);
/* Fails the test unless the head shows exactly that: a screenshot shows what
 * was flushed before it. */
void guest_machine_expect(struct guest_machine *machine, unsigned head,
                          const struct guest_image *expected, const char *what);
/* Whether status says that the head is a guest's. */
bool guest_machine_head_is_guest(struct guest_machine *machine, unsigned head);
/* The gpu answers: display info is asked for and must come. */
void guest_machine_ping(struct guest_machine *machine);

int guest_machine_teardown(void **state);
#define GUEST_TEST(function) cmocka_unit_test_teardown(function, guest_machine_teardown)

#endif
