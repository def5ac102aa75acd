// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that no honest peer sends: none reaches a handler, each ends the
 * link, and no descriptor stays behind. */
#include "net/link.h"
#include "tests/protocol/lib/guest_check.h"

#include <dirent.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;
static struct link under_test;
static int peer;
static unsigned messages, closed, callbacks;
static int error;

static int on_message(struct link *link, const struct link_header *header, const void *payload,
                      int fd)
{
    (void)link, (void)header, (void)payload;
    if (fd >= 0)
        close(fd);
    messages++;
    return 0;
}

static void on_closed(struct link *link, int why)
{
    (void)link;
    closed++;
    error = why;
}

static void on_close(struct link *link)
{
    (void)link;
    callbacks++;
}

static const struct link_ops ops = {on_message, NULL, on_closed};

static unsigned count_fds(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir, "/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void send_raw(const void *data, size_t size, unsigned nfds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(16 * sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (nfds > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
        for (unsigned i = 0; i < nfds; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &(int){STDERR_FILENO}, sizeof(int));
    }
    CHECK(sendmsg(peer, &message, MSG_NOSIGNAL) == (ssize_t)size, "sendmsg");
}

/* What comes of one packet: true when it reached the handler. */
static bool passes(enum link_side side, const void *data, size_t size, unsigned nfds)
{
    int pair[2];
    unsigned before = count_fds();
    messages = closed = callbacks = 0;
    uv_loop_init(&loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    peer = pair[1];
    assert_int_equal(link_open(&under_test, &loop, pair[0], side, &ops, NULL), 0);
    send_raw(data, size, nfds);
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(messages + closed, 1);
    if (closed)
        assert_true(error < 0 || size == 0);
    link_close(&under_test, on_close);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(callbacks, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(peer);
    assert_int_equal(count_fds(), before);
    return messages > 0;
}

/* libuv opens descriptors of its own with the first loop. */
static int warm_up(void **state)
{
    (void)state;
    uv_loop_init(&loop);
    return uv_loop_close(&loop);
}

struct packet {
    struct link_header header;
    uint8_t payload[LINK_MAX_PAYLOAD + 64];
};

static bool header_passes(enum link_side side, uint32_t type, uint32_t head, uint32_t size,
                          unsigned nfds)
{
    static struct packet packet;
    memset(&packet, 0, sizeof(packet));
    packet.header = (struct link_header){type, head, 1, size};
    return passes(side, &packet, sizeof(packet.header) + size, nfds);
}

/* type, payload, descriptors, whether a head may be named */
static const struct {
    uint32_t type;
    enum link_side receiver;
    uint32_t size;
    unsigned nfds;
    bool has_head;
    bool fd_optional;
} good[] = {
    {LINK_SETTINGS, LINK_OUTPUT, sizeof(struct link_settings), 0, false, false},
    {LINK_PASSWORD, LINK_OUTPUT, 0, 1, false, true},
    {LINK_VIEW_PASSWORD, LINK_OUTPUT, 0, 1, false, true},
    {LINK_POLICY, LINK_OUTPUT, sizeof(struct link_policy), 0, false, false},
    {LINK_LISTENER_GONE, LINK_OUTPUT, sizeof(struct link_listener_gone), 0, false, false},
    {LINK_DISCONNECT, LINK_OUTPUT, sizeof(struct link_disconnect), 0, false, false},
    {LINK_ASK, LINK_OUTPUT, sizeof(struct link_ask), 0, false, false},
    {LINK_LISTENER, LINK_OUTPUT, sizeof(struct link_listener), 1, true, false},
    {LINK_HEAD, LINK_OUTPUT, sizeof(struct link_head), 1, true, false},
    {LINK_FRAME, LINK_OUTPUT, sizeof(struct link_frame), 0, true, false},
    {LINK_CURSOR, LINK_OUTPUT, sizeof(struct link_cursor), 0, true, false},
    {LINK_CURSOR_MOVE, LINK_OUTPUT, sizeof(struct link_cursor_move), 0, true, false},
    {LINK_READY, LINK_OUTPUT, 0, 0, false, false},
    {LINK_SEAT, LINK_OUTPUT, sizeof(struct link_seat), 0, false, false},
    {LINK_HELLO, LINK_CORE, sizeof(struct link_hello), 0, false, false},
    {LINK_SUBSCRIBE, LINK_CORE, 0, 0, true, false},
    {LINK_UNSUBSCRIBE, LINK_CORE, 0, 0, true, false},
    {LINK_CREDIT, LINK_CORE, sizeof(struct link_credit), 0, true, false},
    {LINK_TAKEN, LINK_CORE, sizeof(struct link_taken), 0, true, false},
    {LINK_VIEWER, LINK_CORE, sizeof(struct link_viewer), 0, true, false},
    {LINK_VIEWER_GONE, LINK_CORE, sizeof(struct link_viewer_gone), 0, true, false},
    {LINK_KEY, LINK_CORE, sizeof(struct link_key), 0, true, false},
    {LINK_POINTER, LINK_CORE, sizeof(struct link_pointer), 0, true, false},
    {LINK_ENCODINGS, LINK_CORE, sizeof(struct link_encodings), 0, false, false},
    {LINK_ANSWER, LINK_CORE, sizeof(struct link_answer), 0, false, false},
    {LINK_SANDBOXED, LINK_CORE, sizeof(struct link_sandboxed), 0, false, false},
};
#define GOOD (sizeof(good) / sizeof(good[0]))

static void good_shapes_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        assert_true(header_passes(good[i].receiver, good[i].type, 0, good[i].size, good[i].nfds));
        assert_int_equal(header_passes(good[i].receiver, good[i].type, LINK_MAX_HEADS - 1,
                                       good[i].size, good[i].nfds),
                         good[i].has_head);
    }
}

static void wrong_sizes_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        if (good[i].size > 0)
            assert_false(header_passes(good[i].receiver, good[i].type, 0, good[i].size - 1,
                                       good[i].nfds));
        assert_false(header_passes(good[i].receiver, good[i].type, 0, good[i].size + 1,
                                   good[i].nfds));
        assert_false(header_passes(good[i].receiver, good[i].type, 0, LINK_MAX_PAYLOAD,
                                   good[i].nfds));
        /* The kernel cuts it off. */
        assert_false(header_passes(good[i].receiver, good[i].type, 0, LINK_MAX_PAYLOAD + 8,
                                   good[i].nfds));
    }
}

static void wrong_descriptors_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        for (unsigned nfds = 0; nfds <= 16; nfds += nfds < 2 ? 1 : 7) {
            bool right = nfds == good[i].nfds || (nfds == 0 && good[i].fd_optional);
            assert_int_equal(
                header_passes(good[i].receiver, good[i].type, 0, good[i].size, nfds), right);
        }
    }
}

static void the_wrong_direction_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        enum link_side other = good[i].receiver == LINK_CORE ? LINK_OUTPUT : LINK_CORE;
        assert_false(header_passes(other, good[i].type, 0, good[i].size, good[i].nfds));
    }
}

static void wrong_heads_do_not(void **state)
{
    (void)state;
    static const uint32_t heads[] = {LINK_MAX_HEADS, 255, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < GOOD; i++) {
        for (size_t k = 0; k < 4; k++)
            assert_false(header_passes(good[i].receiver, good[i].type, heads[k], good[i].size,
                                       good[i].nfds));
    }
}

static void unknown_types_do_not(void **state)
{
    (void)state;
    static const uint32_t types[] = {0,  LINK_DOWN_END, LINK_HELLO - 1, LINK_UP_END,
                                     1000, 0x7fffffff,    0xffffffff};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_false(header_passes(LINK_CORE, types[i], 0, 0, 0));
        assert_false(header_passes(LINK_OUTPUT, types[i], 0, 0, 0));
    }
}

static void headers_that_lie_do_not(void **state)
{
    (void)state;
    static struct packet packet;
    packet.header = (struct link_header){LINK_READY, 0, 0, 0};
    for (size_t size = 0; size < sizeof(packet.header); size++)
        assert_false(passes(LINK_OUTPUT, &packet, size, 0));
    static const uint32_t sizes[] = {0, 1, 24, sizeof(struct link_frame) + 1, 0xffffffff,
                                     0xfffffff0};
    for (size_t i = 0; i < 6; i++) {
        packet.header = (struct link_header){LINK_FRAME, 0, 0, sizes[i]};
        if (sizes[i] != sizeof(struct link_frame))
            assert_false(passes(LINK_OUTPUT, &packet,
                                sizeof(packet.header) + sizeof(struct link_frame), 0));
    }
}

/* The counts inside decide the size; nothing may overflow. */
static void counts_that_lie_do_not(void **state)
{
    (void)state;
    static struct packet packet;
    static const uint32_t counts[][2] = {
        {1, 0}, {0, 1}, {LINK_MAX_MOVES + 1, 0}, {0, LINK_MAX_RECTS + 1},
        {0xffffffff, 0}, {0, 0xffffffff}, {0x20000000, 0}, {0, 0x20000000}, {0x55555556, 0},
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct link_frame frame = {.nmoves = counts[i][0], .nrects = counts[i][1]};
        packet.header = (struct link_header){LINK_FRAME, 0, 1, sizeof(frame)};
        memcpy(packet.payload, &frame, sizeof(frame));
        assert_false(passes(LINK_OUTPUT, &packet, sizeof(packet.header) + sizeof(frame), 0));
    }
    static const uint32_t cursors[][2] = {
        {1, 1}, {0xffffffff, 1}, {1, 0xffffffff}, {0x10000, 0x10000}, {0x8000, 0x20000},
        {LINK_MAX_CURSOR_SIZE + 1, 0}, {0, LINK_MAX_CURSOR_SIZE + 1}, {0x80000000, 0x80000000},
    };
    for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
        struct link_cursor cursor = {.width = cursors[i][0], .height = cursors[i][1]};
        packet.header = (struct link_header){LINK_CURSOR, 0, 1, sizeof(cursor)};
        memcpy(packet.payload, &cursor, sizeof(cursor));
        assert_false(passes(LINK_OUTPUT, &packet, sizeof(packet.header) + sizeof(cursor), 0));
    }
}

static void text_has_the_size_that_it_says(void **state)
{
    (void)state;
    static struct packet packet;
    static const struct {
        uint32_t said, sent;
        bool passes;
    } texts[] = {
        {1, 1, true}, {LINK_MAX_TEXT, LINK_MAX_TEXT, true}, {0, 0, false}, {0, 1, false},
        {1, 2, false}, {2, 1, false}, {LINK_MAX_TEXT + 1, LINK_MAX_TEXT + 1, false},
        {0xffffffff, 1, false},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct link_text text = {.viewer = 1, .size = texts[i].said};
        size_t size = sizeof(text) + texts[i].sent;
        packet.header = (struct link_header){LINK_TEXT, 0, 0, (uint32_t)size};
        memcpy(packet.payload, &text, sizeof(text));
        assert_int_equal(passes(LINK_CORE, &packet, sizeof(packet.header) + size, 0),
                         texts[i].passes);
    }
}

static void encodings_have_the_count_that_they_say(void **state)
{
    (void)state;
    static struct packet packet;
    static const struct {
        uint32_t said, sent;
        bool passes;
    } lists[] = {
        {0, 0, true}, {1, 1, true}, {LINK_MAX_ENCODINGS, LINK_MAX_ENCODINGS, true},
        {0, 1, false}, {1, 0, false}, {2, 1, false},
        {LINK_MAX_ENCODINGS + 1, LINK_MAX_ENCODINGS + 1, false}, {0xffffffff, 1, false},
        {0x06666667, 1, false}, /* times the size of one: 8 beyond 32 bits */
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct link_encodings list = {.count = lists[i].said};
        size_t size = sizeof(list) + lists[i].sent * sizeof(struct link_encoding);
        packet.header = (struct link_header){LINK_ENCODINGS, 0, 0, (uint32_t)size};
        memcpy(packet.payload, &list, sizeof(list));
        assert_int_equal(passes(LINK_CORE, &packet, sizeof(packet.header) + size, 0),
                         lists[i].passes);
    }
}

/* Bytes at random: whatever passes has a shape, nothing else happens. */
static void noise_is_harmless(void **state)
{
    (void)state;
    static struct packet packet;
    uint64_t random = 11;
    for (int i = 0; i < 3000; i++) {
        size_t size = check_random_below(&random, 700);
        for (size_t k = 0; k < size; k++)
            ((uint8_t *)&packet)[k] = (uint8_t)check_random(&random);
        if (i % 2)
            packet.header.type = check_random_below(&random, LINK_UP_END + 5);
        if (i % 4 == 1)
            packet.header.size = (uint32_t)(size - sizeof(packet.header));
        passes(i % 3 ? LINK_OUTPUT : LINK_CORE, &packet, size, check_random_below(&random, 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_shapes_pass),          cmocka_unit_test(wrong_sizes_do_not),
        cmocka_unit_test(wrong_descriptors_do_not),  cmocka_unit_test(the_wrong_direction_does_not),
        cmocka_unit_test(wrong_heads_do_not),        cmocka_unit_test(unknown_types_do_not),
        cmocka_unit_test(headers_that_lie_do_not),   cmocka_unit_test(counts_that_lie_do_not),
        cmocka_unit_test(text_has_the_size_that_it_says), cmocka_unit_test(noise_is_harmless),
        cmocka_unit_test(encodings_have_the_count_that_they_say),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
