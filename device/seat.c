// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/seat.h"

#include "device/seat_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct seat *seat_create(const struct keyboard_names *names, struct head *heads,
                         unsigned nheads, const struct seat_ops *ops, void *user)
{
    struct seat *seat = calloc(1, sizeof *seat);
    if (!seat)
        return NULL;
    seat->keyboard = keyboard_create(names);
    if (!seat->keyboard) {
        int error = errno;
        free(seat);
        errno = error;
        return NULL;
    }
    seat->heads = heads;
    seat->nheads = nheads;
    seat->ops = ops;
    seat->user = user;
    seat->pointer = SEAT_TABLET;
    return seat;
}

void seat_destroy(struct seat *seat)
{
    if (!seat)
        return;
    keyboard_destroy(seat->keyboard);
    free(seat);
}

struct seat_viewer *seat_viewer_add(struct seat *seat)
{
    struct seat_viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return NULL;
    viewer->seat = seat;
    viewer->next = seat->viewers;
    seat->viewers = viewer;
    return viewer;
}

void seat_viewer_remove(struct seat_viewer *viewer)
{
    if (!viewer)
        return;
    seat_keys_release(viewer);
    seat_buttons_release(viewer);
    struct seat_viewer **link = &viewer->seat->viewers;
    while (*link != viewer)
        link = &(*link)->next;
    *link = viewer->next;
    free(viewer);
}

void seat_set_leds(struct seat *seat, uint32_t leds)
{
    keyboard_set_leds(seat->keyboard, leds);
}

/* Viewers go on holding what they hold; their releases will mean nothing. */
void seat_device_restarted(struct seat *seat, enum seat_device device)
{
    if (device == SEAT_KEYBOARD)
        keyboard_reset(seat->keyboard);
    for (struct seat_viewer *viewer = seat->viewers; viewer; viewer = viewer->next) {
        if (device == SEAT_KEYBOARD) {
            memset(viewer->held, 0, sizeof viewer->held);
            viewer->nkeysyms = 0;
        } else {
            viewer->buttons = 0;
        }
    }
    if (device == SEAT_KEYBOARD)
        memset(seat->holders, 0, sizeof seat->holders);
    else
        memset(seat->button_holders, 0, sizeof seat->button_holders);
}
