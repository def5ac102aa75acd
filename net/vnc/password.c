// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/password.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads until the buffer is full or the file ends. */
static ssize_t read_start(int fd, char *buffer, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t n = pread(fd, buffer + have, size - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

int password_read(struct password *password, int fd)
{
    /* Two more than count, for a line end of either kind. */
    char line[VNC_AUTH_PASSWORD_SIZE + 2];
    password_clear(password);
    password->state = PASSWORD_UNUSABLE;

    ssize_t n = read_start(fd, line, sizeof(line));
    if (n < 0)
        return (int)n;
    size_t length = 0;
    while (length < (size_t)n && line[length] != '\n' && line[length] != '\0')
        length++;
    if (length < (size_t)n && length > 0 && line[length - 1] == '\r')
        length--;
    if (length > VNC_AUTH_PASSWORD_SIZE)
        length = VNC_AUTH_PASSWORD_SIZE;
    memcpy(password->text, line, length);
    explicit_bzero(line, sizeof(line));
    if (length == 0)
        return -ENODATA;
    password->state = PASSWORD_SET;
    return 0;
}

void password_clear(struct password *password)
{
    explicit_bzero(password, sizeof(*password));
}
