// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/link.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK_MAX_PARTS 8
/* Packets read per turn of the loop, so that a busy peer cannot hold it. */
#define LINK_READS_PER_TURN 32

/* What a type's packet looks like; the one place where shapes are checked. */
struct shape {
    enum link_side sender;
    uint32_t min_size, max_size; /* of the payload, bytes */
    int min_fds, max_fds;
    bool has_head; /* header.head counts; otherwise it must be 0 */
};

#define FIXED(type) sizeof(struct type), sizeof(struct type)

static const struct shape shapes[] = {
    [LINK_SETTINGS] = {LINK_CORE, FIXED(link_settings), 0, 0, false},
    [LINK_PASSWORD] = {LINK_CORE, 0, 0, 0, 1, false},
    [LINK_LISTENER] = {LINK_CORE, FIXED(link_listener), 1, 1, true},
    [LINK_HEAD] = {LINK_CORE, FIXED(link_head), 1, 1, true},
    [LINK_FRAME] = {LINK_CORE, sizeof(struct link_frame),
                    sizeof(struct link_frame) + LINK_MAX_MOVES * sizeof(struct link_move) +
                        LINK_MAX_RECTS * sizeof(struct link_rect),
                    0, 0, true},
    [LINK_CURSOR] = {LINK_CORE, sizeof(struct link_cursor),
                     sizeof(struct link_cursor) + LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE * 4,
                     0, 0, true},
    [LINK_CURSOR_MOVE] = {LINK_CORE, FIXED(link_cursor_move), 0, 0, true},
    [LINK_READY] = {LINK_CORE, 0, 0, 0, 0, false},
    [LINK_SEAT] = {LINK_CORE, FIXED(link_seat), 0, 0, false},
    [LINK_POLICY] = {LINK_CORE, FIXED(link_policy), 0, 0, false},
    [LINK_VIEW_PASSWORD] = {LINK_CORE, 0, 0, 0, 1, false},
    [LINK_LISTENER_GONE] = {LINK_CORE, FIXED(link_listener_gone), 0, 0, false},
    [LINK_DISCONNECT] = {LINK_CORE, FIXED(link_disconnect), 0, 0, false},
    [LINK_ASK] = {LINK_CORE, FIXED(link_ask), 0, 0, false},
    [LINK_HELLO] = {LINK_OUTPUT, FIXED(link_hello), 0, 0, false},
    [LINK_SUBSCRIBE] = {LINK_OUTPUT, 0, 0, 0, 0, true},
    [LINK_UNSUBSCRIBE] = {LINK_OUTPUT, 0, 0, 0, 0, true},
    [LINK_CREDIT] = {LINK_OUTPUT, FIXED(link_credit), 0, 0, true},
    [LINK_TAKEN] = {LINK_OUTPUT, FIXED(link_taken), 0, 0, true},
    [LINK_VIEWER] = {LINK_OUTPUT, FIXED(link_viewer), 0, 0, true},
    [LINK_VIEWER_GONE] = {LINK_OUTPUT, FIXED(link_viewer_gone), 0, 0, true},
    [LINK_KEY] = {LINK_OUTPUT, FIXED(link_key), 0, 0, true},
    [LINK_POINTER] = {LINK_OUTPUT, FIXED(link_pointer), 0, 0, true},
    [LINK_TEXT] = {LINK_OUTPUT, sizeof(struct link_text) + 1,
                   sizeof(struct link_text) + LINK_MAX_TEXT, 0, 0, true},
    [LINK_ENCODINGS] = {LINK_OUTPUT, sizeof(struct link_encodings),
                        sizeof(struct link_encodings) +
                            LINK_MAX_ENCODINGS * sizeof(struct link_encoding),
                        0, 0, false},
    [LINK_ANSWER] = {LINK_OUTPUT, FIXED(link_answer), 0, 0, false},
    [LINK_SANDBOXED] = {LINK_OUTPUT, FIXED(link_sandboxed), 0, 0, false},
};

/* A hole of the table looks like LINK_READY, which has no payload either; so a
 * type is known when it lies in one of the two runs of the enum. */
static const struct shape *shape_of(uint32_t type)
{
    bool known = (type >= LINK_SETTINGS && type < LINK_DOWN_END) ||
                 (type >= LINK_HELLO && type < LINK_UP_END);
    return known ? &shapes[type] : NULL;
}

/* The counts inside a message must agree with its size. */
static bool counts_fit(uint32_t type, const void *payload, uint32_t size)
{
    if (type == LINK_FRAME) {
        const struct link_frame *frame = payload;
        return frame->nmoves <= LINK_MAX_MOVES && frame->nrects <= LINK_MAX_RECTS &&
               size == sizeof(*frame) + frame->nmoves * sizeof(struct link_move) +
                           frame->nrects * sizeof(struct link_rect);
    }
    if (type == LINK_CURSOR) {
        const struct link_cursor *cursor = payload;
        return cursor->width <= LINK_MAX_CURSOR_SIZE && cursor->height <= LINK_MAX_CURSOR_SIZE &&
               size == sizeof(*cursor) + cursor->width * cursor->height * 4;
    }
    if (type == LINK_ENCODINGS) {
        const struct link_encodings *encodings = payload;
        return encodings->count <= LINK_MAX_ENCODINGS &&
               size == sizeof(*encodings) + encodings->count * sizeof(struct link_encoding);
    }
    if (type == LINK_TEXT) {
        const struct link_text *text = payload;
        return text->size <= LINK_MAX_TEXT && size == sizeof(*text) + text->size;
    }
    return true;
}

static bool shape_fits(const struct link *link, const struct link_header *header,
                       const void *payload, size_t payload_size, int nfds)
{
    const struct shape *shape = shape_of(header->type);
    return shape && shape->sender != link->side && header->size == payload_size &&
           payload_size >= shape->min_size && payload_size <= shape->max_size &&
           nfds >= shape->min_fds && nfds <= shape->max_fds && header->head < LINK_MAX_HEADS &&
           (shape->has_head || header->head == 0) &&
           counts_fit(header->type, payload, header->size);
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* uv_poll_start() cannot fail on a handle that is open. */
static void update_poll(struct link *link)
{
    int events = UV_READABLE | (link->want_write ? UV_WRITABLE : 0);
    uv_poll_start(&link->poll, events, on_poll);
}

/* Tells the owner, once. The socket stays open until link_close(), so that
 * its number is not given out again while uv_poll knows it. */
static void die(struct link *link, int error)
{
    if (link->dead)
        return;
    link->dead = true;
    uv_poll_stop(&link->poll);
    if (!link->closing)
        link->ops->closed(link, error);
}

/* Returns how many fds came; they are in `fds`, at most LINK_MAX_FDS of them
 * are kept and the others closed. */
static int collect_fds(struct msghdr *message, int *fds)
{
    int count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (count < LINK_MAX_FDS)
                fds[count] = fd;
            else
                close(fd);
            count++;
        }
    }
    return count;
}

static void close_fds(const int *fds, int count)
{
    for (int i = 0; i < count && i < LINK_MAX_FDS; i++)
        close(fds[i]);
}

struct packet {
    alignas(8) struct link_header header;
    alignas(8) uint8_t payload[LINK_MAX_PAYLOAD];
};

/* Reads one packet. Returns 1, 0 when the peer is gone, or a negative errno. */
static int receive(struct link *link, struct packet *packet, size_t *payload_size, int *fds,
                   int *nfds)
{
    struct iovec parts[2] = {
        {&packet->header, sizeof(packet->header)},
        {packet->payload, sizeof(packet->payload)},
    };
    /* Room for more fds than are allowed, so that a surplus is seen and
     * closed here; what the kernel drops shows as MSG_CTRUNC. */
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t n;
    do {
        n = recvmsg(link->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    *nfds = collect_fds(&message, fds);
    if (n == 0 && *nfds == 0)
        return 0;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || (size_t)n < sizeof(packet->header)) {
        close_fds(fds, *nfds);
        return -EPROTO;
    }
    *payload_size = (size_t)n - sizeof(packet->header);
    return 1;
}

/* Returns false when there is nothing more to read now. */
static bool read_one(struct link *link, struct packet *packet)
{
    int fds[LINK_MAX_FDS] = {-1}, nfds = 0;
    size_t payload_size = 0;
    int rc = receive(link, packet, &payload_size, fds, &nfds);
    if (rc == -EAGAIN)
        return false;
    if (rc <= 0) {
        die(link, rc);
        return false;
    }
    if (!shape_fits(link, &packet->header, packet->payload, payload_size, nfds)) {
        close_fds(fds, nfds);
        die(link, -EPROTO);
        return false;
    }
    rc = link->ops->message(link, &packet->header, packet->payload, fds[0]);
    if (rc < 0 && !link->closing)
        die(link, rc);
    return !link->dead && !link->closing;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;
    /* One buffer for all links of the process: they share the loop thread,
     * and a handler never reads from another link. */
    static struct packet packet;

    if (status < 0) {
        /* The socket has an error, which is how the kernel tells that the
         * peer went without reading all that it was sent: what it still said
         * is read, then it is gone. */
        while (read_one(link, &packet))
            ;
        if (!link->closing)
            die(link, 0);
        return;
    }
    if ((events & UV_WRITABLE) && link->want_write) {
        link->want_write = false;
        update_poll(link);
        if (link->ops->writable)
            link->ops->writable(link);
    }
    if (events & (UV_READABLE | UV_DISCONNECT)) {
        for (int i = 0; i < LINK_READS_PER_TURN && !link->dead && !link->closing; i++) {
            if (!read_one(link, &packet))
                break;
        }
    }
}

int link_open(struct link *link, uv_loop_t *loop, int fd, enum link_side side,
              const struct link_ops *ops, void *user)
{
    *link = (struct link){.ops = ops, .side = side, .fd = fd, .user = user};
    int size = 256 * 1024;
    /* Best effort: the kernel's own limit may be lower, and messages fit. */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    int rc = uv_poll_init(loop, &link->poll, fd);
    if (rc < 0) {
        close(fd);
        link->fd = -1;
        link->closing = true; /* there is no handle to close */
        return rc;
    }
    link->poll.data = link;
    update_poll(link);
    return 0;
}

static int send_packet(struct link *link, struct iovec *vector, int nvector, int fd)
{
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)nvector};
    if (fd >= 0) {
        memset(control, 0, sizeof(control));
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    ssize_t n;
    do {
        n = sendmsg(link->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int link_send(struct link *link, const struct link_header *header, const struct iovec *parts,
              int nparts, int fd)
{
    if (link->dead || link->closing || link->fd < 0)
        return -EPIPE;
    if (nparts < 0 || nparts > LINK_MAX_PARTS)
        return -EINVAL;
    struct link_header filled = *header;
    struct iovec vector[1 + LINK_MAX_PARTS];
    size_t size = 0;
    for (int i = 0; i < nparts; i++) {
        vector[1 + i] = parts[i];
        size += parts[i].iov_len;
    }
    if (size > LINK_MAX_PAYLOAD)
        return -EMSGSIZE;
    filled.size = (uint32_t)size;
    vector[0] = (struct iovec){&filled, sizeof(filled)};
    int rc = send_packet(link, vector, nparts + 1, fd);
    if (rc == -EAGAIN) {
        link->want_write = true;
        update_poll(link);
    } else if (rc < 0) {
        /* The poll handle sees the end of the socket and tells the owner,
         * outside of this call. */
        shutdown(link->fd, SHUT_RDWR);
    }
    return rc;
}

int link_send_struct(struct link *link, uint32_t type, uint32_t head, uint32_t generation,
                     const void *payload, size_t size)
{
    struct link_header header = {.type = type, .head = head, .generation = generation};
    struct iovec part = {(void *)payload, size};
    return link_send(link, &header, &part, size ? 1 : 0, -1);
}

static void on_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    if (link->close_cb)
        link->close_cb(link);
}

void link_close(struct link *link, void (*close_cb)(struct link *link))
{
    if (link->closing)
        return;
    link->closing = true;
    link->close_cb = close_cb;
    uv_poll_stop(&link->poll);
    uv_close((uv_handle_t *)&link->poll, on_closed);
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}
