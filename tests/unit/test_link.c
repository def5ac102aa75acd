// SPDX-License-Identifier: GPL-2.0-or-later
/* The link's two ends in one process, and a peer that breaks its rules. */
#include "net/link.h"
#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* One end and what it has seen. */
struct end {
    struct link link;
    unsigned messages, writable, closed, close_callbacks;
    int error;
    struct link_header last;
    uint8_t payload[LINK_MAX_PAYLOAD];
    int fd;
    int answer; /* what the handler returns */
    bool close_in_handler;
};

static uv_loop_t loop;
static struct end core, output;
static int raw; /* the peer's socket, where a test plays the peer itself */

static void on_close(struct link *link)
{
    ((struct end *)link->user)->close_callbacks++;
}

static int on_message(struct link *link, const struct link_header *header, const void *payload,
                      int fd)
{
    struct end *end = link->user;
    assert_int_equal((uintptr_t)payload % 8, 0);
    end->messages++;
    end->last = *header;
    memcpy(end->payload, payload, header->size);
    if (end->fd >= 0)
        close(end->fd);
    end->fd = fd;
    if (end->close_in_handler)
        link_close(link, on_close);
    return end->answer;
}

static void on_writable(struct link *link)
{
    ((struct end *)link->user)->writable++;
}

static void on_closed(struct link *link, int error)
{
    struct end *end = link->user;
    end->closed++;
    end->error = error;
}

static const struct link_ops ops = {on_message, on_writable, on_closed};

static void open_end(struct end *end, int fd, enum link_side side)
{
    memset(end, 0, sizeof(*end));
    end->fd = -1;
    assert_int_equal(link_open(&end->link, &loop, fd, side, &ops, end), 0);
}

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static int setup_both(void **state)
{
    int pair[2];
    (void)state;
    uv_loop_init(&loop);
    make_pair(pair);
    open_end(&core, pair[0], LINK_CORE);
    open_end(&output, pair[1], LINK_OUTPUT);
    return 0;
}

static int setup_raw(void **state)
{
    int pair[2];
    (void)state;
    uv_loop_init(&loop);
    make_pair(pair);
    raw = pair[0];
    open_end(&output, pair[1], LINK_OUTPUT);
    core.link.closing = true;
    return 0;
}

static void close_end(struct end *end)
{
    if (!end->link.closing) {
        link_close(&end->link, on_close);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(end->close_callbacks, 1);
    }
    if (end->fd >= 0)
        close(end->fd);
    end->fd = -1;
}

static int teardown(void **state)
{
    (void)state;
    close_end(&core);
    close_end(&output);
    if (raw > 0)
        close(raw);
    raw = 0;
    return uv_loop_close(&loop);
}

static void turn(void)
{
    for (int i = 0; i < 50; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

static void messages_arrive_as_they_were_sent(void **state)
{
    (void)state;
    struct link_settings settings = {.version = LINK_VERSION, .heads = 3, .name = "machine"};
    struct link_taken taken = {.sequence = 0x0123456789abcdefull};
    assert_int_equal(link_send_struct(&core.link, LINK_SETTINGS, 0, 0, &settings, sizeof(settings)),
                     0);
    assert_int_equal(link_send_struct(&core.link, LINK_READY, 0, 0, NULL, 0), 0);
    assert_int_equal(link_send_struct(&output.link, LINK_TAKEN, 5, 77, &taken, sizeof(taken)), 0);
    turn();
    assert_int_equal(output.messages, 2);
    assert_int_equal(output.last.type, LINK_READY);
    assert_int_equal(output.last.size, 0);
    assert_memory_equal(output.payload, &settings, sizeof(settings));
    assert_int_equal(core.messages, 1);
    assert_int_equal(core.last.head, 5);
    assert_int_equal(core.last.generation, 77);
    assert_int_equal(core.last.size, sizeof(taken));
    assert_memory_equal(core.payload, &taken, sizeof(taken));
    assert_int_equal(core.fd, -1);
}

static void the_largest_messages_fit(void **state)
{
    (void)state;
    static struct {
        struct link_frame frame;
        struct link_move moves[LINK_MAX_MOVES];
        struct link_rect rects[LINK_MAX_RECTS];
    } frame = {.frame = {.sequence = 9, .nmoves = LINK_MAX_MOVES, .nrects = LINK_MAX_RECTS}};
    static struct {
        struct link_cursor cursor;
        uint32_t pixels[LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE];
    } cursor = {.cursor = {.width = LINK_MAX_CURSOR_SIZE, .height = LINK_MAX_CURSOR_SIZE}};
    assert_int_equal(link_send_struct(&core.link, LINK_FRAME, 15, 1, &frame, sizeof(frame)), 0);
    assert_int_equal(link_send_struct(&core.link, LINK_CURSOR, 15, 1, &cursor, sizeof(cursor)), 0);
    turn();
    assert_int_equal(output.messages, 2);
    assert_int_equal(output.last.size, sizeof(cursor));
    assert_int_equal(output.closed, 0);
}

static void parts_are_joined(void **state)
{
    (void)state;
    struct link_frame frame = {.sequence = 3, .nmoves = 1, .nrects = 2};
    struct link_move move = {1, 2, 3, 4, 5, 6};
    struct link_rect rects[2] = {{1, 1, 1, 1}, {2, 2, 2, 2}};
    struct iovec parts[3] = {{&frame, sizeof(frame)}, {&move, sizeof(move)}, {rects, sizeof(rects)}};
    struct link_header header = {.type = LINK_FRAME, .head = 2, .generation = 4};
    assert_int_equal(link_send(&core.link, &header, parts, 3, -1), 0);
    turn();
    assert_int_equal(output.last.size, sizeof(frame) + sizeof(move) + sizeof(rects));
    assert_memory_equal(output.payload + sizeof(frame), &move, sizeof(move));
    assert_memory_equal(output.payload + sizeof(frame) + sizeof(move), rects, sizeof(rects));
}

static void a_descriptor_comes_along(void **state)
{
    (void)state;
    int file = memfd_create("password", MFD_CLOEXEC);
    char text[8] = {0};
    struct link_header header = {.type = LINK_PASSWORD};
    assert_int_equal(write(file, "secret", 6), 6);
    assert_int_equal(link_send(&core.link, &header, NULL, 0, file), 0);
    close(file);
    turn();
    assert_true(output.fd >= 0);
    assert_true(fcntl(output.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(pread(output.fd, text, sizeof(text), 0), 6);
    assert_string_equal(text, "secret");
}

/* A full socket says so, keeps every message and tells when there is room. */
static void a_full_socket_says_so(void **state)
{
    (void)state;
    static struct {
        struct link_cursor cursor;
        uint32_t pixels[LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE];
    } cursor = {.cursor = {.width = LINK_MAX_CURSOR_SIZE, .height = LINK_MAX_CURSOR_SIZE}};
    unsigned sent = 0;
    while (link_send_struct(&core.link, LINK_CURSOR, 0, 1, &cursor, sizeof(cursor)) == 0)
        sent++;
    assert_true(sent > 0 && sent < 1000);
    assert_int_equal(link_send_struct(&core.link, LINK_CURSOR, 0, 1, &cursor, sizeof(cursor)),
                     -EAGAIN);
    assert_int_equal(core.writable, 0);
    turn();
    assert_int_equal(output.messages, sent);
    assert_int_equal(core.writable, 1);
    assert_int_equal(link_send_struct(&core.link, LINK_CURSOR, 0, 1, &cursor, sizeof(cursor)), 0);
    turn();
    assert_int_equal(output.messages, sent + 1);
    assert_int_equal(core.writable, 1);
}

static void the_end_of_the_peer_is_told_once(void **state)
{
    (void)state;
    link_close(&core.link, on_close);
    assert_int_equal(core.close_callbacks, 0);
    turn();
    assert_int_equal(core.close_callbacks, 1);
    assert_int_equal(core.closed, 0);
    assert_int_equal(output.closed, 1);
    assert_int_equal(output.error, 0);
    assert_true(link_send_struct(&output.link, LINK_SUBSCRIBE, 0, 0, NULL, 0) < 0);
    turn();
    assert_int_equal(output.closed, 1);
}

/* What was sent before the end still arrives, also when our own was not read. */
static void last_words_arrive(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(link_send_struct(&core.link, LINK_READY, 0, 0, NULL, 0), 0);
    link_close(&core.link, on_close);
    turn();
    assert_int_equal(output.messages, 100);
    assert_int_equal(output.closed, 1);
    assert_int_equal(output.error, 0);
}

/* The peer goes without having read what it was sent. */
static void a_peer_that_reads_nothing_may_go(void **state)
{
    (void)state;
    assert_int_equal(link_send_struct(&output.link, LINK_SUBSCRIBE, 0, 0, NULL, 0), 0);
    close(raw);
    raw = 0;
    turn();
    assert_int_equal(output.closed, 1);
    assert_int_equal(output.error, 0);
}

static void a_send_to_nobody_is_told_outside_of_it(void **state)
{
    (void)state;
    close(raw);
    raw = 0;
    assert_true(link_send_struct(&output.link, LINK_SUBSCRIBE, 0, 0, NULL, 0) < 0);
    assert_int_equal(output.closed, 0);
    turn();
    assert_int_equal(output.closed, 1);
}

static void a_handler_may_close_the_link(void **state)
{
    (void)state;
    output.close_in_handler = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(link_send_struct(&core.link, LINK_READY, 0, 0, NULL, 0), 0);
    turn();
    assert_int_equal(output.messages, 1);
    assert_int_equal(output.closed, 0);
    assert_int_equal(output.close_callbacks, 1);
    assert_int_equal(core.closed, 1);
}

static void a_handlers_no_closes_the_link(void **state)
{
    (void)state;
    output.answer = -EPROTO;
    for (int i = 0; i < 3; i++)
        assert_int_equal(link_send_struct(&core.link, LINK_READY, 0, 0, NULL, 0), 0);
    turn();
    assert_int_equal(output.messages, 1);
    assert_int_equal(output.closed, 1);
    assert_int_equal(output.error, -EPROTO);
}

static void too_large_a_message_is_not_sent(void **state)
{
    (void)state;
    static uint8_t payload[LINK_MAX_PAYLOAD + 1];
    assert_int_equal(link_send_struct(&core.link, LINK_CURSOR, 0, 1, payload, sizeof(payload)),
                     -EMSGSIZE);
    assert_int_equal(link_send_struct(&core.link, LINK_READY, 0, 0, NULL, 0), 0);
    turn();
    assert_int_equal(output.messages, 1);
}

static void a_bad_descriptor_is_refused_at_open(void **state)
{
    (void)state;
    struct link link;
    int file = memfd_create("file", MFD_CLOEXEC);
    assert_true(link_open(&link, &loop, file, LINK_CORE, &ops, NULL) < 0);
    assert_int_equal(fcntl(file, F_GETFD), -1); /* it was taken all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_arrive_as_they_were_sent, setup_both, teardown),
        cmocka_unit_test_setup_teardown(the_largest_messages_fit, setup_both, teardown),
        cmocka_unit_test_setup_teardown(parts_are_joined, setup_both, teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_comes_along, setup_both, teardown),
        cmocka_unit_test_setup_teardown(a_full_socket_says_so, setup_both, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_the_peer_is_told_once, setup_both, teardown),
        cmocka_unit_test_setup_teardown(last_words_arrive, setup_both, teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_reads_nothing_may_go, setup_raw, teardown),
        cmocka_unit_test_setup_teardown(a_send_to_nobody_is_told_outside_of_it, setup_raw,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_handler_may_close_the_link, setup_both, teardown),
        cmocka_unit_test_setup_teardown(a_handlers_no_closes_the_link, setup_both, teardown),
        cmocka_unit_test_setup_teardown(too_large_a_message_is_not_sent, setup_both, teardown),
        cmocka_unit_test_setup_teardown(a_bad_descriptor_is_refused_at_open, setup_both, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
