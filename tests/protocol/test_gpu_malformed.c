// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that mean harm: commands. Each is answered, nothing piles up, the
 * program lives and serves the next good command.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <stdlib.h>
#include <string.h>

static struct guest_machine machine;

#define GPU (&machine.gpu)
#define UNSPEC VIRTIO_GPU_RESP_ERR_UNSPEC
#define PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER

static struct gpu_rect rect_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    return (struct gpu_rect){x, y, width, height};
}

/* CVE-2017-5552, CVE-2017-5578: what fails half-way is undone. */
static void refused_backings_keep_nothing(void **state)
{
    struct virtio_gpu_mem_entry *entries = calloc(16384, sizeof(*entries));
    struct guest_flat flat;
    uint64_t gpa;

    (void)state;
    assert_non_null(entries);
    guest_machine_start(&machine, NULL);
    gpa = guest_ram_alloc(&machine.ram, 4096, 4096);
    for (unsigned i = 0; i < 16384; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = gpa, .length = 4096};
    for (uint32_t i = 0; i < 300; i++) {
        if (i == 50)
            guest_flat_begin(&flat, &machine);
        guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
        entries[16383].addr = 2 * GUEST_RAM_GIB; /* the hole */
        guest_gpu_expect(GPU, gpu_attach(1, entries, 16384), PARAMETER);
        guest_gpu_expect(GPU, gpu_detach(1), UNSPEC);
        entries[16383].addr = gpa;
        guest_gpu_ok(GPU, gpu_attach(1, entries, 16384));
        guest_gpu_expect(GPU, gpu_attach(1, entries, 16384), UNSPEC);
        guest_gpu_expect(GPU, gpu_attach(77, entries, 16384),
                         VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
        guest_gpu_ok(GPU, gpu_unref(1));
    }
    guest_flat_end(&flat);
    free(entries);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* CVE-2016-9912, CVE-2017-5857: UNREF of what is attached, shown and a cursor. */
static void unref_in_use(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"}};
    struct virtio_gpu_mem_entry entry = {.length = 64 * 64 * 4};
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, &options);
    entry.addr = guest_ram_alloc(&machine.ram, entry.length, 4096);
    for (uint32_t i = 0; i < 2000; i++) {
        struct gpu_command cursor = gpu_update_cursor(i % 2, 1, i, i, 1, 1);

        if (i == 200)
            guest_flat_begin(&flat, &machine);
        guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
        guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
        guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
        guest_gpu_ok(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 64, 64)));
        guest_gpu_ok(GPU, gpu_set_scanout(1, 1, rect_of(i % 8, 0, 32, 32)));
        cursor.response_size = sizeof(struct virtio_gpu_ctrl_hdr);
        guest_gpu_ok(GPU, cursor);
        guest_gpu_ok(GPU, gpu_flush(1, rect_of(0, 0, 64, 64)));
        guest_gpu_ok(GPU, gpu_unref(1));
        guest_gpu_expect(GPU, cursor, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* CVE-2016-10029: one resource on all sixteen scanouts, then gone. */
static void sixteen_scanouts(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=16"}};

    (void)state;
    guest_machine_start(&machine, &options);
    for (uint32_t round = 0; round < 5; round++) {
        guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
        for (uint32_t i = 0; i < 16; i++)
            guest_gpu_ok(GPU, gpu_set_scanout(i, 1, rect_of(i, i, 40, 40)));
        guest_gpu_expect(GPU, gpu_set_scanout(16, 1, rect_of(0, 0, 40, 40)),
                         VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
        guest_gpu_ok(GPU, gpu_flush(1, rect_of(0, 0, 64, 64)));
        for (uint32_t i = 0; i < 16; i++)
            assert_true(guest_machine_head_is_guest(&machine, i));
        guest_gpu_ok(GPU, gpu_unref(1));
        for (uint32_t i = 0; i < 16; i++)
            assert_false(guest_machine_head_is_guest(&machine, i));
    }
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* CVE-2024-3446 and its like: entries on top of the rings, of the buffers, of
 * each other, of nothing. */
static void backings_anywhere(void **state)
{
    const struct {
        uint64_t addr;
        uint32_t length;
    } bad[] = {
        {0xc0000, 4096},                                        /* MMIO behind the first region */
        {0xbf000, 8192},                                        /* into it */
        {2 * GUEST_RAM_GIB, 4096},                              /* the hole */
        {256 * GUEST_RAM_MIB - 1, 2},                           /* its edge */
        {0xfeb00000, 0x1000},                                   /* a BAR */
        {64 * GUEST_RAM_GIB, 1},                                /* beyond everything */
        {4 * GUEST_RAM_GIB + 320 * GUEST_RAM_MIB - 4096, 8192}, /* the end */
        {UINT64_MAX, 1},
        {UINT64_MAX - 4095, 8192}, /* wraps */
        {0x100000, UINT32_MAX},
        {UINT64_MAX, UINT32_MAX},
    };
    struct virtio_gpu_mem_entry entries[4] = {{.addr = 0}};
    struct guest_ring *ring;

    (void)state;
    guest_machine_start(&machine, NULL);
    ring = &GPU->rings[0];
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        entries[0].addr = bad[i].addr;
        entries[0].length = bad[i].length;
        guest_gpu_expect(GPU, gpu_attach(1, entries, 1), PARAMETER);
    }
    /* Entries without length count for nothing, wherever they point. */
    entries[0] = (struct virtio_gpu_mem_entry){.addr = UINT64_MAX, .length = 0};
    guest_gpu_ok(GPU, gpu_attach(1, entries, 1));
    guest_gpu_expect(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), 0), PARAMETER);
    guest_gpu_ok(GPU, gpu_detach(1));
    /* Only read: the rings and the answers survive being pictures. */
    entries[0] = (struct virtio_gpu_mem_entry){.addr = ring->desc, .length = 4096};
    entries[1] = (struct virtio_gpu_mem_entry){.addr = ring->used & ~4095ull, .length = 4096};
    entries[2] = (struct virtio_gpu_mem_entry){.addr = GPU->slots[0][0].response, .length = 4096};
    entries[3] = entries[0];
    guest_gpu_ok(GPU, gpu_attach(1, entries, 4));
    for (unsigned i = 0; i < 200; i++) {
        struct gpu_command transfer = gpu_transfer(1, rect_of(0, 0, 64, 64), 0);

        guest_gpu_send(GPU, &transfer, VIRTIO_GPU_RESP_OK_NODATA);
    }
    guest_gpu_settle(GPU);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Each command with no room for its answer, and its header byte by byte. */
static void awkward_buffers(void **state)
{
    const struct gpu_command commands[] = {
        gpu_display_info(),
        gpu_edid(0),
        gpu_create_2d(3, 1, 8, 8),
        gpu_unref(3),
        gpu_attach(3, NULL, 0),
        gpu_detach(3),
        gpu_transfer(3, rect_of(0, 0, 1, 1), 0),
        gpu_set_scanout(0, 3, rect_of(0, 0, 8, 8)),
        gpu_flush(3, rect_of(0, 0, 8, 8)),
        gpu_bare(0x10d, GPU_CONTROL_QUEUE),
    };

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct gpu_command command = commands[i];
        struct gpu_answer answer;

        command.response_size = 0;
        guest_gpu_call_answer(GPU, &command, &answer);
        assert_int_equal(answer.used_len, 0);
        GPU->layout.request_parts = 56; /* more than any has bytes */
        GPU->layout.response_parts = 24;
        command.response_size = 24;
        guest_gpu_call_answer(GPU, &command, &answer);
        assert_int_equal(answer.used_len, 24);
        GPU->layout.request_parts = GPU->layout.response_parts = 1;
    }
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

static uint32_t edge_value(uint64_t *random)
{
    static const uint32_t values[] = {
        0,          1,           2,           3,          15,    16,    63,    64,
        65,         255,         4095,        4096,       16384, 16385, 65535, 65536,
        0x7fffffff, 0x80000000u, 0xfffffffeu, UINT32_MAX, 1,     2};

    return values[check_random_below(random, sizeof(values) / sizeof(values[0]))];
}

static struct gpu_command random_command(uint64_t *random,
                                         const struct virtio_gpu_mem_entry *entries)
{
    uint32_t id = check_random_below(random, 6);
    struct gpu_rect rect = rect_of(check_random_below(random, 70), check_random_below(random, 70),
                                   check_random_below(random, 70), check_random_below(random, 70));

    switch (check_random_below(random, 11)) {
    case 0:
        return gpu_create_2d(id, 1 + check_random_below(random, 4), check_random_below(random, 130),
                             check_random_below(random, 130));
    case 1:
        return gpu_unref(id);
    case 2:
        return gpu_attach(id, entries, check_random_below(random, 9));
    case 3:
        return gpu_detach(id);
    case 4:
    case 5:
        return gpu_transfer(id, rect, check_random_below(random, 20000));
    case 6:
        return gpu_set_scanout(check_random_below(random, 3), id, rect);
    case 7:
        return gpu_flush(id, rect);
    case 8:
        return gpu_update_cursor(check_random_below(random, 3), id, rect.x, rect.y, rect.width,
                                 rect.height);
    case 9:
        return gpu_edid(check_random_below(random, 3));
    default:
        return gpu_display_info();
    }
}

/* Mutated: words of the body, its size, the room for the answer. */
static void mutate(struct gpu_command *command, uint64_t *random)
{
    size_t words = command->size / 4;

    for (unsigned n = check_random_below(random, 3); n > 0; n--) {
        size_t word = 6 + check_random_below(random, (uint32_t)(words > 6 ? words - 6 : 1));
        uint32_t value = edge_value(random);

        memcpy(command->u.bytes + 4 * word, &value, sizeof(value));
    }
    if (check_random_below(random, 10) == 0)
        command->size = 1 + check_random_below(random, (uint32_t)command->size);
    if (check_random_below(random, 10) == 0)
        command->response_size = check_random_below(random, 60);
}

static void random_mutations(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"}};
    struct virtio_gpu_mem_entry entries[8];
    struct guest_flat flat;
    uint64_t random = 0x5eed;

    (void)state;
    guest_machine_start(&machine, &options);
    for (unsigned i = 0; i < 8; i++)
        entries[i] = (struct virtio_gpu_mem_entry){
            .addr = guest_ram_alloc(&machine.ram, 8192, 4096), .length = 1000 * (i + 1)};
    for (unsigned i = 0; i < 60000; i++) {
        struct gpu_command command = random_command(&random, entries);

        if (i == 20000) {
            guest_machine_reset(&machine);
            guest_flat_begin(&flat, &machine);
        }
        GPU->layout.request_parts = 1 + check_random_below(&random, 4);
        mutate(&command, &random);
        guest_gpu_send(GPU, &command, GPU_ANY_RESPONSE);
    }
    guest_gpu_settle(GPU);
    guest_machine_reset(&machine);
    GPU->layout.request_parts = 1;
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* The log of a hostile guest is short. */
static void the_log_is_limited(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    for (unsigned i = 0; i < 20000; i++) {
        struct gpu_command command = gpu_unref(4711);

        guest_gpu_send(GPU, &command, VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
    }
    guest_gpu_settle(GPU);
    CHECK(oriel_process_log_lines(&machine.oriel, "RESOURCE_UNREF") > 0, "nothing is logged");
    CHECK(oriel_process_log_lines(&machine.oriel, "") < 200, "%u lines",
          oriel_process_log_lines(&machine.oriel, ""));
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(refused_backings_keep_nothing),
        GUEST_TEST(unref_in_use),
        GUEST_TEST(sixteen_scanouts),
        GUEST_TEST(backings_anywhere),
        GUEST_TEST(awkward_buffers),
        GUEST_TEST(random_mutations),
        GUEST_TEST(the_log_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
