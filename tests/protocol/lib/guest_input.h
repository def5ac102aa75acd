// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-input driver (virtio 1.2, section 5.8) over vhost-user, as QEMU and
 * Linux together are one: it reads the configuration, keeps the event queue
 * filled with buffers, gives each back when it has been read, and sets LEDs.
 *
 * One thread. What the device does wrong fails the running test: an event that
 * is not 8 bytes long, buffers that come back out of order.
 */
#ifndef ORIEL_TESTS_GUEST_INPUT_H
#define ORIEL_TESTS_GUEST_INPUT_H

#include "tests/protocol/lib/front_end.h"

#include <linux/virtio_input.h>

#define GUEST_INPUT_EVENTS 0u /* queues */
#define GUEST_INPUT_STATUS 1u

struct guest_input_event {
    uint16_t type, code;
    int32_t value;
};

struct guest_input_options {
    enum front_end_style style;
    uint16_t size;            /* of both rings; 0: 4, as QEMU from version 9 on */
    uint64_t refuse_features; /* that the driver does not accept */
    bool hold;                /* gives no buffers before guest_input_release() */
    bool unprobed;            /* stays as a machine whose driver has not come yet */
};

struct guest_input {
    struct front_end front_end;
    struct guest_ring rings[FRONT_END_QUEUES];
    struct guest_input_options options;
    uint64_t buffers, status;         /* guest-physical */
    bool hold;                        /* buffers are not given back */
    struct guest_input_event *events; /* all that came, in order */
    unsigned count, capacity;
    unsigned answered; /* chains of status that came back */
};

/* Connects to the back-end's socket, and probes. `ram` is the machine's and
 * outlives this. `options` may be NULL. */
void guest_input_start(struct guest_input *input, struct guest_ram *ram, const char *path,
                       const struct guest_input_options *options);
void guest_input_finish(struct guest_input *input);
/* The driver comes: features, rings, DRIVER_OK. */
void guest_input_probe(struct guest_input *input);
/* The driver goes and comes again, as at a reboot. */
void guest_input_reset(struct guest_input *input);
/* The VMM stops the device, and lets it go on. */
void guest_input_pause(struct guest_input *input);
void guest_input_resume(struct guest_input *input);
/* Buffers are given (again). */
void guest_input_release(struct guest_input *input);

/* Reads what is there and gives the buffers back; how many events. */
unsigned guest_input_collect(struct guest_input *input);
/* Until the list has `count` events; fails after `timeout_ms` without. */
void guest_input_wait(struct guest_input *input, unsigned count, unsigned timeout_ms);
/* Forgets what came. */
void guest_input_clear(struct guest_input *input);
/* Event number `at` must be this one. */
void guest_input_expect(const struct guest_input *input, unsigned at, uint16_t type, uint16_t code,
                        int32_t value);

/* The guest sets an LED, or sends another event to the device; waits until the
 * device has given the buffer back. */
void guest_input_send_status(struct guest_input *input, uint16_t type, uint16_t code,
                             int32_t value);

/* As the guest reads the configuration: the selectors one by one, then all of
 * it. */
void guest_input_config(struct guest_input *input, uint8_t select, uint8_t subsel,
                        struct virtio_input_config *config);

#endif
