// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Screenshots: a consumer of a head with credit for one frame. A job copies
 * the canvas at one instant, then the head goes on, and a second job makes
 * the PNG from the copy. Loop thread.
 */
#ifndef ORIEL_SERVER_CONTROL_SCREENSHOT_H
#define ORIEL_SERVER_CONTROL_SCREENSHOT_H

#include "server/control/request.h"

/* So many are taken at a time, the others wait: each holds a copy. */
#define SCREENSHOTS_AT_ONCE 4

struct screenshot;

/* Zero-initialised by its owner. */
struct screenshots {
    unsigned active;
    struct screenshot *waiting; /* in the order in which they came */
};

/* The handler of the command. */
void screenshot_handle(struct control_request *request);

#endif
