// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that change under the device what it reads (CVE-2021-4206, 4207 and
 * their kind): a second thread of the guest flips commands, descriptors,
 * indirect tables, rings and pixels while they are worked on. What the
 * answers are depends on the moment; that each chain comes back at most once,
 * that the VMM is answered, and that the program lives, does not.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_flat.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct guest_machine machine;

#define GPU (&machine.gpu)

/* Words of guest memory that a thread writes, each with one of its values. */
struct flip {
    _Atomic uint32_t *word;
    uint32_t values[4];
};

struct flipper {
    struct flip flips[64];
    unsigned n;
    atomic_bool stop;
    pthread_t thread;
    _Atomic uint64_t rounds;
};

static struct flipper flipper;

static void *run_flips(void *user)
{
    struct flipper *f = user;
    uint64_t random = 0x1234567;

    while (!atomic_load(&f->stop)) {
        for (unsigned i = 0; i < f->n; i++)
            atomic_store_explicit(f->flips[i].word, f->flips[i].values[check_random(&random) % 4],
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&f->rounds, 1, memory_order_relaxed);
    }
    return NULL;
}

static void flip_word(uint64_t gpa, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    struct flip *flip = &flipper.flips[flipper.n++];

    assert_true(flipper.n <= 64 && gpa % 4 == 0);
    flip->word = guest_ram_host(&machine.ram, gpa, 4);
    memcpy(flip->values, (const uint32_t[]){a, b, c, d}, sizeof(flip->values));
}

static void start_flipping(void)
{
    atomic_store(&flipper.stop, false);
    assert_int_equal(pthread_create(&flipper.thread, NULL, run_flips, &flipper), 0);
    while (atomic_load(&flipper.rounds) == 0)
        usleep(100);
}

static void stop_flipping(void)
{
    atomic_store(&flipper.stop, true);
    pthread_join(flipper.thread, NULL);
    flipper.n = 0;
    atomic_store(&flipper.rounds, 0);
}

static uint32_t duration_ms(void)
{
    return guest_flat_rounds(1500, 60000) * (oriel_patience() > 1 ? 4 : 1);
}

/* A page with commands, answers and an indirect table, chained by hand. */
struct place {
    uint64_t page;
    uint16_t head;
};

static void write_desc(uint64_t gpa, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    struct vring_desc desc = {.addr = addr, .len = len, .flags = flags, .next = next};

    guest_ram_write(&machine.ram, gpa, &desc, sizeof(desc));
}

static int token;

/* Makes the chain available and waits for it; false: it does not come back. */
static bool post(uint16_t head)
{
    struct guest_ring *ring = &GPU->rings[0];
    const uint64_t until = check_now_us() + 5000000;
    uint32_t used_len;

    guest_ring_add_raw(ring, head, &token);
    guest_ring_publish(ring);
    machine.transport->ops->kick(machine.transport, 0);
    while (guest_ring_take(ring, &used_len) == NULL) {
        assert_int_equal(front_end_sync(&machine.front_end), 0);
        if (check_now_us() > until)
            return false;
    }
    GPU->sent[0]++;
    GPU->answered[0]++;
    return true;
}

/* Posts for the test's time; every chain has to come back. */
static unsigned post_for_a_while(uint16_t head)
{
    uint64_t until = check_now_us() + duration_ms() * 1000;
    unsigned n = 0;

    while (check_now_us() < until) {
        CHECK(post(head), "chain %u did not come back", n);
        n++;
    }
    return n;
}

static struct place place_new(void)
{
    struct place place = {.page = guest_ram_alloc(&machine.ram, 16384, 4096)};

    guest_ring_reserve(&GPU->rings[0], &place.head, 1);
    return place;
}

static uint64_t desc_gpa(uint16_t index)
{
    return GPU->rings[0].desc + index * sizeof(struct vring_desc);
}

/* One transfer command whose every word changes, sizes and ids between good,
 * wrapping and huge. */
static void commands_change_while_read(void **state)
{
    struct virtio_gpu_mem_entry entry = {.length = 300 * 300 * 4};
    struct gpu_command command = gpu_transfer(1, (struct gpu_rect){0, 0, 300, 300}, 0);
    struct guest_flat flat;
    struct place place;
    unsigned n;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_flat_good_guest(&machine);
    entry.addr = guest_ram_alloc(&machine.ram, entry.length, 4096);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 300, 300));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_flat_begin(&flat, &machine);
    place = place_new();
    guest_ram_write(&machine.ram, place.page, command.u.bytes, command.size);
    write_desc(desc_gpa(place.head), place.page + 8192, 32, VRING_DESC_F_INDIRECT, 0);
    write_desc(place.page + 8192, place.page, (uint32_t)command.size, VRING_DESC_F_NEXT, 1);
    write_desc(place.page + 8192 + 16, place.page + 4096, 24, VRING_DESC_F_WRITE, 0);
    flip_word(place.page, 0x105, 0x102, 0x101, 0x106);
    flip_word(place.page + 4, 0, 1, 3, UINT32_MAX);
    for (uint32_t at = 24; at < 40; at += 4) /* the rectangle */
        flip_word(place.page + at, 0, 300, 150, UINT32_MAX - 1);
    flip_word(place.page + 40, 0, 4, 0x80000000u, UINT32_MAX); /* the offset */
    flip_word(place.page + 44, 0, 0, 0, UINT32_MAX);
    flip_word(place.page + 48, 1, 1, 2, 0);
    start_flipping();
    n = post_for_a_while(place.head);
    stop_flipping();
    print_message("%u commands\n", n);
    guest_machine_reset(&machine);
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Descriptors: addresses, lengths, flags and next of a chain in the ring and
 * of its indirect table. */
static void descriptors_change_while_read(void **state)
{
    struct gpu_command command = gpu_display_info();
    struct guest_flat flat;
    struct place place;
    unsigned n;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_flat_good_guest(&machine);
    guest_flat_begin(&flat, &machine);
    place = place_new();
    guest_ram_write(&machine.ram, place.page, command.u.bytes, command.size);
    write_desc(desc_gpa(place.head), place.page + 8192, 512, VRING_DESC_F_INDIRECT, 0);
    for (uint32_t i = 0; i < 32; i++)
        write_desc(place.page + 8192 + i * 16ull, place.page, 24, VRING_DESC_F_NEXT,
                   (uint16_t)(i + 1) % 32);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t desc = place.page + 8192 + i * 16, low = place.page + 4096;

        flip_word(desc, (uint32_t)low, (uint32_t)place.page, 0xfffffff0u, 0xc0000);
        flip_word(desc + 4, 0, 0, (uint32_t)(low >> 32), UINT32_MAX);
        flip_word(desc + 8, 24, 1, 0x7fffffff, UINT32_MAX);
        /* Flags in the low half: next, write, both, indirect. */
        flip_word(desc + 12, 1 | 1u << 16, 2, 3 | 5u << 16, 4);
    }
    flip_word(desc_gpa(place.head) + 8, 512, 16, 0, UINT32_MAX);
    flip_word(desc_gpa(place.head) + 12, 4, 5, 1 | 63u << 16, 2);
    start_flipping();
    n = post_for_a_while(place.head);
    stop_flipping();
    print_message("%u chains\n", n);
    guest_machine_reset(&machine);
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* The ring's own index and entries, under a storm of kicks: the ring may be
 * given up at any moment, but never anything else. */
static void rings_change_while_read(void **state)
{
    const unsigned rounds = guest_flat_rounds(40, 1000) * (oriel_patience() > 1 ? 2 : 1);
    struct guest_flat flat;
    uint64_t until;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_flat_good_guest(&machine);
    guest_machine_reset(&machine);
    guest_flat_begin(&flat, &machine);
    for (unsigned round = 0; round < rounds; round++) {
        struct guest_ring *ring = &GPU->rings[0];
        uint64_t avail = ring->avail;

        assert_int_equal(avail % 4, 0);
        /* flags and index; entries; the event indexes behind both rings. */
        flip_word(avail, 0, 0x00010000, 0x00050000, (round % 3 == 0 ? 0xffff0000u : 0x00020001));
        for (uint32_t at = 4; at < 4 + 2 * 64; at += 32)
            flip_word(avail + at, 0, 1, 0x003f0020, 0xffff0003u);
        flip_word(avail + 4 + 2 * 64 - 4, 0, 1, 2, 3);
        flip_word(ring->used, 0, 0x00070000, 1, UINT32_MAX);
        start_flipping();
        until = check_now_us() + 20000;
        for (unsigned i = 0; check_now_us() < until; i++) {
            machine.transport->ops->kick(machine.transport, i % 2);
            if (i % 30 == 0)
                assert_int_equal(front_end_sync(&machine.front_end), 0);
        }
        stop_flipping();
        guest_machine_reset(&machine);
        guest_machine_ping(&machine);
    }
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Entries of a backing that change while they are counted and checked: what is
 * attached is what was checked. */
static void entries_change_while_attached(void **state)
{
    struct gpu_command attach = gpu_attach(1, NULL, 64);
    struct guest_flat flat;
    struct place place;
    unsigned n = 0;
    uint64_t until, good;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_flat_good_guest(&machine);
    good = guest_ram_alloc(&machine.ram, 65536, 4096);
    guest_gpu_ok(GPU, gpu_create_2d(1, 1, 64, 64));
    guest_flat_begin(&flat, &machine);
    place = place_new();
    guest_ram_write(&machine.ram, place.page, attach.u.bytes, attach.size);
    write_desc(desc_gpa(place.head), place.page + 8192, 32, VRING_DESC_F_INDIRECT, 0);
    write_desc(place.page + 8192, place.page, 32 + 64 * 16, VRING_DESC_F_NEXT, 1);
    write_desc(place.page + 8192 + 16, place.page + 4096, 24, VRING_DESC_F_WRITE, 0);
    for (uint64_t i = 0; i < 64; i++) {
        struct virtio_gpu_mem_entry entry = {.addr = good, .length = 4096};

        guest_ram_write(&machine.ram, place.page + 32 + i * 16, &entry, sizeof(entry));
    }
    flip_word(place.page + 28, 64, 4, 65, 63); /* nr_entries */
    for (uint64_t i = 0; i < 64; i += 9) {
        flip_word(place.page + 32 + i * 16, (uint32_t)good, (uint32_t)good, (uint32_t)good,
                  0x000c0000);
        flip_word(place.page + 32 + i * 16 + 8, 4096, 4096, 4095, UINT32_MAX);
    }
    start_flipping();
    until = check_now_us() + duration_ms() * 1000;
    while (check_now_us() < until) {
        struct gpu_command detach = gpu_detach(1);

        assert_true(post(place.head));
        /* Rows that lie inside what was attached, or are refused. */
        guest_gpu_call(GPU, gpu_transfer(1, (struct gpu_rect){0, 0, 64, 64}, 0));
        guest_gpu_call(GPU, detach);
        n++;
    }
    stop_flipping();
    print_message("%u attached\n", n);
    guest_flat_end(&flat);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

/* Pixels of a cursor and of a shown surface that change while they are
 * copied: each pixel is one that was there. */
static void pixels_change_while_copied(void **state)
{
    struct virtio_gpu_mem_entry entry = {.length = 512 * 512 * 4};
    const struct gpu_rect all = {0, 0, 512, 512};
    struct guest_image image;
    uint64_t until;

    (void)state;
    guest_machine_start(&machine, NULL);
    entry.addr = guest_ram_alloc(&machine.ram, entry.length, 4096);
    guest_gpu_ok(GPU, gpu_create_2d(1, 2, 512, 512));
    guest_gpu_ok(GPU, gpu_attach(1, &entry, 1));
    guest_gpu_ok(GPU, gpu_create_2d(2, 1, 64, 64));
    guest_gpu_ok(GPU, gpu_attach(2, &entry, 1));
    guest_gpu_ok(GPU, gpu_set_scanout(0, 1, all));
    for (uint32_t i = 0; i < 60; i++)
        flip_word(entry.addr + i * 4 * 997, 0x111111, 0x222222, 0x333333, 0x444444);
    start_flipping();
    until = check_now_us() + duration_ms() * 1000;
    while (check_now_us() < until) {
        struct gpu_command cursor = gpu_update_cursor(0, 2, 1, 1, UINT32_MAX, 0x80000000u);

        guest_gpu_ok(GPU, gpu_transfer(1, all, 0));
        guest_gpu_ok(GPU, gpu_transfer(2, (struct gpu_rect){0, 0, 64, 64}, 0));
        cursor.response_size = 24;
        guest_gpu_ok(GPU, cursor);
        guest_gpu_ok(GPU, gpu_flush(1, all));
    }
    guest_machine_screenshot(&machine, 0, &image);
    stop_flipping();
    assert_int_equal(image.width, 512);
    for (uint32_t i = 0; i < 512 * 512; i++) {
        uint32_t pixel = image.pixels[i] & 0xffffff;

        if (i % 997 == 0 && i / 997 < 60)
            CHECK(pixel % 0x111111 == 0 && pixel >= 0x111111 && pixel <= 0x444444, "pixel %u: 0x%x",
                  i, pixel);
        else
            CHECK(pixel == 0, "pixel %u: 0x%x", i, pixel);
    }
    guest_image_finish(&image);
    guest_flat_good_guest(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(commands_change_while_read),
        GUEST_TEST(descriptors_change_while_read),
        GUEST_TEST(rings_change_while_read),
        GUEST_TEST(entries_change_while_attached),
        GUEST_TEST(pixels_change_while_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
