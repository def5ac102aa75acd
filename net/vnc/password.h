// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The password that viewers must know, read from a file that the core opened.
 * Loop thread; the owner wipes it with password_clear().
 */
#ifndef ORIEL_NET_VNC_PASSWORD_H
#define ORIEL_NET_VNC_PASSWORD_H

#include "net/vnc/vnc_auth.h"

enum password_state {
    PASSWORD_NONE,     /* none is asked for */
    PASSWORD_SET,
    PASSWORD_UNUSABLE, /* one is asked for, but the file held none: nobody gets in */
};

struct password {
    enum password_state state;
    uint8_t text[VNC_AUTH_PASSWORD_SIZE]; /* padded with zeros */
};

/*
 * Reads the first line of the file (its newline is not part of it, and only
 * the first eight bytes count) and replaces what was there. Does not close fd.
 * Returns 0 or a negative errno, -ENODATA for an empty line; after a failure
 * the state is PASSWORD_UNUSABLE, never "no password".
 */
int password_read(struct password *password, int fd);
void password_clear(struct password *password);

#endif
