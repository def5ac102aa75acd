// SPDX-License-Identifier: GPL-2.0-or-later
/* The program and the messages; fake_head.c has the pictures. */
#include "tests/protocol/lib/fake_core.h"

#include "tests/protocol/lib/fake_head.h"
#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_TIMEOUT_MS 5000

void fake_core_send(struct fake_core *core, uint32_t type, uint32_t head, uint32_t generation,
                    const void *payload, size_t size, int fd)
{
    struct link_header header = {type, head, generation, (uint32_t)size};
    struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)payload, size}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    /* Blocking: a program that reads nothing for seconds is broken. */
    struct timeval patience = {SEND_TIMEOUT_MS / 1000, 0};
    setsockopt(core->link, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    ssize_t n = sendmsg(core->link, &message, MSG_NOSIGNAL);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
        core->over = true;
    else
        CHECK(n == (ssize_t)(sizeof(header) + size), "send type %u", type);
}

void fake_core_send_settings(struct fake_core *core)
{
    struct link_settings settings = {.version = LINK_VERSION,
                                     .heads = core->options.heads,
                                     .idle_timeout_ms = core->options.idle_timeout_ms,
                                     .log_level = getenv("ORIEL_TEST_DEBUG") ? 3 : 1,
                                     .sandbox = core->options.sandbox_off ? LINK_SANDBOX_OFF
                                                : core->options.sandbox_required
                                                    ? LINK_SANDBOX_REQUIRE
                                                    : LINK_SANDBOX_ON,
                                     .name = "machine"};
    fake_core_send(core, LINK_SETTINGS, 0, 0, &settings, sizeof(settings), -1);
}

void fake_core_send_secret(struct fake_core *core, uint32_t type, const char *contents)
{
    int fd = -1;
    if (contents) {
        fd = memfd_create("password", MFD_CLOEXEC);
        CHECK(fd >= 0 && write(fd, contents, strlen(contents)) == (ssize_t)strlen(contents),
              "password file");
    }
    fake_core_send(core, type, 0, 0, NULL, 0, fd);
    if (fd >= 0)
        close(fd);
}

void fake_core_send_password(struct fake_core *core, const char *contents)
{
    fake_core_send_secret(core, LINK_PASSWORD, contents);
}

#define DEFAULT(field, value) \
    if (policy.field == 0)    \
    policy.field = (value)

void fake_core_send_policy(struct fake_core *core)
{
    struct link_policy policy = core->options.policy;
    DEFAULT(share, LINK_SHARE_IGNORE);
    DEFAULT(handshake_timeout_ms, 30000);
    DEFAULT(max_viewers, 256);
    DEFAULT(max_viewers_per_address, 256);
    DEFAULT(max_bytes, 256ull << 20);
    fake_core_send(core, LINK_POLICY, 0, 0, &policy, sizeof(policy), -1);
}

static void send_listener(struct fake_core *core, uint32_t head, int fd, uint32_t *id)
{
    struct link_listener listener = {.kind = LINK_LISTENER_VNC,
                                     .id = ++core->last_listener,
                                     .all_heads = core->options.all_heads && head == 0};
    *id = listener.id;
    if (fd == core->unix_listener)
        snprintf(listener.address, sizeof(listener.address), "unix:test");
    else
        snprintf(listener.address, sizeof(listener.address), "tcp:127.0.0.1:%u",
                 core->ports[head]);
    fake_core_send(core, LINK_LISTENER, head, 0, &listener, sizeof(listener), fd);
}

void fake_core_send_listeners(struct fake_core *core)
{
    uint32_t id;
    for (uint32_t i = 0; i < core->options.heads; i++)
        send_listener(core, i, core->listeners[i], &core->listener_ids[i]);
    if (core->unix_listener >= 0)
        send_listener(core, 0, core->unix_listener, &id);
}

void fake_core_drop_listener(struct fake_core *core, uint32_t head)
{
    const struct link_listener_gone gone = {.id = core->listener_ids[head]};
    fake_core_send(core, LINK_LISTENER_GONE, 0, 0, &gone, sizeof(gone), -1);
    close(core->listeners[head]);
    core->listeners[head] = -1;
}

void fake_core_disconnect(struct fake_core *core, uint32_t viewer)
{
    const struct link_disconnect message = {.viewer = viewer};
    fake_core_send(core, LINK_DISCONNECT, 0, 0, &message, sizeof(message), -1);
}

void fake_core_ask(struct fake_core *core)
{
    const struct link_ask ask = {.number = ++core->asked};
    fake_core_send(core, LINK_ASK, 0, 0, &ask, sizeof(ask), -1);
}

void fake_core_send_seat(struct fake_core *core, uint32_t leds, bool relative)
{
    const struct link_seat seat = {.leds = leds, .relative = relative};
    fake_core_send(core, LINK_SEAT, 0, 0, &seat, sizeof(seat), -1);
}

/* What an older kernel says. */
static void forget_landlock(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_landlock_create_ruleset,
                                    0) != 0 || seccomp_load(filter) != 0)
        _exit(126);
    seccomp_release(filter);
}

static void run_program(int fd, const struct fake_core_options *options)
{
    char path[512], timeout[16];
    const char *dir = getenv("ORIEL_BIN_DIR");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof(path), "%s/oriel-vnc", dir ? dir : ".");
    snprintf(timeout, sizeof(timeout), "%u", options->stall_timeout_ms);
    if (fd == LINK_OUTPUT_FD)
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, LINK_OUTPUT_FD);
    if (options->no_landlock)
        forget_landlock();
    if (options->stall_timeout_ms > 0)
        execl(path, path, "--stall-timeout", timeout, (char *)NULL);
    else
        execl(path, path, (char *)NULL);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

void fake_core_spawn(struct fake_core *core)
{
    int pair[2];
    CHECK(core->pid == 0 && core->link < 0, "the program runs already");
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    core->pid = fork();
    CHECK(core->pid >= 0, "fork");
    if (core->pid == 0)
        run_program(pair[1], &core->options);
    close(pair[1]);
    core->link = pair[0];
    core->greeted = core->over = false;
    core->nviewers = 0; /* it counts its own from 1 */
    core->asked = core->answered = 0;
    core->sandboxed = false;
    for (int i = 0; i < FAKE_CORE_HEADS; i++)
        fake_head_forget(&core->heads[i]);
    if (core->options.keep_silent)
        return;
    fake_core_send_settings(core);
    fake_core_send_policy(core);
    if (core->options.password)
        fake_core_send_password(core, core->options.password);
    if (core->options.view_password)
        fake_core_send_secret(core, LINK_VIEW_PASSWORD, core->options.view_password);
    fake_core_send_listeners(core);
    fake_core_send(core, LINK_READY, 0, 0, NULL, 0, -1);
}

static void listen_tcp(struct fake_core *core, uint32_t head)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *address =
        core->options.ipv6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
    socklen_t size = core->options.ipv6 ? sizeof(ipv6) : sizeof(ipv4);
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0 && bind(fd, address, size) == 0 && listen(fd, 128) == 0 &&
              getsockname(fd, address, &size) == 0,
          "listen");
    core->listeners[head] = fd;
    core->ports[head] = ntohs(core->options.ipv6 ? ipv6.sin6_port : ipv4.sin_port);
}

void fake_core_add_listener(struct fake_core *core, uint32_t head)
{
    listen_tcp(core, head);
    send_listener(core, head, core->listeners[head], &core->listener_ids[head]);
}

static void listen_unix(struct fake_core *core)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(core->dir, sizeof(core->dir), "/tmp/oriel-fake-core-XXXXXX");
    CHECK(mkdtemp(core->dir), "mkdtemp");
    snprintf(core->unix_path, sizeof(core->unix_path), "%s/vnc", core->dir);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", core->unix_path);
    core->unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(core->unix_listener >= 0 &&
              bind(core->unix_listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(core->unix_listener, 128) == 0,
          "listen %s", core->unix_path);
}

void fake_core_start(struct fake_core *core, const struct fake_core_options *options)
{
    memset(core, 0, sizeof(*core));
    if (options)
        core->options = *options;
    if (core->options.heads == 0)
        core->options.heads = 1;
    if (core->options.width == 0) {
        core->options.width = 320;
        core->options.height = 200;
    }
    core->link = core->unix_listener = -1;
    for (uint32_t i = 0; i < FAKE_CORE_HEADS; i++) {
        core->listeners[i] = -1;
        fake_head_init(&core->heads[i], core, i, core->options.width, core->options.height);
        if (i < core->options.heads)
            listen_tcp(core, i);
    }
    if (core->options.unix_listener)
        listen_unix(core);
    if (!core->options.no_start)
        fake_core_spawn(core);
}

int fake_core_wait(struct fake_core *core, int signal, unsigned timeout_ms)
{
    uint64_t end = check_now_us() + timeout_ms * 1000ull;
    pid_t pid = 0;
    if (core->pid == 0)
        return 0;
    if (signal)
        kill(core->pid, signal);
    while ((pid = waitpid(core->pid, &core->exit_status, WNOHANG)) == 0) {
        if (check_now_us() > end)
            return -ETIMEDOUT;
        usleep(1000);
    }
    CHECK(pid == core->pid, "waitpid");
    core->pid = 0;
    if (core->link >= 0)
        close(core->link);
    core->link = -1;
    return WIFEXITED(core->exit_status) ? WEXITSTATUS(core->exit_status)
                                        : 128 + WTERMSIG(core->exit_status);
}

int fake_core_finish(struct fake_core *core)
{
    if (core->link >= 0)
        close(core->link);
    core->link = -1;
    fake_inputs_clear(&core->inputs);
    int status = fake_core_wait(core, 0, 10000);
    if (status == -ETIMEDOUT)
        fake_core_wait(core, SIGKILL, 10000);
    for (int i = 0; i < FAKE_CORE_HEADS; i++) {
        fake_head_finish(&core->heads[i]);
        if (core->listeners[i] >= 0)
            close(core->listeners[i]);
        core->listeners[i] = -1;
    }
    if (core->unix_listener >= 0) {
        close(core->unix_listener);
        unlink(core->unix_path);
        rmdir(core->dir);
        core->unix_listener = -1;
    }
    return status;
}

/* ---- what the program says ---- */

static struct fake_viewer *find_viewer(struct fake_core *core, uint32_t id)
{
    for (uint32_t i = 0; i < core->nviewers; i++) {
        if (core->viewers[i].id == id)
            return &core->viewers[i];
    }
    return NULL;
}

static void handle_viewer(struct fake_core *core, uint32_t head, const struct link_viewer *message)
{
    struct fake_viewer *viewer = find_viewer(core, message->id);
    CHECK(memchr(message->address, 0, sizeof(message->address)) &&
              memchr(message->encoding, 0, sizeof(message->encoding)) && message->shared <= 1,
          "LINK_VIEWER's fields");
    if (!viewer) {
        CHECK(core->nviewers < FAKE_CORE_VIEWERS, "viewers");
        viewer = &core->viewers[core->nviewers++];
        *viewer = (struct fake_viewer){.id = message->id};
    }
    CHECK(!viewer->gone, "viewer %u is gone", message->id);
    CHECK(message->state <= LINK_VIEWER_STALLED && message->view_only <= 1 &&
              message->all_heads <= 1 && message->unused == 0 &&
              (viewer->reports == 0 || (message->view_only == viewer->told.view_only &&
                                        message->all_heads == viewer->told.all_heads)),
          "LINK_VIEWER's fields");
    viewer->head = head;
    viewer->told = *message;
    viewer->reports++;
}

static void handle_encodings(struct fake_core *core, const struct link_encodings *message)
{
    const struct link_encoding *encodings = (const struct link_encoding *)(message + 1);
    CHECK(message->count <= LINK_MAX_ENCODINGS && message->unused == 0, "LINK_ENCODINGS");
    for (uint32_t i = 0; i < message->count; i++)
        CHECK(memchr(encodings[i].name, 0, sizeof(encodings[i].name)) && encodings[i].name[0],
              "name of encoding %u", i);
    core->nencodings = message->count;
    memcpy(core->encodings, encodings, message->count * sizeof(*encodings));
}

static void handle_answer(struct fake_core *core, const struct link_answer *message)
{
    CHECK(message->number == core->asked && core->answered < core->asked, "answer %u",
          message->number);
    core->answered = message->number;
}

static void handle_sandboxed(struct fake_core *core, const struct link_sandboxed *message)
{
    CHECK(!core->sandboxed && (message->parts & ~LINK_SANDBOX_ALL) == 0, "LINK_SANDBOXED");
    core->sandboxed = true;
    core->sandbox_parts = message->parts;
}

static void handle_viewer_gone(struct fake_core *core, const struct link_viewer_gone *message)
{
    struct fake_viewer *viewer = find_viewer(core, message->id);
    CHECK(viewer && !viewer->gone, "viewer %u", message->id);
    viewer->gone = true;
    viewer->bytes_sent = message->bytes_sent;
    viewer->updates_sent = message->updates_sent;
}

static void handle(struct fake_core *core, const struct link_header *header, const void *payload)
{
    CHECK(header->head < core->options.heads, "head %u", header->head);
    struct fake_head *head = &core->heads[header->head];
    CHECK(core->greeted || header->type == LINK_HELLO, "first message of type %u", header->type);
    switch (header->type) {
    case LINK_HELLO: {
        const struct link_hello *hello = payload;
        CHECK(!core->greeted && hello->version == LINK_VERSION && hello->pid == (uint32_t)core->pid,
              "hello");
        core->greeted = true;
        break;
    }
    case LINK_SUBSCRIBE:
        fake_head_subscribe(head);
        break;
    case LINK_UNSUBSCRIBE:
        fake_head_unsubscribe(head);
        break;
    case LINK_CREDIT:
        fake_head_credit(head, header->generation, ((const struct link_credit *)payload)->frames);
        break;
    case LINK_TAKEN:
        fake_head_taken(head, header->generation, ((const struct link_taken *)payload)->sequence);
        break;
    case LINK_VIEWER:
        handle_viewer(core, header->head, payload);
        break;
    case LINK_VIEWER_GONE:
        handle_viewer_gone(core, payload);
        break;
    case LINK_ENCODINGS:
        handle_encodings(core, payload);
        break;
    case LINK_ANSWER:
        handle_answer(core, payload);
        break;
    case LINK_SANDBOXED:
        handle_sandboxed(core, payload);
        break;
    case LINK_KEY:
    case LINK_POINTER:
    case LINK_TEXT:
        fake_input_take(core, header, payload);
        break;
    default:
        CHECK(false, "message of type %u", header->type);
    }
}

static bool receive(struct fake_core *core)
{
    static struct {
        struct link_header header;
        _Alignas(8) uint8_t payload[LINK_MAX_PAYLOAD];
    } packet;
    if (core->link < 0 || core->deaf)
        return false;
    ssize_t n = recv(core->link, &packet, sizeof(packet), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        core->over = true;
        return false;
    }
    CHECK((size_t)n == sizeof(packet.header) + packet.header.size, "packet of %zd bytes", n);
    handle(core, &packet.header, packet.payload);
    return true;
}

void fake_core_step(struct fake_core *core)
{
    while (!core->over && receive(core))
        ;
    for (uint32_t i = 0; i < core->options.heads && !core->over && core->link >= 0; i++)
        fake_head_send_due(&core->heads[i]);
}

unsigned fake_core_live_viewers(const struct fake_core *core)
{
    unsigned live = 0;
    for (uint32_t i = 0; i < core->nviewers; i++)
        live += !core->viewers[i].gone;
    return live;
}
