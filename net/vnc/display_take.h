// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking a frame: the job that copies from the canvas into a shadow what the
 * shadow lacks, and finds out whether the canvas stayed still meanwhile. The
 * part of display.h that display.c and display_take.c share.
 */
#ifndef ORIEL_NET_VNC_DISPLAY_TAKE_H
#define ORIEL_NET_VNC_DISPLAY_TAKE_H

#include "net/vnc/display.h"

/* Gives the core credit for one frame when a shadow is free for it and it has
 * none yet. */
void display_give_credit(struct display *display);

/* Whatever the copy brings is not wanted any more; NULL is fine. */
void take_orphan(struct take *take);

#endif
