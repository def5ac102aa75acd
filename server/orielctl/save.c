// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/orielctl/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_in_place(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, data, size);
    if (close(fd) != 0 && r == 0)
        r = -errno;
    return r;
}

/* mkstemp() makes files for ourselves only; this one is like any other. */
static int give_usual_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0 ? 0 : -errno;
}

static int write_and_rename(const char *path, const void *data, size_t size)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return -ENAMETOOLONG;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, data, size);
    if (r == 0)
        r = give_usual_mode(fd);
    if (close(fd) != 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) != 0)
        r = -errno;
    if (r != 0)
        unlink(temporary);
    return r;
}

int save_file(const char *path, const void *data, size_t size)
{
    char target[PATH_MAX];
    struct stat st;
    if (strcmp(path, "-") == 0)
        return write_all(STDOUT_FILENO, data, size);
    if (stat(path, &st) != 0)
        return write_and_rename(path, data, size);
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return write_in_place(path, data, size);
    /* The file behind a symbolic link, not the link, is replaced. */
    return write_and_rename(realpath(path, target) != NULL ? target : path, data, size);
}
