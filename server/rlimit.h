// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The limit of open files: each viewer, VMM and listener is one. We raise our
 * own; helper programs are started with the one that we were started with,
 * since libraries in them may use select(). Loop thread.
 */
#ifndef ORIEL_SERVER_RLIMIT_H
#define ORIEL_SERVER_RLIMIT_H

/* Raises the soft limit towards the hard one; the first call remembers the
 * limit of before. Failure changes nothing. */
void rlimit_raise(void);
/* Back to the limit of before, for what is started now. */
void rlimit_lower(void);

#endif
