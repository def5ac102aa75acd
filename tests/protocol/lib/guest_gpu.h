// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu driver: sends commands over any transport, one at a time or
 * many at once, and keeps the ledger that proves each one answered exactly
 * once: a chain comes back once and in order (guest_ring), every control
 * command carries a fence of its own that its answer must echo, and at the end
 * used.idx equals the number of commands.
 *
 * One thread. What the device does wrong fails the running test.
 */
#ifndef ORIEL_TESTS_GUEST_GPU_H
#define ORIEL_TESTS_GUEST_GPU_H

#include "tests/protocol/lib/guest_gpu_command.h"
#include "tests/protocol/lib/guest_transport.h"

#define GUEST_GPU_QUEUES 2
#define GPU_ANY_RESPONSE 0u

/* How a command's buffers lie in guest memory. */
struct guest_gpu_layout {
    unsigned request_parts;  /* 1 and more: readable descriptors, cut at random */
    unsigned response_parts; /* likewise writable ones */
    bool indirect;           /* only where the driver accepted the feature */
};

/* One chain; memory for it is reserved for as long as the gpu lives. */
struct guest_gpu_slot {
    uint64_t request, response; /* guest-physical */
    uint32_t type;
    uint32_t expect;
    uint64_t fence; /* 0: none */
    size_t response_size;
    bool large; /* uses the gpu's large buffer */
    struct guest_gpu_slot *next_free;
    struct gpu_answer *answer;
    struct guest_part parts[160];
    unsigned nparts, nreadable;
};

struct gpu_answer {
    bool done;
    uint32_t used_len;
    uint8_t bytes[2048]; /* what the device wrote, 0xa5 elsewhere */
};

struct guest_gpu {
    struct guest_transport *transport;
    struct guest_ring rings[GUEST_GPU_QUEUES];
    struct guest_gpu_layout layout;
    struct guest_gpu_slot *slots[GUEST_GPU_QUEUES]; /* as many as the ring has descriptors */
    struct guest_gpu_slot *free_slots[GUEST_GPU_QUEUES];
    uint64_t large; /* for requests of more than a slot */
    bool large_busy;
    uint64_t next_fence;
    uint64_t random;
    bool hold;  /* fill the ring without making anything available */
    bool plain; /* no fences */
    uint64_t sent[GUEST_GPU_QUEUES], answered[GUEST_GPU_QUEUES]; /* since the rings were cleared */
};

/* The transport is connected; its rings become those of the gpu. */
void guest_gpu_init(struct guest_gpu *gpu, struct guest_transport *transport, uint16_t control_size,
                    uint16_t cursor_size);
void guest_gpu_finish(struct guest_gpu *gpu);
/* Rings and ledger as after a reset; what was outstanding is forgotten. */
void guest_gpu_clear(struct guest_gpu *gpu);

/* Sends without waiting for the answer (though for room in the ring).
 * `expect`: the response type, GPU_ANY_RESPONSE, or a type that the answer
 * must have; checked when it comes. */
void guest_gpu_send(struct guest_gpu *gpu, const struct gpu_command *command, uint32_t expect);
/* Makes what was held available. */
void guest_gpu_release(struct guest_gpu *gpu);
/* Takes the answers that are there; how many. */
unsigned guest_gpu_collect(struct guest_gpu *gpu, unsigned queue);
unsigned guest_gpu_outstanding(const struct guest_gpu *gpu, unsigned queue);
/* Until at most that many commands of the queue are unanswered. */
void guest_gpu_wait(struct guest_gpu *gpu, unsigned queue, unsigned outstanding);
/* Until nothing is outstanding; checks the ledger. */
void guest_gpu_settle(struct guest_gpu *gpu);

/* Sends one command, waits, and returns the type of its response; 0 when
 * there is no room for one. */
uint32_t guest_gpu_call(struct guest_gpu *gpu, struct gpu_command command);
void guest_gpu_call_answer(struct guest_gpu *gpu, const struct gpu_command *command,
                           struct gpu_answer *answer);
/* Fails the test unless the response is of that type. */
#define guest_gpu_expect(gpu, command, type)                                                       \
    do {                                                                                           \
        uint32_t response_ = guest_gpu_call((gpu), (command));                                     \
        CHECK(response_ == (uint32_t)(type), "response 0x%x, expected 0x%x", response_,            \
              (unsigned)(type));                                                                   \
    } while (0)
#define guest_gpu_ok(gpu, command) guest_gpu_expect((gpu), (command), VIRTIO_GPU_RESP_OK_NODATA)
#define guest_gpu_refused(gpu, command)                                                            \
    do {                                                                                           \
        uint32_t response_ = guest_gpu_call((gpu), (command));                                     \
        CHECK(response_ >= VIRTIO_GPU_RESP_ERR_UNSPEC &&                                           \
                  response_ <= VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER,                              \
              "response 0x%x, expected an error", response_);                                      \
    } while (0)

#endif
