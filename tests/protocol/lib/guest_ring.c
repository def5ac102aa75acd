// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_ring.h"

#include "tests/protocol/lib/guest_check.h"

#include <string.h>

#define TABLE_BYTES (GUEST_RING_MAX_PARTS * sizeof(struct vring_desc))

static size_t avail_bytes(const struct guest_ring *ring)
{
    return 2u * (3u + ring->size);
}

static size_t used_bytes(const struct guest_ring *ring)
{
    return 6u + sizeof(struct vring_used_elem) * ring->size;
}

void guest_ring_init(struct guest_ring *ring, struct guest_ram *ram, unsigned index, uint16_t size,
                     bool event_idx)
{
    *ring = (struct guest_ring){.ram = ram, .index = index, .size = size, .event_idx = event_idx};
    ring->desc = guest_ram_alloc(ram, sizeof(struct vring_desc) * size, 4096);
    ring->avail = guest_ram_alloc(ram, avail_bytes(ring), 2);
    ring->used = guest_ram_alloc(ram, used_bytes(ring), 4096);
    ring->tables = guest_ram_alloc(ram, TABLE_BYTES * size, 4096);
    guest_ring_clear(ring);
}

void guest_ring_clear(struct guest_ring *ring)
{
    guest_ram_fill(ring->ram, ring->desc, 0, sizeof(struct vring_desc) * ring->size);
    guest_ram_fill(ring->ram, ring->avail, 0, avail_bytes(ring));
    guest_ram_fill(ring->ram, ring->used, 0, used_bytes(ring));
    ring->base = ring->avail_idx = ring->told_idx = ring->used_idx = 0;
    ring->nfree = ring->size;
    ring->free_head = 0;
    for (uint16_t i = 0; i < ring->size; i++)
        ring->next[i] = (uint16_t)(i + 1);
    memset(ring->tokens, 0, sizeof(ring->tokens));
    ring->order_first = ring->order_count = 0;
}

static struct vring_avail *avail_of(struct guest_ring *ring)
{
    return guest_ram_host(ring->ram, ring->avail, avail_bytes(ring));
}

static struct vring_used *used_of(struct guest_ring *ring)
{
    return guest_ram_host(ring->ram, ring->used, used_bytes(ring));
}

/* used_event lies behind the avail ring, avail_event behind the used ring. */
static uint16_t *used_event_of(struct guest_ring *ring)
{
    return &avail_of(ring)->ring[ring->size];
}

static uint16_t avail_event(struct guest_ring *ring)
{
    uint16_t event;

    memcpy(&event, &used_of(ring)->ring[ring->size], sizeof(event));
    return event;
}

void guest_ring_set_desc(struct guest_ring *ring, uint16_t index, const struct vring_desc *desc)
{
    guest_ram_write(ring->ram, ring->desc + index * sizeof(*desc), desc, sizeof(*desc));
}

static uint16_t take_free(struct guest_ring *ring)
{
    uint16_t index = ring->free_head;

    CHECK(ring->nfree > 0, "no free descriptor");
    ring->free_head = ring->next[index];
    ring->nfree--;
    return index;
}

void guest_ring_reserve(struct guest_ring *ring, uint16_t *descriptors, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        descriptors[i] = take_free(ring);
}

static struct vring_desc part_desc(const struct guest_part *part, bool more, uint16_t next)
{
    return (struct vring_desc){
        .addr = part->gpa,
        .len = part->size,
        .flags =
            (uint16_t)((part->writable ? VRING_DESC_F_WRITE : 0) | (more ? VRING_DESC_F_NEXT : 0)),
        .next = more ? next : 0,
    };
}

static uint16_t add_indirect(struct guest_ring *ring, const struct guest_part *parts,
                             unsigned nparts)
{
    uint16_t head = take_free(ring);
    uint64_t table = ring->tables + TABLE_BYTES * head;
    struct vring_desc desc = {
        .addr = table, .len = (uint32_t)(nparts * sizeof(desc)), .flags = VRING_DESC_F_INDIRECT};

    guest_ring_set_desc(ring, head, &desc);
    for (unsigned i = 0; i < nparts; i++) {
        desc = part_desc(&parts[i], i + 1 < nparts, (uint16_t)(i + 1));
        guest_ram_write(ring->ram, table + i * sizeof(desc), &desc, sizeof(desc));
    }
    return head;
}

static uint16_t add_direct(struct guest_ring *ring, const struct guest_part *parts, unsigned nparts)
{
    uint16_t head = ring->free_head;

    for (unsigned i = 0; i < nparts; i++) {
        uint16_t index = take_free(ring);
        struct vring_desc desc = part_desc(&parts[i], i + 1 < nparts, ring->next[index]);

        guest_ring_set_desc(ring, index, &desc);
    }
    return head;
}

int guest_ring_add(struct guest_ring *ring, const struct guest_part *parts, unsigned nparts,
                   bool indirect, void *token)
{
    unsigned need = indirect ? 1 : nparts;
    uint16_t head;

    CHECK(nparts > 0 && nparts <= GUEST_RING_MAX_PARTS, "%u parts", nparts);
    if (need > ring->nfree)
        return -ENOSPC;
    head = indirect ? add_indirect(ring, parts, nparts) : add_direct(ring, parts, nparts);
    guest_ring_add_raw(ring, head, token);
    ring->lengths[head] = (uint16_t)need;
    return 0;
}

void guest_ring_add_raw(struct guest_ring *ring, uint16_t head, void *token)
{
    avail_of(ring)->ring[ring->avail_idx % ring->size] = head;
    ring->avail_idx++;
    if (head >= ring->size)
        return;
    CHECK(token != NULL && ring->tokens[head] == NULL, "head %u is outstanding already", head);
    ring->tokens[head] = token;
    ring->lengths[head] = 0;
    ring->order[(ring->order_first + ring->order_count++) % GUEST_RING_MAX_SIZE] = head;
}

void guest_ring_set_avail_index(struct guest_ring *ring, uint16_t index)
{
    __atomic_store_n(&avail_of(ring)->idx, index, __ATOMIC_RELEASE);
}

bool guest_ring_publish(struct guest_ring *ring)
{
    uint16_t old = ring->told_idx;

    guest_ring_set_avail_index(ring, ring->avail_idx);
    ring->told_idx = ring->avail_idx;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ring->event_idx)
        return vring_need_event(avail_event(ring), ring->avail_idx, old);
    return !(__atomic_load_n(&used_of(ring)->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
}

uint16_t guest_ring_device_used(struct guest_ring *ring)
{
    return __atomic_load_n(&used_of(ring)->idx, __ATOMIC_ACQUIRE);
}

static void release_chain(struct guest_ring *ring, uint16_t head)
{
    uint16_t last = head;

    if (ring->lengths[head] == 0)
        return; /* descriptors of raw chains stay the test's */
    for (uint16_t i = 1; i < ring->lengths[head]; i++)
        last = ring->next[last];
    ring->next[last] = ring->free_head;
    ring->free_head = head;
    ring->nfree = (uint16_t)(ring->nfree + ring->lengths[head]);
}

void *guest_ring_take(struct guest_ring *ring, uint32_t *used_len)
{
    struct vring_used_elem element;
    void *token;

    if (guest_ring_device_used(ring) == ring->used_idx)
        return NULL;
    element = used_of(ring)->ring[ring->used_idx % ring->size];
    CHECK(element.id < ring->size && ring->tokens[element.id] != NULL,
          "queue %u, used index %u: head %u was answered without being outstanding", ring->index,
          ring->used_idx, element.id);
    CHECK(ring->order[ring->order_first] == element.id,
          "queue %u: head %u was answered before head %u", ring->index, element.id,
          ring->order[ring->order_first]);
    ring->order_first = (ring->order_first + 1) % GUEST_RING_MAX_SIZE;
    ring->order_count--;
    ring->used_idx++;
    token = ring->tokens[element.id];
    ring->tokens[element.id] = NULL;
    release_chain(ring, (uint16_t)element.id);
    *used_len = element.len;
    return token;
}

bool guest_ring_arm(struct guest_ring *ring)
{
    if (ring->event_idx)
        __atomic_store_n(used_event_of(ring), ring->used_idx, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return guest_ring_device_used(ring) == ring->used_idx;
}
