// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/handshake.h"

#include <string.h>

#define VERSION_SIZE 12
#define SECURITY_INVALID 0
#define SECURITY_NONE 1
#define SECURITY_VNC_AUTH 2
#define RESULT_OK 0
#define RESULT_FAILED 1

static void fail(struct handshake *handshake, const char *why)
{
    handshake->state = HANDSHAKE_FAILED;
    handshake->failure = why;
}

static void write_reason(struct bytes *out, const char *reason)
{
    bytes_u32(out, (uint32_t)strlen(reason));
    bytes_append(out, reason, strlen(reason));
}

void handshake_init(struct handshake *handshake, const struct credentials *credentials,
                    struct bytes *out)
{
    *handshake = (struct handshake){.state = HANDSHAKE_VERSION, .credentials = credentials};
    bytes_append(out, "RFB 003.008\n", VERSION_SIZE);
}

void handshake_refuse(struct bytes *out, const char *reason)
{
    /* In 3.3 the server decides alone, so that no answer has to be awaited. */
    bytes_append(out, "RFB 003.003\n", VERSION_SIZE);
    bytes_u32(out, SECURITY_INVALID);
    write_reason(out, reason);
}

bool handshake_judges(const struct handshake *handshake, size_t size)
{
    return handshake->state == HANDSHAKE_RESPONSE && size >= VNC_AUTH_CHALLENGE_SIZE;
}

static void let_in(struct handshake *handshake, enum login_kind kind)
{
    handshake->login.kind = kind;
    handshake->state = HANDSHAKE_CLIENT_INIT;
}

/* 3.7 and 3.8 are what they say; every other number is to be taken for 3.3,
 * since nobody else speaks the longer handshake (RFC 6143, 7.1.1). Returns 0
 * for what is no version at all. */
static unsigned parse_version(const uint8_t *data)
{
    static const char form[VERSION_SIZE + 1] = "RFB ddd.ddd\n";
    for (int i = 0; i < VERSION_SIZE; i++) {
        bool fits = form[i] == 'd' ? data[i] >= '0' && data[i] <= '9' : data[i] == form[i];
        if (!fits)
            return 0;
    }
    if (memcmp(data + 4, "003.007", 7) == 0)
        return 7;
    return memcmp(data + 4, "003.008", 7) == 0 ? 8 : 3;
}

static void send_challenge(struct handshake *handshake, struct bytes *out)
{
    if (vnc_auth_challenge(handshake->challenge) != 0) {
        fail(handshake, "no random bytes for the challenge");
        return;
    }
    bytes_append(out, handshake->challenge, sizeof(handshake->challenge));
    handshake->state = HANDSHAKE_RESPONSE;
}

static void refuse_everybody(struct handshake *handshake, struct bytes *out)
{
    /* 3.3 reads this as security type 0, the later ones as no types. */
    if (handshake->minor == 3)
        bytes_u32(out, SECURITY_INVALID);
    else
        bytes_u8(out, 0);
    write_reason(out, "The server's password file holds no password");
    fail(handshake, "a password is asked for, but its file holds none");
}

static void start_security(struct handshake *handshake, struct bytes *out)
{
    bool none = !credentials_asked(handshake->credentials);
    if (!none && !credentials_usable(handshake->credentials)) {
        refuse_everybody(handshake, out);
        return;
    }
    uint8_t type = none ? SECURITY_NONE : SECURITY_VNC_AUTH;
    if (handshake->minor != 3) {
        bytes_u8(out, 1);
        bytes_u8(out, type);
        handshake->state = HANDSHAKE_SECURITY;
        return;
    }
    bytes_u32(out, type);
    if (none)
        let_in(handshake, LOGIN_OPEN);
    else
        send_challenge(handshake, out);
}

static size_t take_version(struct handshake *handshake, const uint8_t *data, size_t size,
                           struct bytes *out)
{
    if (size < VERSION_SIZE)
        return 0;
    handshake->minor = parse_version(data);
    if (handshake->minor == 0)
        fail(handshake, "does not speak RFB");
    else
        start_security(handshake, out);
    return VERSION_SIZE;
}

static void reject(struct handshake *handshake, struct bytes *out, const char *reason)
{
    bytes_u32(out, RESULT_FAILED);
    if (handshake->minor == 8)
        write_reason(out, reason);
    fail(handshake, reason);
}

static size_t take_security(struct handshake *handshake, const uint8_t *data, size_t size,
                            struct bytes *out)
{
    if (size < 1)
        return 0;
    /* The password may have come or gone since the list was sent; what counts
     * is what is asked for now. */
    bool none = !credentials_asked(handshake->credentials);
    if (data[0] == SECURITY_VNC_AUTH && !none) {
        send_challenge(handshake, out);
    } else if (data[0] == SECURITY_NONE && none) {
        if (handshake->minor == 8)
            bytes_u32(out, RESULT_OK);
        let_in(handshake, LOGIN_OPEN);
    } else {
        reject(handshake, out, "Security type not offered");
    }
    return 1;
}

static size_t take_response(struct handshake *handshake, const uint8_t *data, size_t size,
                            struct bytes *out)
{
    if (size < VNC_AUTH_CHALLENGE_SIZE)
        return 0;
    struct login *login = &handshake->login;
    credentials_judge(handshake->credentials, handshake->challenge, data, login);
    if (login->kind != LOGIN_REFUSED) {
        bytes_u32(out, RESULT_OK);
        let_in(handshake, login->kind);
    } else {
        reject(handshake, out, "Wrong password");
    }
    explicit_bzero(handshake->challenge, sizeof(handshake->challenge));
    return VNC_AUTH_CHALLENGE_SIZE;
}

static size_t take_client_init(struct handshake *handshake, const uint8_t *data, size_t size,
                               struct bytes *out)
{
    (void)out;
    if (size < 1)
        return 0;
    handshake->shared = data[0] != 0;
    handshake->state = HANDSHAKE_DONE;
    return 1;
}

size_t handshake_input(struct handshake *handshake, const uint8_t *data, size_t size,
                       struct bytes *out)
{
    static size_t (*const take[])(struct handshake *, const uint8_t *, size_t, struct bytes *) = {
        [HANDSHAKE_VERSION] = take_version,
        [HANDSHAKE_SECURITY] = take_security,
        [HANDSHAKE_RESPONSE] = take_response,
        [HANDSHAKE_CLIENT_INIT] = take_client_init,
    };
    if (handshake->state >= HANDSHAKE_DONE)
        return 0;
    return take[handshake->state](handshake, data, size, out);
}
