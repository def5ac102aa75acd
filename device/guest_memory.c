// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/guest_memory.h"

#include "device/memory_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* One mmap of a file range; shared between tables. */
struct mapping {
    unsigned refs;
    dev_t device;
    ino_t inode;
    uint64_t file_offset; /* of `base` */
    size_t size;          /* bytes mapped */
    uint8_t *base;
    int guard;
    int fd; /* of the file, for further mappings */
};

struct region {
    struct guest_memory_region spec;
    struct mapping *mapping;
    uint8_t *host; /* of spec.gpa */
};

struct guest_memory {
    unsigned refs;
    uint64_t serial;
    unsigned n;
    struct region regions[GUEST_MEMORY_MAX_REGIONS]; /* sorted by gpa */
};

static void mapping_unref(struct mapping *mapping)
{
    if (--mapping->refs > 0)
        return;
    memory_guard_remove(mapping->guard);
    munmap(mapping->base, mapping->size);
    close(mapping->fd);
    free(mapping);
}

static struct mapping *mapping_create(int fd, const struct stat *st, uint64_t offset, size_t size)
{
    struct mapping *mapping = calloc(1, sizeof *mapping);
    if (!mapping)
        return NULL;
    mapping->refs = 1;
    mapping->device = st->st_dev;
    mapping->inode = st->st_ino;
    mapping->file_offset = offset;
    mapping->size = size;
    mapping->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (mapping->fd < 0)
        goto dup_failure;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
                      (off_t)offset);
    if (base == MAP_FAILED)
        goto mmap_failure;
    /* A VMM's core dump has the guest's memory; ours need not repeat it. */
    madvise(base, size, MADV_DONTDUMP);
    mapping->base = base;
    mapping->guard = memory_guard_add(base, size, (size_t)st->st_blksize);
    if (mapping->guard < 0) {
        errno = -mapping->guard;
        goto guard_failure;
    }
    return mapping;

guard_failure:
    munmap(base, size);
mmap_failure:
    close(mapping->fd);
dup_failure:
    free(mapping);
    return NULL;
}

/* A mapping that lost pages is made anew: the VMM may have put things right. */
static struct mapping *find_mapping(const struct guest_memory *old, const struct stat *st,
                                    uint64_t offset, size_t size)
{
    for (unsigned i = 0; old && i < old->n; i++) {
        struct mapping *mapping = old->regions[i].mapping;
        if (mapping->device == st->st_dev && mapping->inode == st->st_ino &&
            mapping->file_offset == offset && mapping->size == size &&
            !memory_guard_lost(mapping->guard))
            return mapping;
    }
    return NULL;
}

/* Pages of a file: huge ones for hugetlbfs, whose mappings must be aligned
 * and sized in them. */
static size_t file_page_size(const struct stat *st)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t block = (size_t)st->st_blksize;
    return block > page && (block & (block - 1)) == 0 && block >= (1u << 20) ? block : page;
}

static bool region_is_sane(const struct guest_memory_region *spec, const struct stat *st)
{
    uint64_t end;
    if (spec->size == 0 || spec->size > SIZE_MAX / 2 ||
        __builtin_add_overflow(spec->gpa, spec->size, &end) ||
        __builtin_add_overflow(spec->user_addr, spec->size, &end) ||
        __builtin_add_overflow(spec->offset, spec->size, &end))
        return false;
    /* Only files and memfds have a size to hold us to. */
    return S_ISREG(st->st_mode) && (uint64_t)st->st_size >= end;
}

static int region_open(struct region *region, const struct guest_memory_region *spec, int fd,
                       const struct guest_memory *old)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!region_is_sane(spec, &st))
        return -EINVAL;
    size_t page = file_page_size(&st);
    st.st_blksize = (blksize_t)page;
    uint64_t start = spec->offset & ~(uint64_t)(page - 1);
    size_t size = (size_t)((spec->offset + spec->size - start + page - 1) & ~(uint64_t)(page - 1));
    struct mapping *mapping = find_mapping(old, &st, start, size);
    if (mapping)
        mapping->refs++;
    else
        mapping = mapping_create(fd, &st, start, size);
    if (!mapping)
        return -errno;
    region->spec = *spec;
    region->mapping = mapping;
    region->host = mapping->base + (spec->offset - start);
    return 0;
}

static int compare_regions(const void *a, const void *b)
{
    const struct region *x = a, *y = b;
    return x->spec.gpa < y->spec.gpa ? -1 : x->spec.gpa > y->spec.gpa;
}

/* Sorts, and refuses regions that overlap in the guest. */
static int finish_table(struct guest_memory *memory)
{
    qsort(memory->regions, memory->n, sizeof memory->regions[0], compare_regions);
    for (unsigned i = 1; i < memory->n; i++) {
        const struct guest_memory_region *a = &memory->regions[i - 1].spec;
        if (a->gpa + a->size > memory->regions[i].spec.gpa)
            return -EINVAL;
    }
    return 0;
}

/* QEMU sends the table again whenever the machine continues. */
static bool same_layout(const struct guest_memory *memory, const struct guest_memory *old)
{
    if (!old || old->n != memory->n)
        return false;
    for (unsigned i = 0; i < memory->n; i++) {
        const struct region *a = &memory->regions[i], *b = &old->regions[i];
        if (a->spec.gpa != b->spec.gpa || a->spec.size != b->spec.size || a->host != b->host)
            return false;
    }
    return true;
}

static struct guest_memory *table_create(void)
{
    static uint64_t last_serial;
    struct guest_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    memory->refs = 1;
    memory->serial = ++last_serial;
    return memory;
}

static struct guest_memory *table_fail(struct guest_memory *memory, int error)
{
    guest_memory_unref(memory);
    errno = error;
    return NULL;
}

struct guest_memory *guest_memory_create(const struct guest_memory_region *regions,
                                         const int *fds, unsigned n,
                                         const struct guest_memory *old)
{
    struct guest_memory *memory = table_create();
    if (!memory)
        return NULL;
    if (n > GUEST_MEMORY_MAX_REGIONS)
        return table_fail(memory, ENOSPC);
    for (unsigned i = 0; i < n; i++) {
        int error = region_open(&memory->regions[memory->n], &regions[i], fds[i], old);
        if (error < 0)
            return table_fail(memory, -error);
        memory->n++;
    }
    int error = finish_table(memory);
    if (error < 0)
        return table_fail(memory, -error);
    if (same_layout(memory, old))
        memory->serial = old->serial;
    return memory;
}

static void copy_region(struct guest_memory *memory, const struct region *region)
{
    region->mapping->refs++;
    memory->regions[memory->n++] = *region;
}

struct guest_memory *guest_memory_with(const struct guest_memory *old,
                                       const struct guest_memory_region *region, int fd)
{
    struct guest_memory *memory = table_create();
    if (!memory)
        return NULL;
    if (old && old->n == GUEST_MEMORY_MAX_REGIONS)
        return table_fail(memory, ENOSPC);
    for (unsigned i = 0; old && i < old->n; i++)
        copy_region(memory, &old->regions[i]);
    int error = region_open(&memory->regions[memory->n], region, fd, old);
    if (error < 0)
        return table_fail(memory, -error);
    memory->n++;
    error = finish_table(memory);
    return error < 0 ? table_fail(memory, -error) : memory;
}

struct guest_memory *guest_memory_without(const struct guest_memory *old,
                                          const struct guest_memory_region *region)
{
    struct guest_memory *memory = table_create();
    if (!memory)
        return NULL;
    for (unsigned i = 0; old && i < old->n; i++) {
        const struct guest_memory_region *spec = &old->regions[i].spec;
        if (spec->gpa != region->gpa || spec->size != region->size ||
            spec->user_addr != region->user_addr)
            copy_region(memory, &old->regions[i]);
    }
    if (!old || memory->n == old->n)
        return table_fail(memory, ENOENT);
    return memory;
}

struct guest_memory *guest_memory_ref(struct guest_memory *memory)
{
    if (memory)
        memory->refs++;
    return memory;
}

void guest_memory_unref(struct guest_memory *memory)
{
    if (!memory || --memory->refs > 0)
        return;
    for (unsigned i = 0; i < memory->n; i++)
        mapping_unref(memory->regions[i].mapping);
    free(memory);
}

uint64_t guest_memory_serial(const struct guest_memory *memory)
{
    return memory ? memory->serial : 0;
}

unsigned guest_memory_regions(const struct guest_memory *memory)
{
    return memory ? memory->n : 0;
}

bool guest_memory_lost(const struct guest_memory *memory)
{
    for (unsigned i = 0; memory && i < memory->n; i++)
        if (memory_guard_lost(memory->regions[i].mapping->guard))
            return true;
    return false;
}

static const struct region *find_region(const struct guest_memory *memory, uint64_t gpa)
{
    /* The last region that starts at or before the address. */
    unsigned low = 0, high = memory ? memory->n : 0;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (memory->regions[middle].spec.gpa <= gpa)
            low = middle + 1;
        else
            high = middle;
    }
    const struct region *region = low > 0 ? &memory->regions[low - 1] : NULL;
    return region && gpa - region->spec.gpa < region->spec.size ? region : NULL;
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa, size_t *size)
{
    const struct region *region = find_region(memory, gpa);
    if (!region)
        return NULL;
    uint64_t inside = gpa - region->spec.gpa;
    if (*size > region->spec.size - inside)
        *size = (size_t)(region->spec.size - inside);
    return region->host + inside;
}

int guest_memory_map(const struct guest_memory *memory, uint64_t gpa, size_t *size, void *at)
{
    const struct region *region = find_region(memory, gpa);
    if (!region)
        return -EFAULT;
    uint64_t inside = gpa - region->spec.gpa, left = region->spec.size - inside;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    /* The last page of a region may be a part of one. */
    left = (left + page - 1) & ~(page - 1);
    if (*size > left)
        *size = (size_t)left;
    /* Not populated: that would hold up whoever else maps and unmaps. */
    void *map = mmap(at, *size, PROT_READ, MAP_SHARED | MAP_FIXED,
                     region->mapping->fd, (off_t)(region->spec.offset + inside));
    return map == MAP_FAILED ? -errno : 0;
}

void *guest_memory_at_user(const struct guest_memory *memory, uint64_t user_addr, size_t size)
{
    for (unsigned i = 0; memory && i < memory->n; i++) {
        const struct region *region = &memory->regions[i];
        uint64_t inside = user_addr - region->spec.user_addr;
        if (user_addr >= region->spec.user_addr && inside < region->spec.size &&
            size <= region->spec.size - inside)
            return region->host + inside;
    }
    return NULL;
}

bool guest_memory_covers(const struct guest_memory *memory, uint64_t gpa, uint64_t size)
{
    while (size > 0) {
        size_t piece = size > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)size;
        if (!guest_memory_at(memory, gpa, &piece))
            return false;
        gpa += piece;
        size -= piece;
    }
    return true;
}
