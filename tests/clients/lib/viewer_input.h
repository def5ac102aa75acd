// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hands of the tests' viewer: keys, pointer and clipboard by a script, and
 * the guest's LEDs, by extensions that LibVNCClient does not know. Single
 * threaded; 0 or a negative errno.
 *
 * The kind of pointer is not among them: LibVNCClient refuses its rectangle,
 * which QEMU has reach beyond the screen.
 */
#ifndef ORIEL_TESTS_CLIENTS_VIEWER_INPUT_H
#define ORIEL_TESTS_CLIENTS_VIEWER_INPUT_H

#include "tests/clients/lib/viewer.h"

/* Before the connection is made; the viewer is the client's data already. */
void viewer_input_set_up(struct viewer *viewer, rfbClient *client);

/*
 * Plays a file, one event per line, hexadecimal but for X, Y and US:
 *   key KEYSYM DOWN            KeyEvent
 *   scan SCANCODE KEYSYM DOWN  QEMU extended key event
 *   pointer X Y BUTTONS        PointerEvent; bits 7 and 8 are buttons 8 and 9
 *   text BYTE...               ClientCutText
 *   wait US                    the next event is due so long after the last
 * Times are counted from the start, so that a rate is kept on average. An
 * extension that the server has not offered is waited for, until the viewer's
 * time is up.
 */
int viewer_play(struct viewer *viewer, const char *path);

/* The server said that these LEDs are on: bit 0 scroll, 1 num, 2 caps lock. */
int viewer_wait_leds(struct viewer *viewer, int leds);
#endif
