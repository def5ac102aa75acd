// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtqueues and the command stream: rings, chains and gpu commands in guest
 * memory that the input lays out, well formed by helpers or byte by byte.
 */
#include "device/virtio_gpu_abi.h"
#include "device/virtqueue.h"
#include "tests/fuzz/lib/fuzz_input.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"
#include "tests/fuzz/lib/gpu_world.h"

#include <unistd.h>

/* The guest's memory: the first part at 0, the rest above a hole. The rings
 * stand at the start of each of the first pages, buffers behind them. */
#define LOW_SIZE ((uint64_t)256 * 1024)
#define HIGH_ADDRESS ((uint64_t)1 << 32)
#define USER_BASE ((uint64_t)1 << 40)
#define QUEUE_SIZE 16
#define AVAIL_OFFSET 0x400
#define USED_OFFSET 0x800
#define BUFFERS 0x4000

enum operation {
    COMMAND, /* flags, type, fence; body and what follows, as words */
    CHAIN,   /* flags, descriptors {address, size, flags, next} */
    MEMORY,  /* offset, size; bytes */
    NOTIFY,  /* queue */
    TURN,
    JOB,
    CLOCK, /* 4 ms each */
    STOP,  /* queue */
    START, /* queue */
    RESET,
    TABLE,    /* which regions there are */
    TRUNCATE, /* to so many pages */
    OUTPUT,   /* head, what */
    OPERATIONS,
};

static struct guest {
    struct gpu_world world;
    struct virtio_device *device;
    uint16_t avail[2]; /* index of the next entry */
    uint16_t desc[2];  /* the next descriptor */
    uint64_t buffer;   /* where the next buffer goes */
} guest;

static void write_u16(uint64_t offset, uint16_t value)
{
    gpu_world_write(&guest.world, offset, &value, sizeof(value));
}

static uint64_t ring_at(unsigned queue)
{
    return 0x1000 * (uint64_t)queue;
}

/* 0: no table, 1: both parts, 2: the low one, 3: both, the high one elsewhere. */
static void set_table(unsigned which)
{
    const struct guest_memory_region regions[] = {
        {.gpa = 0, .size = LOW_SIZE, .user_addr = USER_BASE},
        {.gpa = which == 3 ? LOW_SIZE : HIGH_ADDRESS,
         .size = GPU_WORLD_RAM - LOW_SIZE,
         .user_addr = USER_BASE + LOW_SIZE,
         .offset = LOW_SIZE},
    };
    const int fds[] = {guest.world.ram, guest.world.ram};
    struct guest_memory *old = guest.device->memory, *memory = NULL;
    if (which != 0) {
        memory = guest_memory_create(regions, fds, which == 2 ? 1 : 2, old);
        if (!memory)
            return; /* the file has been truncated */
    }
    guest.device->memory = memory;
    for (unsigned i = 0; i < 2; i++)
        if (guest.device->queues[i].running)
            virtqueue_move(&guest.device->queues[i], memory);
    guest.device->ops->memory_changed(guest.device);
    guest_memory_unref(old);
}

static void no_call(struct virtqueue *queue)
{
    (void)queue;
}

static void start_queue(unsigned index)
{
    struct virtqueue *queue = &guest.device->queues[index];
    if (queue->running)
        return;
    queue->size = QUEUE_SIZE;
    queue->indirect = queue->event_idx = true;
    queue->call = no_call;
    queue->desc_user = USER_BASE + ring_at(index);
    queue->avail_user = queue->desc_user + AVAIL_OFFSET;
    queue->used_user = queue->desc_user + USED_OFFSET;
    virtqueue_start(queue, guest.device->memory);
}

static void stop_queue(unsigned index)
{
    struct virtqueue *queue = &guest.device->queues[index];
    if (!queue->running)
        return;
    guest.device->ops->queue_stop(guest.device, index);
    virtqueue_stop(queue);
}

static void notify(unsigned index)
{
    if (guest.device->queues[index].running)
        guest.device->ops->queue_notify(guest.device, index);
}

static void start(void)
{
    gpu_world_start(&guest.world);
    guest.device = gpu_device(guest.world.gpu);
    guest.avail[0] = guest.avail[1] = guest.desc[0] = guest.desc[1] = 0;
    guest.buffer = BUFFERS;
    set_table(1);
    start_queue(0);
    start_queue(1);
    gpu_world_output_step(&guest.world, 0, 0);
    gpu_world_output_step(&guest.world, 0, 2);
}

static void finish(void)
{
    stop_queue(0);
    stop_queue(1);
    guest.device->ops->reset(guest.device);
    set_table(0);
    gpu_world_finish(&guest.world);
}

/* A descriptor in the queue's table. Returns its index; the next is the one
 * behind it, and `skip` more. */
static uint16_t put_descriptor(unsigned queue, uint64_t address, uint32_t size, uint16_t flags,
                               uint16_t skip)
{
    struct {
        uint64_t address;
        uint32_t size;
        uint16_t flags, next;
    } desc = {address, size, flags, 0};
    uint16_t index = guest.desc[queue]++ % QUEUE_SIZE;
    desc.next = (uint16_t)((index + 1) % QUEUE_SIZE + skip);
    gpu_world_write(&guest.world, ring_at(queue) + 16u * index, &desc, sizeof(desc));
    return index;
}

static void offer(unsigned queue, uint16_t head)
{
    uint64_t avail = ring_at(queue) + AVAIL_OFFSET;
    write_u16(avail + 4 + 2u * (guest.avail[queue] % QUEUE_SIZE), head);
    write_u16(avail + 2, ++guest.avail[queue]);
}

static uint64_t take_buffer(size_t size)
{
    if (guest.buffer + size > LOW_SIZE)
        guest.buffer = BUFFERS;
    uint64_t at = guest.buffer;
    guest.buffer += (size + 15) & ~(size_t)15;
    return at;
}

/* A whole command with room for an answer, offered as the flags say: bit 0
 * cursor queue, 1 in two pieces, 2 no kick, 3 no room, 4 with a fence. */
static void send_command(struct fuzz_input *input)
{
    uint8_t flags = fuzz_u8(input);
    unsigned queue = flags & 1;
    uint8_t type = fuzz_u8(input);
    uint32_t words[6 + 64] = {type < 0x80 ? 0x100u + type : 0x300u + (type & 0x7fu)};
    size_t count = 6 + fuzz_u8(input) % 64u;
    words[1] = flags & 16 ? VIRTIO_GPU_FLAG_FENCE : 0;
    fuzz_words(input, words + 6, count - 6);
    uint32_t size = (uint32_t)(count * 4), first = flags & 2 ? size / 8 * 4 : size;
    uint64_t request = take_buffer(size), answer = take_buffer(2048);
    gpu_world_write(&guest.world, request, words, size);
    uint16_t more = flags & 8 ? 0 : 1;
    uint16_t head = put_descriptor(queue, request, first, first < size ? 1 : more, 0);
    if (first < size)
        put_descriptor(queue, request + first, size - first, more, 0);
    if (more)
        put_descriptor(queue, answer, 2048, 2, 0);
    offer(queue, head);
    if (!(flags & 4))
        notify(queue);
}

/* Descriptors as the input has them. */
static void send_chain(struct fuzz_input *input)
{
    uint8_t flags = fuzz_u8(input);
    unsigned queue = flags & 1, count = flags / 16 + 1;
    uint16_t head = guest.desc[queue] % QUEUE_SIZE;
    for (unsigned i = 0; i < count; i++) {
        uint64_t address = fuzz_number(input);
        uint32_t size = (uint32_t)fuzz_number(input);
        uint16_t kind = (uint16_t)fuzz_number(input);
        put_descriptor(queue, address, size, kind, (uint16_t)fuzz_number(input));
    }
    offer(queue, head);
    if (!(flags & 4))
        notify(queue);
}

static void operate(struct fuzz_input *input)
{
    enum operation operation = fuzz_u8(input) % OPERATIONS;
    uint8_t what;
    uint64_t offset;
    size_t size;
    const uint8_t *bytes;
    switch (operation) {
    case COMMAND:
        send_command(input);
        break;
    case CHAIN:
        send_chain(input);
        break;
    case MEMORY:
        offset = fuzz_number(input);
        bytes = fuzz_bytes(input, fuzz_u8(input), &size);
        gpu_world_write(&guest.world, offset, bytes, size);
        break;
    case NOTIFY:
        notify(fuzz_u8(input) % 2);
        break;
    case JOB:
        fuzz_job_run();
        break;
    case CLOCK:
        fuzz_clock_advance(4u * fuzz_u8(input));
        break;
    case STOP:
        stop_queue(fuzz_u8(input) % 2);
        break;
    case START:
        start_queue(fuzz_u8(input) % 2);
        break;
    case RESET:
        guest.device->ops->reset(guest.device);
        break;
    case TABLE:
        set_table(fuzz_u8(input) % 4);
        break;
    case TRUNCATE:
        if (ftruncate(guest.world.ram, 4096 * (fuzz_u8(input) % 128)) < 0)
            fuzz_fail("ftruncate");
        break;
    case OUTPUT:
        what = fuzz_u8(input);
        gpu_world_output_step(&guest.world, what % GPU_WORLD_HEADS, what / 2 % 4);
        break;
    default:
        fuzz_turn(&guest.world.loop);
        break;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    start();
    while (!fuzz_input_ended(&input))
        operate(&input);
    finish();
    return 0;
}
