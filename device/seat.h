// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The seat: the one place where the input of all viewers meets on its way to
 * the guest. It turns what viewers say (keysyms, scancodes, places on a head)
 * into evdev reports, and remembers who holds what, so that the guest never
 * keeps a key that nobody presses.
 *
 * Loop thread. Key codes are evdev's.
 */
#ifndef ORIEL_DEVICE_SEAT_H
#define ORIEL_DEVICE_SEAT_H

#include "device/head.h"
#include "device/input_event.h"
#include "device/keyboard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seat_device { SEAT_KEYBOARD, SEAT_TABLET, SEAT_MOUSE };

struct seat_ops {
    /* One report for the guest, without SYN. */
    void (*report)(void *user, enum seat_device device, const struct input_event_value *events,
                   size_t n);
};

/* Buttons of a pointer, as bits. */
#define SEAT_BUTTON_LEFT 1u
#define SEAT_BUTTON_MIDDLE 2u
#define SEAT_BUTTON_RIGHT 4u
#define SEAT_BUTTON_SIDE 8u
#define SEAT_BUTTON_EXTRA 16u
#define SEAT_BUTTONS 5

/* One step of a wheel, as in REL_WHEEL_HI_RES. */
#define SEAT_WHEEL_STEP 120

struct seat;
struct seat_viewer;

/* `heads` make the layout on which absolute places are measured; the caller
 * keeps them. NULL with errno EINVAL when the layout is unknown, or ENOMEM. */
struct seat *seat_create(const struct keyboard_names *names, struct head *heads,
                         unsigned nheads, const struct seat_ops *ops, void *user);
/* All viewers are gone before. NULL is fine. */
void seat_destroy(struct seat *seat);

/* Somebody with hands. NULL: out of memory. */
struct seat_viewer *seat_viewer_add(struct seat *seat);
/* Releases what it holds and nobody else does. NULL is fine. */
void seat_viewer_remove(struct seat_viewer *viewer);

/* A key by what it means: the guest gets the keys that mean the same in its
 * layout. Returns -ENOENT when it has none (logged once per keysym). */
int seat_keysym(struct seat_viewer *viewer, uint32_t keysym, bool down);
/* A key by its place on the keyboard. -EINVAL for codes that no key has. */
int seat_key(struct seat_viewer *viewer, uint16_t code, bool down);

/* To pixel (x,y) of a head; outside is moved to the edge. `buttons` is what is
 * held now. */
void seat_pointer_absolute(struct seat_viewer *viewer, unsigned head, int32_t x, int32_t y,
                           uint32_t buttons);
/* By so many pixels. */
void seat_pointer_relative(struct seat_viewer *viewer, int32_t dx, int32_t dy,
                           uint32_t buttons);
/* Turns the wheels: away from the user and to the right are positive. */
void seat_wheel(struct seat_viewer *viewer, int32_t vertical, int32_t horizontal);

/* The guest told its LEDs (virtio_input.h). */
void seat_set_leds(struct seat *seat, uint32_t leds);
/* The guest's driver of a device starts anew: it knows of nothing held. */
void seat_device_restarted(struct seat *seat, enum seat_device device);

#endif
