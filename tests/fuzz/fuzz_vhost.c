// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost-user messages: the whole transport on a socket, with the gpu behind
 * it. The input is a list of operations of a VMM that may do anything.
 */
#include "device/vhost_user.h"
#include "device/vhost_user_message.h"
#include "tests/fuzz/lib/fuzz_input.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/gpu_world.h"
#include "tests/fuzz/lib/unix_listener.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 16

enum operation {
    MESSAGE, /* flags, request, fds, kind of fds, size; payload */
    WORDS,   /* the same, the payload as numbers of 32 bits */
    LONGS,   /* … of 64 bits */
    RAW,     /* size; bytes of the stream */
    TURN,
    KICK, /* ring */
    JOB,
    CLOCK,  /* 4 ms each */
    MEMORY, /* offset, size; bytes */
    RECONNECT,
    TRUNCATE, /* to so many pages */
    OUTPUT,   /* head, what */
    OPERATIONS,
};

static struct vmm {
    struct gpu_world world;
    struct vhost_user *vhost_user;
    int listener;
    int socket;
    int kicks[2];
} vmm;

static void handle_connected(void *user, bool connected)
{
    (void)user;
    (void)connected;
}

static void handle_ended(void *user)
{
    (void)user;
}

static const struct vhost_user_listener events = {handle_connected, handle_ended};

static void start(void)
{
    gpu_world_start(&vmm.world);
    vmm.listener = unix_listener_open();
    vmm.vhost_user = vhost_user_create(&vmm.world.loop, gpu_device(vmm.world.gpu),
                                       dup(vmm.listener), &events, NULL);
    FUZZ_CHECK(vmm.vhost_user);
    for (int i = 0; i < 2; i++)
        vmm.kicks[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    vmm.socket = unix_listener_connect(vmm.listener);
    fuzz_turn(&vmm.world.loop);
}

static void finish(void)
{
    vhost_user_destroy(vmm.vhost_user, NULL, NULL);
    gpu_world_finish(&vmm.world);
    close(vmm.listener);
    close(vmm.socket);
    close(vmm.kicks[0]);
    close(vmm.kicks[1]);
}

/* What a VMM may pass: its memory, eventfds, sockets, and what it should not. */
static int make_fd(unsigned kind)
{
    int pair[2];
    switch (kind % 6) {
    case 0:
        return dup(vmm.world.ram);
    case 1:
        return dup(vmm.kicks[0]);
    case 2:
        return dup(vmm.kicks[1]);
    case 3:
        FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        close(pair[1]);
        return pair[0];
    case 4:
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    default:
        return eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
    }
}

static void send_parts(struct iovec *parts, int nparts, const int *fds, unsigned nfds)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)nparts};
    if (nfds > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
    }
    sendmsg(vmm.socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static size_t read_payload(struct fuzz_input *input, enum operation operation, uint8_t *payload)
{
    size_t count = fuzz_u8(input), got;
    if (operation == MESSAGE) {
        const uint8_t *bytes = fuzz_bytes(input, count, &got);
        memcpy(payload, bytes, got);
        return got;
    }
    size_t width = operation == WORDS ? 4 : 8;
    count %= 64;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = fuzz_number(input);
        memcpy(payload + i * width, &value, width);
    }
    return count * width;
}

static void send_message(struct fuzz_input *input, enum operation operation)
{
    uint8_t flags = fuzz_u8(input);
    uint8_t request = fuzz_u8(input);
    uint8_t how_many = fuzz_u8(input);
    struct vhost_user_header header = {
        .request = flags & 0x80 ? request * 0x01010101u : request,
        .flags = (flags & 1 ? VHOST_USER_NEED_REPLY : 0) | (flags & 2 ? flags : VHOST_USER_VERSION),
    };
    int fds[MAX_FDS];
    unsigned nfds = how_many % MAX_FDS;
    for (unsigned i = 0; i < nfds; i++)
        fds[i] = make_fd(how_many / MAX_FDS);
    uint8_t payload[512];
    size_t size = read_payload(input, operation, payload);
    header.size = (uint32_t)size;
    if (flags & 4)
        header.size = (uint32_t)fuzz_number(input);
    struct iovec parts[] = {{&header, sizeof(header)}, {payload, size}};
    send_parts(parts, 2, fds, nfds);
    for (unsigned i = 0; i < nfds; i++)
        close(fds[i]);
    if (!(flags & 8))
        fuzz_turn(&vmm.world.loop);
}

static void read_replies(void)
{
    uint8_t bytes[4096];
    while (recv(vmm.socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
}

static void reconnect(void)
{
    close(vmm.socket);
    /* -1 when the program has not taken those before. */
    vmm.socket = unix_listener_connect(vmm.listener);
}

static void write_some(struct fuzz_input *input, bool memory)
{
    uint64_t offset = memory ? fuzz_number(input) : 0;
    size_t size;
    const uint8_t *bytes = fuzz_bytes(input, fuzz_u8(input), &size);
    struct iovec part = {(void *)bytes, size};
    if (memory)
        gpu_world_write(&vmm.world, offset, bytes, size);
    else
        send_parts(&part, 1, NULL, 0);
}

static void operate(struct fuzz_input *input)
{
    enum operation operation = fuzz_u8(input) % OPERATIONS;
    uint64_t one = 1;
    uint8_t which;
    switch (operation) {
    case MESSAGE:
    case WORDS:
    case LONGS:
        send_message(input, operation);
        break;
    case RAW:
    case MEMORY:
        write_some(input, operation == MEMORY);
        break;
    case KICK:
        if (write(vmm.kicks[fuzz_u8(input) % 2], &one, sizeof(one)) < 0)
            fuzz_turn(&vmm.world.loop); /* the counter is full */
        break;
    case JOB:
        fuzz_job_run();
        break;
    case CLOCK:
        fuzz_clock_advance(4u * fuzz_u8(input));
        break;
    case RECONNECT:
        reconnect();
        break;
    case TRUNCATE:
        if (ftruncate(vmm.world.ram, 4096 * (fuzz_u8(input) % 128)) < 0)
            fuzz_fail("ftruncate");
        break;
    case OUTPUT:
        which = fuzz_u8(input);
        gpu_world_output_step(&vmm.world, which % GPU_WORLD_HEADS, which / 2 % 4);
        break;
    default:
        fuzz_turn(&vmm.world.loop);
        read_replies();
        break;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    start();
    while (!fuzz_input_ended(&input))
        operate(&input);
    finish();
    return 0;
}
