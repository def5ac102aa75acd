// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmap() for fuzzing: pictures, canvases, shadows and guest memory are mapped,
 * not allocated, so that AddressSanitizer knows nothing of their bounds. Here
 * each mapping lies between addresses that nobody may touch, and the rest of
 * its last page is poisoned.
 */
#include "tests/fuzz/lib/fuzz_loop.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MAX_MAPS 4096
/* Before and behind: a wrong index is rarely wrong by one. */
#define BEFORE (16 * PAGE)
#define BEHIND (512 * PAGE)

/* By address; few enough that looking through them costs nothing. */
static struct guarded {
    uintptr_t address; /* 0: free */
    size_t size;       /* as asked for */
} maps[MAX_MAPS];
static unsigned highest; /* no entry beyond it is in use */

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int munmap(void *address, size_t size);

static size_t whole_pages(size_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

static void *real_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    long at = syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    return (void *)at; /* syscall() gives -1 on failure, which is MAP_FAILED */
}

static struct guarded *find(uintptr_t address)
{
    for (unsigned i = 0; i < highest; i++)
        if (maps[i].address == address)
            return &maps[i];
    return NULL;
}

static struct guarded *find_free(void)
{
    struct guarded *guarded = find(0);
    if (!guarded && highest < MAX_MAPS)
        guarded = &maps[highest++];
    return guarded;
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    size_t pages = whole_pages(size);
    struct guarded *guarded = address || size == 0 || pages < size ? NULL : find_free();
    if (!guarded)
        return real_mmap(address, size, protection, flags, fd, offset);
    int reserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    uint8_t *space = real_mmap(NULL, BEFORE + pages + BEHIND, PROT_NONE, reserve, -1, 0);
    if (space == MAP_FAILED)
        return MAP_FAILED;
    void *map = real_mmap(space + BEFORE, size, protection, flags | MAP_FIXED, fd, offset);
    if (map == MAP_FAILED) {
        int error = errno;
        syscall(SYS_munmap, space, BEFORE + pages + BEHIND);
        errno = error;
        return MAP_FAILED;
    }
    ASAN_POISON_MEMORY_REGION(space + BEFORE + size, pages - size);
    *guarded = (struct guarded){(uintptr_t)map, size};
    return map;
}

int munmap(void *address, size_t size)
{
    struct guarded *guarded = address ? find((uintptr_t)address) : NULL;
    if (!guarded)
        return (int)syscall(SYS_munmap, address, size);
    /* Our code never unmaps a part. */
    FUZZ_CHECK(guarded->size == size);
    size_t pages = whole_pages(size);
    ASAN_UNPOISON_MEMORY_REGION(address, pages);
    guarded->address = 0;
    return (int)syscall(SYS_munmap, (uint8_t *)address - BEFORE, BEFORE + pages + BEHIND);
}
