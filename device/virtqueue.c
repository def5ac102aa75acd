// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/virtqueue.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Virtio 1.2, 2.7.5: struct virtq_desc. */
#define DESC_SIZE 16
#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define AVAIL_F_NO_INTERRUPT 1

struct descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
};

/* 16-bit fields of the rings are naturally aligned (virtqueue_start checks),
 * and each is read or written exactly once. */
static uint16_t ring_load(const uint8_t *ring, size_t offset)
{
    const _Atomic uint16_t *field = (const _Atomic uint16_t *)(const void *)(ring + offset);
    return le16toh(atomic_load_explicit(field, memory_order_relaxed));
}

static void ring_store(uint8_t *ring, size_t offset, uint16_t value)
{
    _Atomic uint16_t *field = (_Atomic uint16_t *)(void *)(ring + offset);
    atomic_store_explicit(field, htole16(value), memory_order_relaxed);
}

/* Layout: flags, idx, ring[size], event. */
static size_t avail_entry(const struct virtqueue *queue, uint16_t index)
{
    return 4 + 2 * (size_t)(index & (queue->size - 1));
}

static size_t used_entry(const struct virtqueue *queue, uint16_t index)
{
    return 4 + 8 * (size_t)(index & (queue->size - 1));
}

static uint16_t avail_index(const struct virtqueue *queue)
{
    uint16_t index = ring_load(queue->avail, 2);
    /* What the index promises is read after it. */
    atomic_thread_fence(memory_order_acquire);
    return index;
}

int virtqueue_move(struct virtqueue *queue, const struct guest_memory *memory)
{
    size_t size = queue->size;
    queue->desc = guest_memory_at_user(memory, queue->desc_user, size * DESC_SIZE);
    queue->avail = guest_memory_at_user(memory, queue->avail_user, 6 + 2 * size);
    queue->used = guest_memory_at_user(memory, queue->used_user, 6 + 8 * size);
    if (queue->desc && queue->avail && queue->used)
        return 0;
    queue->broken = true;
    return -EFAULT;
}

int virtqueue_start(struct virtqueue *queue, const struct guest_memory *memory)
{
    uint16_t size = queue->size;
    if (size == 0 || size > VIRTQUEUE_MAX_SIZE || (size & (size - 1)) != 0)
        return -EINVAL;
    int error = virtqueue_move(queue, memory);
    if (error < 0)
        return error;
    /* 2.7: descriptors stand at multiples of 16, avail of 2, used of 4. The
     * addresses of VMM and guest agree in that, as both count in pages. */
    if (((uintptr_t)queue->desc & 15) || ((uintptr_t)queue->avail & 1) ||
        ((uintptr_t)queue->used & 3))
        return -EINVAL;
    queue->broken = false;
    queue->running = true;
    queue->run++;
    queue->used_index = ring_load(queue->used, 2);
    queue->last_avail = queue->used_index;
    queue->signalled_used = queue->used_index;
    queue->signalled_valid = false;
    ring_store(queue->used, 0, 0);
    return 0;
}

void virtqueue_stop(struct virtqueue *queue)
{
    queue->running = false;
    queue->run++;
    queue->desc = queue->avail = queue->used = NULL;
}

uint16_t virtqueue_used_index(const struct virtqueue *queue)
{
    return queue->used_index;
}

static struct descriptor load_descriptor(const uint8_t *table, unsigned index)
{
    uint8_t raw[DESC_SIZE];
    memcpy(raw, table + (size_t)index * DESC_SIZE, sizeof raw);
    struct descriptor desc;
    memcpy(&desc.address, raw, 8);
    memcpy(&desc.size, raw + 8, 4);
    memcpy(&desc.flags, raw + 12, 2);
    memcpy(&desc.next, raw + 14, 2);
    desc.address = le64toh(desc.address);
    desc.size = le32toh(desc.size);
    desc.flags = le16toh(desc.flags);
    desc.next = le16toh(desc.next);
    return desc;
}

/* Adds a descriptor's memory to the chain, in as many pieces as it takes. */
static int add_pieces(struct virtqueue_chain *chain, const struct guest_memory *memory,
                      const struct descriptor *desc)
{
    bool write = desc->flags & DESC_F_WRITE;
    if (!write && chain->nwrite > 0)
        return -EBADMSG; /* 2.7.4.2: what the device writes comes last. */
    uint64_t address = desc->address;
    size_t left = desc->size;
    while (left > 0) {
        size_t piece = left;
        void *at = guest_memory_at(memory, address, &piece);
        unsigned n = chain->nread + chain->nwrite;
        if (!at || n == VIRTQUEUE_MAX_PIECES)
            return -EBADMSG;
        chain->pieces[n] = (struct iovec){ .iov_base = at, .iov_len = piece };
        if (write) {
            chain->nwrite++;
            chain->write_size += piece;
        } else {
            chain->nread++;
            chain->read_size += piece;
        }
        address += piece;
        left -= piece;
    }
    return 0;
}

/* A chain is a walk through one table: the queue's own, or an indirect one,
 * which lies in one piece of guest memory. */
struct walk {
    const uint8_t *table;
    unsigned size;  /* descriptors in the table */
    unsigned index; /* the next one */
    bool indirect;  /* inside an indirect table */
};

static int enter_indirect(const struct virtqueue *queue, const struct guest_memory *memory,
                          const struct descriptor *desc, struct walk *walk)
{
    if (!queue->indirect || walk->indirect || (desc->flags & DESC_F_NEXT) || desc->size == 0 ||
        desc->size % DESC_SIZE != 0 || desc->size / DESC_SIZE > VIRTQUEUE_MAX_DESCRIPTORS)
        return -EBADMSG;
    size_t size = desc->size;
    walk->table = guest_memory_at(memory, desc->address, &size);
    if (!walk->table || size < desc->size)
        return -EBADMSG;
    walk->size = desc->size / DESC_SIZE;
    walk->index = 0;
    walk->indirect = true;
    return 0;
}

static int read_chain(const struct virtqueue *queue, const struct guest_memory *memory,
                      struct virtqueue_chain *chain)
{
    struct walk walk = { .table = queue->desc, .size = queue->size, .index = chain->head };
    /* The count ends loops, whatever way they go. */
    for (unsigned n = 0; n < VIRTQUEUE_MAX_DESCRIPTORS + 1; n++) {
        if (walk.index >= walk.size)
            return -EBADMSG;
        struct descriptor desc = load_descriptor(walk.table, walk.index);
        int error;
        if (desc.flags & DESC_F_INDIRECT) {
            error = enter_indirect(queue, memory, &desc, &walk);
            if (error < 0)
                return error;
            continue;
        }
        error = add_pieces(chain, memory, &desc);
        if (error < 0)
            return error;
        if (!(desc.flags & DESC_F_NEXT))
            return 0;
        walk.index = desc.next;
    }
    return -EBADMSG;
}

/* Asks for a kick at the next entry, and looks again: it may have come in
 * between. Returns the avail index. */
static uint16_t request_kick(struct virtqueue *queue)
{
    if (!queue->event_idx)
        return ring_load(queue->avail, 2);
    ring_store(queue->used, 4 + 8 * (size_t)queue->size, queue->last_avail);
    atomic_thread_fence(memory_order_seq_cst);
    return avail_index(queue);
}

int virtqueue_pop(struct virtqueue *queue, const struct guest_memory *memory,
                  struct virtqueue_chain *chain)
{
    if (!queue->running || queue->broken)
        return 0;
    uint16_t index = avail_index(queue);
    if (index == queue->last_avail)
        index = request_kick(queue);
    if (index == queue->last_avail)
        return 0;
    if ((uint16_t)(index - queue->last_avail) > queue->size) {
        queue->broken = true;
        return -EIO;
    }
    atomic_thread_fence(memory_order_acquire);
    memset(chain, 0, offsetof(struct virtqueue_chain, pieces));
    chain->head = ring_load(queue->avail, avail_entry(queue, queue->last_avail));
    if (chain->head >= queue->size) {
        /* There is no descriptor to give back. */
        queue->broken = true;
        return -EIO;
    }
    queue->last_avail++;
    int error = read_chain(queue, memory, chain);
    if (error < 0)
        virtqueue_push(queue, chain->head, 0);
    return error < 0 ? error : 1;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t size)
{
    if (!queue->running || queue->broken)
        return;
    uint32_t entry[2] = { htole32(head), htole32(size) };
    memcpy(queue->used + used_entry(queue, queue->used_index), entry, sizeof entry);
    queue->used_index++;
    /* The entry is there before the index says so. */
    atomic_thread_fence(memory_order_release);
    ring_store(queue->used, 2, queue->used_index);
}

/* 2.7.7.2: whether the used index passed the guest's event index. */
static bool passed_event(uint16_t event, uint16_t now, uint16_t before)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

void virtqueue_flush(struct virtqueue *queue)
{
    if (!queue->running || queue->broken)
        return;
    uint16_t before = queue->signalled_used, now = queue->used_index;
    bool valid = queue->signalled_valid;
    if (before == now)
        return;
    queue->signalled_used = now;
    queue->signalled_valid = true;
    /* The used index is visible before the guest's wish is read. */
    atomic_thread_fence(memory_order_seq_cst);
    bool wanted;
    if (queue->event_idx) {
        uint16_t event = ring_load(queue->avail, 4 + 2 * (size_t)queue->size);
        wanted = !valid || passed_event(event, now, before);
    } else {
        wanted = !(ring_load(queue->avail, 0) & AVAIL_F_NO_INTERRUPT);
    }
    if (wanted)
        queue->call(queue);
}

static size_t copy_chain(const struct iovec *pieces, unsigned n, size_t offset, uint8_t *out,
                         const uint8_t *in, size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        if (offset >= pieces[i].iov_len) {
            offset -= pieces[i].iov_len;
            continue;
        }
        size_t piece = pieces[i].iov_len - offset;
        if (piece > size - done)
            piece = size - done;
        uint8_t *at = (uint8_t *)pieces[i].iov_base + offset;
        if (out)
            memcpy(out + done, at, piece);
        else
            memcpy(at, in + done, piece);
        done += piece;
        offset = 0;
    }
    return done;
}

size_t virtqueue_chain_read(const struct virtqueue_chain *chain, size_t offset, void *data,
                            size_t size)
{
    return copy_chain(chain->pieces, chain->nread, offset, data, NULL, size);
}

size_t virtqueue_chain_write(const struct virtqueue_chain *chain, size_t offset,
                             const void *data, size_t size)
{
    return copy_chain(chain->pieces + chain->nread, chain->nwrite, offset, NULL, data, size);
}
