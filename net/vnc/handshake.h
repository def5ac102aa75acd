// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The beginning of a viewer's connection up to ClientInit: ProtocolVersion
 * and security (RFC 6143, 7.1 to 7.3.1), in the forms of 3.3, 3.7 and 3.8.
 *
 * A state machine without sockets: bytes in, bytes out. Loop thread.
 */
#ifndef ORIEL_NET_VNC_HANDSHAKE_H
#define ORIEL_NET_VNC_HANDSHAKE_H

#include "net/vnc/bytes.h"
#include "net/vnc/credentials.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum handshake_state {
    HANDSHAKE_VERSION,
    HANDSHAKE_SECURITY,
    HANDSHAKE_RESPONSE,
    HANDSHAKE_CLIENT_INIT,
    HANDSHAKE_DONE,
    HANDSHAKE_FAILED,
};

struct handshake {
    enum handshake_state state;
    const struct credentials *credentials; /* outlive the handshake, may change meanwhile */
    struct login login; /* what was decided, from HANDSHAKE_CLIENT_INIT on */
    unsigned minor; /* of the protocol spoken: 3, 7 or 8 */
    bool shared;    /* what ClientInit said */
    uint8_t challenge[VNC_AUTH_CHALLENGE_SIZE];
    const char *failure; /* for the log, once failed */
};

/* Writes our version to `out`. */
void handshake_init(struct handshake *handshake, const struct credentials *credentials,
                    struct bytes *out);

/* Writes all that somebody is told who is not even to begin. */
void handshake_refuse(struct bytes *out, const char *reason);

/* The next handshake_input() with that many bytes judges a password. */
bool handshake_judges(const struct handshake *handshake, size_t size);

/*
 * Looks at what the viewer sent and consumes at most one message. Returns how
 * many bytes were consumed, 0 when more are needed. `out` gets the answer,
 * which is sent also when the state has become HANDSHAKE_FAILED.
 */
size_t handshake_input(struct handshake *handshake, const uint8_t *data, size_t size,
                       struct bytes *out);

#endif
