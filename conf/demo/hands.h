// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The visitor's hands: where the guest's tablet points, and whether a key was
 * pressed. Nobody else gets these events until hands_close(). Single threaded.
 */
#ifndef ORIEL_DEMO_HANDS_H
#define ORIEL_DEMO_HANDS_H

#include "tests/guest/evdev/evdev.h"

#include <stdbool.h>

#define HANDS_MAX_DEVICES 8

struct hands {
    struct evdev devices[HANDS_MAX_DEVICES];
    int count;
    bool pointed;  /* there is a place */
    float x, y;    /* of the screen, 0..1 */
    bool key_down; /* a key was pressed; never reset */
};

/* A guest without any such device has quiet hands. */
void hands_open(struct hands *hands);
void hands_close(struct hands *hands);
/* Takes what comes within so many ms; returns at the first of it. */
void hands_wait(struct hands *hands, int ms);

#endif
