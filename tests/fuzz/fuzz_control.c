// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: what a client sends, from bytes to commands, with the
 * real heads and screenshots behind them. The input is the stream
 * (lib/stream.h): 3 ends the connection and makes another, 4 lets a job run, 5
 * has the client read its replies or not.
 */
#include "server/control/control.h"
#include "server/core.h"
#include "server/reload.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/stream.h"
#include "tests/fuzz/lib/unix_listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADS 2

static struct core *core; /* as far as commands look at it */
static int listener, client;
static bool reads;

/* Of the command quit; the core goes on for the next input. */
void __wrap_core_stop(struct core *stopped);
/* The configuration has a target of its own. */
int __wrap_reload(struct core *reloaded, struct reload_report *report);

void __wrap_core_stop(struct core *stopped)
{
    FUZZ_CHECK(stopped == core);
}

int __wrap_reload(struct core *reloaded, struct reload_report *report)
{
    static bool good;
    FUZZ_CHECK(reloaded == core);
    good = !good;
    *report = (struct reload_report){json_array(), json_array(), json_array()};
    json_array_append_new(good ? report->changed : report->errors, json_string("[log].level"));
    return good ? 0 : -EINVAL;
}

static void connect_client(void)
{
    if (client >= 0)
        close(client);
    client = unix_listener_connect(listener);
    for (int i = 0; i < 2; i++)
        fuzz_turn(&core->loop);
}

static void read_replies(void)
{
    char reply[16384];
    while (client >= 0 && recv(client, reply, sizeof(reply), MSG_DONTWAIT) > 0)
        fuzz_turn(&core->loop);
}

static void take(const void *bytes, size_t size)
{
    if (client >= 0 && send(client, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        connect_client();
    for (int i = 0; i < 2; i++)
        fuzz_turn(&core->loop);
    if (reads)
        read_replies();
}

static void mark(uint8_t what)
{
    if (what == STREAM_END)
        connect_client();
    else if (what == STREAM_ACT && !fuzz_job_run())
        fuzz_clock_advance(1000);
    else if (what == STREAM_OTHER)
        reads = !reads;
    fuzz_turn(&core->loop);
}

static const struct stream_ops ops = {take, mark};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct config config;
    (void)argc;
    (void)argv;
    fuzz_init();
    listener = unix_listener_open();
    core = calloc(1, sizeof(*core));
    FUZZ_CHECK(core);
    core->config = &config;
    snprintf(config.gpu.name, sizeof(config.gpu.name), "fuzz");
    return 0;
}

static void start(void)
{
    client = -1;
    reads = true;
    core->nheads = HEADS;
    FUZZ_CHECK(uv_loop_init(&core->loop) == 0);
    for (unsigned i = 0; i < HEADS; i++) {
        const struct head_config config = {.mode = {32, 24, 60}, .max_fps = 60, .name = "fuzz"};
        FUZZ_CHECK(head_init(&core->heads[i], &core->loop, i, &config) == 0);
    }
    core->control = control_create(core, &core->loop, dup(listener));
    FUZZ_CHECK(core->control);
    connect_client();
}

static void ignore_closed(struct head *head)
{
    (void)head;
}

static void close_heads(void *user)
{
    (void)user;
    for (unsigned i = 0; i < HEADS; i++)
        head_close(&core->heads[i], ignore_closed);
}

static void finish(void)
{
    if (client >= 0)
        close(client);
    control_destroy(core->control, close_heads, NULL);
    fuzz_finish(&core->loop);
    FUZZ_CHECK(uv_loop_close(&core->loop) == 0);
    while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        close(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    stream_run(&ops, data, size);
    finish();
    return 0;
}
