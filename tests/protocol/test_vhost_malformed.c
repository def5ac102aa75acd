// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that mean harm: descriptors and rings that no driver would make. A
 * bad chain comes back with no bytes written and the next good one works; a
 * corrupt ring is silent until the driver starts it anew. The VMM always gets
 * its answers.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>
#include <unistd.h>

static struct guest_machine machine;
static uint16_t free_descriptors[8];
static uint64_t page; /* of guest memory, 16 KiB, for whatever */
static int token;

#define GPU (&machine.gpu)
#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static void start(const struct guest_machine_options *options)
{
    struct gpu_command command = gpu_display_info();

    guest_machine_start(&machine, options);
    guest_ring_reserve(&GPU->rings[0], free_descriptors, 8);
    page = guest_ram_alloc(&machine.ram, 16384, 4096);
    guest_ram_write(&machine.ram, page, &command.u, 24);
}

/* Makes the chain that starts at `head` available and waits until it comes
 * back; returns the bytes that the device says it wrote. */
static uint32_t post(uint16_t head)
{
    struct guest_ring *ring = &GPU->rings[0];
    uint32_t used_len;

    guest_ring_add_raw(ring, head, &token);
    GPU->sent[0]++;
    if (guest_ring_publish(ring))
        machine.transport->ops->kick(machine.transport, 0);
    while (guest_ring_arm(ring))
        CHECK(machine.transport->ops->wait(machine.transport, 0, 5000) == 0,
              "a chain does not come back");
    CHECK(guest_ring_take(ring, &used_len) == &token, "another chain came back");
    GPU->answered[0]++;
    return used_len;
}

static void set(unsigned n, uint64_t addr, uint32_t len, uint16_t flags, unsigned next)
{
    struct vring_desc desc = {.addr = addr,
                              .len = len,
                              .flags = flags,
                              .next = next < 8 ? free_descriptors[next] : (uint16_t)next};

    guest_ring_set_desc(&GPU->rings[0], free_descriptors[n], &desc);
}

static void expect_nothing_written(const char *what)
{
    uint32_t used_len = post(free_descriptors[0]);

    CHECK(used_len == 0, "%s: %u bytes written", what, used_len);
    guest_machine_ping(&machine);
}

static void good_chain_works(void)
{
    set(0, page, 24, NEXT, 1);
    set(1, page + 4096, 408, WRITE, 0);
    assert_int_equal(post(free_descriptors[0]), 408);
}

static void chains_that_never_end(void **state)
{
    (void)state;
    start(NULL);
    good_chain_works();
    set(0, page, 24, NEXT, 0);
    expect_nothing_written("next is itself");
    set(0, page, 24, NEXT, 1);
    set(1, page, 24, NEXT, 2);
    set(2, page + 4096, 408, WRITE | NEXT, 1);
    expect_nothing_written("a loop of two");
    set(0, page, 24, NEXT, 64);
    expect_nothing_written("next is the ring's size");
    set(0, page, 24, NEXT, 0xffff);
    expect_nothing_written("next is 65535");
    good_chain_works();
    guest_machine_finish(&machine);
}

static void addresses_outside_of_memory(void **state)
{
    static const uint64_t bad[] = {0xc0000,    0xbffff,        0x80000000u, 64 * GUEST_RAM_GIB,
                                   UINT64_MAX, UINT64_MAX - 23};

    (void)state;
    start(NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(0, bad[i], 24, NEXT, 1);
        set(1, page + 4096, 408, WRITE, 0);
        expect_nothing_written("request outside");
        set(0, page, 24, NEXT, 1);
        set(1, bad[i], 408, WRITE, 0);
        expect_nothing_written("response outside");
    }
    set(0, page, UINT32_MAX, NEXT, 1);
    set(1, page + 4096, 408, WRITE, 0);
    expect_nothing_written("request of 4 GiB");
    set(0, page, 24, NEXT, 1);
    set(1, page, UINT32_MAX, WRITE, 0);
    expect_nothing_written("response of 4 GiB");
    good_chain_works();
    guest_machine_finish(&machine);
}

static void empty_and_reversed_chains(void **state)
{
    (void)state;
    start(NULL);
    set(0, page + 4096, 408, WRITE | NEXT, 1);
    set(1, page, 24, 0, 0);
    expect_nothing_written("writable before readable");
    set(0, page, 0, 0, 0);
    expect_nothing_written("no bytes at all");
    set(0, UINT64_MAX, 0, NEXT, 1);
    set(1, page, 24, 0, 0);
    expect_nothing_written("an empty descriptor anywhere");
    set(0, page + 4096, 408, WRITE, 0);
    CHECK(post(free_descriptors[0]) == 24, "no request, but room for an error");
    set(0, page, 24, 0xfff8, 0);
    expect_nothing_written("flags that nobody knows");
    good_chain_works();
    guest_machine_finish(&machine);
}

static void write_table(unsigned n, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    struct vring_desc desc = {.addr = addr, .len = len, .flags = flags, .next = next};

    guest_ram_write(&machine.ram, page + 8192 + n * sizeof(desc), &desc, sizeof(desc));
}

static void indirect_tables(void **state)
{
    static const uint32_t lengths[] = {0, 1, 15, 17, 65535, 65535 * 16, 0xfffffff0u};
    const uint64_t table = 0x200000 + 32 * GUEST_RAM_MIB;

    (void)state;
    start(NULL);
    write_table(0, page, 24, NEXT, 1);
    write_table(1, page + 4096, 408, WRITE, 0);
    set(0, page + 8192, 32, INDIRECT, 0);
    assert_int_equal(post(free_descriptors[0]), 408);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        /* Every entry names the next: as long as the table is. */
        for (uint32_t n = 0; i == 5 && n < 65535; n++) {
            struct vring_desc desc = {
                .addr = page, .len = 1, .flags = NEXT, .next = (uint16_t)(n + 1)};

            guest_ram_write(&machine.ram, table + n * sizeof(desc), &desc, sizeof(desc));
        }
        set(0, i == 5 ? table : page + 8192, lengths[i], INDIRECT, 0);
        expect_nothing_written("a table of a bad length");
    }
    write_table(0, page + 8192, 32, INDIRECT, 0);
    set(0, page + 8192, 32, INDIRECT, 0);
    expect_nothing_written("a table in a table");
    write_table(0, page, 24, NEXT, 2);
    expect_nothing_written("next outside of the table");
    write_table(0, page, 24, NEXT, 0);
    expect_nothing_written("a loop in the table");
    set(0, UINT64_MAX - 31, 32, INDIRECT, 0);
    expect_nothing_written("a table outside of memory");
    set(0, 0xc0000 - 16, 32, INDIRECT, 0);
    expect_nothing_written("a table that ends outside");
    write_table(0, page, 24, NEXT, 1);
    set(0, page + 8192, 32, INDIRECT | NEXT, 1);
    set(1, page + 4096, 408, WRITE, 0);
    expect_nothing_written("a table with a next");
    set(0, page + 8192, 32, INDIRECT, 0);
    assert_int_equal(post(free_descriptors[0]), 408);
    guest_machine_finish(&machine);
}

/* A table where the feature was not accepted. */
static void indirect_without_the_feature(void **state)
{
    const struct guest_machine_options options = {.refuse_features =
                                                      GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC)};

    (void)state;
    start(&options);
    write_table(0, page, 24, NEXT, 1);
    write_table(1, page + 4096, 408, WRITE, 0);
    set(0, page + 8192, 32, INDIRECT, 0);
    expect_nothing_written("a table");
    guest_machine_finish(&machine);
}

static void lay_out_huge(struct guest_ram *ram)
{
    guest_ram_add(ram, 0, 8 * GUEST_RAM_GIB, 0); /* never touched: costs nothing */
}

/* Lengths that sum up to more than 32 bits hold. */
static void chains_of_many_gigabytes(void **state)
{
    const struct guest_machine_options options = {.lay_out = lay_out_huge};

    (void)state;
    start(&options);
    set(0, page, 24, NEXT, 1);
    set(1, GUEST_RAM_GIB, 0xfffff000u, NEXT, 2);
    set(2, GUEST_RAM_GIB, 0xfffff000u, NEXT, 3);
    set(3, page + 4096, 408, WRITE | NEXT, 4);
    set(4, 2 * GUEST_RAM_GIB, 0xfffff000u, WRITE | NEXT, 5);
    set(5, 2 * GUEST_RAM_GIB, 0xfffff000u, WRITE, 0);
    assert_int_equal(post(free_descriptors[0]), 408);
    good_chain_works();
    guest_machine_finish(&machine);
}

/* What the guest cannot repair it gets back by starting the ring anew. */
static void restart_and_draw(void)
{
    struct guest_surface surface;
    struct guest_image image;

    assert_int_equal(front_end_sync(&machine.front_end), 0);
    assert_true(oriel_process_alive(&machine.oriel));
    guest_machine_reset(&machine);
    guest_image_init(&image, 100, 100);
    guest_image_fill_pattern(&image, 2);
    guest_surface_init(&surface, GPU, 1, 1, 100, 100, GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "after the ring's restart");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
}

static void kick(void)
{
    for (unsigned i = 0; i < 5; i++) {
        machine.transport->ops->kick(machine.transport, 0);
        assert_int_equal(front_end_sync(&machine.front_end), 0);
    }
}

static void corrupt_rings(void **state)
{
    static const uint16_t jumps[] = {65, 66, 1000, 32768, 65535};
    unsigned long long before;

    (void)state;
    start(NULL);
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        struct guest_ring *ring = &GPU->rings[0];

        guest_machine_ping(&machine);
        guest_ring_set_avail_index(ring, (uint16_t)(ring->avail_idx + jumps[i]));
        kick();
        assert_int_equal(guest_ring_device_used(ring), ring->used_idx);
        before = oriel_process_cpu_us(&machine.oriel);
        usleep(200000);
        CHECK(oriel_process_cpu_us(&machine.oriel) - before < 50000, "busy with a corrupt ring");
        restart_and_draw();
    }
    guest_machine_finish(&machine);
}

/* Heads that are no descriptors. */
static void heads_outside_of_the_ring(void **state)
{
    static const uint16_t heads[] = {64, 65, 0x7fff, 0xffff};

    (void)state;
    start(NULL);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        guest_ring_add_raw(&GPU->rings[0], heads[i], &token);
        guest_ring_publish(&GPU->rings[0]);
        kick();
        restart_and_draw();
    }
    guest_machine_finish(&machine);
}

/* The answer goes where the guest says, its own rings included. */
static void answers_onto_the_rings(void **state)
{
    uint64_t places[3];

    (void)state;
    start(NULL);
    places[0] = GPU->rings[0].used;
    places[1] = GPU->rings[0].desc;
    places[2] = GPU->rings[0].avail;
    for (unsigned i = 0; i < 3; i++) {
        guest_ring_reserve(&GPU->rings[0], free_descriptors, 8);
        set(0, page, 24, NEXT, 1);
        set(1, places[i], 408, WRITE, 0);
        guest_ring_add_raw(&GPU->rings[0], free_descriptors[0], &token);
        guest_ring_publish(&GPU->rings[0]);
        kick();
        restart_and_draw();
    }
    guest_machine_finish(&machine);
}

static void a_storm_of_kicks(void **state)
{
    unsigned long long before;

    (void)state;
    start(NULL);
    for (unsigned i = 0; i < 50000; i++) {
        machine.transport->ops->kick(machine.transport, i % 2);
        if (i % 1000 == 0)
            guest_machine_ping(&machine);
    }
    assert_int_equal(front_end_sync(&machine.front_end), 0);
    guest_gpu_settle(GPU);
    usleep(100000);
    before = oriel_process_cpu_us(&machine.oriel);
    usleep(300000);
    CHECK(oriel_process_cpu_us(&machine.oriel) - before < 50000, "busy after the storm");
    guest_machine_finish(&machine);
}

/* A ring full of bad chains, again and again: no stack, no heap, no time. */
static void many_bad_chains(void **state)
{
    struct guest_ring *ring;
    long before = 0;

    (void)state;
    start(NULL);
    ring = &GPU->rings[0];
    set(0, page, 24, NEXT, 0);
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(post(free_descriptors[0]), 0);
        if (i == 2000)
            before = oriel_process_memory_kib(&machine.oriel);
    }
    CHECK(oriel_process_memory_kib(&machine.oriel) < before + 2048, "memory grows");
    CHECK(oriel_process_log_lines(&machine.oriel, "") < 200, "%u lines of log",
          oriel_process_log_lines(&machine.oriel, ""));
    assert_int_equal(ring->order_count, 0);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(chains_that_never_end),
        GUEST_TEST(addresses_outside_of_memory),
        GUEST_TEST(empty_and_reversed_chains),
        GUEST_TEST(indirect_tables),
        GUEST_TEST(indirect_without_the_feature),
        GUEST_TEST(chains_of_many_gigabytes),
        GUEST_TEST(corrupt_rings),
        GUEST_TEST(heads_outside_of_the_ring),
        GUEST_TEST(answers_onto_the_rings),
        GUEST_TEST(a_storm_of_kicks),
        GUEST_TEST(many_bad_chains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
