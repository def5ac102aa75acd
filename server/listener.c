// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/listener.h"
#include "server/inherited.h"
#include "server/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 50 /* of 10 ms each */

const char *listener_kind_name(enum listener_kind kind)
{
    static const char *const names[] = {"gpu",   "keyboard", "tablet",
                                         "mouse", "control",  "vnc"};
    return names[kind];
}

/*
 * Two programs that start at once must not take each other's fresh socket
 * (bound, but not yet listening) for a stale one: the directory is locked
 * from before bind() until after listen(). Returns -1 when that is not
 * possible, and then the race is the price.
 */
static int lock_directory(const char *path)
{
    char copy[ADDRESS_PATH_SIZE];
    snprintf(copy, sizeof(copy), "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return fd;
}

/* Removes a socket file that nobody listens on. */
static int remove_stale(const struct address *address)
{
    struct sockaddr_storage sockaddr;
    struct stat st;
    int length = address_to_sockaddr(address, &sockaddr);
    if (lstat(address->path, &st) != 0)
        return -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = connect(fd, (struct sockaddr *)&sockaddr, (socklen_t)length);
    int error = errno;
    close(fd);
    if (r == 0 || error != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->path) == 0 ? 0 : -errno;
}

static int bind_unix(struct listener *listener, mode_t mode)
{
    const struct address *address = &listener->address;
    struct sockaddr_storage sockaddr;
    struct stat st;
    int length = address_to_sockaddr(address, &sockaddr);

    /* Before bind() this sets the mode of the file to come, on Linux. */
    if (fchmod(listener->fd, mode) != 0)
        return -errno;
    if (bind(listener->fd, (struct sockaddr *)&sockaddr, (socklen_t)length) != 0) {
        if (errno != EADDRINUSE)
            return -errno;
        int r = remove_stale(address);
        if (r != 0)
            return r;
        if (bind(listener->fd, (struct sockaddr *)&sockaddr, (socklen_t)length) != 0)
            return -errno;
    }
    if (lstat(address->path, &st) != 0)
        return -errno;
    listener->device = st.st_dev;
    listener->inode = st.st_ino;
    listener->made = st.st_mtim;
    return listen(listener->fd, SOMAXCONN) == 0 ? 0 : -errno;
}

static int open_unix(struct listener *listener, mode_t mode)
{
    int r = paths_prepare_parent(listener->address.path);
    if (r != 0)
        return r;
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return -errno;
    int lock = lock_directory(listener->address.path);
    r = bind_unix(listener, mode);
    if (lock >= 0)
        close(lock);
    return r;
}

static int learn_port(struct listener *listener)
{
    struct sockaddr_storage sockaddr;
    socklen_t length = sizeof(sockaddr);
    if (getsockname(listener->fd, (struct sockaddr *)&sockaddr, &length) != 0)
        return -errno;
    if (sockaddr.ss_family == AF_INET6)
        listener->address.port = ntohs(((struct sockaddr_in6 *)&sockaddr)->sin6_port);
    else
        listener->address.port = ntohs(((struct sockaddr_in *)&sockaddr)->sin_port);
    return 0;
}

static int open_tcp(struct listener *listener)
{
    struct sockaddr_storage sockaddr;
    const int on = 1;
    int length = address_to_sockaddr(&listener->address, &sockaddr);
    if (length < 0)
        return length;
    int fd = socket(sockaddr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    listener->fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* [::] means IPv6 only, whatever the system's setting, so that it can
     * stand beside 0.0.0.0 in one list. */
    if (sockaddr.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&sockaddr, (socklen_t)length) != 0 ||
        listen(fd, SOMAXCONN) != 0)
        return -errno;
    return learn_port(listener);
}

static int open_inherited(struct listener *listener)
{
    int fd = listener->address.fd, listening = 0, type = 0;
    socklen_t size = sizeof(int), type_size = sizeof(int);
    int r = inherited_take(fd);
    if (r != 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || type != SOCK_STREAM ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
        inherited_put_back(fd);
        return -EINVAL;
    }
    listener->fd = fd;
    return 0;
}

static int open_by_kind(struct listener *listener, mode_t mode)
{
    switch (listener->address.kind) {
    case ADDRESS_UNIX:
        return open_unix(listener, mode);
    case ADDRESS_FD:
        return open_inherited(listener);
    default:
        return open_tcp(listener);
    }
}

int listener_open(struct listener *listener, enum listener_kind kind, uint32_t head,
                  const struct address *address, mode_t mode)
{
    *listener = (struct listener){
        .kind = kind, .head = head, .fd = -1, .asked = *address, .address = *address};
    int r = open_by_kind(listener, mode);
    if (r != 0) {
        listener_close(listener);
        return r;
    }
    address_format(&listener->address, listener->text);
    return 0;
}

void listener_adopt(struct listener *listener, enum listener_kind kind, int fd)
{
    *listener = (struct listener){.kind = kind, .fd = fd};
    snprintf(listener->text, sizeof(listener->text), "fd:%d", fd);
}

int listener_take_fd(struct listener *listener)
{
    int fd = listener->fd;
    listener->fd = -1;
    return fd;
}

static bool is_ours(const struct listener *listener)
{
    struct stat st;
    /* No file has inode 0: it means that we never got as far as bind(). */
    return listener->inode != 0 && lstat(listener->address.path, &st) == 0 &&
           st.st_dev == listener->device && st.st_ino == listener->inode &&
           st.st_mtim.tv_sec == listener->made.tv_sec &&
           st.st_mtim.tv_nsec == listener->made.tv_nsec;
}

void listener_close(struct listener *listener)
{
    if (listener->fd >= 0 && listener->address.kind == ADDRESS_FD)
        inherited_close(listener->fd);
    else if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    if (is_ours(listener))
        unlink(listener->address.path);
    listener->inode = 0;
}

void listener_shut(struct listener *listener)
{
    if (listener->fd >= 0 && listener->address.kind != ADDRESS_FD)
        shutdown(listener->fd, SHUT_RDWR);
    listener_close(listener);
}
