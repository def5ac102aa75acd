// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define NETWORK_SIZE 8 /* of an IPv6 address, bytes */

static void from_ipv4(struct peer *peer, const struct in_addr *address, in_port_t port)
{
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, address, host, sizeof(host));
    snprintf(peer->text, sizeof(peer->text), "%s:%u", host, ntohs(port));
    peer->key[10] = peer->key[11] = 0xff;
    memcpy(peer->key + 12, address, 4);
    peer->has_key = true;
}

static void from_ipv6(struct peer *peer, const struct sockaddr_in6 *address)
{
    char host[INET6_ADDRSTRLEN], scope[16] = "";
    if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        struct in_addr ipv4;
        memcpy(&ipv4, address->sin6_addr.s6_addr + 12, sizeof(ipv4));
        from_ipv4(peer, &ipv4, address->sin6_port);
        return;
    }
    inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof(host));
    /* The interface's number, since its name would have to be looked up. */
    if (address->sin6_scope_id != 0)
        snprintf(scope, sizeof(scope), "%%%u", address->sin6_scope_id);
    snprintf(peer->text, sizeof(peer->text), "[%s%s]:%u", host, scope, ntohs(address->sin6_port));
    if (IN6_IS_ADDR_LOOPBACK(&address->sin6_addr))
        memcpy(peer->key, &address->sin6_addr, PEER_KEY_SIZE);
    else
        memcpy(peer->key, &address->sin6_addr, NETWORK_SIZE);
    peer->has_key = true;
}

void peer_from_address(struct peer *peer, const struct sockaddr_storage *address)
{
    memset(peer, 0, sizeof(*peer));
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
        from_ipv4(peer, &ipv4->sin_addr, ipv4->sin_port);
    } else if (address->ss_family == AF_INET6) {
        from_ipv6(peer, (const struct sockaddr_in6 *)address);
    } else {
        snprintf(peer->text, sizeof(peer->text), "unix");
    }
}
