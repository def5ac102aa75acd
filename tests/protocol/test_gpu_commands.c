// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to each 2D command, right and wrong (virtio 1.2, 5.7.6.8). */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

static struct guest_machine machine;

#define GPU (&machine.gpu)
#define RESOURCE_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define SCANOUT_ID VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER

static struct gpu_rect rect_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    return (struct gpu_rect){x, y, width, height};
}

static const struct guest_machine_options two_heads = {.oriel.settings = {"gpu.heads=2"}};

/* Rectangles that do not lie inside 100x60, sums that wrap among them. */
static const struct gpu_rect outside[] = {
    {0, 0, 101, 60},
    {0, 0, 100, 61},
    {1, 0, 100, 60},
    {0, 1, 100, 60},
    {100, 0, 1, 1},
    {0, 60, 1, 1},
    {101, 0, 0, 1},
    {UINT32_MAX, 0, 2, 1},
    {0, UINT32_MAX, 1, 2},
    {UINT32_MAX, UINT32_MAX, 1, 1},
    {1, 1, UINT32_MAX, 1},
    {1, 1, 1, UINT32_MAX},
    {0x80000000u, 0, 0x80000001u, 1},
    {0, 0x80000000u, 1, 0x80000001u},
    {0, 0, UINT32_MAX, UINT32_MAX},
};
#define NOUTSIDE (sizeof(outside) / sizeof(outside[0]))

static struct virtio_gpu_mem_entry entry_of(uint32_t size)
{
    return (struct virtio_gpu_mem_entry){.addr = guest_ram_alloc(&machine.ram, size, 4096),
                                         .length = size};
}

static void create_and_unref(void **state)
{
    static const uint32_t formats[] = {1, 2, 3, 4, 67, 68, 121, 134};

    (void)state;
    guest_machine_start(&machine, NULL);
    for (uint32_t i = 0; i < 8; i++)
        guest_gpu_ok(GPU, gpu_create_2d(10 + i, formats[i], 64 + i, 3));
    guest_gpu_expect(GPU, gpu_create_2d(0, 1, 8, 8), RESOURCE_ID);
    guest_gpu_expect(GPU, gpu_create_2d(10, 1, 8, 8), RESOURCE_ID);
    for (uint32_t format = 0; format < 300; format++) {
        bool known = false;

        for (unsigned i = 0; i < 8; i++)
            known = known || formats[i] == format;
        if (!known)
            guest_gpu_expect(GPU, gpu_create_2d(99, format, 8, 8), PARAMETER);
    }
    guest_gpu_expect(GPU, gpu_create_2d(99, UINT32_MAX, 8, 8), PARAMETER);
    for (uint32_t i = 0; i < 8; i++)
        guest_gpu_ok(GPU, gpu_unref(10 + i));
    guest_gpu_expect(GPU, gpu_unref(10), RESOURCE_ID);
    guest_gpu_expect(GPU, gpu_unref(0), RESOURCE_ID);
    guest_gpu_expect(GPU, gpu_unref(99), RESOURCE_ID);
    guest_gpu_ok(GPU, gpu_create_2d(UINT32_MAX, 1, 8, 8));
    guest_gpu_ok(GPU, gpu_unref(UINT32_MAX));
    guest_machine_finish(&machine);
}

/* No size may allocate less than its pixels need, or everything there is. */
static void sizes_of_resources(void **state)
{
    static const uint32_t sizes[][2] = {
        {0, 0},
        {0, 16},
        {16, 0},
        {1, 0x80000000u},
        {0x10000, 0x10000},
        {UINT32_MAX, 1},
        {1, UINT32_MAX},
        {UINT32_MAX, UINT32_MAX},
        {0x40000000u, 1},
        {0x40000001u, 4},
        {0x8000, 0x8000},
    };

    (void)state;
    guest_machine_start(&machine, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t response = guest_gpu_call(GPU, gpu_create_2d(7, 1, sizes[i][0], sizes[i][1]));

        CHECK(response == PARAMETER || response == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY, "%ux%u: 0x%x",
              sizes[i][0], sizes[i][1], response);
        guest_gpu_expect(GPU, gpu_transfer(7, rect_of(0, 0, 1, 1), 0), RESOURCE_ID);
    }
    guest_gpu_ok(GPU, gpu_create_2d(7, 1, 16384, 1));
    guest_gpu_ok(GPU, gpu_create_2d(8, 1, 1, 16384));
    guest_machine_finish(&machine);
}

/* More than all may have together is OUT_OF_MEMORY; what is given back can be
 * had again. */
static void memory_of_all_resources_is_limited(void **state)
{
    uint32_t n = 0;

    (void)state;
    guest_machine_start(&machine, NULL);
    while (guest_gpu_call(GPU, gpu_create_2d(n + 1, 1, 4096, 4096)) == VIRTIO_GPU_RESP_OK_NODATA)
        CHECK(++n < 1000, "no limit within %u MiB", n * 64);
    CHECK(n >= 4, "only %u MiB", n * 64);
    guest_gpu_expect(GPU, gpu_create_2d(n + 1, 1, 4096, 4096), VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
    guest_gpu_ok(GPU, gpu_unref(1));
    guest_gpu_ok(GPU, gpu_create_2d(n + 1, 1, 4096, 4096));
    guest_gpu_expect(GPU, gpu_create_2d(n + 2, 1, 4096, 4096), VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
    /* Untouched memory costs nothing. */
    CHECK(oriel_process_memory_kib(&machine.oriel) < 300 * 1024, "%ld KiB",
          oriel_process_memory_kib(&machine.oriel));
    guest_machine_finish(&machine);
}

static void attach_and_detach(void **state)
{
    struct virtio_gpu_mem_entry entry;
    struct gpu_command command;

    (void)state;
    guest_machine_start(&machine, NULL);
    entry = entry_of(64 * 64 * 4);
    guest_gpu_expect(GPU, gpu_attach(1, &entry, 1), RESOURCE_ID);
    guest_gpu_expect(GPU, gpu_detach(1), RESOURCE_ID);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    guest_gpu_refused(GPU, gpu_detach(1));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_refused(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
    guest_gpu_ok(GPU, gpu_detach(1));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
    guest_gpu_refused(GPU, gpu_detach(1));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_ok(GPU, gpu_unref(1));

    /* Fewer entries than said, many more, and one that is cut in two. */
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    command = gpu_attach(1, &entry, 1);
    command.u.attach.nr_entries = 2;
    guest_gpu_refused(GPU, command);
    command.u.attach.nr_entries = UINT32_MAX;
    guest_gpu_refused(GPU, command);
    command.u.attach.nr_entries = 0x10000000;
    guest_gpu_refused(GPU, command);
    command.u.attach.nr_entries = 1;
    command.tail_size = 15;
    guest_gpu_refused(GPU, command);
    guest_gpu_refused(GPU, gpu_detach(1));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 64, 64), 0));
    guest_machine_finish(&machine);
}

/* No entries: attached, but no byte can be read of it. */
static void backing_of_no_entries(void **state)
{
    uint32_t response;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    response = guest_gpu_call(GPU, gpu_attach(1, NULL, 0));
    CHECK(response == VIRTIO_GPU_RESP_OK_NODATA || response == PARAMETER, "0x%x", response);
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), 0));
    guest_gpu_ok(GPU, gpu_unref(1));
    guest_machine_finish(&machine);
}

static void transfer_limits(void **state)
{
    struct virtio_gpu_mem_entry entry;
    const uint32_t stride = 100 * 4, size = stride * 60;

    (void)state;
    guest_machine_start(&machine, NULL);
    entry = entry_of(size);
    guest_gpu_expect(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), 0), RESOURCE_ID);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 100, 60));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(0, 0, 100, 60), 0));
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(99, 59, 1, 1), size - 4));
    guest_gpu_ok(GPU, gpu_transfer(1, rect_of(100, 60, 0, 0), 0));
    for (size_t i = 0; i < NOUTSIDE; i++)
        guest_gpu_expect(GPU, gpu_transfer(1, outside[i], 0), PARAMETER);

    /* Sources that end behind the backing, by a byte and by a world. */
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 100, 60), 1));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), size - 3));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 2), size - 4));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), size));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), 1ull << 32));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), UINT64_MAX));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 1, 1), UINT64_MAX - 3));
    guest_gpu_refused(GPU, gpu_transfer(1, rect_of(0, 0, 100, 60), UINT64_MAX - size + 1));
    guest_machine_finish(&machine);
}

static void flush_limits(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_expect(GPU, gpu_flush(1, rect_of(0, 0, 1, 1)), RESOURCE_ID);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 100, 60));
    for (unsigned shown = 0; shown < 2; shown++) {
        guest_gpu_ok(GPU, gpu_flush(1, rect_of(0, 0, 100, 60)));
        guest_gpu_ok(GPU, gpu_flush(1, rect_of(100, 60, 0, 0)));
        for (size_t i = 0; i < NOUTSIDE; i++)
            guest_gpu_expect(GPU, gpu_flush(1, outside[i]), PARAMETER);
        guest_gpu_ok(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 100, 60)));
    }
    guest_machine_finish(&machine);
}

static void scanout_limits(void **state)
{
    struct virtio_gpu_mem_entry entry;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    entry = entry_of(100 * 60 * 4);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 100, 60));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_expect(GPU, gpu_set_scanout(0, 2, rect_of(0, 0, 16, 16)), RESOURCE_ID);
    guest_gpu_expect(GPU, gpu_set_scanout(2, 1, rect_of(0, 0, 16, 16)), SCANOUT_ID);
    guest_gpu_expect(GPU, gpu_set_scanout(16, 1, rect_of(0, 0, 16, 16)), SCANOUT_ID);
    guest_gpu_expect(GPU, gpu_set_scanout(UINT32_MAX, 1, rect_of(0, 0, 16, 16)), SCANOUT_ID);
    guest_gpu_expect(GPU, gpu_set_scanout(2, 0, rect_of(0, 0, 0, 0)), SCANOUT_ID);
    for (size_t i = 0; i < NOUTSIDE; i++)
        guest_gpu_expect(GPU, gpu_set_scanout(0, 1, outside[i]), PARAMETER);
    guest_gpu_expect(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 0, 0)), PARAMETER);
    assert_false(guest_machine_head_is_guest(&machine, 0));
    guest_gpu_ok(GPU, gpu_set_scanout(0, 1, rect_of(0, 0, 100, 60)));
    guest_gpu_ok(GPU, gpu_set_scanout(1, 1, rect_of(84, 44, 16, 16)));
    assert_true(guest_machine_head_is_guest(&machine, 0));
    assert_true(guest_machine_head_is_guest(&machine, 1));
    /* The rectangle does not matter when nothing is to be shown. */
    guest_gpu_ok(GPU, gpu_set_scanout(0, 0, outside[4]));
    guest_gpu_ok(GPU, gpu_set_scanout(1, 0, rect_of(0, 0, 0, 0)));
    assert_false(guest_machine_head_is_guest(&machine, 0));
    assert_false(guest_machine_head_is_guest(&machine, 1));
    guest_machine_finish(&machine);
}

/* The cursor queue has no answers in practice; a guest that leaves room for
 * one gets it. */
static void cursor_answers(void **state)
{
    struct gpu_command command;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    guest_gpu_ok(GPU, gpu_create_2d(2, 1, 32, 32));
    command = gpu_update_cursor(0, 1, 10, 10, 3, 4);
    assert_int_equal(guest_gpu_call(GPU, command), 0);
    command.response_size = 24;
    guest_gpu_ok(GPU, command);
    command = gpu_move_cursor(1, 1, 10, 10);
    command.response_size = 24;
    guest_gpu_ok(GPU, command);
    command = gpu_update_cursor(0, 99, 10, 10, 3, 4);
    command.response_size = 24;
    guest_gpu_expect(GPU, command, RESOURCE_ID);
    command = gpu_update_cursor(0, 2, 10, 10, 3, 4);
    command.response_size = 24;
    guest_gpu_expect(GPU, command, PARAMETER);
    command = gpu_move_cursor(2, 1, 1, 1);
    command.response_size = 24;
    guest_gpu_expect(GPU, command, SCANOUT_ID);
    command = gpu_display_info();
    command.queue = GPU_CURSOR_QUEUE;
    guest_gpu_expect(GPU, command, VIRTIO_GPU_RESP_ERR_UNSPEC);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(create_and_unref),
        GUEST_TEST(sizes_of_resources),
        GUEST_TEST(memory_of_all_resources_is_limited),
        GUEST_TEST(attach_and_detach),
        GUEST_TEST(backing_of_no_entries),
        GUEST_TEST(transfer_limits),
        GUEST_TEST(flush_limits),
        GUEST_TEST(scanout_limits),
        GUEST_TEST(cursor_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
