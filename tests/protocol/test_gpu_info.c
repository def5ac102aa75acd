// SPDX-License-Identifier: GPL-2.0-or-later
/* What the device says of itself: display info, EDID, headers and fences. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"

#include <string.h>

static struct guest_machine machine;

static const struct guest_machine_options two_heads = {
    .oriel.settings = {"gpu.heads=2", "head.0.mode=1024x768@60", "head.1.mode=1920x1080@75",
                       "head.1.position=1024,0"}};

static void display_info_tells_the_heads(void **state)
{
    struct gpu_command command = gpu_display_info();
    struct virtio_gpu_resp_display_info info;
    struct gpu_answer answer;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    guest_gpu_call_answer(&machine.gpu, &command, &answer);
    assert_int_equal(answer.used_len, sizeof(info));
    memcpy(&info, answer.bytes, sizeof(info));
    assert_int_equal(info.hdr.type, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    assert_int_equal(info.pmodes[0].enabled, 1);
    assert_int_equal(info.pmodes[0].r.x, 0);
    assert_int_equal(info.pmodes[0].r.width, 1024);
    assert_int_equal(info.pmodes[0].r.height, 768);
    assert_int_equal(info.pmodes[1].enabled, 1);
    assert_int_equal(info.pmodes[1].r.x, 1024);
    assert_int_equal(info.pmodes[1].r.y, 0);
    assert_int_equal(info.pmodes[1].r.width, 1920);
    assert_int_equal(info.pmodes[1].r.height, 1080);
    for (unsigned i = 2; i < VIRTIO_GPU_MAX_SCANOUTS; i++)
        assert_int_equal(info.pmodes[i].enabled, 0);
    guest_machine_finish(&machine);
}

static void get_edid(uint32_t scanout, struct virtio_gpu_resp_edid *edid)
{
    struct gpu_command command = gpu_edid(scanout);
    struct gpu_answer answer;

    guest_gpu_call_answer(&machine.gpu, &command, &answer);
    assert_int_equal(answer.used_len, sizeof(*edid));
    memcpy(edid, answer.bytes, sizeof(*edid));
    assert_int_equal(edid->hdr.type, VIRTIO_GPU_RESP_OK_EDID);
}

static void check_blocks(const struct virtio_gpu_resp_edid *edid)
{
    static const uint8_t magic[8] = {0, 255, 255, 255, 255, 255, 255, 0};

    assert_memory_equal(edid->edid, magic, sizeof(magic));
    assert_true(edid->size >= 128 && edid->size <= 1024 && edid->size % 128 == 0);
    assert_int_equal(edid->size / 128, 1 + edid->edid[126]);
    for (uint32_t block = 0; block < edid->size; block += 128) {
        uint8_t sum = 0;

        for (unsigned i = 0; i < 128; i++)
            sum = (uint8_t)(sum + edid->edid[block + i]);
        assert_int_equal(sum, 0);
    }
    for (uint32_t i = edid->size; i < sizeof(edid->edid); i++)
        assert_int_equal(edid->edid[i], 0);
}

/* The first detailed timing is the preferred mode. */
static void check_preferred(const uint8_t *edid, unsigned width, unsigned height)
{
    const uint8_t *timing = edid + 54;

    assert_int_equal(timing[2] | (timing[4] & 0xf0) << 4, width);
    assert_int_equal(timing[5] | (timing[7] & 0xf0) << 4, height);
}

static void edid_of_each_head(void **state)
{
    struct virtio_gpu_resp_edid first, second, again;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    get_edid(0, &first);
    get_edid(1, &second);
    get_edid(0, &again);
    check_blocks(&first);
    check_blocks(&second);
    check_preferred(first.edid, 1024, 768);
    check_preferred(second.edid, 1920, 1080);
    assert_memory_equal(first.edid, again.edid, sizeof(first.edid));
    /* Serial numbers tell the monitors apart. */
    assert_memory_not_equal(first.edid + 12, second.edid + 12, 4);
    guest_gpu_expect(&machine.gpu, gpu_edid(2), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    guest_gpu_expect(&machine.gpu, gpu_edid(UINT32_MAX), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
    guest_machine_finish(&machine);
}

static struct virtio_gpu_ctrl_hdr header_of(const struct gpu_command *command)
{
    struct virtio_gpu_ctrl_hdr header;
    struct gpu_answer answer;

    guest_gpu_call_answer(&machine.gpu, command, &answer);
    assert_true(answer.used_len >= sizeof(header));
    memcpy(&header, answer.bytes, sizeof(header));
    return header;
}

/* 5.7.6.7: only with VIRTIO_GPU_FLAG_FENCE are fence and context repeated, and
 * the ring only with VIRTIO_GPU_FLAG_INFO_RING_IDX. */
static void fences_are_echoed(void **state)
{
    struct gpu_command command = gpu_display_info();
    struct virtio_gpu_ctrl_hdr header;

    (void)state;
    guest_machine_start(&machine, NULL);
    machine.gpu.plain = true;
    command.u.hdr.fence_id = 0x123456789abcdef0u;
    command.u.hdr.ctx_id = 77;
    command.u.hdr.ring_idx = 5;
    header = header_of(&command);
    assert_int_equal(header.flags, 0);

    command.u.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
    header = header_of(&command);
    assert_int_equal(header.flags, VIRTIO_GPU_FLAG_FENCE);
    assert_true(header.fence_id == 0x123456789abcdef0u);
    assert_int_equal(header.ctx_id, 77);
    assert_int_equal(header.ring_idx, 0);

    command.u.hdr.flags = VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX;
    header = header_of(&command);
    assert_int_equal(header.flags, VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX);
    assert_int_equal(header.ring_idx, 5);
    assert_int_equal(header.padding[0] | header.padding[1] | header.padding[2], 0);

    /* An error is an answer too. */
    command = gpu_unref(4711);
    command.u.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
    command.u.hdr.fence_id = 9;
    header = header_of(&command);
    assert_int_equal(header.type, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    assert_int_equal(header.flags, VIRTIO_GPU_FLAG_FENCE);
    assert_true(header.fence_id == 9);
    guest_machine_finish(&machine);
}

/* A job's answer carries the fence of its own command. */
static void fences_of_jobs_are_echoed(void **state)
{
    const uint32_t edge = 2048, size = edge * edge * 4;
    struct virtio_gpu_mem_entry entry = {.length = size};
    struct gpu_command command = gpu_transfer(1, (struct gpu_rect){0, 0, edge, edge}, 0);

    (void)state;
    guest_machine_start(&machine, NULL);
    entry.addr = guest_ram_alloc(&machine.ram, size, 4096);
    guest_gpu_ok(&machine.gpu, gpu_create_2d(1, 1, edge, edge));
    guest_gpu_ok(&machine.gpu, gpu_attach(1, &entry, 1));
    for (unsigned i = 0; i < 20; i++)
        guest_gpu_send(&machine.gpu, &command, VIRTIO_GPU_RESP_OK_NODATA);
    guest_gpu_settle(&machine.gpu);
    guest_machine_finish(&machine);
}

static void unknown_commands_are_unspecified_errors(void **state)
{
    static const uint32_t types[] = {0,
                                     1,
                                     0xff,
                                     0x10e,
                                     0x200,
                                     0x204,
                                     0x207,
                                     0x208,
                                     0x2ff,
                                     0x302,
                                     0x1100,
                                     0x1200,
                                     UINT32_MAX,
                                     VIRTIO_GPU_CMD_UPDATE_CURSOR,
                                     VIRTIO_GPU_CMD_MOVE_CURSOR};

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct gpu_command command = gpu_bare(types[i], GPU_CONTROL_QUEUE);
        uint32_t response;

        command.size = sizeof(command.u.bytes);
        response = guest_gpu_call(&machine.gpu, command);
        CHECK(response == VIRTIO_GPU_RESP_ERR_UNSPEC, "type 0x%x: 0x%x", types[i], response);
    }
    guest_machine_finish(&machine);
}

static void get_uuid(uint32_t resource, uint8_t uuid[16])
{
    struct gpu_command command = gpu_assign_uuid(resource);
    struct virtio_gpu_resp_resource_uuid response;
    struct gpu_answer answer;

    guest_gpu_call_answer(&machine.gpu, &command, &answer);
    assert_int_equal(answer.used_len, 40);
    memcpy(&response, answer.bytes, sizeof(response));
    assert_int_equal(response.hdr.type, VIRTIO_GPU_RESP_OK_RESOURCE_UUID);
    memcpy(uuid, response.uuid, 16);
    assert_int_equal(uuid[6] >> 4, 4); /* random, RFC 4122 */
    assert_int_equal(uuid[8] >> 6, 2);
}

/* A resource keeps the UUID that it was first given; no two have the same,
 * nor have two lives of one id, nor two guests. */
static void uuids_are_stable_and_unique(void **state)
{
    enum { N = 64 };
    uint8_t uuids[3 * N][16], again[16];

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_expect(&machine.gpu, gpu_assign_uuid(1), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    guest_gpu_expect(&machine.gpu, gpu_assign_uuid(0), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    for (unsigned life = 0; life < 3; life++) {
        for (uint32_t i = 0; i < N; i++) {
            guest_gpu_ok(&machine.gpu, gpu_create_2d(1 + i, 1, 8, 8));
            get_uuid(1 + i, uuids[life * N + i]);
        }
        for (uint32_t i = 0; i < N; i++) {
            get_uuid(1 + i, again);
            assert_memory_equal(again, uuids[life * N + i], 16);
            if (life == 0)
                guest_gpu_ok(&machine.gpu, gpu_unref(1 + i));
        }
        if (life == 1)
            guest_machine_reset(&machine);
    }
    for (unsigned i = 0; i < 3 * N; i++)
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(uuids[i], uuids[j], 16);
    guest_machine_finish(&machine);
}

static const struct gpu_command *known_commands(size_t *n)
{
    static struct gpu_command commands[10];
    static const struct gpu_rect rect = {0, 0, 16, 16};

    commands[0] = gpu_create_2d(9, 1, 16, 16);
    commands[1] = gpu_unref(9);
    commands[2] = gpu_set_scanout(0, 0, rect);
    commands[3] = gpu_flush(9, rect);
    commands[4] = gpu_transfer(9, rect, 0);
    commands[5] = gpu_attach(9, NULL, 0);
    commands[6] = gpu_detach(9);
    commands[7] = gpu_edid(0);
    commands[8] = gpu_display_info();
    commands[9] = gpu_assign_uuid(9);
    *n = 10;
    return commands;
}

/* Each command cut off at each byte: the header is missed first, then the
 * body; nothing is done. */
static void short_commands_are_refused(void **state)
{
    const struct gpu_command *commands;
    size_t n;

    (void)state;
    guest_machine_start(&machine, NULL);
    commands = known_commands(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t size = 1; size < commands[i].size; size++) {
            struct gpu_command command = commands[i];
            uint32_t response, expected = size < sizeof(struct virtio_gpu_ctrl_hdr)
                                              ? VIRTIO_GPU_RESP_ERR_UNSPEC
                                              : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;

            command.size = size;
            response = guest_gpu_call(&machine.gpu, command);
            CHECK(response == expected, "command 0x%x of %zu bytes: 0x%x", command.u.hdr.type, size,
                  response);
        }
    }
    guest_gpu_expect(&machine.gpu, gpu_unref(9), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    guest_machine_finish(&machine);
}

/* The answer is cut to the room that there is; none at all is no error. */
static void answers_are_cut_to_their_room(void **state)
{
    static const size_t rooms[] = {0,   1,   4,   23,   24,   25,   48,  100,
                                   407, 408, 409, 1055, 1056, 1057, 2000};

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        struct gpu_command commands[] = {gpu_display_info(), gpu_edid(0), gpu_unref(4711)};
        const size_t full[] = {408, 1056, 24};

        for (unsigned j = 0; j < 3; j++) {
            struct gpu_answer answer;

            commands[j].response_size = rooms[i];
            guest_gpu_call_answer(&machine.gpu, &commands[j], &answer);
            assert_int_equal(answer.used_len, rooms[i] < full[j] ? rooms[i] : full[j]);
        }
    }
    guest_machine_finish(&machine);
}

/* The same whatever descriptors the guest spreads its buffers over. */
static void buffers_may_be_split_anywhere(void **state)
{
    static const unsigned parts[] = {1, 2, 3, 7, 24, 40, 80};

    (void)state;
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        const struct guest_machine_options options = {
            .oriel.settings = {"gpu.heads=2"},
            .refuse_features = indirect ? 0 : GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC),
            .control_size = 256,
        };

        guest_machine_start(&machine, &options);
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            struct virtio_gpu_resp_edid whole, split;

            machine.gpu.layout.request_parts = machine.gpu.layout.response_parts = 1;
            get_edid(1, &whole);
            machine.gpu.layout.request_parts = parts[i];
            machine.gpu.layout.response_parts = parts[i];
            get_edid(1, &split);
            assert_memory_equal(whole.edid, split.edid, sizeof(whole.edid));
            guest_gpu_ok(&machine.gpu, gpu_create_2d(5, 1, 16, 16));
            guest_gpu_ok(&machine.gpu, gpu_unref(5));
        }
        guest_machine_finish(&machine);
    }
}

/* A request and its answer that lie across two regions of memory. */
static void buffers_may_cross_regions(void **state)
{
    struct guest_gpu *gpu = &machine.gpu;
    struct virtio_gpu_resp_edid edid;
    uint64_t border;

    (void)state;
    guest_machine_start(&machine, NULL);
    border = 4 * GUEST_RAM_GIB + 256 * GUEST_RAM_MIB;
    guest_ram_alloc_in(&machine.ram, border, 65536, 4096);
    for (unsigned i = 1; i < 24; i++) {
        for (unsigned slot = 0; slot < gpu->rings[0].size; slot++) {
            gpu->slots[0][slot].request = border - i;
            gpu->slots[0][slot].response = border - 4096 - 100 - i;
        }
        guest_gpu_ok(gpu, gpu_create_2d(5, 1, 16, 16));
        guest_gpu_ok(gpu, gpu_unref(5));
        for (unsigned slot = 0; slot < gpu->rings[0].size; slot++) {
            gpu->slots[0][slot].request = border + 8192;
            gpu->slots[0][slot].response = border - 24 - i;
        }
        get_edid(0, &edid);
        check_blocks(&edid);
    }
    guest_machine_finish(&machine);
}

/* Ring sizes that a driver may choose, more commands than they hold. */
static void rings_of_all_sizes(void **state)
{
    static const uint16_t sizes[] = {4, 8, 16, 64, 128, 256, 512, 1024};

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct guest_machine_options options = {
            .control_size = sizes[i / 2],
            .cursor_size = sizes[i / 2],
            .refuse_features = i % 2 ? GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) : 0,
        };
        struct gpu_command move = gpu_move_cursor(0, 0, 1, 1);

        guest_machine_start(&machine, &options);
        guest_gpu_ok(&machine.gpu, gpu_create_2d(1, 1, 16, 16));
        for (unsigned n = 0; n < 3u * sizes[i / 2] + 5; n++) {
            struct gpu_command command = gpu_flush(1, (struct gpu_rect){0, 0, n % 17, n % 16});

            guest_gpu_send(&machine.gpu, &command, VIRTIO_GPU_RESP_OK_NODATA);
            guest_gpu_send(&machine.gpu, &move, GPU_ANY_RESPONSE);
        }
        guest_gpu_settle(&machine.gpu);
        guest_machine_finish(&machine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(display_info_tells_the_heads),
        GUEST_TEST(edid_of_each_head),
        GUEST_TEST(fences_are_echoed),
        GUEST_TEST(fences_of_jobs_are_echoed),
        GUEST_TEST(uuids_are_stable_and_unique),
        GUEST_TEST(unknown_commands_are_unspecified_errors),
        GUEST_TEST(short_commands_are_refused),
        GUEST_TEST(answers_are_cut_to_their_room),
        GUEST_TEST(buffers_may_be_split_anywhere),
        GUEST_TEST(buffers_may_cross_regions),
        GUEST_TEST(rings_of_all_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
