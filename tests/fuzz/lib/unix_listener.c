// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/unix_listener.h"

#include "tests/fuzz/lib/fuzz_loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_listener(const struct sockaddr_un *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(bind(fd, (const struct sockaddr *)address, size) == 0 && listen(fd, 8) == 0);
    return fd;
}

int unix_listener_open(void)
{
    /* Without a path the kernel finds a name. */
    const struct sockaddr_un address = {.sun_family = AF_UNIX};
    return open_listener(&address, sizeof(address.sun_family));
}

int unix_listener_connect(int listener)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    FUZZ_CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The file goes at once: a descriptor leads to the socket as well, and is gone
 * with us, however we end. */
int unix_listener_open_path(char *path, size_t size)
{
    char dir[] = "/tmp/oriel-fuzz-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FUZZ_CHECK(mkdtemp(dir));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
    int listener = open_listener(&address, sizeof(address));
    int at = open(address.sun_path, O_PATH | O_CLOEXEC);
    FUZZ_CHECK(at >= 0 && unlink(address.sun_path) == 0 && rmdir(dir) == 0);
    snprintf(path, size, "/proc/self/fd/%d", at);
    return listener;
}
