// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP: what a VMM, or whoever has its socket, sends to our client. The input is
 * the stream (lib/stream.h): 3 ends the connection, 4 asks something, 5 says
 * that the VMM came or went.
 */
#include "server/qmp.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/stream.h"
#include "tests/fuzz/lib/unix_listener.h"

#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;
static struct qmp *qmp;
static int listener, peer;
static char path[64];
static bool present; /* a VMM, as far as the client knows */
static unsigned due; /* replies */

static void handle_reply(void *user, const json_t *result, const char *error)
{
    (void)user;
    FUZZ_CHECK((result == NULL) == (error != NULL) && due > 0);
    due--;
}

static void ask(const char *command)
{
    if (qmp_execute(qmp, command, json_pack("{s:i}", "n", 1), handle_reply, NULL) == 0)
        due++;
}

static void handle_ready(void *user, bool ready)
{
    (void)user;
    FUZZ_CHECK(ready == qmp_ready(qmp));
    if (ready)
        ask("query-mice");
}

static const struct qmp_listener events = {handle_ready};

static void accept_peer(void)
{
    fuzz_turn(&loop);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (peer >= 0)
        close(peer);
    peer = fd;
    fuzz_turn(&loop);
}

static void end_peer(void)
{
    if (peer >= 0)
        close(peer);
    peer = -1;
    for (int i = 0; i < 3; i++)
        fuzz_turn(&loop);
    fuzz_clock_advance(7000);
    accept_peer();
}

static void take(const void *bytes, size_t size)
{
    char unread[4096];
    if (peer >= 0 && send(peer, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        end_peer();
    for (int i = 0; i < 2; i++)
        fuzz_turn(&loop);
    while (peer >= 0 && recv(peer, unread, sizeof(unread), MSG_DONTWAIT) > 0)
        ;
}

static void mark(uint8_t what)
{
    if (what == STREAM_END) {
        end_peer();
    } else if (what == STREAM_ACT) {
        ask("query-status");
    } else {
        present = !present;
        qmp_vmm_connected(qmp, present);
        accept_peer();
    }
}

static const struct stream_ops ops = {take, mark};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_init();
    listener = unix_listener_open_path(path, sizeof(path));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    peer = -1;
    due = 0;
    present = false;
    FUZZ_CHECK(uv_loop_init(&loop) == 0);
    qmp = qmp_create(&loop, path, &events, NULL);
    FUZZ_CHECK(qmp);
    mark(STREAM_OTHER);
    stream_run(&ops, data, size);
    qmp_destroy(qmp, NULL, NULL);
    FUZZ_CHECK(due == 0);
    fuzz_finish(&loop);
    FUZZ_CHECK(uv_loop_close(&loop) == 0);
    if (peer >= 0)
        close(peer);
    while ((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        close(peer);
    return 0;
}
