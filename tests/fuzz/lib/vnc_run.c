// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/vnc_run.h"

#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/link_message.h"
#include "tests/fuzz/lib/unix_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

static struct link_message message;

ssize_t getrandom(void *bytes, size_t size, unsigned flags);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
bool __wrap_sandbox_built(void);
int __wrap_sandbox_no_new_privs(void);
int __wrap_sandbox_landlock(void);
int __wrap_sandbox_seccomp(void);

/* Peers with addresses, of which there are two, without ports of the host's. */
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    static uint16_t port;
    int accepted = __real_accept4(fd, NULL, NULL, flags);
    if (accepted < 0 || !address)
        return accepted;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(++port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + port % 2);
    memcpy(address, &in, sizeof(in));
    *size = sizeof(in);
    return accepted;
}

/* A core may ask for the sandbox, which would be the fuzzer's. */
bool __wrap_sandbox_built(void)
{
    return true;
}

int __wrap_sandbox_no_new_privs(void)
{
    return 0;
}

int __wrap_sandbox_landlock(void)
{
    return -ENOSYS;
}

int __wrap_sandbox_seccomp(void)
{
    return 0;
}

/* Challenges are the same each time, so that inputs can hold their answers. */
ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    memset(bytes, 0x5a, size);
    return (ssize_t)size;
}

void vnc_run_init(void)
{
    fuzz_init();
    link_message_init();
}

void vnc_run_start(struct vnc_run *run)
{
    const struct vnc_options options = {.stall_timeout_ms = 60000, .encoders = 2};
    int pair[2];
    memset(run, 0, sizeof(*run));
    for (int i = 0; i < VNC_RUN_VIEWERS; i++)
        run->viewers[i] = -1;
    FUZZ_CHECK(uv_loop_init(&run->loop) == 0);
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    run->link = pair[0];
    FUZZ_CHECK(vnc_program_start(&run->program, &run->loop, pair[1], &options) == 0);
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void vnc_run_finish(struct vnc_run *run)
{
    drop(&run->link);
    fuzz_finish(&run->loop);
    vnc_program_fini(&run->program);
    FUZZ_CHECK(uv_loop_close(&run->loop) == 0);
    for (int i = 0; i < VNC_RUN_VIEWERS; i++)
        drop(&run->viewers[i]);
    /* Who was not let in waits in the queue of the listener, which stays. */
    int fd;
    while ((fd = accept4(link_message_listener(), NULL, NULL, SOCK_CLOEXEC)) >= 0)
        close(fd);
}

void vnc_run_connect(struct vnc_run *run, unsigned viewer)
{
    drop(&run->viewers[viewer]);
    run->viewers[viewer] = unix_listener_connect(link_message_listener());
    fuzz_turn(&run->loop);
}

void vnc_run_read(struct vnc_run *run, unsigned viewer)
{
    static uint8_t bytes[65536];
    if (run->viewers[viewer] < 0)
        return;
    while (recv(run->viewers[viewer], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        fuzz_turn(&run->loop);
}

void vnc_run_send(struct vnc_run *run, unsigned viewer, const void *bytes, size_t size)
{
    if (run->viewers[viewer] < 0)
        vnc_run_connect(run, viewer);
    if (run->viewers[viewer] >= 0 &&
        send(run->viewers[viewer], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        drop(&run->viewers[viewer]);
    fuzz_turn(&run->loop);
}

void vnc_run_tell(struct vnc_run *run, uint32_t type, uint32_t head, const uint32_t numbers[4])
{
    link_message_make(&message, type, numbers);
    message.header.head = head;
    message.header.generation = run->generation[head % LINK_MAX_HEADS];
    link_message_send(&message, run->link);
    fuzz_turn(&run->loop);
}

void vnc_run_tell_without_fd(struct vnc_run *run, uint32_t type)
{
    message.header = (struct link_header){.type = type};
    message.size = 0;
    message.fd = -1;
    link_message_send(&message, run->link);
    fuzz_turn(&run->loop);
}

void vnc_run_resize(struct vnc_run *run, uint32_t head, uint32_t width, uint32_t height)
{
    /* Side by side, with a gap. */
    const uint32_t size[4] = {width, height, head * 100};
    run->generation[head]++;
    run->credit[head] = 0;
    vnc_run_tell(run, LINK_HEAD, head, size);
    vnc_run_listen(run);
}

bool vnc_run_frame(struct vnc_run *run, uint32_t head, const uint32_t numbers[4])
{
    vnc_run_listen(run);
    if (run->credit[head] == 0)
        return false;
    run->credit[head]--;
    vnc_run_tell(run, LINK_FRAME, head, numbers);
    return true;
}

void vnc_run_set_up(struct vnc_run *run)
{
    static const uint32_t none[4], listener[4] = {1, 0};
    const uint32_t policy[4] = {LINK_SHARE_IGNORE, VNC_RUN_VIEWERS};
    vnc_run_tell(run, LINK_SETTINGS, 0, none);
    vnc_run_tell(run, LINK_POLICY, 0, policy);
    vnc_run_tell(run, LINK_LISTENER, 0, listener);
    vnc_run_tell(run, LINK_READY, 0, none);
}

void vnc_run_listen(struct vnc_run *run)
{
    static struct {
        struct link_header header;
        _Alignas(8) uint8_t payload[LINK_MAX_PAYLOAD];
    } packet;
    while (run->link >= 0 && recv(run->link, &packet, sizeof(packet), MSG_DONTWAIT) > 0) {
        uint32_t head = packet.header.head % LINK_MAX_HEADS;
        if (packet.header.type == LINK_CREDIT && packet.header.generation == run->generation[head])
            run->credit[head] += ((struct link_credit *)(void *)packet.payload)->frames;
        fuzz_turn(&run->loop);
    }
}
