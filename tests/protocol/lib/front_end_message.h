// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The messages of vhost-user (QEMU's docs/interop/vhost-user.rst) as a
 * front-end writes them; host byte order. Written from the specification and
 * not shared with the back-end, so that neither hides the other's mistakes.
 */
#ifndef ORIEL_TESTS_FRONT_END_MESSAGE_H
#define ORIEL_TESTS_FRONT_END_MESSAGE_H

#include <stdint.h>

enum {
    FE_GET_FEATURES = 1,
    FE_SET_FEATURES = 2,
    FE_SET_OWNER = 3,
    FE_RESET_OWNER = 4,
    FE_SET_MEM_TABLE = 5,
    FE_SET_LOG_BASE = 6,
    FE_SET_LOG_FD = 7,
    FE_SET_VRING_NUM = 8,
    FE_SET_VRING_ADDR = 9,
    FE_SET_VRING_BASE = 10,
    FE_GET_VRING_BASE = 11,
    FE_SET_VRING_KICK = 12,
    FE_SET_VRING_CALL = 13,
    FE_SET_VRING_ERR = 14,
    FE_GET_PROTOCOL_FEATURES = 15,
    FE_SET_PROTOCOL_FEATURES = 16,
    FE_GET_QUEUE_NUM = 17,
    FE_SET_VRING_ENABLE = 18,
    FE_SET_BACKEND_REQ_FD = 21,
    FE_GET_CONFIG = 24,
    FE_SET_CONFIG = 25,
    FE_GPU_SET_SOCKET = 33,
    FE_RESET_DEVICE = 34,
    FE_GET_MAX_MEM_SLOTS = 36,
    FE_ADD_MEM_REG = 37,
    FE_REM_MEM_REG = 38,
};

#define FE_VERSION 1u
#define FE_REPLY 4u
#define FE_NEED_REPLY 8u

/* Bit of the virtio features that says protocol features exist. */
#define FE_F_PROTOCOL_FEATURES 30

/* Protocol features. */
#define FE_P_MQ 0
#define FE_P_REPLY_ACK 3
#define FE_P_BACKEND_REQ 5
#define FE_P_CONFIG 9
#define FE_P_RESET_DEVICE 13
#define FE_P_CONFIGURE_MEM_SLOTS 15

#define FE_MAX_FDS 8
#define FE_MAX_PAYLOAD 4096

struct fe_header {
    uint32_t request, flags, size;
};

struct fe_region {
    uint64_t gpa, size, user_addr, mmap_offset;
};

struct fe_memory {
    uint32_t nregions, padding;
    struct fe_region regions[FE_MAX_FDS];
};

struct fe_memory_region {
    uint64_t padding;
    struct fe_region region;
};

struct fe_vring_state {
    uint32_t index, num;
};

struct fe_vring_addr {
    uint32_t index, flags;
    uint64_t desc, used, avail, log;
};

#define FE_CONFIG_HEADER 12u
struct fe_config {
    uint32_t offset, size, flags;
    uint8_t region[256];
};

/* SET_VRING_KICK and its like: the queue in the low byte, bit 8 for no fd. */
#define FE_VRING_NOFD 0x100u

#endif
