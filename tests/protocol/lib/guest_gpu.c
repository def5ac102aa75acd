// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_gpu.h"

#include "tests/protocol/lib/guest_check.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_REQUEST 4096u
#define SLOT_RESPONSE 4096u
#define LARGE_SIZE (1024u * 1024)
#define PART_GAP 8u /* bytes that belong to nobody between parts */
#define ANSWER_TIMEOUT_MS 20000
#define UNTOUCHED 0xa5

static void list_free_slots(struct guest_gpu *gpu)
{
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++) {
        gpu->free_slots[q] = NULL;
        for (unsigned i = gpu->rings[q].size; i-- > 0;) {
            gpu->slots[q][i].next_free = gpu->free_slots[q];
            gpu->free_slots[q] = &gpu->slots[q][i];
        }
    }
}

void guest_gpu_init(struct guest_gpu *gpu, struct guest_transport *transport, uint16_t control_size,
                    uint16_t cursor_size)
{
    const uint16_t sizes[GUEST_GPU_QUEUES] = {control_size, cursor_size};
    bool event_idx = transport->driver_features & GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX);

    *gpu = (struct guest_gpu){.transport = transport,
                              .next_fence = 1,
                              .random = 88172645463325252u,
                              .layout = {.request_parts = 1, .response_parts = 1}};
    gpu->layout.indirect = transport->driver_features & GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC);
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++) {
        guest_ring_init(&gpu->rings[q], transport->ram, q, sizes[q], event_idx);
        gpu->slots[q] = calloc(sizes[q], sizeof(*gpu->slots[q]));
        CHECK(gpu->slots[q] != NULL, "memory");
        for (unsigned i = 0; i < sizes[q]; i++) {
            gpu->slots[q][i].request = guest_ram_alloc(transport->ram, SLOT_REQUEST, 4096);
            gpu->slots[q][i].response = guest_ram_alloc(transport->ram, SLOT_RESPONSE, 4096);
        }
    }
    gpu->large = guest_ram_alloc(transport->ram, LARGE_SIZE, 4096);
    list_free_slots(gpu);
    transport->rings = gpu->rings;
    transport->nrings = GUEST_GPU_QUEUES;
}

void guest_gpu_finish(struct guest_gpu *gpu)
{
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++)
        free(gpu->slots[q]);
}

void guest_gpu_clear(struct guest_gpu *gpu)
{
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++) {
        guest_ring_clear(&gpu->rings[q]);
        gpu->sent[q] = gpu->answered[q] = 0;
    }
    gpu->large_busy = false;
    list_free_slots(gpu);
}

/* Cuts `size` bytes into `n` pieces of at least one byte. */
static void cut(uint64_t *random, size_t size, unsigned n, size_t *pieces)
{
    for (unsigned i = 0; i < n; i++)
        pieces[i] = 1;
    size -= n;
    for (unsigned i = 0; i + 1 < n; i++) {
        size_t more = check_random_below(random, (uint32_t)(2 * size / (n - i) + 1));

        more = more > size ? size : more;
        pieces[i] += more;
        size -= more;
    }
    pieces[n - 1] += size;
}

/* Adds the parts of one buffer that starts at `gpa`. The last part lies first
 * in memory and gaps lie between them, so that nobody can mistake them for one
 * piece. */
static void lay_out(struct guest_gpu *gpu, struct guest_gpu_slot *slot, uint64_t gpa, size_t size,
                    unsigned nparts, bool writable)
{
    size_t pieces[80];
    uint64_t at = gpa;

    if (size == 0)
        return;
    nparts = nparts > size ? (unsigned)size : nparts;
    nparts = nparts > 80 ? 80 : nparts;
    cut(&gpu->random, size, nparts, pieces);
    for (unsigned i = nparts; i-- > 0;) {
        slot->parts[slot->nparts + i] =
            (struct guest_part){.gpa = at, .size = (uint32_t)pieces[i], .writable = writable};
        at += pieces[i] + PART_GAP;
    }
    slot->nparts += nparts;
}

static void write_request(struct guest_gpu *gpu, struct guest_gpu_slot *slot,
                          const struct gpu_command *command)
{
    struct guest_ram *ram = gpu->transport->ram;
    size_t size = command->size + command->tail_size, offset = 0;
    uint8_t *bytes = malloc(size + 1);

    CHECK(bytes != NULL, "memory");
    memcpy(bytes, command->u.bytes, command->size);
    if (command->tail_size > 0)
        memcpy(bytes + command->size, command->tail, command->tail_size);
    for (unsigned i = 0; i < slot->nreadable; i++) {
        guest_ram_write(ram, slot->parts[i].gpa, bytes + offset, slot->parts[i].size);
        offset += slot->parts[i].size;
    }
    free(bytes);
}

static bool command_is_fenced(const struct guest_gpu *gpu, const struct gpu_command *command)
{
    return !gpu->plain && command->queue == GPU_CONTROL_QUEUE &&
           command->size >= sizeof(struct virtio_gpu_ctrl_hdr) &&
           !(command->u.hdr.flags & VIRTIO_GPU_FLAG_FENCE);
}

static struct guest_gpu_slot *slot_take(struct guest_gpu *gpu, const struct gpu_command *command)
{
    struct guest_gpu_slot *slot;
    bool large = command->size + command->tail_size > SLOT_REQUEST / 2;

    guest_gpu_collect(gpu, command->queue);
    if (large && gpu->large_busy) {
        guest_gpu_release(gpu);
        guest_gpu_wait(gpu, command->queue, 0);
    }
    if (gpu->free_slots[command->queue] == NULL) {
        guest_gpu_release(gpu);
        guest_gpu_wait(gpu, command->queue, guest_gpu_outstanding(gpu, command->queue) - 1);
    }
    slot = gpu->free_slots[command->queue];
    gpu->free_slots[command->queue] = slot->next_free;
    slot->large = large;
    gpu->large_busy = gpu->large_busy || large;
    slot->nparts = 0;
    slot->answer = NULL;
    return slot;
}

static void slot_fill(struct guest_gpu *gpu, struct guest_gpu_slot *slot,
                      struct gpu_command command, uint32_t expect)
{
    struct guest_ram *ram = gpu->transport->ram;
    size_t size = command.size + command.tail_size;

    CHECK(size <= LARGE_SIZE && command.response_size <= SLOT_RESPONSE / 2, "command too large");
    slot->fence = 0;
    if (command_is_fenced(gpu, &command)) {
        slot->fence = gpu->next_fence++;
        command.u.hdr.flags |= VIRTIO_GPU_FLAG_FENCE;
        command.u.hdr.fence_id = slot->fence;
    }
    slot->type = command.u.hdr.type;
    slot->expect = expect;
    slot->response_size = command.response_size;
    lay_out(gpu, slot, slot->large ? gpu->large : slot->request, size, gpu->layout.request_parts,
            false);
    slot->nreadable = slot->nparts;
    lay_out(gpu, slot, slot->response, command.response_size, gpu->layout.response_parts, true);
    write_request(gpu, slot, &command);
    guest_ram_fill(ram, slot->response, UNTOUCHED, SLOT_RESPONSE);
}

static struct guest_gpu_slot *send_command(struct guest_gpu *gpu, const struct gpu_command *command,
                                           uint32_t expect, struct gpu_answer *answer)
{
    struct guest_ring *ring = &gpu->rings[command->queue];
    struct guest_gpu_slot *slot = slot_take(gpu, command);

    slot->answer = answer;
    slot_fill(gpu, slot, *command, expect);
    while (guest_ring_add(ring, slot->parts, slot->nparts, gpu->layout.indirect, slot) != 0) {
        guest_gpu_release(gpu);
        CHECK(guest_gpu_outstanding(gpu, command->queue) > 0, "a ring of %u cannot take %u parts",
              ring->size, slot->nparts);
        guest_gpu_wait(gpu, command->queue, guest_gpu_outstanding(gpu, command->queue) - 1);
    }
    gpu->sent[command->queue]++;
    if (!gpu->hold && guest_ring_publish(ring))
        gpu->transport->ops->kick(gpu->transport, command->queue);
    return slot;
}

void guest_gpu_send(struct guest_gpu *gpu, const struct gpu_command *command, uint32_t expect)
{
    send_command(gpu, command, expect, NULL);
}

void guest_gpu_release(struct guest_gpu *gpu)
{
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++) {
        if (gpu->rings[q].told_idx == gpu->rings[q].avail_idx)
            continue;
        if (guest_ring_publish(&gpu->rings[q]))
            gpu->transport->ops->kick(gpu->transport, q);
    }
}

/* The response as the device wrote it, joined from its parts. */
static void read_response(struct guest_gpu *gpu, const struct guest_gpu_slot *slot, uint8_t *bytes,
                          size_t cap)
{
    size_t offset = 0;

    memset(bytes, UNTOUCHED, cap);
    for (unsigned i = slot->nreadable; i < slot->nparts; i++) {
        guest_ram_read(gpu->transport->ram, slot->parts[i].gpa, bytes + offset,
                       slot->parts[i].size);
        offset += slot->parts[i].size;
    }
}

/* Nothing outside the response's parts may have been written. */
static void check_gaps(struct guest_gpu *gpu, const struct guest_gpu_slot *slot)
{
    uint8_t bytes[SLOT_RESPONSE];

    guest_ram_read(gpu->transport->ram, slot->response, bytes, sizeof(bytes));
    for (unsigned i = slot->nreadable; i < slot->nparts; i++)
        memset(bytes + (slot->parts[i].gpa - slot->response), UNTOUCHED, slot->parts[i].size);
    for (size_t i = 0; i < sizeof(bytes); i++)
        CHECK(bytes[i] == UNTOUCHED, "byte %zu outside the response of command 0x%x was written", i,
              slot->type);
}

static void check_fence(const struct guest_gpu_slot *slot, const uint8_t *bytes)
{
    struct virtio_gpu_ctrl_hdr header;

    if (slot->fence == 0 || slot->response_size < sizeof(header))
        return;
    memcpy(&header, bytes, sizeof(header));
    CHECK(header.flags & VIRTIO_GPU_FLAG_FENCE && header.fence_id == slot->fence,
          "command 0x%x with fence %llu was answered with flags %u, fence %llu", slot->type,
          (unsigned long long)slot->fence, header.flags, (unsigned long long)header.fence_id);
}

static void finish_slot(struct guest_gpu *gpu, struct guest_gpu_slot *slot, uint32_t used_len)
{
    uint8_t bytes[sizeof(slot->answer->bytes)];
    uint32_t type = 0;

    CHECK(used_len <= slot->response_size, "command 0x%x: used length %u of %zu writable bytes",
          slot->type, used_len, slot->response_size);
    read_response(gpu, slot, bytes, sizeof(bytes));
    for (size_t i = used_len; i < slot->response_size; i++)
        CHECK(bytes[i] == UNTOUCHED, "command 0x%x: byte %zu written behind the used length %u",
              slot->type, i, used_len);
    check_gaps(gpu, slot);
    if (used_len >= sizeof(struct virtio_gpu_ctrl_hdr))
        check_fence(slot, bytes);
    if (used_len >= sizeof(type))
        memcpy(&type, bytes, sizeof(type));
    CHECK(slot->expect == GPU_ANY_RESPONSE || type == slot->expect,
          "command 0x%x: response 0x%x, expected 0x%x", slot->type, type, slot->expect);
    if (slot->answer != NULL) {
        slot->answer->used_len = used_len;
        slot->answer->done = true;
        memcpy(slot->answer->bytes, bytes, sizeof(bytes));
    }
}

unsigned guest_gpu_collect(struct guest_gpu *gpu, unsigned queue)
{
    struct guest_gpu_slot *slot;
    uint32_t used_len;
    unsigned n = 0;

    while ((slot = guest_ring_take(&gpu->rings[queue], &used_len)) != NULL) {
        finish_slot(gpu, slot, used_len);
        if (slot->large)
            gpu->large_busy = false;
        slot->next_free = gpu->free_slots[queue];
        gpu->free_slots[queue] = slot;
        gpu->answered[queue]++;
        n++;
    }
    return n;
}

unsigned guest_gpu_outstanding(const struct guest_gpu *gpu, unsigned queue)
{
    return (unsigned)(gpu->sent[queue] - gpu->answered[queue]);
}

void guest_gpu_wait(struct guest_gpu *gpu, unsigned queue, unsigned outstanding)
{
    struct guest_ring *ring = &gpu->rings[queue];

    while (guest_gpu_collect(gpu, queue), guest_gpu_outstanding(gpu, queue) > outstanding) {
        int error;

        if (!guest_ring_arm(ring))
            continue;
        error = gpu->transport->ops->wait(gpu->transport, queue, ANSWER_TIMEOUT_MS);
        CHECK(error != -EPIPE, "the connection was closed");
        CHECK(error == 0 || guest_ring_device_used(ring) == ring->used_idx,
              "queue %u: an answer came without its interrupt", queue);
        CHECK(error == 0, "queue %u: %u commands without an answer", queue,
              guest_gpu_outstanding(gpu, queue));
    }
}

void guest_gpu_settle(struct guest_gpu *gpu)
{
    guest_gpu_release(gpu);
    for (unsigned q = 0; q < GUEST_GPU_QUEUES; q++) {
        guest_gpu_wait(gpu, q, 0);
        CHECK(gpu->rings[q].order_count == 0, "queue %u: the ledger does not close", q);
        CHECK(guest_ring_device_used(&gpu->rings[q]) == (uint16_t)gpu->answered[q],
              "queue %u: used.idx %u after %llu commands", q,
              guest_ring_device_used(&gpu->rings[q]), (unsigned long long)gpu->answered[q]);
    }
}

void guest_gpu_call_answer(struct guest_gpu *gpu, const struct gpu_command *command,
                           struct gpu_answer *answer)
{
    *answer = (struct gpu_answer){.done = false};
    send_command(gpu, command, GPU_ANY_RESPONSE, answer);
    guest_gpu_release(gpu);
    guest_gpu_wait(gpu, command->queue, 0);
    CHECK(answer->done, "answered");
}

uint32_t guest_gpu_call(struct guest_gpu *gpu, struct gpu_command command)
{
    struct gpu_answer answer;
    uint32_t type = 0;

    guest_gpu_call_answer(gpu, &command, &answer);
    if (answer.used_len >= sizeof(type))
        memcpy(&type, answer.bytes, sizeof(type));
    return type;
}
