// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vhost-user front-end: the VMM's side of the socket, without a VMM. It
 * sends what QEMU sends in the order in which QEMU sends it, as a transport
 * for guest_gpu; and single messages, right or wrong, for tests of the
 * protocol itself.
 *
 * One thread. Functions return 0 or a negative errno: -EPIPE when the
 * back-end closed the connection, -ETIMEDOUT when a reply does not come
 * within five seconds, -EIO when it answered that the request failed, -EPROTO
 * when the reply is not one to this request.
 */
#ifndef ORIEL_TESTS_FRONT_END_H
#define ORIEL_TESTS_FRONT_END_H

#include "tests/protocol/lib/front_end_message.h"
#include "tests/protocol/lib/guest_transport.h"

#define FRONT_END_QUEUES 2

/* Whose habits; facts differ by version. */
enum front_end_style {
    FRONT_END_QEMU_10, /* RESET_DEVICE, an answer to each SET_VRING_ENABLE */
    FRONT_END_QEMU_7,  /* neither */
    FRONT_END_QEMU_11, /* as 10, and SET_VRING_KICK and its like want answers */
};

struct front_end_options {
    enum front_end_style style;
    bool mem_slots;           /* ADD_MEM_REG where the back-end offers it */
    bool input;               /* vhost-user-input: no display, never a RESET_DEVICE, and from
                               * QEMU 9 on the guest is offered only what the back-end offers */
    uint64_t refuse_protocol; /* protocol features that are not accepted */
};

struct front_end_queue {
    int kick, call, masked, err; /* eventfds; -1: none */
};

struct front_end {
    struct guest_transport transport; /* ops of this struct */
    struct front_end_options options;
    int fd;                     /* -1: not connected */
    int side_fd;                /* our end of the last GPU_SET_SOCKET; -1: none */
    int backend_fd;             /* our end of SET_BACKEND_REQ_FD */
    uint64_t protocol_features; /* accepted */
    struct front_end_queue queues[FRONT_END_QUEUES];
    struct fe_region sent[FE_MAX_FDS]; /* regions that ADD_MEM_REG told of */
    unsigned nsent;
    uint64_t queue_num; /* answer to GET_QUEUE_NUM; 0: not asked */
    uint64_t max_mem_slots;
    uint64_t slowest_reply_us; /* of all replies since the test set it to 0 */
    bool running;
};

/* The caller owns the struct and the RAM, which must outlive it. */
void front_end_init(struct front_end *front_end, struct guest_ram *ram,
                    const struct front_end_options *options);
int front_end_connect(struct front_end *front_end, const char *path);
/* The VMM goes away: every descriptor is closed. Init is needed to reuse it. */
void front_end_finish(struct front_end *front_end);

/* What QEMU says once, at its start. */
int front_end_realize(struct front_end *front_end);
/* The messages of DRIVER_OK with the bases that stand in the rings. */
int front_end_start(struct front_end *front_end);
/* The stop burst; ring->base becomes what was handed back. */
int front_end_stop(struct front_end *front_end);
int front_end_send_memory(struct front_end *front_end);
/* A new side channel; the old one is closed as QEMU closes it. */
int front_end_send_side_socket(struct front_end *front_end);
int front_end_send_queue(struct front_end *front_end, unsigned index);

/* One message in one write. */
int front_end_send(struct front_end *front_end, uint32_t request, uint32_t flags,
                   const void *payload, uint32_t size, const int *fds, unsigned nfds);
int front_end_send_u64(struct front_end *front_end, uint32_t request, uint64_t value);
int front_end_send_state(struct front_end *front_end, uint32_t request, uint32_t index,
                         uint32_t num);
int front_end_send_vring_fd(struct front_end *front_end, uint32_t request, uint32_t index, int fd);
/* Bytes as they are, `fds` with the first one. */
int front_end_send_bytes(struct front_end *front_end, const void *bytes, size_t size,
                         const int *fds, unsigned nfds);

/* The reply to `request`, of exactly `size` bytes. */
int front_end_receive(struct front_end *front_end, uint32_t request, void *payload, uint32_t size);
/* Any reply; *size is the capacity first and the payload's size then. */
int front_end_receive_any(struct front_end *front_end, struct fe_header *header, void *payload,
                          uint32_t *size);
/* A request whose reply is a u64. */
int front_end_ask(struct front_end *front_end, uint32_t request, uint64_t *value);
/* Sends with NEED_REPLY where that was negotiated and waits for the answer. */
int front_end_demand(struct front_end *front_end, uint32_t request, const void *payload,
                     uint32_t size, const int *fds, unsigned nfds);
int front_end_set_config(struct front_end *front_end, uint32_t offset, const void *data,
                         uint32_t size);
int front_end_get_config(struct front_end *front_end, uint32_t offset, void *data, uint32_t size);
/* 0: closed by the back-end within the time; -ETIMEDOUT: still open. */
int front_end_wait_closed(struct front_end *front_end, int timeout_ms);
/* A reply that comes back proves that all earlier messages were handled. */
int front_end_sync(struct front_end *front_end);

#endif
