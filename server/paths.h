// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths: where sockets live and what the %-signs in configured paths stand
 * for. No state but the environment; loop thread.
 */
#ifndef ORIEL_SERVER_PATHS_H
#define ORIEL_SERVER_PATHS_H

#include <stddef.h>

/* PATHS_NO_HEAD: %h is refused. */
#define PATHS_NO_HEAD (-1)

/*
 * The directory for our sockets: $XDG_RUNTIME_DIR/oriel where that is set to
 * an absolute path, else /run/oriel. Returns 0 or -ENAMETOOLONG.
 */
int paths_runtime_directory(char *out, size_t cap);

/*
 * Replaces %t (the runtime directory), %h (the number of the head) and %% in
 * `pattern`. Returns 0; -EINVAL for any other %-sign, or for %h with
 * PATHS_NO_HEAD; -ENAMETOOLONG when `cap` bytes are too few.
 */
int paths_expand(const char *pattern, int head, char *out, size_t cap);

/*
 * Makes the runtime directory (mode 0700) when `path` lies in it and it is
 * not there. Returns 0 or a negative errno.
 */
int paths_prepare_parent(const char *path);

#endif
