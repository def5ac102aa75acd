// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static bool available[INHERITED_MAX];

void inherited_note(void)
{
    for (int fd = STDERR_FILENO + 1; fd < INHERITED_MAX; fd++)
        available[fd] = fcntl(fd, F_GETFD) >= 0;
}

int inherited_take(int fd)
{
    if (fd < 0 || fd >= INHERITED_MAX || !available[fd])
        return -EBADF;
    available[fd] = false;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : -errno;
}

void inherited_put_back(int fd)
{
    available[fd] = true;
}

void inherited_close(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        close(fd);
        return;
    }
    dup3(null, fd, O_CLOEXEC);
    close(null);
}
