// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the vhost-user protocol on a socket (QEMU's
 * docs/interop/vhost-user.rst, "Message specification"): numbers, layouts, and
 * a reader that gathers one message without ever waiting for it.
 *
 * Fields are in host byte order, as the protocol says.
 */
#ifndef ORIEL_DEVICE_VHOST_USER_MESSAGE_H
#define ORIEL_DEVICE_VHOST_USER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vhost_user_request {
    VHOST_USER_GET_FEATURES = 1,
    VHOST_USER_SET_FEATURES = 2,
    VHOST_USER_SET_OWNER = 3,
    VHOST_USER_RESET_OWNER = 4,
    VHOST_USER_SET_MEM_TABLE = 5,
    VHOST_USER_SET_VRING_NUM = 8,
    VHOST_USER_SET_VRING_ADDR = 9,
    VHOST_USER_SET_VRING_BASE = 10,
    VHOST_USER_GET_VRING_BASE = 11,
    VHOST_USER_SET_VRING_KICK = 12,
    VHOST_USER_SET_VRING_CALL = 13,
    VHOST_USER_SET_VRING_ERR = 14,
    VHOST_USER_GET_PROTOCOL_FEATURES = 15,
    VHOST_USER_SET_PROTOCOL_FEATURES = 16,
    VHOST_USER_GET_QUEUE_NUM = 17,
    VHOST_USER_SET_VRING_ENABLE = 18,
    VHOST_USER_SET_BACKEND_REQ_FD = 21,
    VHOST_USER_GET_CONFIG = 24,
    VHOST_USER_SET_CONFIG = 25,
    VHOST_USER_GPU_SET_SOCKET = 33,
    VHOST_USER_RESET_DEVICE = 34,
    VHOST_USER_GET_MAX_MEM_SLOTS = 36,
    VHOST_USER_ADD_MEM_REG = 37,
    VHOST_USER_REM_MEM_REG = 38,
    VHOST_USER_REQUESTS,
};

#define VHOST_USER_VERSION_MASK 0x3u
#define VHOST_USER_VERSION 0x1u
#define VHOST_USER_REPLY 0x4u
#define VHOST_USER_NEED_REPLY 0x8u

#define VHOST_USER_F_PROTOCOL_FEATURES 30
#define VHOST_USER_PROTOCOL_F_MQ 0
#define VHOST_USER_PROTOCOL_F_REPLY_ACK 3
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ 5
#define VHOST_USER_PROTOCOL_F_CONFIG 9
#define VHOST_USER_PROTOCOL_F_RESET_DEVICE 13
#define VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS 15

#define VHOST_USER_MAX_FDS 8
#define VHOST_USER_MEM_TABLE_REGIONS 8
#define VHOST_USER_MAX_CONFIG 256
#define VHOST_USER_VRING_INDEX_MASK 0xffu
#define VHOST_USER_VRING_NO_FD 0x100u

struct vhost_user_header {
    uint32_t request, flags, size;
};

struct vhost_user_region {
    uint64_t gpa, size, user_addr, offset;
};

struct vhost_user_mem_table {
    uint32_t nregions, padding;
    struct vhost_user_region regions[VHOST_USER_MEM_TABLE_REGIONS];
};

struct vhost_user_single_region {
    uint64_t padding;
    struct vhost_user_region region;
};

struct vhost_user_vring_state {
    uint32_t index, value;
};

struct vhost_user_vring_addr {
    uint32_t index, flags;
    uint64_t desc, used, avail, log;
};

struct vhost_user_config {
    uint32_t offset, size, flags;
    uint8_t data[VHOST_USER_MAX_CONFIG];
};

union vhost_user_payload {
    uint64_t u64;
    struct vhost_user_mem_table mem_table;
    struct vhost_user_single_region region;
    struct vhost_user_vring_state vring_state;
    struct vhost_user_vring_addr vring_addr;
    struct vhost_user_config config;
    uint8_t bytes[512];
};

/* A message as far as it has come. */
struct vhost_user_message {
    struct vhost_user_header header;
    union vhost_user_payload payload;
    int fds[VHOST_USER_MAX_FDS]; /* -1 where a handler took it */
    unsigned nfds;
    size_t received; /* bytes of header and payload */
};

void vhost_user_message_init(struct vhost_user_message *message);
/* Closes the fds that nobody took and starts anew. */
void vhost_user_message_clear(struct vhost_user_message *message);

/*
 * Reads on. Returns 1 when the message is complete, 0 when more has to come,
 * -ECONNRESET when the peer has left, -EPROTO for a header that no message has
 * (version, size, more than VHOST_USER_MAX_FDS fds), or recvmsg's error.
 */
int vhost_user_message_read(struct vhost_user_message *message, int fd);

/* Sends a reply to `request`. -EAGAIN when the peer's buffer is full, which
 * for a peer that waits for each reply means that it is broken. */
int vhost_user_message_reply(int fd, uint32_t request, const void *payload, uint32_t size);

#endif
