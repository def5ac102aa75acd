// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may log in and as what: the password of those who may do everything and
 * the password of those who may only look. Both may change while viewers are
 * there; a login can be judged again at any time. Loop thread.
 */
#ifndef ORIEL_NET_VNC_CREDENTIALS_H
#define ORIEL_NET_VNC_CREDENTIALS_H

#include "net/vnc/password.h"

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised: no password is asked for. */
struct credentials {
    struct password full, view;
};

enum login_kind {
    LOGIN_REFUSED,
    LOGIN_OPEN, /* no password was asked for */
    LOGIN_FULL,
    LOGIN_VIEW,
};

/* How somebody came in. Whoever holds one wipes it with login_clear(). */
struct login {
    enum login_kind kind;
    uint8_t password[VNC_AUTH_PASSWORD_SIZE]; /* that was given */
};

/* A password is asked for, be there one or not. */
bool credentials_asked(const struct credentials *credentials);
/* There is one that can be given. */
bool credentials_usable(const struct credentials *credentials);
/* Judges the answer to a challenge. Where both passwords are the same, it is
 * that of those who may do everything. */
void credentials_judge(const struct credentials *credentials,
                       const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                       const uint8_t response[VNC_AUTH_CHALLENGE_SIZE], struct login *login);
/* Who came in so would be let in again, with the same rights; or nobody is
 * asked any more. */
bool credentials_still_good(const struct credentials *credentials, const struct login *login);
void credentials_clear(struct credentials *credentials);
void login_clear(struct login *login);

#endif
