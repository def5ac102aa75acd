// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/vnc_attacker.h"

#include "net/vnc/bytes.h"
#include "tests/protocol/lib/guest_check.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 20
#define STANDING 8

/* ---- what it does; in the child, where a server that hangs costs a second */

static uint16_t port;

static int connect_to_server(bool small_buffer)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval second = {1, 0};
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (small_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void say(int fd, const void *data, size_t size)
{
    /* A server that has hung up is what is hoped for. */
    (void)!send(fd, data, size, MSG_NOSIGNAL);
}

static bool read_all(int fd, uint8_t *data, size_t size)
{
    return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

/* A viewer that is in, or -1. */
static int log_in(bool small_buffer)
{
    uint8_t data[512];
    int fd = connect_to_server(small_buffer);
    if (fd < 0)
        return -1;
    bool in = read_all(fd, data, 12);
    say(fd, "RFB 003.008\n", 12);
    in = in && read_all(fd, data, 2);
    say(fd, "\001", 1);
    in = in && read_all(fd, data, 4);
    say(fd, "\377", 1);
    in = in && read_all(fd, data, 24) && get_u32(data + 20) < sizeof(data) &&
         read_all(fd, data, get_u32(data + 20));
    if (in)
        return fd;
    close(fd);
    return -1;
}

static const struct hostile {
    bool before_login;
    size_t size;
    uint8_t bytes[64];
} hostile[] = {
    {true, 12, "RFB 999.x99\n"},
    {true, 16, "GET / HTTP/1.1\r\n"},
    {true, 5, "\026\003\001\002\0"},
    {true, 13, "RFB 003.008\n\377"},
    {true, 12, "\0\0\0\0\0\0\0\0\0\0\0\0"},
    {true, 0, ""},
    /* SetPixelFormat: depth and bits 0, 7 and 255, greatest values 0. */
    {false, 20, {0, 0, 0, 0, 0, 0, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}},
    {false, 20, {0, 0, 0, 0, 7, 7, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}},
    {false, 20, {0, 0, 0, 0, 255, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0}},
    {false, 20, {0, 0, 0, 0, 32, 24, 0, 1, 0, 0, 0, 0, 0, 0, 16, 8, 0}},
    {false, 20, {0, 0, 0, 0, 32, 24, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
    {false, 20, {0, 0, 0, 0, 8, 8, 0, 0}},
    {false, 4, {2, 0, 255, 255}},                                /* SetEncodings of 65535 */
    {false, 10, {3, 0, 255, 255, 255, 255, 255, 255, 255, 255}}, /* an update of the outside */
    {false, 10, {3, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {false, 8, {6, 0, 0, 0, 0x7f, 255, 255, 255}}, /* texts of 2 GiB, both ways round */
    {false, 8, {6, 0, 0, 0, 0x80, 0, 0, 0}},
    {false, 8, {6, 0, 0, 0, 255, 255, 255, 255}},
    {false, 8, {251, 0, 0, 0, 0, 0, 0, 0}}, /* SetDesktopSize, of no screens */
    {false, 24, {251, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255}},
    {false, 12, {255, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
    {false, 4, {255, 9, 255, 255}},
    {false, 4, {7, 255, 255, 255}},  /* a file transfer */
    {false, 6, {8, 0, 0, 0, 15, 0}}, /* scaling by 0 */
    {false, 2, {99, 99}},
};

#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void do_one(unsigned i)
{
    const struct hostile *h = &hostile[i % HOSTILE];
    struct linger reset = {1, 0};
    int fd = h->before_login ? connect_to_server(false) : log_in(false);
    if (fd < 0)
        return;
    say(fd, h->bytes, h->size);
    /* Every other one goes with a reset. */
    if (i / HOSTILE % 2)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
}

static int standing[STANDING];
static unsigned standing_bytes;

/* The list of what stops a server that waits for its viewers. */
static void take_stand(void)
{
    static const uint8_t all[10] = {3, 0, 0, 0, 0, 0, 255, 255, 255, 255};
    for (int i = 0; i < STANDING; i++)
        standing[i] = i < 4 ? log_in(i < 2) : connect_to_server(false);
    /* One reads nothing of a large update and one a little at a time; two
     * stop in the middle of a message. */
    say(standing[0], all, sizeof(all));
    say(standing[1], all, sizeof(all));
    say(standing[2], "\003", 1);
    say(standing[3], "\002\0\0\062\0\0", 6);
    /* Before any login: silence, one byte, a web browser, TLS. */
    say(standing[5], "R", 1);
    say(standing[6], "GET ", 4);
    say(standing[7], "\026", 1);
}

static void stand(void)
{
    char sip[4096];
    (void)!recv(standing[1], sip, sizeof(sip), MSG_DONTWAIT);
    /* A byte of a version now and then: the slow loris. */
    if (standing_bytes < 11)
        say(standing[4], &"RFB 003.008\n"[standing_bytes++], 1);
}

static void leave(void)
{
    for (int i = 0; i < STANDING; i++) {
        if (standing[i] >= 0)
            close(standing[i]);
        standing[i] = -1;
    }
    standing_bytes = 0;
}

static void __attribute__((noreturn)) run(int control, int report)
{
    unsigned done = 0;
    bool on = false;
    for (;;) {
        struct pollfd poll_control = {.fd = control, .events = POLLIN};
        char order;
        if (poll(&poll_control, 1, on ? TICK_MS : -1) > 0) {
            if (read(control, &order, 1) != 1)
                break;
            if (order == '1' && !on)
                take_stand();
            else if (order == '0' && on)
                leave();
            on = order == '1';
            (void)!write(report, &order, 1); /* it is done */
        } else if (on) {
            do_one(done++);
            stand();
        }
    }
    (void)!write(report, &done, sizeof(done));
    _exit(0);
}

/* ---- the test's side ---- */

void vnc_attacker_start(struct vnc_attacker *attacker, uint16_t server_port)
{
    int control[2], report[2];
    CHECK(pipe(control) == 0 && pipe(report) == 0, "pipe");
    attacker->pid = fork();
    CHECK(attacker->pid >= 0, "fork");
    if (attacker->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(control[1]);
        close(report[0]);
        port = server_port;
        run(control[0], report[1]);
    }
    close(control[0]);
    close(report[1]);
    attacker->control = control[1];
    attacker->report = report[0];
}

void vnc_attacker_attack(struct vnc_attacker *attacker, bool on)
{
    CHECK(write(attacker->control, on ? "1" : "0", 1) == 1, "attacker");
}

unsigned vnc_attacker_stop(struct vnc_attacker *attacker)
{
    uint8_t data[4096];
    unsigned done = 0;
    size_t size = 0;
    close(attacker->control);
    for (ssize_t n;
         size < sizeof(data) && (n = read(attacker->report, data + size, sizeof(data) - size)) > 0;)
        size += (size_t)n;
    CHECK(size >= sizeof(done), "attacker");
    memcpy(&done, data + size - sizeof(done), sizeof(done));
    close(attacker->report);
    waitpid(attacker->pid, NULL, 0);
    return done;
}
