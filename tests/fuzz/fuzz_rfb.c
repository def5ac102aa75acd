// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The RFB front end: what viewers send, from the first byte of the handshake on,
 * to the real oriel-vnc with LibVNCServer behind it. The core is well-behaved
 * and paints when the input says so.
 */
#include "net/link.h"
#include "tests/fuzz/lib/fuzz_input.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/vnc_run.h"

/* Small enough that an update fits the socket's buffers: encoding is done on
 * the loop's thread here, where nobody could read meanwhile. */
#define MAX_SIZE 96
#define HEADS 2

enum operation {
    SEND,    /* viewer, size; bytes */
    MESSAGE, /* viewer, size of 16 bits; bytes */
    TURN,
    JOB,
    READ,     /* viewer */
    FRAME,    /* head, x, y, width, height */
    RESIZE,   /* head, width, height */
    CURSOR,   /* head, width, height, x, y */
    CLOCK,    /* 64 ms each */
    CONNECT,  /* viewer */
    PASSWORD, /* 0: none, 1: one, 2: one for those who only look */
    POLICY,   /* share, viewers */
    SEAT,     /* LEDs, relative */
    LISTEN,
    FLOOD,      /* viewer, how many times 16 keys */
    DISCONNECT, /* viewer's number */
    LAYOUT,     /* from now on who comes sees all heads, or one again */
    OPERATIONS,
};

static struct vnc_run run;
static uint32_t listener; /* its number */
static bool all_heads;    /* it serves them */
static uint32_t widths[HEADS], heights[HEADS];

static void paint(struct fuzz_input *input)
{
    uint32_t head = fuzz_u8(input) % HEADS, numbers[4];
    uint32_t width = widths[head], height = heights[head];
    fuzz_words(input, numbers, 4);
    if (width == 0)
        return;
    /* Bit 15 of x says that it is a move, down the picture and to the right. */
    uint32_t move = numbers[0] & 0x8000;
    numbers[0] = (numbers[0] & 0x7fff) % width;
    numbers[1] %= height;
    if (move)
        numbers[0] = numbers[1] = numbers[0] < numbers[1] ? numbers[0] : numbers[1];
    numbers[2] = 1 + numbers[2] % (width - numbers[0]);
    numbers[3] = 1 + numbers[3] % (height - numbers[1]);
    numbers[0] |= move;
    vnc_run_frame(&run, head, numbers);
}

static void set_cursor(struct fuzz_input *input)
{
    uint32_t head = fuzz_u8(input) % HEADS, numbers[4];
    fuzz_words(input, numbers, 4);
    numbers[0] %= LINK_MAX_CURSOR_SIZE / 2;
    numbers[1] = numbers[0] ? 1 + numbers[1] % (LINK_MAX_CURSOR_SIZE / 2) : 0;
    vnc_run_tell(&run, LINK_CURSOR, head, numbers);
}

static void send_bytes(struct fuzz_input *input, bool large)
{
    unsigned viewer = fuzz_u8(input) % VNC_RUN_VIEWERS;
    size_t size = large ? fuzz_u16(input) : fuzz_u8(input);
    const uint8_t *bytes = fuzz_bytes(input, size, &size);
    vnc_run_send(&run, viewer, bytes, size);
}

/* More input than the link takes, while the core does not read. */
static void flood(struct fuzz_input *input)
{
    static uint8_t keys[16][8];
    unsigned viewer = fuzz_u8(input) % VNC_RUN_VIEWERS, times = fuzz_u8(input);
    for (unsigned i = 0; i < 16; i++)
        memcpy(keys[i], (const uint8_t[]){4, i % 2, 0, 0, 0, 0, 0, 'a'}, 8);
    for (unsigned i = 0; i < times; i++)
        vnc_run_send(&run, viewer, keys, sizeof(keys));
}

static void tell(uint32_t type, uint32_t first, uint32_t second)
{
    const uint32_t numbers[4] = {first, second};
    vnc_run_tell(&run, type, 0, numbers);
}

static void set_password(unsigned which)
{
    static const uint32_t none[4];
    if (which == 0)
        vnc_run_tell_without_fd(&run, LINK_PASSWORD);
    else
        vnc_run_tell(&run, which == 1 ? LINK_PASSWORD : LINK_VIEW_PASSWORD, 0, none);
}

static void resize(struct fuzz_input *input)
{
    uint32_t head = fuzz_u8(input) % HEADS;
    widths[head] = fuzz_u8(input) % MAX_SIZE + 1;
    heights[head] = fuzz_u8(input) % MAX_SIZE + 1;
    vnc_run_resize(&run, head, widths[head], heights[head]);
    const uint32_t all[4] = {0, 0, widths[head], heights[head]};
    vnc_run_frame(&run, head, all);
}

/* Another listener takes the place of the one that there is. */
static void change_layout(void)
{
    tell(LINK_LISTENER_GONE, listener, 0);
    all_heads = !all_heads;
    tell(LINK_LISTENER, ++listener, all_heads);
}

static void operate(struct fuzz_input *input)
{
    enum operation operation = fuzz_u8(input) % OPERATIONS;
    uint32_t share;
    switch (operation) {
    case SEND:
    case MESSAGE:
        send_bytes(input, operation == MESSAGE);
        break;
    case JOB:
        fuzz_job_run();
        break;
    case READ:
        vnc_run_read(&run, fuzz_u8(input) % VNC_RUN_VIEWERS);
        break;
    case FRAME:
        paint(input);
        break;
    case CURSOR:
        set_cursor(input);
        break;
    case RESIZE:
        resize(input);
        break;
    case CLOCK:
        fuzz_clock_advance(64u * fuzz_u8(input));
        break;
    case CONNECT:
        vnc_run_connect(&run, fuzz_u8(input) % VNC_RUN_VIEWERS);
        break;
    case PASSWORD:
        set_password(fuzz_u8(input) % 3);
        break;
    case POLICY:
        share = 1 + fuzz_u8(input) % 3;
        tell(LINK_POLICY, share, 1 + fuzz_u8(input));
        break;
    case SEAT:
        tell(LINK_SEAT, fuzz_u8(input) % 8, fuzz_u8(input) % 2);
        break;
    case LISTEN:
        vnc_run_listen(&run);
        break;
    case FLOOD:
        flood(input);
        break;
    case DISCONNECT:
        tell(LINK_DISCONNECT, fuzz_u8(input), 0);
        break;
    case LAYOUT:
        change_layout();
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
    memset(widths, 0, sizeof(widths));
    listener = 1;
    all_heads = false;
    vnc_run_start(&run);
    vnc_run_set_up(&run);
    while (!fuzz_input_ended(&input))
        operate(&input);
    /* A well-behaved core is not cut off. */
    FUZZ_CHECK(!run.program.ending);
    vnc_run_finish(&run);
    return 0;
}
