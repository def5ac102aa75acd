// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket and single messages; front_end_start.c has the order of them. */
#include "tests/protocol/lib/front_end.h"

#include "tests/protocol/lib/guest_check.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_TIMEOUT_MS 5000

int front_end_connect(struct front_end *front_end, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && strlen(path) < sizeof(address.sun_path), "socket for %s", path);
    strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    front_end->fd = fd;
    return 0;
}

static void attach_fds(struct msghdr *message, void *control, size_t control_size, const int *fds,
                       unsigned nfds)
{
    struct cmsghdr *header;

    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(nfds * sizeof(int));
    CHECK(message->msg_controllen <= control_size, "%u fds", nfds);
    header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(nfds * sizeof(int));
    memcpy(CMSG_DATA(header), fds, nfds * sizeof(int));
}

int front_end_send_bytes(struct front_end *front_end, const void *bytes, size_t size,
                         const int *fds, unsigned nfds)
{
    char control[CMSG_SPACE(64 * sizeof(int))] = {0};
    const uint8_t *next = bytes;
    struct iovec iov;
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    if (nfds > 0)
        attach_fds(&message, control, sizeof(control), fds, nfds);
    while (size > 0) {
        ssize_t sent;

        iov = (struct iovec){.iov_base = (void *)(uintptr_t)next, .iov_len = size};
        sent = sendmsg(front_end->fd, &message, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == ECONNRESET ? -EPIPE : -errno;
        next += sent;
        size -= (size_t)sent;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
    return 0;
}

int front_end_send(struct front_end *front_end, uint32_t request, uint32_t flags,
                   const void *payload, uint32_t size, const int *fds, unsigned nfds)
{
    struct {
        struct fe_header header;
        uint8_t payload[FE_MAX_PAYLOAD];
    } message = {.header = {.request = request, .flags = flags, .size = size}};

    CHECK(size <= sizeof(message.payload), "payload of %u bytes", size);
    if (size > 0)
        memcpy(message.payload, payload, size);
    return front_end_send_bytes(front_end, &message, sizeof(message.header) + size, fds, nfds);
}

int front_end_send_u64(struct front_end *front_end, uint32_t request, uint64_t value)
{
    return front_end_send(front_end, request, FE_VERSION, &value, sizeof(value), NULL, 0);
}

int front_end_send_state(struct front_end *front_end, uint32_t request, uint32_t index,
                         uint32_t num)
{
    struct fe_vring_state state = {.index = index, .num = num};

    return front_end_send(front_end, request, FE_VERSION, &state, sizeof(state), NULL, 0);
}

int front_end_send_vring_fd(struct front_end *front_end, uint32_t request, uint32_t index, int fd)
{
    uint64_t value = index | (fd < 0 ? FE_VRING_NOFD : 0);
    unsigned nfds = fd < 0 ? 0 : 1;

    if (front_end->options.style == FRONT_END_QEMU_11)
        return front_end_demand(front_end, request, &value, sizeof(value), &fd, nfds);
    return front_end_send(front_end, request, FE_VERSION, &value, sizeof(value), &fd, nfds);
}

static int receive_exactly(struct front_end *front_end, void *data, size_t size)
{
    uint8_t *next = data;

    while (size > 0) {
        struct pollfd poll_fd = {.fd = front_end->fd, .events = POLLIN};
        int ready = poll(&poll_fd, 1, REPLY_TIMEOUT_MS);
        ssize_t received;

        if (ready <= 0)
            return ready == 0 ? -ETIMEDOUT : -errno;
        received = recv(front_end->fd, next, size, 0);
        if (received <= 0)
            return received == 0 || errno == ECONNRESET ? -EPIPE : -errno;
        next += received;
        size -= (size_t)received;
    }
    return 0;
}

int front_end_receive_any(struct front_end *front_end, struct fe_header *header, void *payload,
                          uint32_t *size)
{
    uint64_t start = check_now_us(), took;
    int error = receive_exactly(front_end, header, sizeof(*header));

    if (error == 0 && header->size > *size)
        error = -EPROTO;
    if (error == 0) {
        *size = header->size;
        error = receive_exactly(front_end, payload, header->size);
    }
    took = check_now_us() - start;
    if (took > front_end->slowest_reply_us)
        front_end->slowest_reply_us = took;
    return error;
}

int front_end_receive(struct front_end *front_end, uint32_t request, void *payload, uint32_t size)
{
    struct fe_header header;
    uint32_t got = size;
    int error = front_end_receive_any(front_end, &header, payload, &got);

    if (error != 0)
        return error;
    if (header.request != request || header.flags != (FE_VERSION | FE_REPLY) || got != size)
        return -EPROTO;
    return 0;
}

int front_end_ask(struct front_end *front_end, uint32_t request, uint64_t *value)
{
    int error = front_end_send(front_end, request, FE_VERSION, NULL, 0, NULL, 0);

    return error != 0 ? error : front_end_receive(front_end, request, value, sizeof(*value));
}

int front_end_demand(struct front_end *front_end, uint32_t request, const void *payload,
                     uint32_t size, const int *fds, unsigned nfds)
{
    bool ack = front_end->protocol_features & GUEST_FEATURE(FE_P_REPLY_ACK);
    uint32_t flags = FE_VERSION | (ack ? FE_NEED_REPLY : 0);
    int error = front_end_send(front_end, request, flags, payload, size, fds, nfds);
    uint64_t answer;

    if (error != 0 || !ack)
        return error;
    error = front_end_receive(front_end, request, &answer, sizeof(answer));
    if (error != 0)
        return error;
    return answer == 0 ? 0 : -EIO;
}

int front_end_get_config(struct front_end *front_end, uint32_t offset, void *data, uint32_t size)
{
    struct fe_config config = {.offset = offset, .size = size};
    int error;

    CHECK(size <= sizeof(config.region), "config of %u bytes", size);
    error = front_end_send(front_end, FE_GET_CONFIG, FE_VERSION, &config, FE_CONFIG_HEADER + size,
                           NULL, 0);
    if (error == 0)
        error = front_end_receive(front_end, FE_GET_CONFIG, &config, FE_CONFIG_HEADER + size);
    if (error == 0)
        memcpy(data, config.region, size);
    return error;
}

int front_end_set_config(struct front_end *front_end, uint32_t offset, const void *data,
                         uint32_t size)
{
    struct fe_config config = {.offset = offset, .size = size};

    CHECK(size <= sizeof(config.region), "config of %u bytes", size);
    memcpy(config.region, data, size);
    return front_end_demand(front_end, FE_SET_CONFIG, &config, FE_CONFIG_HEADER + size, NULL, 0);
}

int front_end_wait_closed(struct front_end *front_end, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = front_end->fd, .events = POLLIN};
    char bytes[512];

    for (;;) {
        int ready = poll(&poll_fd, 1, timeout_ms);

        if (ready <= 0)
            return ready == 0 ? -ETIMEDOUT : -errno;
        if (recv(front_end->fd, bytes, sizeof(bytes), 0) <= 0)
            return 0;
    }
}

int front_end_sync(struct front_end *front_end)
{
    uint64_t features;

    return front_end_ask(front_end, FE_GET_FEATURES, &features);
}
