// SPDX-License-Identifier: GPL-2.0-or-later
/* Connection and handshake; rfb_client_update.c decodes what follows. */
#include "tests/protocol/lib/rfb_client.h"

#include "net/vnc/bytes.h"
#include "net/vnc/vnc_auth.h"
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/rfb_client_update.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Bytes read per step, so that one client does not starve a test's others. */
#define READ_PER_STEP (1024 * 1024)

static void connect_to(struct rfb_client *client, const struct sockaddr *address, socklen_t size,
                       const struct rfb_client_options *options)
{
    int small = 4096;
    memset(client, 0, sizeof(*client));
    if (options)
        client->options = *options;
    client->auto_request = !client->options.no_request;
    client->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client->fd >= 0, "socket");
    if (client->options.small_buffer)
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    CHECK(connect(client->fd, address, size) == 0, "connect");
    /* As viewers do; a unix socket needs it not. */
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    CHECK(fcntl(client->fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
}

void rfb_client_connect(struct rfb_client *client, uint16_t port,
                        const struct rfb_client_options *options)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect_to(client, (struct sockaddr *)&address, sizeof(address), options);
}

void rfb_client_connect_ipv6(struct rfb_client *client, uint16_t port,
                             const struct rfb_client_options *options)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(port),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    connect_to(client, (struct sockaddr *)&address, sizeof(address), options);
}

void rfb_client_connect_unix(struct rfb_client *client, const char *path,
                             const struct rfb_client_options *options)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    connect_to(client, (struct sockaddr *)&address, sizeof(address), options);
}

void rfb_client_close(struct rfb_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->input);
    free(client->pixels);
    memset(client, 0, sizeof(*client));
    client->fd = -1;
    client->state = RFB_CLIENT_CLOSED;
}

static void flush_output(struct rfb_client *client)
{
    ssize_t n = client->output_size
                    ? send(client->fd, client->output, client->output_size, MSG_NOSIGNAL)
                    : 0;
    if (n > 0) {
        client->output_size -= (size_t)n;
        memmove(client->output, client->output + n, client->output_size);
    }
}

void rfb_client_send(struct rfb_client *client, const void *data, size_t size)
{
    /* A server that is gone is noticed when it is read from. */
    if (client->state == RFB_CLIENT_CLOSED || size == 0)
        return;
    CHECK(client->output_size + size <= sizeof(client->output), "server reads nothing");
    memcpy(client->output + client->output_size, data, size);
    client->output_size += size;
    flush_output(client);
}

void rfb_client_request(struct rfb_client *client, bool incremental, uint16_t x, uint16_t y,
                        uint16_t width, uint16_t height)
{
    uint8_t message[10] = {3, incremental};
    put_u16(message + 2, x);
    put_u16(message + 4, y);
    put_u16(message + 6, width);
    put_u16(message + 8, height);
    rfb_client_send(client, message, sizeof(message));
}

void rfb_client_request_all(struct rfb_client *client, bool incremental)
{
    rfb_client_request(client, incremental, 0, 0, client->width, client->height);
}

void rfb_client_set_encodings(struct rfb_client *client, const int32_t *encodings)
{
    uint8_t message[4 + 4 * (RFB_CLIENT_MAX_ENCODINGS + 1)] = {2};
    uint16_t count = 0;
    for (; count < RFB_CLIENT_MAX_ENCODINGS && encodings[count] != 0; count++)
        put_u32(message + 4 + 4 * count, (uint32_t)encodings[count]);
    put_u32(message + 4 + 4 * count, 0);
    put_u16(message + 2, (uint16_t)(count + 1));
    rfb_client_send(client, message, 4 + 4 * ((size_t)count + 1));
}

/* ---- the handshake; each step returns how many bytes it used, 0: too few */

static size_t take_version(struct rfb_client *client, const uint8_t *data, size_t size)
{
    const char *version = client->options.version ? client->options.version : "RFB 003.008\n";
    if (size < 12)
        return 0;
    CHECK(memcmp(data, client->options.expect_3_3 ? "RFB 003.003\n" : "RFB 003.008\n", 12) == 0,
          "server's version");
    if (client->options.expect_3_3)
        version = "RFB 003.003\n";
    client->minor = strcmp(version, "RFB 003.008\n") == 0   ? 8
                    : strcmp(version, "RFB 003.007\n") == 0 ? 7
                                                            : 3;
    rfb_client_send(client, version, strlen(version));
    client->state = RFB_CLIENT_SECURITY;
    return 12;
}

static void send_client_init(struct rfb_client *client)
{
    const uint8_t shared = !client->options.alone;
    rfb_client_send(client, &shared, 1);
    client->state = RFB_CLIENT_INIT;
}

static void begin_security(struct rfb_client *client, uint32_t type)
{
    if (type == 2)
        client->state = RFB_CLIENT_CHALLENGE;
    else if (type == 0)
        client->state = RFB_CLIENT_REASON;
    else if (client->minor == 8)
        client->state = RFB_CLIENT_RESULT;
    else
        send_client_init(client);
}

static size_t take_security(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (client->minor == 3) {
        if (size < 4)
            return 0;
        client->noffered = 1;
        client->offered[0] = data[3];
        begin_security(client, get_u32(data));
        return 4;
    }
    if (size < 1 || size < 1u + data[0])
        return 0;
    CHECK(data[0] <= sizeof(client->offered), "%u security types", data[0]);
    client->noffered = data[0];
    memcpy(client->offered, data + 1, data[0]);
    if (client->noffered == 0) {
        client->state = RFB_CLIENT_REASON;
        return 1;
    }
    uint8_t type = client->options.security ? client->options.security : data[1];
    rfb_client_send(client, &type, 1);
    /* Who chooses what is not offered is told so in the place of a result. */
    if (type != data[1])
        client->state = RFB_CLIENT_RESULT;
    else
        begin_security(client, type);
    return 1u + data[0];
}

static size_t take_challenge(struct rfb_client *client, const uint8_t *data, size_t size)
{
    uint8_t password[8] = {0}, response[16];
    if (size < 16)
        return 0;
    const char *text = client->options.password ? client->options.password : "";
    memcpy(password, text, strlen(text) < 8 ? strlen(text) : 8);
    vnc_auth_response(password, data, response);
    rfb_client_send(client, response, sizeof(response));
    client->state = RFB_CLIENT_RESULT;
    return 16;
}

static size_t take_result(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    client->result = get_u32(data);
    if (client->result == 0)
        send_client_init(client);
    else
        client->state = RFB_CLIENT_REASON;
    return 4;
}

static size_t take_reason(struct rfb_client *client, const uint8_t *data, size_t size)
{
    if (size < 4 || size < 4 + (size_t)get_u32(data))
        return 0;
    snprintf(client->reason, sizeof(client->reason), "%.*s", (int)get_u32(data), data + 4);
    return 4 + (size_t)get_u32(data);
}

static size_t take_init(struct rfb_client *client, const uint8_t *data, size_t size)
{
    static const uint8_t none[16];
    if (size < 24 || size < 24 + (size_t)get_u32(data + 20))
        return 0;
    uint32_t length = get_u32(data + 20);
    snprintf(client->name, sizeof(client->name), "%.*s", (int)length, data + 24);
    memcpy(client->server_format, data + 4, 16);
    client->pixel_size = 4;
    rfb_client_set_size(client, get_u16(data), get_u16(data + 2));
    client->state = RFB_CLIENT_RUNNING;
    if (memcmp(client->options.pixel_format, none, 16) != 0) {
        uint8_t message[20] = {0};
        memcpy(message + 4, client->options.pixel_format, 16);
        client->pixel_size = client->options.pixel_format[0] / 8;
        rfb_client_send(client, message, sizeof(message));
    }
    rfb_client_set_encodings(client, client->options.encodings);
    if (client->auto_request)
        rfb_client_request_all(client, false);
    return 24 + (size_t)length;
}

static bool take(struct rfb_client *client)
{
    static size_t (*const steps[])(struct rfb_client *, const uint8_t *, size_t) = {
        [RFB_CLIENT_VERSION] = take_version, [RFB_CLIENT_SECURITY] = take_security,
        [RFB_CLIENT_CHALLENGE] = take_challenge, [RFB_CLIENT_RESULT] = take_result,
        [RFB_CLIENT_REASON] = take_reason, [RFB_CLIENT_INIT] = take_init,
        [RFB_CLIENT_RUNNING] = rfb_client_take_message,
    };
    if (client->state == RFB_CLIENT_CLOSED || client->input_used == client->input_size)
        return false;
    size_t n = steps[client->state](client, client->input + client->input_used,
                                    client->input_size - client->input_used);
    client->input_used += n;
    return n > 0;
}

static void read_input(struct rfb_client *client)
{
    size_t total = 0;
    while (total < READ_PER_STEP) {
        if (client->input_capacity - client->input_size < 65536) {
            client->input_capacity = client->input_capacity * 2 + 65536;
            client->input = realloc(client->input, client->input_capacity);
            CHECK(client->input, "memory");
        }
        ssize_t n = recv(client->fd, client->input + client->input_size,
                         client->input_capacity - client->input_size, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            while (take(client))
                ;
            client->state = RFB_CLIENT_CLOSED;
            return;
        }
        client->input_size += (size_t)n;
        client->bytes += (uint64_t)n;
        total += (size_t)n;
    }
}

void rfb_client_step(struct rfb_client *client)
{
    if (client->state == RFB_CLIENT_CLOSED)
        return;
    flush_output(client);
    if (client->stalled)
        return;
    read_input(client);
    while (take(client))
        ;
    if (client->input_used > 0) {
        client->input_size -= client->input_used;
        memmove(client->input, client->input + client->input_used, client->input_size);
        client->input_used = 0;
    }
}
