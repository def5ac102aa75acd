// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The demo's room: a wall with an oriel window of three lights, a cat on its
 * sill, and the title. Painted once. Single threaded.
 */
#ifndef ORIEL_CONF_DEMO_ROOM_H
#define ORIEL_CONF_DEMO_ROOM_H

#include <stdint.h>

struct room {
    int width, height;                           /* of the screen, pixels */
    float scale;                                 /* 1: 800 pixels high */
    int view_x, view_y, view_width, view_height; /* the rectangle that holds all glass */
    uint32_t *wall;                              /* width x height */
    uint8_t *glass; /* view_width x view_height: how much of the view shows */
};

/* Returns 0 or -ENOMEM. */
int room_init(struct room *room, int width, int height);
void room_finish(struct room *room);

#endif
