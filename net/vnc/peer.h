// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is at the other end of a connection: an address for people, and a key
 * by which connections of one host are known. Pure functions.
 */
#ifndef ORIEL_NET_VNC_PEER_H
#define ORIEL_NET_VNC_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define PEER_TEXT_SIZE 80
#define PEER_KEY_SIZE 16

struct peer {
    char text[PEER_TEXT_SIZE]; /* "127.0.0.1:40000", "[::1]:40000" or "unix" */
    bool has_key;              /* unix sockets have none */
    /* An IPv4 address in the IPv6 way (RFC 4291, 2.5.5.2), also where it came
     * over IPv6; of an IPv6 address the first 64 bits, since a host has all
     * the others to itself. */
    uint8_t key[PEER_KEY_SIZE];
};

/* Asks no name server and opens no file. */
void peer_from_address(struct peer *peer, const struct sockaddr_storage *address);

#endif
