// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries from inside of the sandbox what it should refuse: for whoever wants to
 * know what it is worth on this kernel (oriel-vnc --self-test-sandbox).
 */
#ifndef ORIEL_NET_VNC_SANDBOX_TEST_H
#define ORIEL_NET_VNC_SANDBOX_TEST_H

/* Prints a line per attempt. Returns the program's exit status: 0, 1 when
 * something was not refused, 3 when a layer cannot be had. */
int sandbox_test(void);

#endif
