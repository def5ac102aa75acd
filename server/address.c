// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/address.h"
#include "server/paths.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *text, uint16_t *port)
{
    size_t length = strlen(text);
    if (length == 0 || length > 5 || strspn(text, "0123456789") != length)
        return -EINVAL;
    long value = strtol(text, NULL, 10);
    if (value > UINT16_MAX)
        return -EINVAL;
    *port = (uint16_t)value;
    return 0;
}

/* Splits HOST:PORT or [HOST]:PORT. `*port` points into `text`. */
static int split_host(const char *text, char *host, const char **port)
{
    const char *end;
    if (text[0] == '[') {
        text++;
        end = strchr(text, ']');
        if (end == NULL || end[1] != ':')
            return -EINVAL;
        *port = end + 2;
    } else {
        end = strchr(text, ':');
        if (end == NULL || strchr(end + 1, ':') != NULL)
            return -EINVAL;
        *port = end + 1;
    }
    size_t length = (size_t)(end - text);
    if (length == 0 || length >= ADDRESS_HOST_SIZE)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    return 0;
}

static int parse_tcp(const char *text, struct address *address, const char **why)
{
    const char *port;
    address->kind = ADDRESS_TCP;
    *why = "expected tcp:HOST:PORT, an IPv6 HOST in brackets";
    if (split_host(text, address->host, &port) != 0)
        return -EINVAL;
    if ((text[0] == '[') != (strchr(address->host, ':') != NULL))
        return -EINVAL;
    *why = "the port is a number from 0 to 65535 (0: any free one)";
    if (parse_port(port, &address->port) != 0)
        return -EINVAL;
    *why = "the host is a numeric address or localhost; names are not looked up";
    if (strcmp(address->host, "localhost") == 0)
        strcpy(address->host, "127.0.0.1");
    struct sockaddr_storage unused;
    return address_to_sockaddr(address, &unused) < 0 ? -EINVAL : 0;
}

static int parse_unix(const char *text, struct address *address, const char **why)
{
    char expanded[ADDRESS_PATH_SIZE];
    address->kind = ADDRESS_UNIX;
    *why = "expected unix:PATH";
    if (text[0] == '\0')
        return -EINVAL;
    *why = "the path of a unix socket has at most 107 bytes";
    if (strlen(text) >= sizeof(address->path))
        return -EINVAL;
    strcpy(address->path, text);
    /* 15 is the longest number of a head. */
    int r = paths_expand(text, 15, expanded, sizeof(expanded));
    if (r == -EINVAL)
        *why = "a path takes %h (head), %t (runtime directory) and %%";
    return r == 0 ? 0 : -EINVAL;
}

/* Descriptors below 3 are the standard ones. */
static int parse_fd(const char *text, struct address *address, const char **why)
{
    size_t length = strlen(text);
    address->kind = ADDRESS_FD;
    *why = "expected fd:N, the number of a listening socket from 3 to 1023";
    if (length == 0 || length > 4 || strspn(text, "0123456789") != length)
        return -EINVAL;
    address->fd = (int)strtol(text, NULL, 10);
    return address->fd >= 3 && address->fd <= 1023 ? 0 : -EINVAL;
}

int address_parse(const char *text, struct address *address, const char **why)
{
    *address = (struct address){0};
    if (strncmp(text, "tcp:", 4) == 0)
        return parse_tcp(text + 4, address, why);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, address, why);
    if (strncmp(text, "fd:", 3) == 0)
        return parse_fd(text + 3, address, why);
    *why = "expected tcp:HOST:PORT, unix:PATH or fd:N";
    return -EINVAL;
}

int address_for_head(const struct address *address, unsigned head, struct address *out)
{
    *out = *address;
    if (address->kind == ADDRESS_UNIX)
        return paths_expand(address->path, (int)head, out->path, sizeof(out->path));
    if (address->kind == ADDRESS_FD || address->port == 0)
        return 0;
    if (address->port + head > UINT16_MAX)
        return -ERANGE;
    out->port = (uint16_t)(address->port + head);
    return 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->kind == b->kind && a->port == b->port && a->fd == b->fd &&
           strcmp(a->host, b->host) == 0 && strcmp(a->path, b->path) == 0;
}

bool address_depends_on_head(const struct address *address)
{
    struct address first, second;
    if (address->kind != ADDRESS_UNIX)
        return address->kind == ADDRESS_TCP;
    return address_for_head(address, 0, &first) == 0 &&
           address_for_head(address, 1, &second) == 0 && strcmp(first.path, second.path) != 0;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    if (address->kind == ADDRESS_UNIX)
        snprintf(out, ADDRESS_TEXT_SIZE, "unix:%s", address->path);
    else if (address->kind == ADDRESS_FD)
        snprintf(out, ADDRESS_TEXT_SIZE, "fd:%d", address->fd);
    else if (strchr(address->host, ':') != NULL)
        snprintf(out, ADDRESS_TEXT_SIZE, "tcp:[%s]:%u", address->host, address->port);
    else
        snprintf(out, ADDRESS_TEXT_SIZE, "tcp:%s:%u", address->host, address->port);
}

static int unix_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    memcpy(sun.sun_path, address->path, sizeof(sun.sun_path));
    memcpy(out, &sun, sizeof(sun));
    return sizeof(sun);
}

int address_to_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    if (address->kind == ADDRESS_UNIX)
        return unix_sockaddr(address, out);
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    char port[8];
    struct addrinfo *found;
    snprintf(port, sizeof(port), "%u", address->port);
    if (getaddrinfo(address->host, port, &hints, &found) != 0)
        return -EINVAL;
    int length = (int)found->ai_addrlen;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return length;
}
