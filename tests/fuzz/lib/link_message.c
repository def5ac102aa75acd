// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/link_message.h"

#include "encoders/canvas_layout.h"
#include "server/log.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/unix_listener.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* A canvas of this size has room for every head that is worth encoding. */
#define CANVAS_BYTES (CANVAS_PIXELS_OFFSET + 128u * 128 * 4)
#define PASSWORD "secret\n"

static int canvas = -1, password = -1, listener = -1;
static struct canvas_header *canvas_header;

void link_message_init(void)
{
    canvas = memfd_create("canvas", MFD_CLOEXEC);
    password = memfd_create("password", MFD_CLOEXEC);
    listener = unix_listener_open();
    FUZZ_CHECK(ftruncate(canvas, CANVAS_BYTES) == 0 &&
               write(password, PASSWORD, strlen(PASSWORD)) > 0);
    void *map = mmap(NULL, CANVAS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, canvas, 0);
    FUZZ_CHECK(map != MAP_FAILED);
    canvas_header = map;
    for (uint32_t i = CANVAS_PIXELS_OFFSET; i < CANVAS_BYTES; i++)
        ((uint8_t *)map)[i] = (uint8_t)(i * 7 + i / 256 * 3);
}

int link_message_listener(void)
{
    return listener;
}

static void *append(struct link_message *message, size_t size)
{
    void *at = message->payload + message->size;
    message->size += size;
    memset(at, 0, size);
    return at;
}

static void make_settings(struct link_message *message, const uint32_t numbers[4])
{
    struct link_settings *settings = append(message, sizeof(*settings));
    (void)numbers;
    settings->version = LINK_VERSION;
    settings->heads = 2;
    settings->log_level = LOG_DEBUG;
    snprintf(settings->name, sizeof(settings->name), "fuzz");
}

static void make_fd(struct link_message *message, const uint32_t numbers[4])
{
    (void)numbers;
    message->fd = dup(password);
}

static void make_listener(struct link_message *message, const uint32_t numbers[4])
{
    struct link_listener *made = append(message, sizeof(*made));
    made->kind = LINK_LISTENER_VNC;
    made->id = numbers[0];
    made->all_heads = numbers[1];
    snprintf(made->address, sizeof(made->address), "unix:fuzz");
    message->fd = dup(listener);
}

static void make_head(struct link_message *message, const uint32_t numbers[4])
{
    struct link_head *head = append(message, sizeof(*head));
    head->width = numbers[0];
    head->height = numbers[1];
    head->stride = (uint32_t)canvas_stride(numbers[0]);
    head->x = (int32_t)numbers[2];
    head->y = (int32_t)numbers[3];
    snprintf(head->name, sizeof(head->name), "fuzz");
    message->fd = dup(canvas);
}

static void make_frame(struct link_message *message, const uint32_t numbers[4])
{
    struct link_frame *frame = append(message, sizeof(*frame));
    frame->sequence = ++canvas_header->sequence;
    uint16_t x = numbers[0] & 0x7fff, y = (uint16_t)numbers[1];
    uint16_t width = (uint16_t)numbers[2], height = (uint16_t)numbers[3];
    if (numbers[0] & 0x8000) {
        frame->nmoves = 1;
        *(struct link_move *)append(message, sizeof(struct link_move)) =
            (struct link_move){y, x, x, y, width, height};
    } else {
        frame->nrects = 1;
        *(struct link_rect *)append(message, sizeof(struct link_rect)) =
            (struct link_rect){x, y, width, height};
    }
}

static void make_cursor(struct link_message *message, const uint32_t numbers[4])
{
    struct link_cursor *cursor = append(message, sizeof(*cursor));
    cursor->visible = 1;
    cursor->width = numbers[0];
    cursor->height = numbers[1];
    cursor->x = (int32_t)numbers[2];
    cursor->y = (int32_t)numbers[3];
    uint64_t pixels = (uint64_t)cursor->width * cursor->height * 4;
    if (pixels <= LINK_MAX_PAYLOAD - message->size)
        memset(append(message, (size_t)pixels), 0x9a, (size_t)pixels);
}

static void make_policy(struct link_message *message, const uint32_t numbers[4])
{
    *(struct link_policy *)append(message, sizeof(struct link_policy)) = (struct link_policy){
        .share = numbers[0],
        .handshake_timeout_ms = 30000,
        .login_delay_ms = 1000,
        .max_viewers = numbers[1],
        .max_viewers_per_address = numbers[1],
        .max_bytes = 1u << 20,
    };
}

static void make_key(struct link_message *message, const uint32_t numbers[4])
{
    *(struct link_key *)append(message, sizeof(struct link_key)) =
        (struct link_key){numbers[0], numbers[1], numbers[2], numbers[3]};
}

static void make_pointer(struct link_message *message, const uint32_t numbers[4])
{
    *(struct link_pointer *)append(message, sizeof(struct link_pointer)) = (struct link_pointer){
        .viewer = numbers[0],
        .x = (int32_t)numbers[1],
        .y = (int32_t)numbers[2],
        .buttons = numbers[3],
    };
}

static void make_text(struct link_message *message, const uint32_t numbers[4])
{
    struct link_text *text = append(message, sizeof(*text));
    text->viewer = numbers[0];
    text->size = numbers[1];
    if (text->size <= LINK_MAX_TEXT)
        memset(append(message, text->size), (int)(numbers[2] ? numbers[2] : 'a'), text->size);
}

static void make_viewer(struct link_message *message, const uint32_t numbers[4])
{
    struct link_viewer *viewer = append(message, sizeof(*viewer));
    viewer->id = numbers[0];
    viewer->shared = numbers[1];
    snprintf(viewer->address, sizeof(viewer->address), "127.0.0.1:4711");
    snprintf(viewer->encoding, sizeof(viewer->encoding), "zrle");
    viewer->state = numbers[2];
}

static void make_encodings(struct link_message *message, const uint32_t numbers[4])
{
    struct link_encodings *encodings = append(message, sizeof(*encodings));
    encodings->count = numbers[0];
    for (uint32_t i = 0; i < encodings->count && i < LINK_MAX_ENCODINGS; i++) {
        struct link_encoding *encoding = append(message, sizeof(*encoding));
        snprintf(encoding->name, sizeof(encoding->name), "encoding%u", i);
        encoding->bytes = i;
    }
}

static void make_hello(struct link_message *message, const uint32_t numbers[4])
{
    (void)numbers;
    *(struct link_hello *)append(message, sizeof(struct link_hello)) =
        (struct link_hello){LINK_VERSION, 4711};
}

/* Two words, the numbers: CREDIT, SEAT, TAKEN and all that only name one. */
static void make_pair(struct link_message *message, const uint32_t numbers[4])
{
    memcpy(append(message, 8), numbers, 8);
}

static void make_gone(struct link_message *message, const uint32_t numbers[4])
{
    ((struct link_viewer_gone *)append(message, sizeof(struct link_viewer_gone)))->id = numbers[0];
}

static void make_cursor_move(struct link_message *message, const uint32_t numbers[4])
{
    memcpy(append(message, sizeof(struct link_cursor_move)), numbers, 12);
}

static void (*const makers[])(struct link_message *, const uint32_t[4]) = {
    [LINK_SETTINGS] = make_settings,
    [LINK_PASSWORD] = make_fd,
    [LINK_VIEW_PASSWORD] = make_fd,
    [LINK_LISTENER] = make_listener,
    [LINK_LISTENER_GONE] = make_pair,
    [LINK_HEAD] = make_head,
    [LINK_FRAME] = make_frame,
    [LINK_CURSOR] = make_cursor,
    [LINK_CURSOR_MOVE] = make_cursor_move,
    [LINK_SEAT] = make_pair,
    [LINK_POLICY] = make_policy,
    [LINK_DISCONNECT] = make_pair,
    [LINK_ASK] = make_pair,
    [LINK_HELLO] = make_hello,
    [LINK_CREDIT] = make_pair,
    [LINK_TAKEN] = make_pair,
    [LINK_VIEWER] = make_viewer,
    [LINK_VIEWER_GONE] = make_gone,
    [LINK_KEY] = make_key,
    [LINK_POINTER] = make_pointer,
    [LINK_TEXT] = make_text,
    [LINK_ENCODINGS] = make_encodings,
    [LINK_ANSWER] = make_pair,
    [LINK_SANDBOXED] = make_pair,
};

void link_message_make(struct link_message *message, uint32_t type, const uint32_t numbers[4])
{
    message->header = (struct link_header){.type = type};
    message->size = 0;
    message->fd = -1;
    if (type < sizeof(makers) / sizeof(makers[0]) && makers[type])
        makers[type](message, numbers);
    message->header.size = (uint32_t)message->size;
}

static void replace_words(struct fuzz_input *input, struct link_message *message)
{
    unsigned count = fuzz_u8(input) % 8u + 1;
    for (unsigned i = 0; i < count; i++) {
        uint64_t index = fuzz_number(input);
        uint32_t value = (uint32_t)fuzz_number(input);
        if (index < message->size / 4)
            memcpy(message->payload + 4 * index, &value, sizeof(value));
    }
}

static void drop_fd(struct link_message *message)
{
    if (message->fd >= 0)
        close(message->fd);
    message->fd = -1;
}

void link_message_read(struct fuzz_input *input, struct link_message *message, uint32_t generation)
{
    uint32_t numbers[4];
    uint32_t type = fuzz_u8(input), head = fuzz_u8(input);
    uint8_t flags = fuzz_u8(input);
    fuzz_words(input, numbers, 4);
    link_message_make(message, type, numbers);
    message->header.head = head;
    message->header.generation = flags & 1 ? (uint32_t)fuzz_number(input) : generation;
    if (flags & 2)
        replace_words(input, message);
    if (flags & 4) {
        uint64_t size = fuzz_number(input);
        message->size = size < sizeof(message->payload) ? (size_t)size : sizeof(message->payload);
        message->header.size = (uint32_t)size;
    }
    if (flags & 24)
        drop_fd(message);
    if (flags & 16)
        message->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void link_message_send(struct link_message *message, int link)
{
    struct iovec parts[] = {{&message->header, sizeof(message->header)},
                            {message->payload, message->size}};
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
    if (message->fd >= 0) {
        packet.msg_control = control.space;
        packet.msg_controllen = sizeof(control.space);
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&packet);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &message->fd, sizeof(int));
    }
    sendmsg(link, &packet, MSG_DONTWAIT | MSG_NOSIGNAL);
    drop_fd(message);
}
