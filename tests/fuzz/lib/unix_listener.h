// SPDX-License-Identifier: GPL-2.0-or-later
/* Listening unix sockets without a name that could be left behind. */
#ifndef ORIEL_TESTS_FUZZ_UNIX_LISTENER_H
#define ORIEL_TESTS_FUZZ_UNIX_LISTENER_H

#include <stddef.h>

/* Non-blocking; the name is the kernel's. */
int unix_listener_open(void);
/* A non-blocking connection to it; -1 when it takes no more now. */
int unix_listener_connect(int listener);
/* For code that wants a path: `path` leads to the socket while we live. */
int unix_listener_open_path(char *path, size_t size);

#endif
