// SPDX-License-Identifier: GPL-2.0-or-later
/* The cursor encodings of the tests' viewer: RichCursor through LibVNCClient,
 * AlphaCursor, which it does not know, as an extension. */
#ifndef ORIEL_TESTS_CLIENTS_VIEWER_CURSOR_H
#define ORIEL_TESTS_CLIENTS_VIEWER_CURSOR_H

#include "tests/clients/lib/viewer.h"

/* Before the connection is made; the viewer is the client's data already. */
void viewer_cursor_set_up(struct viewer *viewer, rfbClient *client);

#endif
