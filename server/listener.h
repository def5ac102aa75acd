// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A listener: a socket that the core has opened for somebody to connect to.
 * The core itself accepts only on its control socket; the others are handed
 * to the vhost-user back-end and, as duplicates, to the output programs.
 *
 * Loop thread. Nothing blocks, but for half a second at most where two programs
 * open a socket in the same directory at the same moment.
 */
#ifndef ORIEL_SERVER_LISTENER_H
#define ORIEL_SERVER_LISTENER_H

#include "server/address.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum listener_kind {
    LISTENER_GPU,
    LISTENER_KEYBOARD,
    LISTENER_TABLET,
    LISTENER_MOUSE,
    LISTENER_CONTROL,
    LISTENER_VNC,
};

/* Memory belongs to the owner. */
struct listener {
    enum listener_kind kind;
    uint32_t head;                /* that is served here; 0 where it concerns none */
    int fd;                       /* close-on-exec, non-blocking; -1: handed on */
    struct address asked;         /* as it was asked for: port 0 is still 0 */
    struct address address;       /* with the real port */
    char text[ADDRESS_TEXT_SIZE]; /* the address for people and programs */
    /* unix: the file that we made, so that only that one is removed. The time
     * is there since file systems give the number of a file out again. */
    dev_t device;
    ino_t inode;
    struct timespec made;
};

const char *listener_kind_name(enum listener_kind kind);

/*
 * Opens `address` (of a head already, see address_for_head). `mode` are the
 * permissions of a unix socket. A socket file where nobody listens any more is
 * replaced. Returns 0 or a negative errno: -EADDRINUSE when somebody listens
 * there, -EEXIST when the path is something else than a socket; of fd:N -EBADF
 * when none was handed to us and -EINVAL when it is no listening stream socket.
 */
int listener_open(struct listener *listener, enum listener_kind kind, uint32_t head,
                  const struct address *address, mode_t mode);

/* A socket that was handed to us as a file descriptor; it becomes ours. */
void listener_adopt(struct listener *listener, enum listener_kind kind, int fd);

/* Hands the descriptor on; the file is still removed by listener_close(). */
int listener_take_fd(struct listener *listener);

/* Closes what was not handed on and removes the unix path if it is still
 * the one that we made. */
void listener_close(struct listener *listener);

/* Also ends the socket for those who hold duplicates of it, so that the address
 * is free at once. A socket that was handed to us stays open elsewhere. */
void listener_shut(struct listener *listener);

#endif
