// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory in huge pages, whose pieces of 4 KiB cannot be mapped: every
 * backing there gives the same pixels. Sets the number of huge pages of the
 * system and restores it; is skipped where that is not allowed.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NR_HUGEPAGES "/proc/sys/vm/nr_hugepages"
#define HUGE_MIB 64u

static struct guest_machine machine;

static long read_count(void)
{
    FILE *file = fopen(NR_HUGEPAGES, "r");
    long count = -1;

    if (file != NULL && fscanf(file, "%ld", &count) != 1)
        count = -1;
    if (file != NULL)
        fclose(file);
    return count;
}

static bool write_count(long count)
{
    FILE *file = fopen(NR_HUGEPAGES, "w");
    bool written = file != NULL && fprintf(file, "%ld\n", count) > 0;

    return file != NULL && fclose(file) == 0 && written;
}

/* -1 with errno where the system gives none. */
static int huge_memfd(void)
{
    int fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
    void *map;

    if (fd < 0 || ftruncate(fd, HUGE_MIB << 20) != 0)
        return -1;
    map = mmap(NULL, HUGE_MIB << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        close(fd);
        return -1;
    }
    munmap(map, HUGE_MIB << 20);
    return fd;
}

static void lay_out_huge_pages(struct guest_ram *ram)
{
    int fd = huge_memfd();

    CHECK(fd >= 0, "huge pages");
    guest_ram_add_fd(ram, 0, HUGE_MIB << 20, fd, 0);
    close(fd);
}

static void all_backings_give_the_same_pixels(void **state)
{
    static const enum guest_scatter scatters[] = {GUEST_SCATTER_NONE, GUEST_SCATTER_PAGES,
                                                  GUEST_SCATTER_ODD};
    const struct guest_machine_options options = {.lay_out = lay_out_huge_pages};

    (void)state;
    guest_machine_start(&machine, &options);
    for (uint32_t i = 0; i < 3; i++) {
        struct guest_surface surface;
        struct guest_image image;

        guest_image_init(&image, 1280, 800);
        guest_surface_init(&surface, &machine.gpu, 1 + i, 2, 1280, 800, scatters[i]);
        guest_surface_create(&surface);
        for (unsigned seed = 0; seed < 5; seed++) {
            guest_image_fill_pattern(&image, seed);
            guest_surface_present(&surface, 0, &image);
            guest_machine_expect(&machine, 0, &image, "huge pages");
        }
        guest_surface_finish(&surface);
        guest_image_finish(&image);
    }
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(all_backings_give_the_same_pixels),
    };
    const long before = read_count();
    bool set = before >= 0 && write_count(before + HUGE_MIB / 2);
    int fd = set ? huge_memfd() : -1, failed;

    if (fd < 0) {
        if (set)
            write_count(before);
        printf("skipped: the system gives no %u MiB of huge pages (" NR_HUGEPAGES ")\n", HUGE_MIB);
        return 77;
    }
    close(fd);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!write_count(before)) {
        printf("%ld huge pages could not be restored\n", before);
        return 1;
    }
    return failed;
}
