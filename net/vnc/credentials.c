// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/credentials.h"

#include <string.h>

bool credentials_asked(const struct credentials *credentials)
{
    return credentials->full.state != PASSWORD_NONE || credentials->view.state != PASSWORD_NONE;
}

bool credentials_usable(const struct credentials *credentials)
{
    return credentials->full.state == PASSWORD_SET || credentials->view.state == PASSWORD_SET;
}

static bool is_answer(const struct password *password,
                      const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                      const uint8_t response[VNC_AUTH_CHALLENGE_SIZE])
{
    return vnc_auth_check(password->text, challenge, response) && password->state == PASSWORD_SET;
}

void credentials_judge(const struct credentials *credentials,
                       const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                       const uint8_t response[VNC_AUTH_CHALLENGE_SIZE], struct login *login)
{
    /* Both are tried each time, so that the time tells nothing. */
    bool full = is_answer(&credentials->full, challenge, response);
    bool view = is_answer(&credentials->view, challenge, response);
    const struct password *given = full ? &credentials->full : &credentials->view;
    login->kind = full ? LOGIN_FULL : view ? LOGIN_VIEW : LOGIN_REFUSED;
    if (login->kind != LOGIN_REFUSED)
        memcpy(login->password, given->text, sizeof(login->password));
}

static bool is_set_to(const struct password *password, const struct login *login)
{
    return password->state == PASSWORD_SET &&
           memcmp(password->text, login->password, sizeof(login->password)) == 0;
}

bool credentials_still_good(const struct credentials *credentials, const struct login *login)
{
    if (!credentials_asked(credentials))
        return true;
    bool full = is_set_to(&credentials->full, login), view = is_set_to(&credentials->view, login);
    return (login->kind == LOGIN_FULL && full) || (login->kind == LOGIN_VIEW && view && !full);
}

void credentials_clear(struct credentials *credentials)
{
    password_clear(&credentials->full);
    password_clear(&credentials->view);
}

void login_clear(struct login *login)
{
    explicit_bzero(login, sizeof(*login));
}
