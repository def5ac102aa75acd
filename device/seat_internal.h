// SPDX-License-Identifier: GPL-2.0-or-later
/* What the seat's files share; see seat.h. */
#ifndef ORIEL_DEVICE_SEAT_INTERNAL_H
#define ORIEL_DEVICE_SEAT_INTERNAL_H

#include "device/seat.h"

#define SEAT_KEYS 256
/* Keysyms that one viewer may hold at a time; hands have ten fingers. */
#define SEAT_MAX_HELD_KEYSYMS 64
/* Keysyms that are remembered as logged. */
#define SEAT_MAX_LOGGED 256

struct seat_held_keysym {
    uint32_t keysym;
    uint16_t code; /* the key that was pressed for it */
};

struct seat_viewer {
    struct seat *seat;
    struct seat_viewer *next;
    uint8_t held[SEAT_KEYS / 8]; /* keys this viewer holds */
    struct seat_held_keysym keysyms[SEAT_MAX_HELD_KEYSYMS];
    unsigned nkeysyms;
    uint32_t buttons;
    /* Parts of a wheel's step that the guest has not seen as a whole one. */
    int32_t vertical_rest, horizontal_rest;
};

struct seat {
    struct keyboard *keyboard;
    struct head *heads;
    unsigned nheads;
    const struct seat_ops *ops;
    void *user;
    struct seat_viewer *viewers;
    uint16_t holders[SEAT_KEYS]; /* viewers that hold a key */
    uint16_t button_holders[SEAT_BUTTONS];
    enum seat_device pointer; /* which one moved last: buttons go there */
    uint32_t logged[SEAT_MAX_LOGGED];
    unsigned nlogged;
};

/* seat_keys.c: releases all keys of a viewer. */
void seat_keys_release(struct seat_viewer *viewer);
/* seat_pointer.c: releases all buttons of a viewer. */
void seat_buttons_release(struct seat_viewer *viewer);

#endif
