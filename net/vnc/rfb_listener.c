// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/rfb_listener.h"

#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections taken per turn of the loop. */
#define ACCEPTS_PER_TURN 16

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct rfb_listener *listener = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && listener->accepting; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        struct peer peer;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0) {
            if (errno != EAGAIN) {
                /* Out of descriptors or memory. Who waits is served when a
                 * viewer leaves; trying again now would only spin. */
                log_warning("listener", "%s: cannot accept: %s", listener->address,
                            strerror(errno));
                rfb_listener_accept(listener, false);
            }
            return;
        }
        peer_from_address(&peer, &address);
        listener->accepted(listener, fd, &peer);
    }
}

static bool listens(int fd)
{
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

int rfb_listener_create(struct rfb_listener **created, uv_loop_t *loop, int fd, uint32_t head,
                        const struct link_listener *message)
{
    struct rfb_listener *listener = calloc(1, sizeof(*listener));
    int rc = !listener ? -ENOMEM : listens(fd) ? uv_poll_init(loop, &listener->poll, fd) : -EPROTO;
    if (rc < 0) {
        free(listener);
        close(fd);
        return rc;
    }
    listener->poll.data = listener;
    listener->fd = fd;
    listener->id = message->id;
    listener->head = head;
    listener->all_heads = message->all_heads;
    snprintf(listener->address, sizeof(listener->address), "%s", message->address);
    *created = listener;
    return 0;
}

void rfb_listener_accept(struct rfb_listener *listener, bool accept)
{
    if (listener->closing || listener->accepting == accept)
        return;
    listener->accepting = accept;
    if (accept)
        uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    else
        uv_poll_stop(&listener->poll);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void rfb_listener_close(struct rfb_listener *listener)
{
    rfb_listener_accept(listener, false);
    listener->closing = true;
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    close(listener->fd);
}
