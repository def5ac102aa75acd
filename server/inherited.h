// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that were handed to us by whoever started us: which numbers they
 * were is noted first of all, so that a number of ours is never taken for one
 * of theirs. Loop thread.
 */
#ifndef ORIEL_SERVER_INHERITED_H
#define ORIEL_SERVER_INHERITED_H

/* Descriptors beyond are not looked at. */
#define INHERITED_MAX 1024

/* Notes what is open now. To be called before anything else is opened. */
void inherited_note(void);
/* Takes the descriptor for one use, and keeps our programs from inheriting it.
 * Returns 0, or -EBADF when no such one was handed to us, or it was taken
 * before. */
int inherited_take(int fd);
/* Closes it. Its number stays occupied for as long as we run, and it cannot
 * be taken again. */
void inherited_close(int fd);
/* Back to before inherited_take(). */
void inherited_put_back(int fd);

#endif
