// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-input device (virtio 1.2, section 5.8): keyboard, tablet or mouse.
 *
 * Loop thread. Events wait in a bounded queue and go into the guest's buffers
 * one by one as these come, in order, since rings may hold as few as four.
 */
#ifndef ORIEL_DEVICE_VIRTIO_INPUT_H
#define ORIEL_DEVICE_VIRTIO_INPUT_H

#include "device/input_event.h"
#include "device/virtio_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum virtio_input_kind { VIRTIO_INPUT_KEYBOARD, VIRTIO_INPUT_TABLET, VIRTIO_INPUT_MOUSE };

/* Axes of the tablet run from 0 to this. */
#define VIRTIO_INPUT_ABS_MAX 0x7fff

struct virtio_input;

struct virtio_input_listener {
    /* The guest set its LEDs: bit 0 num lock, 1 caps lock, 2 scroll lock. */
    void (*leds)(void *user, uint32_t leds);
    /* The driver came or went, or started anew: what it knew is forgotten. */
    void (*driver_changed)(void *user, struct virtio_input *input);
    /* Call virtio_input_next_turn() after so many ms. NULL: there are no turns,
     * events go as fast as the guest has buffers for them. */
    void (*turn)(void *user, struct virtio_input *input, unsigned ms);
};

/* `serial` (may be NULL) is what udev sees as ID_SERIAL; copied. NULL with
 * errno on failure. */
struct virtio_input *virtio_input_create(enum virtio_input_kind kind, const char *serial,
                                         const struct virtio_input_listener *listener,
                                         void *user);
/* The transport is closed before. NULL is fine. */
void virtio_input_destroy(struct virtio_input *input);
struct virtio_device *virtio_input_device(struct virtio_input *input);

/* Whether a guest's driver takes events now. */
bool virtio_input_active(const struct virtio_input *input);
/* Whether one has since the device was last reset: then it is paused, or a
 * guest is rebooting, and what is reported waits for it. */
bool virtio_input_has_driver(const struct virtio_input *input);

/*
 * Queues one report: `n` (1..15) events, to which SYN_REPORT is added. A
 * report of motion only replaces one that still waits at the end of the queue
 * (absolute) or is added to it (relative). When the queue is full, motion and
 * presses are dropped (a press that was dropped also drops its release);
 * releases always find room. Returns false when the report was dropped.
 */
bool virtio_input_report(struct virtio_input *input, const struct input_event_value *events,
                         size_t n);

/* What waits may go on (see the listener). */
void virtio_input_next_turn(struct virtio_input *input);

/* Events that wait for the guest's buffers. */
size_t virtio_input_pending(const struct virtio_input *input);

#endif
