// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core's side of the link: what an output program may say that has been
 * taken over. Behind it are the real heads, seat and typist; the program itself
 * is played by the input.
 */
#include "net/link.h"
#include "server/log.h"
#include "server/output.h"
#include "server/program.h"
#include "tests/fuzz/lib/fuzz_input.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/link_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADS 2

enum operation {
    MESSAGE, /* as link_message_read() */
    PACKET,  /* size; bytes */
    TURN,
    READ, /* what the core sent; bit 0: takes frames, bit 1: gives credit */
    JOB,
    CLOCK,  /* 4 ms each */
    DRAW,   /* head; what the guest does */
    END,    /* the program dies */
    SEAT,   /* LEDs changed */
    CHANGE, /* what; a reload, a listener more or less, a viewer to hang up on */
    ASK,    /* for figures */
    OPERATIONS,
};

static uv_loop_t loop;
static struct head *heads;
static struct input *input_devices;
static struct output *output;
static struct picture *picture;
/* Two that were opened for somebody else; the output only passes them on. */
static struct listener listeners[2] = {{.text = "unix:one"}, {.text = "unix:two", .head = 1}};
static bool added[2];
static struct output_question question;
static bool asked;
/* The program, as program.c would have it. */
static struct program *program;
static int peer = -1;
static uint32_t generation;

void __wrap_program_start(struct program *started, uv_loop_t *on, const char *path,
                          const struct program_ops *ops, void *user);
void __wrap_program_end(struct program *ended);
void __wrap_program_kill(struct program *killed);
int __wrap_program_pid(const struct program *of);

static int handle_message(struct link *link, const struct link_header *header, const void *payload,
                          int fd)
{
    struct program *of = link->user;
    return of->ops->message(of, header, payload, fd);
}

static void handle_writable(struct link *link)
{
    struct program *of = link->user;
    of->ops->writable(of);
}

static void handle_link_closed(struct link *link)
{
    struct program *of = link->user;
    of->running = false;
    program = NULL;
    close(peer);
    peer = -1;
    of->ops->over(of);
}

static void lose_link(struct program *of, int error)
{
    if (!of->link_alive)
        return;
    of->link_alive = false;
    of->ops->lost(of, error);
    link_close(&of->link, handle_link_closed);
}

static void handle_gone(struct link *link, int error)
{
    lose_link(link->user, error);
}

static const struct link_ops link_ops = {handle_message, handle_writable, handle_gone};

void __wrap_program_start(struct program *started, uv_loop_t *on, const char *path,
                          const struct program_ops *ops, void *user)
{
    int pair[2];
    (void)path;
    *started = (struct program){.ops = ops, .user = user, .running = true, .link_alive = true};
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    FUZZ_CHECK(peer < 0 &&
               link_open(&started->link, on, pair[0], LINK_CORE, &link_ops, started) == 0);
    program = started;
    peer = pair[1];
    generation = 0;
}

void __wrap_program_end(struct program *ended)
{
    lose_link(ended, 0);
}

void __wrap_program_kill(struct program *killed)
{
    lose_link(killed, 0);
}

int __wrap_program_pid(const struct program *of)
{
    return of->running ? 4711 : 0;
}

static void ignore(void *user)
{
    (void)user;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct input_config config = {
        .keyboard = {.model = "pc105", .layout = "us", .variant = "", .options = ""},
        .fds = {-1, -1, -1},
        .paste = true,
        .nheads = HEADS,
        .changed = ignore,
    };
    (void)argc;
    (void)argv;
    fuzz_init();
    link_message_init();
    heads = calloc(HEADS, sizeof(*heads));
    FUZZ_CHECK(heads && uv_loop_init(&loop) == 0);
    for (unsigned i = 0; i < HEADS; i++) {
        const struct head_config head = {.mode = {64, 48, 60}, .max_fps = 1000, .name = "fuzz"};
        FUZZ_CHECK(head_init(&heads[i], &loop, i, &head) == 0);
    }
    /* Compiling a keymap takes long: the seat lives on over all inputs. */
    config.heads = heads;
    input_devices = input_create(&loop, &config);
    picture = picture_create(&loop, 300, 300, PIXMAN_x8r8g8b8);
    FUZZ_CHECK(input_devices && picture);
    for (unsigned i = 0; i < 2; i++)
        listeners[i].fd = dup(link_message_listener());
    return 0;
}

static const struct output_settings settings = {
    .link = {.log_level = LOG_DEBUG, .name = "fuzz"},
    .policy = {.share = LINK_SHARE_IGNORE,
               .handshake_timeout_ms = 1000,
               .max_viewers = 9,
               .max_viewers_per_address = 9,
               .max_bytes = 1u << 20},
};

static void start(void)
{
    const struct output_config config = {
        .kind = "fuzz",
        .program = "fuzz",
        .link_kind = LINK_LISTENER_VNC,
        .eager = true,
        .heads = heads,
        .nheads = HEADS,
        .input = input_devices,
        .settings = settings,
    };
    asked = false;
    output = output_create(&loop, &config);
    FUZZ_CHECK(output && output_add_listener(output, &listeners[0]) == 0);
    added[0] = true;
    added[1] = false;
    output_begin(output);
    FUZZ_CHECK(program);
}

static void handle_done(void *user)
{
    *(bool *)user = true;
}

static void finish(void)
{
    bool done = false;
    for (unsigned i = 0; i < 2; i++)
        if (added[i])
            output_remove_listener(output, &listeners[i]);
    for (unsigned i = 0; i < HEADS; i++)
        head_disable(&heads[i], true);
    output_destroy(output, handle_done, &done);
    for (unsigned turn = 0; turn < 1000 && !done; turn++) {
        fuzz_job_run();
        fuzz_turn(&loop);
    }
    FUZZ_CHECK(done);
    FUZZ_CHECK(peer < 0);
    FUZZ_CHECK(!asked);
    for (unsigned i = 0; i < HEADS; i++)
        FUZZ_CHECK(heads[i].outputs == NULL);
    while (fuzz_job_run())
        ;
    fuzz_turn(&loop);
}

/* Remembers what has to be repeated, and answers as the flags say. */
static void answer(const struct link_header *header, const void *payload, uint8_t flags)
{
    static struct link_message message;
    const uint32_t numbers[4] = {1};
    if (header->type == LINK_HEAD)
        generation = header->generation;
    bool takes = header->type == LINK_FRAME && (flags & 1);
    bool gives = (header->type == LINK_HEAD || header->type == LINK_FRAME) && (flags & 2);
    if (takes) {
        uint32_t sequence[4] = {0};
        memcpy(sequence, payload, 8);
        link_message_make(&message, LINK_TAKEN, sequence);
        message.header.head = header->head;
        message.header.generation = header->generation;
        link_message_send(&message, peer);
    }
    if (gives) {
        link_message_make(&message, LINK_CREDIT, numbers);
        message.header.head = header->head;
        message.header.generation = header->generation;
        link_message_send(&message, peer);
    }
}

static void read_link(uint8_t flags)
{
    static struct {
        struct link_header header;
        uint8_t payload[LINK_MAX_PAYLOAD];
    } packet;
    char control[256];
    for (int i = 0; i < 16 && peer >= 0; i++) {
        struct iovec part = {&packet, sizeof(packet)};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(peer, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n <= 0)
            return;
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
        FUZZ_CHECK((size_t)n == sizeof(packet.header) + packet.header.size);
        if (cmsg)
            close(*(int *)(void *)CMSG_DATA(cmsg));
        answer(&packet.header, packet.payload, flags);
        fuzz_turn(&loop);
    }
}

static void draw(struct fuzz_input *input)
{
    uint8_t what = fuzz_u8(input);
    struct head *head = &heads[what % HEADS];
    uint32_t width = fuzz_u8(input) + 1u, height = fuzz_u8(input) + 1u;
    switch (what / HEADS % 4) {
    case 0:
        head_set_scanout(head, picture, 0, 0, width, height);
        break;
    case 1:
        picture->pixels[width * 4] ^= 0xff;
        head_flush(head, 0, 0, width, height);
        break;
    case 2:
        head->cursor.visible = true;
        head->cursor.width = head->cursor.height = width % (HEAD_CURSOR_SIZE + 1);
        head_set_cursor(head, &head->cursor, height % 2);
        break;
    default:
        head_disable(head, width % 2);
    }
}

static void send_packet(struct fuzz_input *input)
{
    size_t size;
    const uint8_t *bytes = fuzz_bytes(input, fuzz_u8(input), &size);
    if (peer >= 0)
        send(peer, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_message(struct fuzz_input *input)
{
    static struct link_message message;
    link_message_read(input, &message, generation);
    if (peer >= 0)
        link_message_send(&message, peer);
    else if (message.fd >= 0)
        close(message.fd);
    fuzz_turn(&loop);
}

static void change(uint8_t what)
{
    struct output_settings other = settings;
    unsigned which = what / 4 % 2;
    switch (what % 4) {
    case 0:
        /* Which is no file, so that nobody can be let in any more. */
        other.password_file = what & 4 ? "/dev/null" : NULL;
        other.policy.max_viewers = what;
        output_reconfigure(output, &other);
        break;
    case 1:
        output_disconnect(output, what / 4);
        break;
    default:
        if (added[which])
            output_remove_listener(output, &listeners[which]);
        else
            FUZZ_CHECK(output_add_listener(output, &listeners[which]) == 0);
        added[which] = !added[which];
    }
}

static void handle_answered(struct output_question *answered)
{
    FUZZ_CHECK(asked && answered == &question);
    asked = false;
}

static void ask(void)
{
    if (asked)
        return;
    asked = true;
    question.answered = handle_answered;
    output_ask(output, &question);
}

static void operate(struct fuzz_input *input)
{
    enum operation operation = fuzz_u8(input) % OPERATIONS;
    switch (operation) {
    case MESSAGE:
        send_message(input);
        break;
    case PACKET:
        send_packet(input);
        break;
    case READ:
        read_link(fuzz_u8(input));
        break;
    case JOB:
        fuzz_job_run();
        break;
    case CLOCK:
        fuzz_clock_advance(4u * fuzz_u8(input));
        fuzz_turn(&loop);
        break;
    case DRAW:
        draw(input);
        break;
    case END:
        if (peer >= 0)
            shutdown(peer, SHUT_RDWR);
        break;
    case SEAT:
        output_input_changed(output);
        break;
    case CHANGE:
        change(fuzz_u8(input));
        break;
    case ASK:
        ask();
        break;
    default:
        fuzz_turn(&loop);
        break;
    }
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
