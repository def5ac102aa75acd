// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VNC Authentication (RFC 6143, 7.2.2): a 16-byte challenge that the viewer
 * encrypts with DES under the password. Pure functions, any thread.
 */
#ifndef ORIEL_NET_VNC_VNC_AUTH_H
#define ORIEL_NET_VNC_VNC_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#define VNC_AUTH_CHALLENGE_SIZE 16
#define VNC_AUTH_PASSWORD_SIZE 8

/* Random bytes from the kernel. Returns 0 or a negative errno. */
int vnc_auth_challenge(uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE]);

/* What a viewer that knows the password (padded with zeros) answers. */
void vnc_auth_response(const uint8_t password[VNC_AUTH_PASSWORD_SIZE],
                       const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                       uint8_t response[VNC_AUTH_CHALLENGE_SIZE]);

/* Compares in a time that does not depend on the response. */
bool vnc_auth_check(const uint8_t password[VNC_AUTH_PASSWORD_SIZE],
                    const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                    const uint8_t response[VNC_AUTH_CHALLENGE_SIZE]);

#endif
