// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that mean harm, after what has been done to other virtio-gpu devices:
 * each command has the answer that stands here, nothing that it leaves behind
 * grows, and the next good guest's picture is exact. test_gpu_malformed has
 * the cases that came first, test_vhost_malformed those of rings.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"

#include <string.h>
#include <unistd.h>

static struct guest_machine machine;

#define GPU (&machine.gpu)
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define UNSPEC VIRTIO_GPU_RESP_ERR_UNSPEC
#define MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define SCANOUT VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define RESOURCE VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER

static struct gpu_rect rect_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    return (struct gpu_rect){x, y, width, height};
}

static const uint32_t edges[] = {1,      2,          15,          16,          17,
                                 0xffff, 0x10000,    0x7fffffffu, 0x80000000u, 0xfffffff0u,
                                 64,     UINT32_MAX};
#define NEDGES (sizeof(edges) / sizeof(edges[0]))

/* CVE-2016-7994, CVE-2021-3544: creations that are refused keep nothing. */
static void row_1_refused_creations(void **state)
{
    const uint32_t rounds = guest_flat_rounds(100000, 1000000);
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    for (uint32_t i = 0; i < rounds; i++) {
        const struct {
            struct gpu_command command;
            uint32_t answer;
        } rows[] = {
            {gpu_create_2d(2, 5 + i % 60, 64, 64), PARAMETER},
            {gpu_create_2d(1, 1, 64, 64), RESOURCE},
            {gpu_create_2d(2, 1, 0x8000, 0x8000 + i), MEMORY},
            {gpu_create_2d(0, 1, 64, 64), RESOURCE},
        };

        if (i == rounds / 10)
            guest_flat_begin(&flat, &machine);
        guest_gpu_send(GPU, &rows[i % 4].command, rows[i % 4].answer);
    }
    guest_flat_end(&flat);
    guest_gpu_expect(GPU, gpu_unref(2), RESOURCE);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* CVE-2016-9846: cursors of every resource, size and scanout there is not. */
static void row_4_cursors(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"}};
    const uint32_t rounds = guest_flat_rounds(100000, 1000000);
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, &options);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    guest_gpu_ok(GPU, gpu_create_2d(2, 2, 63, 64));
    guest_gpu_ok(GPU, gpu_create_2d(3, 3, 64, 65));
    guest_gpu_ok(GPU, gpu_create_2d(4, 4, 1, 1));
    for (uint32_t i = 0; i < rounds; i++) {
        static const uint32_t answers[] = {OK, OK, PARAMETER, PARAMETER, PARAMETER, RESOURCE};
        uint32_t resource = i % 6, scanout = i % 7 == 0 ? edges[i % NEDGES] : i % 2;
        bool bad_scanout = scanout > 1;
        struct gpu_command command =
            gpu_update_cursor(scanout, resource, i, ~i, edges[i % NEDGES], edges[(i + 1) % NEDGES]);

        if (i == rounds / 10)
            guest_flat_begin(&flat, &machine);
        command.response_size = sizeof(struct virtio_gpu_ctrl_hdr);
        guest_gpu_send(GPU, &command, bad_scanout ? SCANOUT : answers[resource]);
        if (i % 100 == 99) { /* what was a cursor goes and comes again */
            struct gpu_command unref = gpu_unref(1), create = gpu_create_2d(1, 1 + i % 4, 64, 64);

            guest_gpu_settle(GPU);
            guest_gpu_send(GPU, &unref, OK);
            guest_gpu_send(GPU, &create, OK);
            guest_gpu_settle(GPU);
        }
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* An error answer is a header, zero but for its type and its fence; the bytes
 * behind it are the guest's. */
static void expect_bare_error(const struct gpu_command *command, uint32_t type)
{
    struct virtio_gpu_ctrl_hdr header;
    struct gpu_answer answer;

    guest_gpu_call_answer(GPU, command, &answer);
    assert_int_equal(answer.used_len, sizeof(header));
    memcpy(&header, answer.bytes, sizeof(header));
    assert_int_equal(header.type, type);
    assert_int_equal(header.ctx_id, 0);
    assert_int_equal(header.ring_idx, 0);
    assert_int_equal(header.padding[0] | header.padding[1] | header.padding[2], 0);
}

static struct gpu_command capset_command(uint32_t type, uint32_t first, uint32_t second)
{
    struct gpu_command command = gpu_bare(type, GPU_CONTROL_QUEUE);

    memcpy(command.u.bytes + 24, &first, sizeof(first));
    memcpy(command.u.bytes + 28, &second, sizeof(second));
    command.size = 32;
    command.response_size = 2000;
    return command;
}

/* CVE-2016-9845, 9908, 2021-3545: a 2D device has no capability sets, and no
 * bytes of its own in the answer. */
static void row_5_capset_info(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t index = i < 100 ? i : check_random(&GPU->random);
        struct gpu_command info = capset_command(VIRTIO_GPU_CMD_GET_CAPSET_INFO, index, 0);
        struct gpu_command capset =
            capset_command(VIRTIO_GPU_CMD_GET_CAPSET, index, check_random(&GPU->random));

        expect_bare_error(&info, UNSPEC);
        expect_bare_error(&capset, UNSPEC);
    }
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* CVE-2016-10028, 2021-3546: answers into buffers of any size. */
static void row_6_small_answers(void **state)
{
    static const size_t rooms[] = {0, 1, 23, 24, 25, 48};

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        const uint32_t types[] = {VIRTIO_GPU_CMD_GET_CAPSET_INFO, VIRTIO_GPU_CMD_GET_CAPSET,
                                  VIRTIO_GPU_CMD_GET_EDID, VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
                                  VIRTIO_GPU_CMD_GET_DISPLAY_INFO};

        for (size_t j = 0; j < sizeof(types) / sizeof(types[0]); j++) {
            struct gpu_command command = capset_command(types[j], 0, 0);
            size_t full = types[j] == VIRTIO_GPU_CMD_GET_EDID           ? 1056
                          : types[j] == VIRTIO_GPU_CMD_GET_DISPLAY_INFO ? 408
                                                                        : 24;
            struct gpu_answer answer;

            command.response_size = rooms[i];
            guest_gpu_call_answer(GPU, &command, &answer);
            assert_int_equal(answer.used_len, rooms[i] < full ? rooms[i] : full);
        }
    }
    guest_machine_finish(&machine);
}

static struct gpu_command scanout_blob(uint32_t scanout, uint32_t resource, uint32_t width,
                                       uint32_t height, uint32_t stride, uint32_t offset)
{
    struct gpu_command command = gpu_bare(VIRTIO_GPU_CMD_SET_SCANOUT_BLOB, GPU_CONTROL_QUEUE);
    struct virtio_gpu_set_scanout_blob body = {.hdr = command.u.hdr,
                                               .r = {0, 0, width, height},
                                               .scanout_id = scanout,
                                               .resource_id = resource,
                                               .width = width,
                                               .height = height,
                                               .format = 2,
                                               .strides = {stride},
                                               .offsets = {offset}};

    memcpy(command.u.bytes, &body, sizeof(body));
    command.size = sizeof(body);
    return command;
}

/* CVE-2016-10029: scanouts that nobody has. */
static void row_7_scanouts(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=3"}};

    (void)state;
    guest_machine_start(&machine, &options);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t scanout = i < 20 ? 3 + i : i < 200 ? check_random(&GPU->random) | 4 : UINT32_MAX - i;
        struct gpu_command cursor = gpu_update_cursor(scanout, 1, 0, 0, 0, 0);
        struct gpu_command move = gpu_move_cursor(scanout, 1, 0, 0);

        cursor.response_size = move.response_size = 24;
        guest_gpu_expect(GPU, gpu_set_scanout(scanout, 1, rect_of(0, 0, 64, 64)), SCANOUT);
        guest_gpu_expect(GPU, gpu_set_scanout(scanout, 0, rect_of(0, 0, 0, 0)), SCANOUT);
        guest_gpu_expect(GPU, gpu_edid(scanout), SCANOUT);
        guest_gpu_expect(GPU, cursor, SCANOUT);
        guest_gpu_expect(GPU, move, SCANOUT);
        guest_gpu_expect(GPU, scanout_blob(scanout, 1, 64, 64, 256, 0), UNSPEC);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_false(guest_machine_head_is_guest(&machine, i));
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Products that wrap: what was refused is not there afterwards. */
static void row_8_sizes(void **state)
{
    static const struct {
        uint32_t width, height, answer;
    } rows[] = {
        {0, 0, PARAMETER},         {0, 64, PARAMETER},
        {64, 0, PARAMETER},        {1, 0x80000000u, MEMORY},
        {0x10000, 0x10000, MEMORY}, {UINT32_MAX, 1, MEMORY},
        {1, UINT32_MAX, MEMORY},   {UINT32_MAX, UINT32_MAX, MEMORY},
        {0x40000001u, 4, MEMORY},  {0x8000, 0x8000, MEMORY},
        {0x20000, 0x20001, MEMORY}, {0x80000001u, 0x80000001u, MEMORY},
    };

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_gpu_expect(GPU, gpu_create_2d(7, 1, rows[i].width, rows[i].height), rows[i].answer);
        guest_gpu_expect(GPU, gpu_transfer(7, rect_of(0, 0, 1, 1), 0), RESOURCE);
        guest_gpu_expect(GPU, gpu_set_scanout(0, 7, rect_of(0, 0, 16, 16)), RESOURCE);
        guest_gpu_expect(GPU, gpu_flush(7, rect_of(0, 0, 1, 1)), RESOURCE);
        guest_gpu_expect(GPU, gpu_unref(7), RESOURCE);
    }
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Sums that wrap. */
static void row_9_rectangles(void **state)
{
    static const uint64_t offsets[] = {1ull << 32,     UINT64_MAX,      UINT64_MAX - 16383,
                                       (1ull << 32) + 4, 0x7fffffffffffffffull, 16385, 16384};
    const struct virtio_gpu_mem_entry entry = {.addr = 0x100000, .length = 64 * 64 * 4};
    struct gpu_rect bad[] = {
        rect_of(UINT32_MAX, 0, 2, 1),  rect_of(0, UINT32_MAX, 1, 2),
        rect_of(1, 0, UINT32_MAX, 1),  rect_of(0, 1, 1, UINT32_MAX),
        rect_of(65, 0, 0, 0),          rect_of(0, 65, 0, 0),
        rect_of(0, 0, 65, 64),         rect_of(0, 0, 64, 65),
        rect_of(0x80000000u, 0, 0x80000000u, 64),
        rect_of(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX),
    };

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        guest_gpu_expect(GPU, gpu_transfer(1, bad[i], 0), PARAMETER);
        guest_gpu_expect(GPU, gpu_flush(1, bad[i]), PARAMETER);
        guest_gpu_expect(GPU, gpu_set_scanout(0, 1, bad[i]), PARAMETER);
    }
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        guest_gpu_expect(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), offsets[i]), PARAMETER);
    guest_gpu_expect(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 4), PARAMETER);
    guest_gpu_expect(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 0, 64)), PARAMETER);
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), 16380));
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

static struct gpu_command create_blob(uint32_t id, uint32_t memory, uint32_t flags, uint64_t size)
{
    struct gpu_command command =
        gpu_bare(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, GPU_CONTROL_QUEUE);
    struct virtio_gpu_resource_create_blob body = {.hdr = command.u.hdr,
                                                   .resource_id = id,
                                                   .blob_mem = memory,
                                                   .blob_flags = flags,
                                                   .nr_entries = 1,
                                                   .size = size};

    memcpy(command.u.bytes, &body, sizeof(body));
    command.size = sizeof(body);
    return command;
}

/* 7b55742254, #3871, #4112 and others: blobs are not offered, so nothing of
 * them exists, whatever a guest says. */
static void rows_11_to_13_blobs(void **state)
{
    const struct virtio_gpu_mem_entry entry = {.addr = 0x100000, .length = 4096};
    const uint32_t strides[] = {0, 1, 255, 256, 0x80000000u}, offsets[] = {0, 0xfffffff0u};
    struct guest_image before, after;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_machine_screenshot(&machine, 0, &before);
    for (uint32_t memory = 0; memory < 5; memory++) {
        for (uint32_t flags = 0; flags < 8; flags++) {
            struct gpu_command create = create_blob(5, memory, flags, 1ull << (12 + flags * 4));

            create.tail = &entry;
            create.tail_size = sizeof(entry);
            guest_gpu_expect(GPU, create, UNSPEC);
        }
    }
    for (size_t i = 0; i < 10; i++)
        guest_gpu_expect(GPU, scanout_blob(0, 5, 64, 64, strides[i % 5], offsets[i / 5]), UNSPEC);
    guest_gpu_expect(GPU, gpu_set_scanout(0, 5, rect_of(0, 0, 64, 64)), RESOURCE);
    guest_gpu_expect(GPU, gpu_transfer(5, rect_of(0, 0, 64, 64), 0), RESOURCE);
    guest_gpu_expect(GPU, gpu_flush(5, rect_of(0, 0, 64, 64)), RESOURCE);
    guest_gpu_expect(GPU, gpu_unref(5), RESOURCE);
    guest_machine_screenshot(&machine, 0, &after);
    assert_true(guest_image_equal(&after, &before, "the card"));
    guest_image_finish(&before);
    guest_image_finish(&after);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* eb398a54e3, a7f85e03b9: what fails half-way leaves no mapping behind. */
static void row_14_half_mapped(void **state)
{
    static struct virtio_gpu_mem_entry entries[2025];
    unsigned maps;
    uint64_t gpa;

    (void)state;
    guest_machine_start(&machine, NULL);
    gpa = guest_ram_alloc(&machine.ram, 2 * 2025 * 4096, 4096);
    for (unsigned i = 0; i < 2025; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = gpa + i * 8192ull, .length = 4096};
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 1920, 1080));
    guest_machine_ping(&machine);
    maps = oriel_process_maps_like(&machine.oriel, "guest-ram");
    for (unsigned i = 0; i < 50; i++) {
        unsigned bad = check_random_below(&GPU->random, 2025);

        entries[bad].addr = 2 * GUEST_RAM_GIB; /* the hole */
        guest_gpu_expect(GPU, gpu_attach(1, entries, 2025), PARAMETER);
        entries[bad].addr = gpa + bad * 8192ull;
        guest_gpu_expect(GPU, gpu_transfer(1, rect_of(0, 0, 1920, 1080), 0), UNSPEC);
        /* Pieces of odd sizes cannot be mapped one behind the other. */
        entries[bad].length = 4095;
        entries[2024].length += 1;
        guest_gpu_ok(GPU, gpu_attach(1, entries, 2025));
        guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 1920, 1080), 0));
        guest_gpu_ok(GPU, gpu_detach(1));
        entries[bad].length = 4096;
        entries[2024].length = 4096;
    }
    assert_int_equal(oriel_process_maps_like(&machine.oriel, "guest-ram"), maps);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* dc84ed5b57: resets with commands queued, fenced and half done. */
static void row_15_resets_under_load(void **state)
{
    const uint32_t rounds = guest_flat_rounds(200, 6000);
    struct virtio_gpu_mem_entry entry = {.length = 1920 * 1080 * 4};
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, NULL);
    entry.addr = guest_ram_alloc(&machine.ram, entry.length, 4096);
    for (uint32_t i = 0; i < rounds; i++) {
        struct gpu_command transfer = gpu_transfer(1, rect_of(0, 0, 1920, 1080), 0);

        if (i == rounds / 5)
            guest_flat_begin(&flat, &machine);
        guest_gpu_ok(GPU, gpu_create_2d(1, 2, 1920, 1080));
        guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
        guest_gpu_ok(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 1920, 1080)));
        for (unsigned j = 0; j < 20; j++)
            guest_gpu_send(GPU, &transfer, OK);
        usleep(check_random_below(&GPU->random, 10000)); /* 100 Hz */
        guest_machine_reset(&machine);
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(row_1_refused_creations),
        GUEST_TEST(row_4_cursors),
        GUEST_TEST(row_5_capset_info),
        GUEST_TEST(row_6_small_answers),
        GUEST_TEST(row_7_scanouts),
        GUEST_TEST(row_8_sizes),
        GUEST_TEST(row_9_rectangles),
        GUEST_TEST(rows_11_to_13_blobs),
        GUEST_TEST(row_14_half_mapped),
        GUEST_TEST(row_15_resets_under_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
