// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/orielctl/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval timeout = {.tv_sec = CONNECTION_TIMEOUT_S};
    if (strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "orielctl: %s: the path of a unix socket has at most 107 bytes\n", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
            return fd;
    }
    if (errno == ENOENT || errno == ECONNREFUSED)
        fprintf(stderr, "orielctl: no oriel runs with its control socket at %s\n", path);
    else
        fprintf(stderr, "orielctl: cannot connect to %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void say_failure(void)
{
    if (errno == EAGAIN)
        fprintf(stderr, "orielctl: oriel has not answered for %d s\n", CONNECTION_TIMEOUT_S);
    else
        fprintf(stderr, "orielctl: the connection broke: %s\n", strerror(errno));
}

static int send_request(int fd, json_t *request)
{
    char *line = json_dumps(request, JSON_COMPACT);
    if (line == NULL) {
        fputs("orielctl: cannot build the request\n", stderr);
        return -1;
    }
    size_t size = strlen(line), sent = 0;
    line[size++] = '\n'; /* in place of the NUL */
    while (sent < size) {
        ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    free(line);
    if (sent == size)
        return 0;
    say_failure();
    return -1;
}

/* Reads to the end of a line. Returns it without the newline, or NULL. */
static char *receive_line(int fd, size_t *length)
{
    size_t used = 0, cap = 64 * 1024;
    char *line = malloc(cap);
    while (line != NULL) {
        ssize_t n = recv(fd, line + used, cap - used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                fputs("orielctl: oriel closed the connection without an answer\n", stderr);
            else
                say_failure();
            break;
        }
        char *end = memchr(line + used, '\n', (size_t)n);
        if (end != NULL) {
            *length = (size_t)(end - line);
            return line;
        }
        used += (size_t)n;
        if (used == cap) {
            char *larger = realloc(line, cap * 2);
            if (larger == NULL) {
                fputs("orielctl: out of memory\n", stderr);
                break;
            }
            line = larger;
            cap *= 2;
        }
    }
    free(line);
    return NULL;
}

/* The details, where there are some. */
static void say_errors(const json_t *errors)
{
    size_t i;
    const json_t *line;
    json_array_foreach(errors, i, line) if (json_is_string(line))
        fprintf(stderr, "%s\n", json_string_value(line));
}

/* Releases `reply` unless it says ok. */
static json_t *check_reply(json_t *reply)
{
    if (json_is_true(json_object_get(reply, "ok"))) {
        json_object_del(reply, "id");
        json_object_del(reply, "ok");
        return reply;
    }
    const char *error = json_string_value(json_object_get(reply, "error"));
    fprintf(stderr, "orielctl: %s\n", error != NULL ? error : "the answer cannot be understood");
    say_errors(json_object_get(reply, "errors"));
    json_decref(reply);
    return NULL;
}

static json_t *receive_reply(int fd)
{
    size_t length;
    json_error_t error;
    char *line = receive_line(fd, &length);
    if (line == NULL)
        return NULL;
    json_t *reply = json_loadb(line, length, 0, &error);
    free(line);
    if (reply == NULL) {
        fprintf(stderr, "orielctl: the answer is not JSON: %s\n", error.text);
        return NULL;
    }
    return check_reply(reply);
}

json_t *connection_ask(const char *path, json_t *request)
{
    json_t *reply = NULL;
    int fd = open_socket(path);
    if (fd >= 0 && send_request(fd, request) == 0)
        reply = receive_reply(fd);
    if (fd >= 0)
        close(fd);
    json_decref(request);
    return reply;
}
