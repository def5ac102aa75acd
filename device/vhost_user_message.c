// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/vhost_user_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void vhost_user_message_init(struct vhost_user_message *message)
{
    memset(message, 0, sizeof *message);
}

void vhost_user_message_clear(struct vhost_user_message *message)
{
    for (unsigned i = 0; i < message->nfds; i++)
        if (message->fds[i] >= 0)
            close(message->fds[i]);
    vhost_user_message_init(message);
}

/* All fds of a message come with its first byte; later ones are refused. */
static int take_fds(struct vhost_user_message *message, struct msghdr *msg)
{
    int error = msg->msg_flags & MSG_CTRUNC ? -EPROTO : 0;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
            if (message->received > 0 || message->nfds == VHOST_USER_MAX_FDS) {
                close(fd);
                error = -EPROTO;
            } else {
                message->fds[message->nfds++] = fd;
            }
        }
    }
    return error;
}

static int check_header(const struct vhost_user_header *header)
{
    if ((header->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
        header->size > sizeof(union vhost_user_payload))
        return -EPROTO;
    return 0;
}

/* Bytes still missing of the part (header, then payload) that comes next. */
static struct iovec next_part(struct vhost_user_message *message)
{
    const size_t header_size = sizeof message->header;
    if (message->received < header_size)
        return (struct iovec){ (uint8_t *)&message->header + message->received,
                               header_size - message->received };
    size_t done = message->received - header_size;
    return (struct iovec){ message->payload.bytes + done, message->header.size - done };
}

int vhost_user_message_read(struct vhost_user_message *message, int fd)
{
    for (;;) {
        struct iovec part = next_part(message);
        if (part.iov_len == 0)
            return 1;
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(VHOST_USER_MAX_FDS * sizeof(int))];
        } control;
        struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
                              .msg_controllen = sizeof control.space };
        ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        int error = take_fds(message, &msg);
        if (error < 0)
            return error;
        if (n == 0)
            return -ECONNRESET;
        message->received += (size_t)n;
        if (message->received == sizeof message->header) {
            error = check_header(&message->header);
            if (error < 0)
                return error;
        }
    }
}

int vhost_user_message_reply(int fd, uint32_t request, const void *payload, uint32_t size)
{
    struct vhost_user_header header = { request, VHOST_USER_VERSION | VHOST_USER_REPLY, size };
    struct iovec parts[] = { { &header, sizeof header }, { (void *)payload, size } };
    struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
    ssize_t n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return -errno;
    /* A stream socket that takes only half of a few hundred bytes is full. */
    return (size_t)n == sizeof header + size ? 0 : -EAGAIN;
}
