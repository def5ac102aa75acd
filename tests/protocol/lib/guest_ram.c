// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_ram.h"

#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Far above anything that a 47-bit address space maps. */
#define FIRST_USER_ADDR 0x00f0000000000000ull

void guest_ram_init(struct guest_ram *ram)
{
    *ram = (struct guest_ram){.next_user_addr = FIRST_USER_ADDR};
}

static void region_finish(struct guest_ram_region *region)
{
    munmap(region->host, region->size);
    close(region->fd);
}

void guest_ram_finish(struct guest_ram *ram)
{
    for (unsigned i = 0; i < ram->nregions; i++)
        region_finish(&ram->regions[i]);
    ram->nregions = 0;
}

static int memfd_new(uint64_t size, unsigned flags)
{
    int fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    CHECK(fd >= 0, "memfd_create");
    CHECK(ftruncate(fd, (off_t)size) == 0, "ftruncate to %llu", (unsigned long long)size);
    if (flags & GUEST_RAM_SEALED)
        CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0, "seals");
    return fd;
}

struct guest_ram_region *guest_ram_add_fd(struct guest_ram *ram, uint64_t gpa, uint64_t size,
                                          int fd, uint64_t fd_offset)
{
    struct guest_ram_region *region = &ram->regions[ram->nregions];

    CHECK(ram->nregions < GUEST_RAM_MAX_REGIONS, "too many regions");
    *region = (struct guest_ram_region){.gpa = gpa, .size = size, .fd_offset = fd_offset};
    region->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    CHECK(region->fd >= 0, "dup");
    region->host =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, (off_t)fd_offset);
    CHECK(region->host != MAP_FAILED, "mmap of guest RAM");
    region->user_addr = ram->next_user_addr + (gpa & 0xfff);
    ram->next_user_addr += size + GUEST_RAM_GIB;
    ram->nregions++;
    return region;
}

struct guest_ram_region *guest_ram_add(struct guest_ram *ram, uint64_t gpa, uint64_t size,
                                       unsigned flags)
{
    int fd = memfd_new(size, flags);
    struct guest_ram_region *region = guest_ram_add_fd(ram, gpa, size, fd, 0);

    close(fd);
    return region;
}

void guest_ram_lay_out_simple(struct guest_ram *ram)
{
    guest_ram_add(ram, 0, 512 * GUEST_RAM_MIB, GUEST_RAM_SEALED);
}

void guest_ram_lay_out_pc(struct guest_ram *ram)
{
    const uint64_t low = 256 * GUEST_RAM_MIB;
    int fd = memfd_new(2 * low, GUEST_RAM_SEALED);

    guest_ram_add_fd(ram, 0, 0xc0000, fd, 0);
    guest_ram_add_fd(ram, 0x100000, low - 0x100000, fd, 0x100000);
    guest_ram_add_fd(ram, 4 * GUEST_RAM_GIB, low, fd, low);
    guest_ram_add(ram, 4 * GUEST_RAM_GIB + low, 64 * GUEST_RAM_MIB, 0);
    close(fd);
}

void guest_ram_remove(struct guest_ram *ram, uint64_t gpa)
{
    for (unsigned i = 0; i < ram->nregions; i++) {
        if (ram->regions[i].gpa != gpa)
            continue;
        region_finish(&ram->regions[i]);
        ram->regions[i] = ram->regions[--ram->nregions];
        return;
    }
    CHECK(false, "no region starts at 0x%llx", (unsigned long long)gpa);
}

void guest_ram_move_user(struct guest_ram *ram, uint64_t kept)
{
    for (unsigned i = 0; i < ram->nregions; i++) {
        if (&ram->regions[i] == guest_ram_find(ram, kept))
            continue;
        ram->regions[i].user_addr = ram->next_user_addr + (ram->regions[i].gpa & 0xfff);
        ram->next_user_addr += ram->regions[i].size + GUEST_RAM_GIB;
    }
}

void guest_ram_split(struct guest_ram *ram, uint64_t gpa, uint64_t at)
{
    struct guest_ram_region *region = guest_ram_find(ram, gpa);
    struct guest_ram_region old;
    int fd;

    CHECK(region != NULL && region->gpa == gpa && at > gpa && at < gpa + region->size, "split");
    old = *region;
    fd = fcntl(old.fd, F_DUPFD_CLOEXEC, 3);
    CHECK(fd >= 0, "dup");
    guest_ram_remove(ram, gpa);
    region = guest_ram_add_fd(ram, gpa, at - gpa, fd, old.fd_offset);
    region->user_addr = old.user_addr;
    region->used = old.used < at - gpa ? old.used : at - gpa;
    region = guest_ram_add_fd(ram, at, gpa + old.size - at, fd, old.fd_offset + (at - gpa));
    region->user_addr = old.user_addr + (at - gpa);
    region->used = old.used < at - gpa ? 0 : old.used - (at - gpa);
    close(fd);
}

struct guest_ram_region *guest_ram_find(struct guest_ram *ram, uint64_t gpa)
{
    for (unsigned i = 0; i < ram->nregions; i++) {
        struct guest_ram_region *region = &ram->regions[i];

        if (gpa >= region->gpa && gpa - region->gpa < region->size)
            return region;
    }
    return NULL;
}

void *guest_ram_host(struct guest_ram *ram, uint64_t gpa, uint64_t size)
{
    struct guest_ram_region *region = guest_ram_find(ram, gpa);

    CHECK(region != NULL && size <= region->size - (gpa - region->gpa),
          "0x%llx+0x%llx is not inside one region", (unsigned long long)gpa,
          (unsigned long long)size);
    return region->host + (gpa - region->gpa);
}

uint64_t guest_ram_user_addr(struct guest_ram *ram, uint64_t gpa)
{
    struct guest_ram_region *region = guest_ram_find(ram, gpa);

    CHECK(region != NULL, "no RAM at 0x%llx", (unsigned long long)gpa);
    return region->user_addr + (gpa - region->gpa);
}

/* Bytes from `gpa` to the end of its region, at most `size`. */
static size_t chunk_at(struct guest_ram *ram, uint64_t gpa, size_t size)
{
    struct guest_ram_region *region = guest_ram_find(ram, gpa);
    uint64_t rest;

    CHECK(region != NULL, "no RAM at 0x%llx", (unsigned long long)gpa);
    rest = region->size - (gpa - region->gpa);
    return rest < size ? (size_t)rest : size;
}

void guest_ram_write(struct guest_ram *ram, uint64_t gpa, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        size_t chunk = chunk_at(ram, gpa, size);

        memcpy(guest_ram_host(ram, gpa, chunk), bytes, chunk);
        bytes += chunk;
        gpa += chunk;
        size -= chunk;
    }
}

void guest_ram_read(struct guest_ram *ram, uint64_t gpa, void *data, size_t size)
{
    uint8_t *bytes = data;

    while (size > 0) {
        size_t chunk = chunk_at(ram, gpa, size);

        memcpy(bytes, guest_ram_host(ram, gpa, chunk), chunk);
        bytes += chunk;
        gpa += chunk;
        size -= chunk;
    }
}

void guest_ram_fill(struct guest_ram *ram, uint64_t gpa, int byte, size_t size)
{
    while (size > 0) {
        size_t chunk = chunk_at(ram, gpa, size);

        memset(guest_ram_host(ram, gpa, chunk), byte, chunk);
        gpa += chunk;
        size -= chunk;
    }
}

/* 0 when the region has no room; nothing is allocated at address 0. */
static uint64_t alloc_in_region(struct guest_ram_region *region, uint64_t size, uint64_t align)
{
    uint64_t start = region->gpa + region->used;

    start = start == 0 ? 1 : start;
    start = (start + align - 1) & ~(align - 1);
    if (start - region->gpa > region->size || region->size - (start - region->gpa) < size)
        return 0;
    region->used = start - region->gpa + size;
    return start;
}

uint64_t guest_ram_alloc(struct guest_ram *ram, uint64_t size, uint64_t align)
{
    for (unsigned i = 0; i < ram->nregions; i++) {
        uint64_t gpa = alloc_in_region(&ram->regions[i], size, align);

        if (gpa != 0)
            return gpa;
    }
    CHECK(false, "guest RAM is used up");
    return 0;
}

uint64_t guest_ram_alloc_in(struct guest_ram *ram, uint64_t gpa, uint64_t size, uint64_t align)
{
    struct guest_ram_region *region = guest_ram_find(ram, gpa);
    uint64_t start = region != NULL ? alloc_in_region(region, size, align) : 0;

    CHECK(start != 0, "the region at 0x%llx is used up", (unsigned long long)gpa);
    return start;
}
