// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages that no VMM should send: each is answered with an error or ends
 * the connection, leaks nothing, and the next VMM is served.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"

#include <string.h>
#include <unistd.h>

static struct guest_machine machine;

struct bad_message {
    const char *name;
    uint32_t request, flags, said_size;
    unsigned nfds;
    uint32_t size; /* of the payload that follows */
    union {
        uint64_t u64;
        struct fe_vring_state state;
        struct fe_vring_addr addr;
        struct fe_memory memory;
        struct fe_memory_region region;
        struct fe_config config;
        uint8_t bytes[512];
    } payload;
};

#define ACK (FE_VERSION | FE_NEED_REPLY)

static const struct bad_message must_close[] = {
    {.name = "version 0", .request = FE_GET_FEATURES, .flags = 0},
    {.name = "version 2", .request = FE_GET_FEATURES, .flags = 2},
    {.name = "version 3", .request = FE_GET_FEATURES, .flags = 3},
    {.name = "size 4 GiB", .request = FE_SET_FEATURES, .flags = ACK, .said_size = UINT32_MAX},
    {.name = "size 64 KiB", .request = FE_SET_MEM_TABLE, .flags = ACK, .said_size = 65536},
    {.name = "unknown and large", .request = 4711, .flags = ACK, .said_size = 1u << 30},
    {.name = "nine fds",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 8,
     .nfds = 9,
     .size = 8},
    {.name = "sixty fds", .request = FE_SET_OWNER, .flags = ACK, .nfds = 60},
};

static const struct bad_message must_refuse[] = {
    {.name = "unknown request", .request = 4711, .flags = ACK},
    {.name = "request 0", .request = 0, .flags = ACK},
    {.name = "unknown with fds", .request = 200, .flags = ACK, .nfds = 3},
    {.name = "SET_FEATURES empty", .request = FE_SET_FEATURES, .flags = ACK},
    {.name = "SET_FEATURES short",
     .request = FE_SET_FEATURES,
     .flags = ACK,
     .said_size = 7,
     .size = 7},
    {.name = "SET_VRING_NUM short",
     .request = FE_SET_VRING_NUM,
     .flags = ACK,
     .said_size = 4,
     .size = 4},
    {.name = "SET_VRING_NUM 0",
     .request = FE_SET_VRING_NUM,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {0, 0}},
    {.name = "SET_VRING_NUM 3",
     .request = FE_SET_VRING_NUM,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {0, 3}},
    {.name = "SET_VRING_NUM 65536",
     .request = FE_SET_VRING_NUM,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {0, 65536}},
    {.name = "SET_VRING_NUM of queue 2",
     .request = FE_SET_VRING_NUM,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {2, 64}},
    {.name = "SET_VRING_BASE of queue 2^32-1",
     .request = FE_SET_VRING_BASE,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {UINT32_MAX, 0}},
    {.name = "SET_VRING_ENABLE of queue 7",
     .request = FE_SET_VRING_ENABLE,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.state = {7, 1}},
    {.name = "SET_VRING_ADDR of queue 99",
     .request = FE_SET_VRING_ADDR,
     .flags = ACK,
     .said_size = 40,
     .size = 40,
     .payload.addr = {.index = 99}},
    {.name = "SET_VRING_ADDR short",
     .request = FE_SET_VRING_ADDR,
     .flags = ACK,
     .said_size = 39,
     .size = 39},
    {.name = "SET_VRING_KICK without its fd",
     .request = FE_SET_VRING_KICK,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.u64 = 0},
    {.name = "SET_VRING_KICK of queue 255",
     .request = FE_SET_VRING_KICK,
     .flags = ACK,
     .said_size = 8,
     .nfds = 1,
     .size = 8,
     .payload.u64 = 255},
    {.name = "SET_VRING_KICK before the ring",
     .request = FE_SET_VRING_KICK,
     .flags = ACK,
     .said_size = 8,
     .nfds = 1,
     .size = 8,
     .payload.u64 = 0},
    {.name = "SET_VRING_CALL without its fd",
     .request = FE_SET_VRING_CALL,
     .flags = ACK,
     .said_size = 8,
     .size = 8,
     .payload.u64 = 1},
    {.name = "SET_MEM_TABLE empty", .request = FE_SET_MEM_TABLE, .flags = ACK},
    {.name = "SET_MEM_TABLE of nine",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 8 + 8 * 32,
     .nfds = 8,
     .size = 8 + 8 * 32,
     .payload.memory = {.nregions = 9}},
    {.name = "SET_MEM_TABLE without fds",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .size = 40,
     .payload.memory = {.nregions = 1, .regions = {{.size = 4096}}}},
    {.name = "SET_MEM_TABLE of two with one fd",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 72,
     .nfds = 1,
     .size = 72,
     .payload.memory = {.nregions = 2, .regions = {{.size = 4096}, {.gpa = 4096, .size = 4096}}}},
    {.name = "SET_MEM_TABLE, fewer regions sent than said",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 2,
     .size = 40,
     .payload.memory = {.nregions = 2, .regions = {{.size = 4096}}}},
    {.name = "SET_MEM_TABLE, region of no size",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 1,
     .size = 40,
     .payload.memory = {.nregions = 1, .regions = {{.gpa = 4096}}}},
    {.name = "SET_MEM_TABLE, address wraps",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 1,
     .size = 40,
     .payload.memory = {.nregions = 1, .regions = {{.gpa = UINT64_MAX - 4095, .size = 8192}}}},
    {.name = "SET_MEM_TABLE, user address wraps",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 1,
     .size = 40,
     .payload.memory = {.nregions = 1,
                        .regions = {{.size = 8192, .user_addr = UINT64_MAX - 4095}}}},
    {.name = "SET_MEM_TABLE, offset wraps",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 1,
     .size = 40,
     .payload.memory = {.nregions = 1,
                        .regions = {{.size = 8192, .mmap_offset = UINT64_MAX - 4095}}}},
    {.name = "SET_MEM_TABLE, exabytes",
     .request = FE_SET_MEM_TABLE,
     .flags = ACK,
     .said_size = 40,
     .nfds = 1,
     .size = 40,
     .payload.memory = {.nregions = 1, .regions = {{.size = 1ull << 60}}}},
    {.name = "ADD_MEM_REG without its fd",
     .request = FE_ADD_MEM_REG,
     .flags = ACK,
     .said_size = 40,
     .size = 40,
     .payload.region = {.region = {.size = 4096}}},
    {.name = "REM_MEM_REG of nothing",
     .request = FE_REM_MEM_REG,
     .flags = ACK,
     .said_size = 40,
     .size = 40,
     .payload.region = {.region = {.gpa = 0x1234000, .size = 4096}}},
    {.name = "SET_CONFIG short",
     .request = FE_SET_CONFIG,
     .flags = ACK,
     .said_size = 11,
     .size = 11},
    {.name = "SET_CONFIG that lies about its size",
     .request = FE_SET_CONFIG,
     .flags = ACK,
     .said_size = 28,
     .size = 28,
     .payload.config = {.size = 256}},
    {.name = "SET_CONFIG at 2^32-1",
     .request = FE_SET_CONFIG,
     .flags = ACK,
     .said_size = 28,
     .size = 28,
     .payload.config = {.offset = UINT32_MAX, .size = 16}},
    {.name = "GPU_SET_SOCKET without its fd", .request = FE_GPU_SET_SOCKET, .flags = ACK},
};

static int send_bad(const struct bad_message *bad)
{
    struct {
        struct fe_header header;
        uint8_t payload[512];
    } message = {.header = {bad->request, bad->flags, bad->said_size}};
    int fds[64];

    for (unsigned i = 0; i < bad->nfds; i++)
        fds[i] = machine.ram.regions[0].fd;
    memcpy(message.payload, bad->payload.bytes, bad->size);
    return front_end_send_bytes(&machine.front_end, &message, sizeof(message.header) + bad->size,
                                fds, bad->nfds);
}

static void reconnect(void)
{
    front_end_finish(&machine.front_end);
    front_end_init(&machine.front_end, &machine.ram, NULL);
    assert_int_equal(front_end_connect(&machine.front_end, machine.oriel.gpu_socket), 0);
    assert_int_equal(front_end_realize(&machine.front_end), 0);
    assert_int_equal(front_end_sync(&machine.front_end), 0);
}

static void start_unrealized(void)
{
    const struct guest_machine_options options = {.unrealized = true,
                                                  .lay_out = guest_ram_lay_out_simple};

    guest_machine_start(&machine, &options);
    reconnect();
    reconnect();
}

/* The last VMM of a test draws nothing but must be served. */
static void finish_with_a_good_vmm(unsigned fds_before)
{
    reconnect();
    assert_true(oriel_process_fds_become(&machine.oriel, fds_before));
    assert_int_equal(oriel_process_fds_like(&machine.oriel, "guest-ram"), 0);
    guest_machine_probe(&machine, NULL);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

static void broken_framing_ends_the_connection(void **state)
{
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    for (size_t i = 0; i < sizeof(must_close) / sizeof(must_close[0]); i++) {
        send_bad(&must_close[i]);
        CHECK(front_end_wait_closed(&machine.front_end, 2000) == 0, "%s: still open",
              must_close[i].name);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

/* Error reply or disconnect: a front-end that asked for an answer gets one. */
static void bad_requests_are_refused(void **state)
{
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    for (size_t i = 0; i < sizeof(must_refuse) / sizeof(must_refuse[0]); i++) {
        uint64_t answer = 0;
        int error = send_bad(&must_refuse[i]);

        if (error == 0)
            error = front_end_receive(&machine.front_end, must_refuse[i].request, &answer,
                                      sizeof(answer));
        CHECK(error == -EPIPE || (error == 0 && answer != 0), "%s: error %d, answer %llu",
              must_refuse[i].name, error, (unsigned long long)answer);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

/* Without NEED_REPLY nobody waits; nothing may be answered. */
static void bad_requests_without_an_answer(void **state)
{
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    for (size_t i = 0; i < sizeof(must_refuse) / sizeof(must_refuse[0]); i++) {
        struct bad_message bad = must_refuse[i];
        int error;

        bad.flags = FE_VERSION;
        error = send_bad(&bad);
        if (error == 0)
            error = front_end_sync(&machine.front_end);
        CHECK(error == 0 || error == -EPIPE, "%s: %d", bad.name, error);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

/* QEMU waits for the answer of these without a time-out, whatever is in them. */
static void questions_are_always_answered(void **state)
{
    static const struct bad_message questions[] = {
        {.name = "GET_CONFIG short",
         .request = FE_GET_CONFIG,
         .flags = FE_VERSION,
         .said_size = 5,
         .size = 5},
        {.name = "GET_CONFIG of 4 GiB",
         .request = FE_GET_CONFIG,
         .flags = FE_VERSION,
         .said_size = 28,
         .size = 28,
         .payload.config = {.size = UINT32_MAX}},
        {.name = "GET_CONFIG at 2^32-1",
         .request = FE_GET_CONFIG,
         .flags = FE_VERSION,
         .said_size = 28,
         .size = 28,
         .payload.config = {.offset = UINT32_MAX, .size = 16}},
        {.name = "GET_VRING_BASE of queue 9",
         .request = FE_GET_VRING_BASE,
         .flags = FE_VERSION,
         .said_size = 8,
         .size = 8,
         .payload.state = {9, 0}},
        {.name = "GET_VRING_BASE of a ring that never ran",
         .request = FE_GET_VRING_BASE,
         .flags = FE_VERSION,
         .said_size = 8,
         .size = 8,
         .payload.state = {1, 0}},
    };
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        struct fe_header header;
        uint8_t payload[512];
        uint32_t size = sizeof(payload);
        int error = send_bad(&questions[i]);

        if (error == 0)
            error = front_end_receive_any(&machine.front_end, &header, payload, &size);
        CHECK(error == -EPIPE || (error == 0 && header.request == questions[i].request &&
                                  header.flags == (FE_VERSION | FE_REPLY)),
              "%s: %d", questions[i].name, error);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

/* Questions that nobody can understand are not left without an answer, for
 * which QEMU would wait for ever: the connection ends, with one line. */
static void malformed_questions_end_the_connection(void **state)
{
    static const struct bad_message questions[] = {
        {.name = "GET_FEATURES of 8 bytes",
         .request = FE_GET_FEATURES,
         .flags = FE_VERSION,
         .said_size = 8,
         .size = 8},
        {.name = "GET_FEATURES with an fd", .request = FE_GET_FEATURES, .flags = ACK, .nfds = 1},
        {.name = "GET_PROTOCOL_FEATURES of 1 byte",
         .request = FE_GET_PROTOCOL_FEATURES,
         .flags = FE_VERSION,
         .said_size = 1,
         .size = 1},
        {.name = "GET_QUEUE_NUM of 512 bytes",
         .request = FE_GET_QUEUE_NUM,
         .flags = ACK,
         .said_size = 512,
         .size = 512},
        {.name = "GET_VRING_BASE, empty", .request = FE_GET_VRING_BASE, .flags = FE_VERSION},
        {.name = "GET_VRING_BASE of 4 bytes",
         .request = FE_GET_VRING_BASE,
         .flags = FE_VERSION,
         .said_size = 4,
         .size = 4},
        {.name = "GET_MAX_MEM_SLOTS of 4 bytes",
         .request = FE_GET_MAX_MEM_SLOTS,
         .flags = FE_VERSION,
         .said_size = 4,
         .size = 4},
        {.name = "GET_CONFIG with an fd",
         .request = FE_GET_CONFIG,
         .flags = FE_VERSION,
         .said_size = 28,
         .nfds = 1,
         .size = 28,
         .payload.config = {.size = 16}},
    };
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        unsigned before = oriel_process_log_lines(&machine.oriel, "cut off");

        assert_int_equal(send_bad(&questions[i]), 0);
        CHECK(front_end_wait_closed(&machine.front_end, 2000) == 0, "%s: still open",
              questions[i].name);
        /* The log is limited to five such lines in five seconds. */
        if (i < 5)
            assert_int_equal(oriel_process_log_lines(&machine.oriel, "cut off"), before + 1);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

/* Ring addresses that lie outside of memory, or wrap. */
static void ring_addresses_are_checked(void **state)
{
    const uint64_t user = 0x00f0000000000000ull;
    const uint64_t end = user + 512 * GUEST_RAM_MIB;
    const struct fe_vring_addr bad[] = {
        {.desc = 0x1000, .used = user, .avail = user},
        {.desc = user, .used = end, .avail = user},
        {.desc = user, .used = user, .avail = end - 4},
        {.desc = end - 16, .used = user, .avail = user},
        {.desc = UINT64_MAX - 15, .used = user, .avail = user},
        {.desc = user, .used = UINT64_MAX, .avail = UINT64_MAX - 1},
    };

    (void)state;
    start_unrealized();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct front_end *front_end = &machine.front_end;
        struct fe_vring_addr addr = bad[i];
        uint64_t queue = 0;
        int error;

        assert_int_equal(front_end_send_memory(front_end), 0);
        front_end_send_state(front_end, FE_SET_VRING_NUM, 0, 64);
        front_end_send_state(front_end, FE_SET_VRING_BASE, 0, 0);
        error = front_end_demand(front_end, FE_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0);
        if (error == 0)
            error = front_end_demand(front_end, FE_SET_VRING_KICK, &queue, sizeof(queue),
                                     &front_end->queues[0].err, 1);
        CHECK(error == -EIO || error == -EPIPE, "row %zu: %d", i, error);
        reconnect();
    }
    guest_machine_probe(&machine, NULL);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

/* The VMM dies in the middle of a message. */
static void half_messages_leave_nothing(void **state)
{
    struct fe_memory memory = {.nregions = 1};
    uint8_t bytes[64];
    struct fe_header header = {FE_SET_MEM_TABLE, FE_VERSION, 40};
    unsigned fds;

    (void)state;
    start_unrealized();
    fds = oriel_process_fds(&machine.oriel);
    memory.regions[0].size = 4096;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), &memory, 40);
    for (size_t n = 1; n < sizeof(header) + 40; n += 3) {
        assert_int_equal(
            front_end_send_bytes(&machine.front_end, bytes, n, &machine.ram.regions[0].fd, 1), 0);
        reconnect();
    }
    finish_with_a_good_vmm(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(broken_framing_ends_the_connection), GUEST_TEST(bad_requests_are_refused),
        GUEST_TEST(bad_requests_without_an_answer),     GUEST_TEST(questions_are_always_answered),
        GUEST_TEST(malformed_questions_end_the_connection), GUEST_TEST(ring_addresses_are_checked),         GUEST_TEST(half_messages_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
