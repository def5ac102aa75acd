// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest RAM of a test's virtual machine: up to eight regions in memfds, at
 * guest-physical addresses with holes between them, as a VMM lays them out.
 *
 * One thread. Addresses are guest-physical; the "user" addresses that a
 * vhost-user front-end speaks in are invented here and mapped nowhere, so that
 * a back-end which uses them as pointers is found out. A wrong address is an
 * error of the test and fails it.
 */
#ifndef ORIEL_TESTS_GUEST_RAM_H
#define ORIEL_TESTS_GUEST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_RAM_MAX_REGIONS 8
#define GUEST_RAM_MIB (1024ull * 1024)
#define GUEST_RAM_GIB (1024ull * GUEST_RAM_MIB)

struct guest_ram_region {
    uint64_t gpa, size;
    uint64_t user_addr; /* what SET_MEM_TABLE and SET_VRING_ADDR say */
    uint64_t fd_offset;
    uint64_t used; /* bytes from the start that guest_ram_alloc() gave out */
    int fd;        /* owned */
    uint8_t *host; /* our own mapping */
};

struct guest_ram {
    struct guest_ram_region regions[GUEST_RAM_MAX_REGIONS];
    unsigned nregions;
    uint64_t next_user_addr;
};

/* What a region of its own memfd may be. */
enum { GUEST_RAM_SEALED = 1 }; /* against shrinking and growing, as QEMU's memfd */

void guest_ram_init(struct guest_ram *ram);
void guest_ram_finish(struct guest_ram *ram);

/* One region of 512 MiB at 0. */
void guest_ram_lay_out_simple(struct guest_ram *ram);
/* A PC's: 0..0xc0000 and 0x100000..256 MiB of one memfd, then behind the hole
 * below 4 GiB 256 MiB of the same memfd and, touching it, 64 MiB of another. */
void guest_ram_lay_out_pc(struct guest_ram *ram);

/* A region of a new memfd, all zero. */
struct guest_ram_region *guest_ram_add(struct guest_ram *ram, uint64_t gpa, uint64_t size,
                                       unsigned flags);
/* A region of a memfd that exists (duplicated here). */
struct guest_ram_region *guest_ram_add_fd(struct guest_ram *ram, uint64_t gpa, uint64_t size,
                                          int fd, uint64_t fd_offset);
/* The region that starts there goes. */
void guest_ram_remove(struct guest_ram *ram, uint64_t gpa);
/* Every region but the one that holds `kept` (the rings: a VMM never moves
 * those that run) gets another user address, as if mapped anew. */
void guest_ram_move_user(struct guest_ram *ram, uint64_t kept);
/* The region that starts at `gpa` becomes two that meet at `at`; bytes and
 * user addresses stay what they were. */
void guest_ram_split(struct guest_ram *ram, uint64_t gpa, uint64_t at);

/* NULL when nothing is there. */
struct guest_ram_region *guest_ram_find(struct guest_ram *ram, uint64_t gpa);
/* `size` bytes inside one region. */
void *guest_ram_host(struct guest_ram *ram, uint64_t gpa, uint64_t size);
uint64_t guest_ram_user_addr(struct guest_ram *ram, uint64_t gpa);
/* These may cross regions that touch. */
void guest_ram_write(struct guest_ram *ram, uint64_t gpa, const void *data, size_t size);
void guest_ram_read(struct guest_ram *ram, uint64_t gpa, void *data, size_t size);
void guest_ram_fill(struct guest_ram *ram, uint64_t gpa, int byte, size_t size);

/* Memory that the test has not used yet, inside one region; never given back. */
uint64_t guest_ram_alloc(struct guest_ram *ram, uint64_t size, uint64_t align);
/* The same in the region that holds `gpa`. */
uint64_t guest_ram_alloc_in(struct guest_ram *ram, uint64_t gpa, uint64_t size, uint64_t align);

#endif
