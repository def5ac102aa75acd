// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sandbox of a program that faces strangers: what it will never need again
 * it gives up for good. Three layers, each of which holds by itself:
 *
 * - no_new_privs: no program that is started can have more rights;
 * - landlock: no file is opened, made, removed or run, no TCP port is bound or
 *   connected to (as far as the kernel knows how to refuse it);
 * - seccomp: no system call but those of a server at work. Opening a file
 *   fails, since the C library tries that where it can do without; everything
 *   else that is not on the list ends the process, with a line in the log.
 *
 * What is open stays open, and descriptors that come over the link may be
 * used. Not for builds with sanitizers, whose runtime could not live in it.
 *
 * Before any thread is made: sandbox_no_new_privs() and sandbox_landlock(),
 * which hold for the calling thread and those it makes afterwards. Then
 * sandbox_seccomp(), which holds for all threads and allows no new ones.
 */
#ifndef ORIEL_NET_VNC_SANDBOX_H
#define ORIEL_NET_VNC_SANDBOX_H

#include <stdbool.h>

/* This build can have one. */
bool sandbox_built(void);
/* Each returns 0 or a negative errno, -ENOSYS or -EOPNOTSUPP where this kernel
 * does not have it. */
int sandbox_no_new_privs(void);
int sandbox_landlock(void);
/* 1 or more; TCP is among what it refuses from 4 on. */
int sandbox_landlock_version(void);
int sandbox_seccomp(void);

#endif
