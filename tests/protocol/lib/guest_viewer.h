// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer of the machine's head 0 over oriel-vnc, for tests of the device
 * that need somebody who looks. One thread; the caller gives it its turns.
 */
#ifndef ORIEL_TESTS_GUEST_VIEWER_H
#define ORIEL_TESTS_GUEST_VIEWER_H

#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/rfb_client.h"

/* The machine was started with oriel.vnc. Waits until the viewer has had its
 * first update. `slow`: its socket holds little. */
void guest_viewer_connect(struct guest_machine *machine, struct rfb_client *client, bool slow);
/* Reads what has come, without waiting. */
void guest_viewer_turn(struct rfb_client *client);

/* The process id of oriel-vnc; 0: it does not run. */
int guest_viewer_program(const struct guest_machine *machine);
/* What a process holds of `field` ("RssAnon", "RssShmem"), MiB. */
long guest_viewer_rss_mib(int pid, const char *field);

#endif
