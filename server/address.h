// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses to listen on, as the configuration writes them: tcp:HOST:PORT
 * with a numeric HOST (IPv6 in brackets) or "localhost", unix:PATH, or fd:N, a
 * listening socket that was handed to us. Names are not looked up: a resolver
 * would make the core read from the network.
 * Pure, any thread.
 */
#ifndef ORIEL_SERVER_ADDRESS_H
#define ORIEL_SERVER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_HOST_SIZE 64
#define ADDRESS_PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)
/* Any address as text: "unix:" or "tcp:[HOST]:PORT", and the NUL. */
#define ADDRESS_TEXT_SIZE 160

enum address_kind { ADDRESS_TCP, ADDRESS_UNIX, ADDRESS_FD };

struct address {
    enum address_kind kind;
    char host[ADDRESS_HOST_SIZE]; /* tcp: numeric, without brackets */
    uint16_t port;                /* tcp: 0 asks for a free one */
    char path[ADDRESS_PATH_SIZE]; /* unix: may hold %t and %h */
    int fd;                       /* fd: the number of the descriptor */
};

/*
 * Parses one address. Returns 0 or -EINVAL, and then *why is a static
 * sentence that says what is wrong.
 */
int address_parse(const char *text, struct address *address, const char **why);

/*
 * The address on which head `head` is served: port + head (a port of 0 stays
 * 0), %h and %t of a path replaced. Returns 0, -ERANGE when there is no such
 * port, or -ENAMETOOLONG.
 */
int address_for_head(const struct address *address, unsigned head, struct address *out);

bool address_equal(const struct address *a, const struct address *b);

/* Whether the addresses of two heads differ. */
bool address_depends_on_head(const struct address *address);

/* Writes the address as the configuration would. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

/*
 * As a socket address (tcp and unix). Returns its length, or a negative errno when the host
 * is none (which address_parse() has excluded, but for an IPv6 zone that is
 * gone).
 */
int address_to_sockaddr(const struct address *address, struct sockaddr_storage *out);

#endif
