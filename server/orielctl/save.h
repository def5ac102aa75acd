// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a whole file so that nobody ever sees a part of it. */
#ifndef ORIEL_SERVER_ORIELCTL_SAVE_H
#define ORIEL_SERVER_ORIELCTL_SAVE_H

#include <stddef.h>

/*
 * Writes `data` to `path` under another name first and renames it then; what
 * is no regular file (a device, a FIFO) is written as it stands, and "-" is
 * standard output. Returns 0 or a negative errno.
 */
int save_file(const char *path, const void *data, size_t size);

#endif
