// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one guest may hold: bytes, resources, entries of a backing and of all,
 * sizes of scanouts, from the defaults and from the configuration. Beyond a
 * limit the answer is the specification's; what is given back can be had
 * again; and memory afterwards is what it was.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct guest_machine machine;

#define GPU (&machine.gpu)
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER

/* Row 23: 65536 resources, of one pixel and of more than a page. */
static void number_of_resources(uint32_t width, uint32_t height)
{
    struct guest_flat flat;

    guest_machine_start(&machine, NULL);
    for (unsigned round = 0; round < 4; round++) {
        uint64_t start, took;

        if (round == 2)
            guest_flat_begin(&flat, &machine);
        for (uint32_t id = 1; id <= 65536; id++) {
            struct gpu_command create = gpu_create_2d(id, 1 + id % 4, width, height);

            guest_gpu_send(GPU, &create, OK);
        }
        for (uint32_t i = 0; i < 10; i++)
            guest_gpu_expect(GPU, gpu_create_2d(65537 + i, 1, 1, 1), MEMORY);
        guest_gpu_ok(GPU, gpu_unref(30000));
        guest_gpu_ok(GPU, gpu_create_2d(65537, 1, 1, 1));
        guest_gpu_expect(GPU, gpu_create_2d(65538, 1, 1, 1), MEMORY);
        /* Every other one goes first: the holes must not get in the way. */
        for (uint32_t id = 1; round == 0 && id < 65538; id++) {
            uint32_t victim = id <= 32768 ? 2 * id : 2 * (id - 32768) - 1;
            struct gpu_command unref = gpu_unref(victim == 30000 ? 65537 : victim);

            if (victim < 65537)
                guest_gpu_send(GPU, &unref, OK);
        }
        guest_gpu_settle(GPU);
        /* The VMM waits while a reset drops them all. */
        start = check_now_us();
        guest_machine_reset(&machine);
        took = check_now_us() - start;
        print_message("a reset with %u resources: %llu us\n", round == 0 ? 0 : 65536,
                      (unsigned long long)took);
        CHECK(took < 150000 * oriel_patience(), "%llu us", (unsigned long long)took);
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

static void row_23_number_of_pixels(void **state)
{
    (void)state;
    number_of_resources(1, 1);
}

static void row_23_number_of_pictures(void **state)
{
    (void)state;
    number_of_resources(64, 40);
}

/* Row 23: bytes up to the limit, touched, so that they are really there. */
static void row_23_bytes_of_resources(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.max-resource-bytes=64M"}};
    struct virtio_gpu_mem_entry entry = {.length = 2048 * 2048 * 4};
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, &options);
    entry.addr = guest_ram_alloc(&machine.ram, entry.length, 4096);
    for (unsigned round = 0; round < 5; round++) {
        if (round == 1)
            guest_flat_begin(&flat, &machine);
        for (uint32_t id = 1; id <= 4; id++) {
            guest_gpu_ok(GPU, gpu_create_2d(id, 2, 2048, 2048));
            guest_gpu_ok(GPU, gpu_attach(id, &entry, 1));
            guest_gpu_ok(GPU, gpu_transfer(id, (struct gpu_rect){0, 0, 2048, 2048}, 0));
        }
        guest_gpu_expect(GPU, gpu_create_2d(5, 2, 1, 1), MEMORY);
        if (round > 0)
            CHECK(oriel_process_memory_kib(&machine.oriel) <
                      flat.before_kib + 66 * 1024 + 2048 * (long)oriel_patience(),
                  "%ld KiB with 64 MiB of pictures", oriel_process_memory_kib(&machine.oriel));
        guest_gpu_ok(GPU, gpu_unref(1));
        guest_gpu_expect(GPU, gpu_create_2d(5, 2, 2049, 2048), MEMORY);
        guest_gpu_ok(GPU, gpu_create_2d(5, 2, 2048, 2048));
        for (uint32_t id = 2; id <= 5; id++)
            guest_gpu_ok(GPU, gpu_unref(id));
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Entries of one backing, and of all of them: here 4096 for 16 MiB and one
 * for each of 16 resources. */
static void entries_of_backings(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.max-resource-bytes=16M", "gpu.max-resources=16",
                           "gpu.max-backing-entries=1000"}};
    struct virtio_gpu_mem_entry entries[1001];
    struct guest_flat flat;

    (void)state;
    guest_machine_start(&machine, &options);
    for (unsigned i = 0; i < 1001; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = 0x100000, .length = 16};
    for (unsigned round = 0; round < 20; round++) {
        if (round == 2)
            guest_flat_begin(&flat, &machine);
        for (uint32_t id = 1; id <= 16; id++)
            guest_gpu_ok(GPU, gpu_create_2d(id, 1, 8, 8));
        guest_gpu_expect(GPU, gpu_create_2d(17, 1, 8, 8), MEMORY);
        guest_gpu_expect(GPU, gpu_attach(1, entries, 1001), PARAMETER);
        for (uint32_t id = 1; id <= 4; id++)
            guest_gpu_ok(GPU, gpu_attach(id, entries, 1000));
        guest_gpu_expect(GPU, gpu_attach(5, entries, 113), MEMORY);
        guest_gpu_ok(GPU, gpu_attach(5, entries, 112));
        guest_gpu_expect(GPU, gpu_attach(6, entries, 1), MEMORY);
        guest_gpu_ok(GPU, gpu_attach(6, entries, 0));
        guest_gpu_ok(GPU, gpu_detach(2));
        guest_gpu_ok(GPU, gpu_attach(7, entries, 1000));
        guest_gpu_ok(GPU, gpu_unref(1));
        guest_gpu_ok(GPU, gpu_attach(8, entries, 1000));
        guest_gpu_expect(GPU, gpu_attach(9, entries, 1), MEMORY);
        guest_machine_reset(&machine);
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* A number of entries that is only said costs nothing; one that is there costs
 * a bounded time on the loop. */
static void attaching_takes_bounded_time(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.max-backing-entries=65536"}};
    static struct virtio_gpu_mem_entry entries[65500]; /* a test's buffer holds no more */
    struct gpu_command huge = gpu_attach(1, NULL, 1u << 20), attach = gpu_attach(1, entries, 65500);
    uint64_t best = UINT64_MAX;

    (void)state;
    guest_machine_start(&machine, &options);
    guest_gpu_ok(GPU, gpu_create_2d(1, 2, 64, 64));
    huge.u.attach.nr_entries = 1u << 20;
    huge.tail_size = 0;
    guest_gpu_expect(GPU, huge, PARAMETER);
    huge.u.attach.nr_entries = UINT32_MAX;
    guest_gpu_expect(GPU, huge, PARAMETER);
    huge.u.attach.nr_entries = 65536; /* of which none is there */
    guest_gpu_expect(GPU, huge, PARAMETER);
    for (unsigned i = 0; i < 65500; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = 0x100000 + i * 3001ull, .length = 3000};
    for (unsigned i = 0; i < 10; i++) {
        uint64_t took;

        GPU->hold = true;
        guest_gpu_send(GPU, &attach, OK);
        GPU->hold = false;
        took = check_now_us();
        guest_gpu_settle(GPU);
        took = check_now_us() - took;
        best = took < best ? took : best;
        guest_gpu_ok(GPU, gpu_detach(1));
    }
    print_message("65500 entries are attached in %llu us\n", (unsigned long long)best);
    CHECK(best < 20000 * oriel_patience(), "%llu us", (unsigned long long)best);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

static void sizes_of_scanouts(void **state)
{
    const struct guest_machine_options options = {
        .oriel.settings = {"gpu.max-scanout-size=1024", "head.0.mode=1024x1024"}};

    (void)state;
    guest_machine_start(&machine, &options);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 1025, 1025));
    guest_gpu_ok(GPU, gpu_set_scanout(0, 1, (struct gpu_rect){1, 1, 1024, 1024}));
    guest_gpu_expect(GPU, gpu_set_scanout(0, 1, (struct gpu_rect){0, 0, 1025, 1024}), PARAMETER);
    guest_gpu_expect(GPU, gpu_set_scanout(0, 1, (struct gpu_rect){0, 0, 16, 1025}), PARAMETER);
    assert_true(guest_machine_head_is_guest(&machine, 0));
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

static uint64_t counter(json_t *status, const char *name)
{
    json_t *errors = json_object_get(json_object_get(status, "gpu"), "guest_errors");
    json_t *value = json_object_get(errors, name);

    CHECK(json_is_integer(value), "no counter %s", name);
    return (uint64_t)json_integer_value(value);
}

/* Mistakes are counted by kind; the log has a few lines of each. */
static void mistakes_are_counted(void **state)
{
    const struct gpu_rect rect = {0, 0, 64, 64};
    uint16_t head;
    static int token;
    uint32_t used_len;
    json_t *status;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    for (unsigned i = 0; i < 300; i++) {
        const struct {
            struct gpu_command command;
            uint32_t answer;
        } mistakes[] = {
            {gpu_unref(4711), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID},
            {gpu_edid(9), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID},
            {gpu_flush(1, (struct gpu_rect){0, 0, 65, 1}), PARAMETER},
            {gpu_create_2d(2, 1, 0x8000, 0x8000), MEMORY},
            {gpu_transfer(1, rect, 0), VIRTIO_GPU_RESP_ERR_UNSPEC},
        };

        for (size_t j = 0; j < sizeof(mistakes) / sizeof(mistakes[0]); j++)
            if (i % (j + 1) == 0)
                guest_gpu_send(GPU, &mistakes[j].command, mistakes[j].answer);
    }
    guest_gpu_settle(GPU);
    guest_ring_reserve(&GPU->rings[0], &head, 1);
    guest_ring_set_desc(&GPU->rings[0], head,
                        &(struct vring_desc){.flags = VRING_DESC_F_NEXT, .next = head});
    guest_ring_add_raw(&GPU->rings[0], head, &token);
    guest_ring_publish(&GPU->rings[0]);
    machine.transport->ops->kick(machine.transport, 0);
    while (guest_ring_take(&GPU->rings[0], &used_len) == NULL)
        assert_int_equal(front_end_sync(&machine.front_end), 0);
    GPU->sent[0]++;
    GPU->answered[0]++;
    guest_ring_set_avail_index(&GPU->rings[0], (uint16_t)(GPU->rings[0].avail_idx + 1000));
    machine.transport->ops->kick(machine.transport, 0);
    assert_int_equal(front_end_sync(&machine.front_end), 0);
    assert_int_equal(front_end_sync(&machine.front_end), 0);

    status = oriel_process_request(&machine.oriel, "status", NULL);
    assert_int_equal(counter(status, "invalid_resource_id"), 300);
    assert_int_equal(counter(status, "invalid_scanout_id"), 150);
    assert_int_equal(counter(status, "invalid_parameter"), 100);
    assert_int_equal(counter(status, "out_of_memory"), 75);
    assert_int_equal(counter(status, "unspecified"), 60);
    assert_int_equal(counter(status, "malformed_chain"), 1);
    assert_int_equal(counter(status, "corrupt_ring"), 1);
    assert_int_equal(counter(status, "lost_memory"), 0);
    json_decref(status);
    assert_in_range(oriel_process_log_lines(&machine.oriel, "RESOURCE_UNREF"), 1, 12);
    assert_in_range(oriel_process_log_lines(&machine.oriel, "GET_EDID"), 1, 12);
    assert_int_equal(oriel_process_log_lines(&machine.oriel, "descriptor chain is malformed"), 1);
    assert_int_equal(oriel_process_log_lines(&machine.oriel, "ring is corrupt"), 1);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(row_23_number_of_pixels),
        GUEST_TEST(row_23_number_of_pictures),
        GUEST_TEST(row_23_bytes_of_resources),
        GUEST_TEST(entries_of_backings),
        GUEST_TEST(attaching_takes_bounded_time),
        GUEST_TEST(sizes_of_scanouts),
        GUEST_TEST(mistakes_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
