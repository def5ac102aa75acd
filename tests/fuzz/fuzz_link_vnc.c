// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oriel-vnc's side of the link: a core that says anything, with viewers there
 * that ask for updates. The first byte says whether it begins well.
 */
#include "net/link.h"
#include "tests/fuzz/lib/fuzz_input.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/link_message.h"
#include "tests/fuzz/lib/vnc_run.h"

#include <sys/socket.h>

#define MAX_SIZE 96

enum operation {
    MESSAGE, /* as link_message_read() */
    PACKET,  /* size; bytes */
    TURN,
    JOB,
    CLOCK,   /* 64 ms each */
    RESIZE,  /* head, width, height: as it should be */
    VIEWER,  /* which; a viewer with common encodings that asks */
    REQUEST, /* which */
    LISTEN,
    OPERATIONS,
};

static struct vnc_run run;

/* RFB 3.8, no security, shared; Raw, CopyRect and a cursor; all of it. */
static const uint8_t hello[] = "RFB 003.008\n\001\001"
                               "\002\000\000\004\000\000\000\020\000\000\000\001\377\377\377\021"
                               "\377\377\377\041";
static const uint8_t request[] = {3, 0, 0, 0, 0, 0, 0, 96, 0, 96};

static void send_message(struct fuzz_input *input)
{
    static struct link_message message;
    link_message_read(input, &message, 0);
    uint32_t head = message.header.head % LINK_MAX_HEADS;
    /* A generation of 0 means the one that is right. */
    if (message.header.type == LINK_HEAD)
        message.header.generation += ++run.generation[head];
    else if (message.header.generation == 0)
        message.header.generation = run.generation[head];
    link_message_send(&message, run.link);
    fuzz_turn(&run.loop);
}

static void send_packet(struct fuzz_input *input)
{
    size_t size;
    const uint8_t *bytes = fuzz_bytes(input, fuzz_u8(input), &size);
    send(run.link, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ask(unsigned viewer, bool first)
{
    if (first) {
        vnc_run_connect(&run, viewer);
        vnc_run_send(&run, viewer, hello, sizeof(hello) - 1);
    }
    if (run.viewers[viewer] >= 0)
        vnc_run_send(&run, viewer, request, sizeof(request));
    vnc_run_read(&run, viewer);
}

static void operate(struct fuzz_input *input)
{
    enum operation operation = fuzz_u8(input) % OPERATIONS;
    uint32_t head, all[4] = {0};
    switch (operation) {
    case MESSAGE:
        send_message(input);
        break;
    case PACKET:
        send_packet(input);
        break;
    case JOB:
        fuzz_job_run();
        break;
    case CLOCK:
        fuzz_clock_advance(64u * fuzz_u8(input));
        break;
    case RESIZE:
        head = fuzz_u8(input) % 2;
        all[2] = fuzz_u8(input) % MAX_SIZE + 1;
        all[3] = fuzz_u8(input) % MAX_SIZE + 1;
        vnc_run_resize(&run, head, all[2], all[3]);
        vnc_run_frame(&run, head, all);
        break;
    case VIEWER:
    case REQUEST:
        ask(fuzz_u8(input) % VNC_RUN_VIEWERS, operation == VIEWER);
        break;
    case LISTEN:
        vnc_run_listen(&run);
        break;
    default:
        break;
    }
    fuzz_turn(&run.loop);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    vnc_run_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    vnc_run_start(&run);
    if (fuzz_u8(&input) % 8 != 0)
        vnc_run_set_up(&run);
    while (!fuzz_input_ended(&input))
        operate(&input);
    vnc_run_finish(&run);
    return 0;
}
