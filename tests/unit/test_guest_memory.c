// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory tables: look-ups, refusals, shared mappings, lost pages. */
#include "device/backing.h"
#include "device/backing_map.h"
#include "device/guest_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 4096u
#define HOLE_END (4ull << 30)

static int make_memfd(size_t size)
{
    int fd = memfd_create("guest", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    return fd;
}

/* Two regions of one file with a hole between them, as a VM of more than
 * 4 GiB has. */
static const struct guest_memory_region two_regions[] = {
    { .gpa = HOLE_END, .size = 4 * PAGE, .user_addr = 0x7f0000400000, .offset = 4 * PAGE },
    { .gpa = 0, .size = 4 * PAGE, .user_addr = 0x7f0000000000, .offset = 0 },
};

static void finds_pieces_up_to_region_ends(void **state)
{
    (void)state;
    int fd = make_memfd(8 * PAGE), fds[] = { fd, fd };
    struct guest_memory *memory = guest_memory_create(two_regions, fds, 2, NULL);
    assert_non_null(memory);
    uint8_t marker[] = { 1, 2, 3, 4 };
    assert_int_equal(pwrite(fd, marker, 4, 4 * PAGE + 10), 4);

    size_t size = 100;
    uint8_t *at = guest_memory_at(memory, HOLE_END + 10, &size);
    assert_non_null(at);
    assert_int_equal(size, 100);
    assert_memory_equal(at, marker, 4);
    size = 100;
    assert_non_null(guest_memory_at(memory, 4 * PAGE - 30, &size));
    assert_int_equal(size, 30);
    assert_null(guest_memory_at(memory, 4 * PAGE, &size));
    assert_null(guest_memory_at(memory, HOLE_END - 1, &size));
    assert_null(guest_memory_at(memory, HOLE_END + 4 * PAGE, &size));
    assert_null(guest_memory_at(memory, UINT64_MAX, &size));
    assert_null(guest_memory_at(NULL, 0, &size));

    assert_true(guest_memory_covers(memory, 0, 4 * PAGE));
    assert_false(guest_memory_covers(memory, 0, 4 * PAGE + 1));
    assert_false(guest_memory_covers(memory, UINT64_MAX - 1, 4));

    assert_ptr_equal(guest_memory_at_user(memory, 0x7f000040000a, 4), at);
    assert_null(guest_memory_at_user(memory, 0x7f0000400000 + 4 * PAGE - 3, 4));
    assert_null(guest_memory_at_user(memory, 0, 1));
    guest_memory_unref(memory);
    close(fd);
}

static void expect_refused(struct guest_memory_region region, int fd, int error)
{
    errno = 0;
    assert_null(guest_memory_create(&region, &fd, 1, NULL));
    assert_int_equal(errno, error);
}

static void refuses_what_is_no_table(void **state)
{
    (void)state;
    int fd = make_memfd(4 * PAGE), pipes[2];
    expect_refused((struct guest_memory_region){ .size = 0 }, fd, EINVAL);
    expect_refused((struct guest_memory_region){ .size = 5 * PAGE }, fd, EINVAL);
    expect_refused((struct guest_memory_region){ .size = PAGE, .offset = 4 * PAGE }, fd, EINVAL);
    expect_refused((struct guest_memory_region){ .size = PAGE, .gpa = UINT64_MAX }, fd, EINVAL);
    expect_refused((struct guest_memory_region){ .size = PAGE, .offset = UINT64_MAX - 1 }, fd,
                   EINVAL);
    expect_refused((struct guest_memory_region){ .size = UINT64_MAX }, fd, EINVAL);
    assert_int_equal(pipe(pipes), 0);
    expect_refused((struct guest_memory_region){ .size = PAGE }, pipes[0], EINVAL);
    struct guest_memory_region overlap[] = { { .gpa = 0, .size = 2 * PAGE },
                                             { .gpa = PAGE, .size = PAGE } };
    int fds[] = { fd, fd };
    assert_null(guest_memory_create(overlap, fds, 2, NULL));
    assert_int_equal(errno, EINVAL);
    close(pipes[0]);
    close(pipes[1]);
    close(fd);
}

static void adds_and_removes_regions_without_moving_others(void **state)
{
    (void)state;
    int fd = make_memfd(8 * PAGE), fds[] = { fd, fd };
    struct guest_memory *first = guest_memory_create(two_regions + 1, fds, 1, NULL);
    struct guest_memory *both = guest_memory_with(first, &two_regions[0], fd);
    assert_non_null(both);
    size_t size = 1;
    void *at = guest_memory_at(first, 7, &size);
    /* A region that stays keeps its mapping; so does a table sent again. */
    assert_ptr_equal(guest_memory_at(both, 7, &size), at);
    struct guest_memory *again = guest_memory_create(two_regions, fds, 2, both);
    assert_ptr_equal(guest_memory_at(again, 7, &size), at);
    /* The same layout is told by its number, another one has another. */
    assert_int_equal(guest_memory_serial(again), guest_memory_serial(both));
    assert_int_not_equal(guest_memory_serial(both), guest_memory_serial(first));
    assert_int_equal(guest_memory_serial(NULL), 0);
    guest_memory_unref(first);

    assert_null(guest_memory_with(both, &two_regions[0], fd));
    struct guest_memory *less = guest_memory_without(both, &two_regions[1]);
    assert_int_equal(guest_memory_regions(less), 1);
    assert_null(guest_memory_at(less, 7, &size));
    assert_null(guest_memory_without(less, &two_regions[1]));
    assert_int_equal(errno, ENOENT);
    guest_memory_unref(both);
    guest_memory_unref(again);
    guest_memory_unref(less);
    close(fd);
}

static void survives_memory_that_is_taken_away(void **state)
{
    (void)state;
    int fd = make_memfd(64 * PAGE);
    struct guest_memory_region region = { .size = 64 * PAGE };
    struct guest_memory *memory = guest_memory_create(&region, &fd, 1, NULL);
    size_t size = 64 * PAGE;
    volatile uint8_t *at = guest_memory_at(memory, 0, &size);
    at[0] = 7;
    at[40 * PAGE] = 9;
    assert_false(guest_memory_lost(memory));
    assert_int_equal(ftruncate(fd, 8 * PAGE), 0);
    assert_int_equal(at[40 * PAGE], 0);
    assert_int_equal(at[0], 7);
    at[50 * PAGE] = 1; /* A lost page takes writes that nobody sees. */
    assert_true(guest_memory_lost(memory));
    guest_memory_unref(memory);
    close(fd);
}

/* Every byte of the file has a value of its own for its place. */
static void gathers_rows_from_scattered_pages(void **state)
{
    (void)state;
    enum { PAGES = 40, STRIDE = 1000, ROWS = 30 };
    int fd = make_memfd(PAGES * PAGE);
    struct guest_memory_region regions[] = {
        { .gpa = 0, .size = 15 * PAGE, .offset = 0 },
        { .gpa = 15 * PAGE, .size = 25 * PAGE, .user_addr = 1 << 20, .offset = 15 * PAGE },
    };
    int fds[] = { fd, fd };
    struct guest_memory *memory = guest_memory_create(regions, fds, 2, NULL);
    for (size_t i = 0; i < PAGES * PAGE; i++) {
        size_t one = 1;
        *(uint8_t *)guest_memory_at(memory, i, &one) = (uint8_t)(i * 31 + i / PAGE);
    }
    /* Entries of odd sizes, the first across the border of the regions. */
    struct backing *backing = backing_create(4);
    backing_add(backing, 14 * PAGE + 100, PAGE + 7);
    backing_add(backing, 3, 0);
    backing_add(backing, 2 * PAGE + 1, 2 * PAGE);
    backing_add(backing, 30 * PAGE, 8 * PAGE);
    uint8_t *flat = malloc(backing->size);
    for (uint32_t e = 0; e < backing->nentries; e++)
        for (uint32_t i = 0; i < backing->entries[e].size; i++) {
            size_t gpa = backing->entries[e].gpa + i;
            flat[backing->entries[e].start + i] = (uint8_t)(gpa * 31 + gpa / PAGE);
        }
    uint8_t picture[ROWS * STRIDE];
    const size_t widths[] = { 1, 3, 640, STRIDE };
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        memset(picture, 0, sizeof picture);
        assert_int_equal(
            backing_gather(backing, memory, 77, picture, STRIDE, widths[w], ROWS), 0);
        for (size_t row = 0; row < ROWS; row++)
            assert_memory_equal(picture + row * STRIDE, flat + 77 + row * STRIDE, widths[w]);
    }
    /* A region that went away is an error, not a crash. */
    struct guest_memory *less = guest_memory_without(memory, &regions[1]);
    assert_int_equal(backing_gather(backing, less, 0, picture, STRIDE, STRIDE, ROWS), -EFAULT);
    guest_memory_unref(less);
    guest_memory_unref(memory);
    backing_unref(backing);
    free(flat);
    close(fd);
}

/* Runs that a map can be made of, through a map and gathered. */
static void maps_what_it_gathers(void **state)
{
    (void)state;
    enum { PAGES = 64, STRIDE = 1000, ROWS = 60 };
    int fd = make_memfd(PAGES * PAGE);
    struct guest_memory_region regions[] = {
        { .gpa = 0, .size = 30 * PAGE, .offset = 0 },
        { .gpa = 30 * PAGE, .size = 34 * PAGE, .user_addr = 1 << 20, .offset = 30 * PAGE },
    };
    int fds[] = { fd, fd };
    struct guest_memory *memory = guest_memory_create(regions, fds, 2, NULL);
    struct backing_map_budget budget = { 0 };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < PAGES * PAGE; i++) {
        size_t one = 1;
        *(uint8_t *)guest_memory_at(memory, i, &one) = (uint8_t)(i * 31 + i / PAGE);
    }
    /* Across the regions, backwards, two that follow each other, a part of a
     * page at the end. */
    struct backing *backing = backing_create(5);
    backing_add(backing, 28 * PAGE, 4 * PAGE);
    backing_add(backing, 5 * PAGE, PAGE);
    backing_add(backing, 4 * PAGE, PAGE);
    backing_add(backing, 40 * PAGE, 100);
    backing_add(backing, 40 * PAGE + 100, 8 * PAGE);
    assert_null(backing_map_create(&loop, backing, NULL, &(struct backing_map_budget){
                                                             .maps = BACKING_MAP_TOTAL_MAPS }));
    assert_null(backing_map_create(&loop, backing, NULL, &(struct backing_map_budget){
                                                             .runs = BACKING_MAP_TOTAL_RUNS - 3 }));
    struct backing_map *map = backing_map_create(&loop, backing, memory, &budget);
    assert_non_null(map);
    assert_int_equal(budget.maps, 1);
    assert_int_equal(budget.runs, 4);
    assert_int_equal(backing_map_fill(map, backing, memory), 0);
    static uint8_t gathered[ROWS * STRIDE], mapped[ROWS * STRIDE];
    const size_t widths[] = { 1, 3, 640, STRIDE }, offsets[] = { 0, 77, 4096 * 6 + 99 };
    for (size_t w = 0; w < 4; w++)
        for (size_t o = 0; o < 3; o++) {
            size_t rows = (backing->size - offsets[o]) / STRIDE;
            rows = rows < ROWS ? rows : ROWS;
            memset(gathered, 0, sizeof gathered);
            memset(mapped, 0, sizeof mapped);
            assert_int_equal(backing_gather(backing, memory, offsets[o], gathered, STRIDE,
                                            widths[w], rows), 0);
            backing_map_copy(map, offsets[o], mapped, STRIDE, widths[w], rows);
            assert_memory_equal(mapped, gathered, sizeof mapped);
        }
    /* Pages that go read as zeros, in the map as well. */
    assert_false(backing_map_lost(map));
    assert_int_equal(ftruncate(fd, 29 * PAGE), 0);
    backing_map_copy(map, 0, mapped, STRIDE, STRIDE, 40);
    assert_true(backing_map_lost(map));
    backing->map = map;
    backing_unref(backing);
    assert_int_equal(budget.maps + budget.runs, 0);
    guest_memory_unref(memory);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(fd);
}

/* Pieces that share pages, and memory that is not there. */
static void maps_no_odd_pieces(void **state)
{
    (void)state;
    static const struct {
        uint64_t gpa;
        uint32_t size;
    } odd[][2] = {
        { { 1, PAGE }, { 2 * PAGE, PAGE } },
        { { 0, PAGE - 1 }, { 2 * PAGE, PAGE } },
        { { 0, PAGE }, { 2 * PAGE + 8, PAGE } },
    };
    int fd = make_memfd(8 * PAGE);
    struct guest_memory_region region = { .size = 8 * PAGE };
    struct guest_memory *memory = guest_memory_create(&region, &fd, 1, NULL);
    struct backing_map_budget budget = { 0 };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < 3; i++) {
        struct backing *backing = backing_create(2);
        backing_add(backing, odd[i][0].gpa, odd[i][0].size);
        backing_add(backing, odd[i][1].gpa, odd[i][1].size);
        assert_null(backing_map_create(&loop, backing, memory, &budget));
        backing_unref(backing);
    }
    struct backing *empty = backing_create(0), *outside = backing_create(1);
    assert_null(backing_map_create(&loop, empty, memory, &budget));
    backing_add(outside, 7 * PAGE, 2 * PAGE);
    outside->map = backing_map_create(&loop, outside, memory, &budget);
    assert_non_null(outside->map);
    assert_int_equal(backing_map_fill(outside->map, outside, memory), -EFAULT);
    backing_unref(empty);
    backing_unref(outside);
    assert_int_equal(budget.maps + budget.runs, 0);
    guest_memory_unref(memory);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_pieces_up_to_region_ends),
        cmocka_unit_test(refuses_what_is_no_table),
        cmocka_unit_test(adds_and_removes_regions_without_moving_others),
        cmocka_unit_test(survives_memory_that_is_taken_away),
        cmocka_unit_test(gathers_rows_from_scattered_pages),
        cmocka_unit_test(maps_what_it_gathers),
        cmocka_unit_test(maps_no_odd_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
