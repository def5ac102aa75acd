// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/vnc_auth.h"

#include <errno.h>
#include <nettle/des.h>
#include <nettle/memops.h>
#include <string.h>
#include <sys/random.h>

int vnc_auth_challenge(uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE])
{
    /* Up to 256 bytes come whole once the kernel's pool is ready. */
    ssize_t n;
    do {
        n = getrandom(challenge, VNC_AUTH_CHALLENGE_SIZE, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return n == VNC_AUTH_CHALLENGE_SIZE ? 0 : -EIO;
}

/* The protocol uses each byte of the password with its bits in reverse. */
static uint8_t reverse_bits(uint8_t byte)
{
    uint8_t reversed = 0;
    for (int i = 0; i < 8; i++)
        reversed |= (uint8_t)((byte >> i & 1) << (7 - i));
    return reversed;
}

void vnc_auth_response(const uint8_t password[VNC_AUTH_PASSWORD_SIZE],
                       const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                       uint8_t response[VNC_AUTH_CHALLENGE_SIZE])
{
    uint8_t key[DES_KEY_SIZE];
    struct des_ctx des;
    for (int i = 0; i < VNC_AUTH_PASSWORD_SIZE; i++)
        key[i] = reverse_bits(password[i]);
    /* A weak key is what the user chose; it encrypts all the same. */
    des_set_key(&des, key);
    des_encrypt(&des, VNC_AUTH_CHALLENGE_SIZE, response, challenge);
    explicit_bzero(key, sizeof(key));
    explicit_bzero(&des, sizeof(des));
}

bool vnc_auth_check(const uint8_t password[VNC_AUTH_PASSWORD_SIZE],
                    const uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE],
                    const uint8_t response[VNC_AUTH_CHALLENGE_SIZE])
{
    uint8_t expected[VNC_AUTH_CHALLENGE_SIZE];
    vnc_auth_response(password, challenge, expected);
    bool equal = memeql_sec(expected, response, sizeof(expected)) != 0;
    explicit_bzero(expected, sizeof(expected));
    return equal;
}
