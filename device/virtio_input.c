// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/virtio_input.h"

#include "device/input_queue.h"
#include "device/virtio_input_config.h"
#include "server/log.h"
#include "server/trace.h"

#include <endian.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_QUEUE 0
#define STATUS_QUEUE 1
#define EVENT_SIZE 8
/* A guest's kernel takes events as fast as they come, but keeps only 64 of a
 * keyboard for a program that has not read them yet (Linux: evdev), and drops
 * them all when there are more. Of a burst, or of what was typed while the
 * guest stood still, so many go in each turn of so many ms. */
#define TURN_EVENTS 16
#define TURN_MS 8
/* Buffers of a queue that are looked at in one go. */
#define MAX_BUFFERS 4096

struct virtio_input {
    struct virtio_device device; /* first: the transport hands this back */
    struct virtio_input_config_source config;
    uint8_t select, subsel;
    struct input_queue pending;
    bool in_turn; /* it ends with virtio_input_next_turn() */
    unsigned turn_events; /* that went in this turn */
    struct virtqueue_chain chain;
    uint32_t leds;
    bool has_driver;
    const struct virtio_input_listener *listener;
    void *user;
    struct log_limit log_limit;
};

static struct virtio_input *device_input(struct virtio_device *device)
{
    return (struct virtio_input *)device;
}

static void warn_chain(struct virtio_input *input, int error)
{
    log_warning_limited(&input->log_limit, "input", "%s: the guest's %s", input->device.name,
                        error == -EIO ? "ring is corrupt, it is ignored from now on"
                                      : "descriptor chain is malformed");
}

/* The first event after a quiet time begins a turn. */
static void count_event(struct virtio_input *input)
{
    if (!input->listener->turn)
        return;
    if (!input->in_turn) {
        input->in_turn = true;
        input->turn_events = 0;
        input->listener->turn(input->user, input, TURN_MS);
    }
    input->turn_events++;
}

static bool may_go(const struct virtio_input *input)
{
    return !input->in_turn || input->turn_events < TURN_EVENTS;
}

static void write_event(struct virtio_input *input, struct virtqueue *queue)
{
    const struct input_event_value *event = input_queue_first(&input->pending);
    /* A buffer that no event fits into goes back empty; the event waits. */
    if (input->chain.write_size < EVENT_SIZE) {
        virtqueue_push(queue, input->chain.head, 0);
        return;
    }
    struct {
        uint16_t type, code;
        uint32_t value;
    } wire = { htole16(event->type), htole16(event->code), htole32((uint32_t)event->value) };
    virtqueue_chain_write(&input->chain, 0, &wire, sizeof wire);
    virtqueue_push(queue, input->chain.head, EVENT_SIZE);
    trace(input_report, "device=%s type=%u code=%u value=%d", input->device.name, event->type,
          event->code, (int)event->value);
    input_queue_drop_first(&input->pending);
    count_event(input);
}

static void serve_events(struct virtio_input *input)
{
    struct virtqueue *queue = &input->device.queues[EVENT_QUEUE];
    /* Reports come at any time, also while the VMM stops or starts the queue. */
    if (!virtio_input_active(input))
        return;
    for (unsigned n = 0; n < MAX_BUFFERS && input_queue_first(&input->pending) && may_go(input);
         n++) {
        int result = virtqueue_pop(queue, input->device.memory, &input->chain);
        if (result == 0)
            break;
        if (result < 0)
            warn_chain(input, result);
        else
            write_event(input, queue);
    }
    virtqueue_flush(queue);
}

static void take_status(struct virtio_input *input)
{
    struct {
        uint16_t type, code;
        uint32_t value;
    } wire;
    if (virtqueue_chain_read(&input->chain, 0, &wire, sizeof wire) < sizeof wire)
        return;
    unsigned code = le16toh(wire.code);
    if (le16toh(wire.type) != EV_LED || code > LED_SCROLLL)
        return;
    uint32_t leds = input->leds & ~(1u << code);
    if (wire.value != 0)
        leds |= 1u << code;
    if (leds == input->leds)
        return;
    input->leds = leds;
    input->listener->leds(input->user, leds);
}

static void serve_status(struct virtio_input *input)
{
    struct virtqueue *queue = &input->device.queues[STATUS_QUEUE];
    for (unsigned n = 0; n < MAX_BUFFERS; n++) {
        int result = virtqueue_pop(queue, input->device.memory, &input->chain);
        if (result == 0)
            break;
        if (result < 0) {
            warn_chain(input, result);
            continue;
        }
        take_status(input);
        virtqueue_push(queue, input->chain.head, 0);
    }
    virtqueue_flush(queue);
}

static void config_read(struct virtio_device *device, uint32_t offset, void *data, uint32_t size)
{
    struct virtio_input *input = device_input(device);
    struct virtio_input_config config;
    virtio_input_config_fill(&input->config, input->select, input->subsel, &config);
    virtio_config_copy(&config, sizeof config, offset, data, size);
}

/* The driver sets one selector at a time, and QEMU sends the whole space each
 * time: only the first two bytes ever mean anything. */
static void config_write(struct virtio_device *device, uint32_t offset, const void *data,
                         uint32_t size)
{
    struct virtio_input *input = device_input(device);
    const uint8_t *bytes = data;
    if (offset == 0 && size > 0)
        input->select = bytes[0];
    if (offset <= 1 && size > 1 - offset)
        input->subsel = bytes[1 - offset];
}

static void queue_notify(struct virtio_device *device, unsigned index)
{
    struct virtio_input *input = device_input(device);
    if (!input->has_driver) {
        input->has_driver = true;
        input->listener->driver_changed(input->user, input);
    }
    if (index == EVENT_QUEUE)
        serve_events(input);
    else
        serve_status(input);
}

/* Nothing is ever held: a chain is taken and answered in one go. */
static void queue_stop(struct virtio_device *device, unsigned index)
{
    (void)device;
    (void)index;
}

static void reset(struct virtio_device *device)
{
    struct virtio_input *input = device_input(device);
    input_queue_clear(&input->pending);
    input->select = input->subsel = 0;
    input->has_driver = false;
    if (input->leds != 0) {
        input->leds = 0;
        input->listener->leds(input->user, 0);
    }
    input->listener->driver_changed(input->user, input);
}

static void memory_changed(struct virtio_device *device)
{
    (void)device;
}

static const struct virtio_device_ops input_ops = {
    .config_read = config_read,
    .config_write = config_write,
    .queue_notify = queue_notify,
    .queue_stop = queue_stop,
    .reset = reset,
    .memory_changed = memory_changed,
};

struct virtio_input *virtio_input_create(enum virtio_input_kind kind, const char *serial,
                                         const struct virtio_input_listener *listener,
                                         void *user)
{
    static const char *const names[] = { "keyboard", "tablet", "mouse" };
    struct virtio_input *input = calloc(1, sizeof *input);
    if (!input)
        return NULL;
    input->device.ops = &input_ops;
    input->device.name = names[kind];
    input->device.nqueues = 2;
    input->listener = listener;
    input->user = user;
    virtio_input_config_init(&input->config, kind, serial);
    input_queue_clear(&input->pending);
    return input;
}

void virtio_input_destroy(struct virtio_input *input)
{
    free(input);
}

struct virtio_device *virtio_input_device(struct virtio_input *input)
{
    return &input->device;
}

bool virtio_input_active(const struct virtio_input *input)
{
    const struct virtqueue *queue = &input->device.queues[EVENT_QUEUE];
    return queue->running && queue->enabled && !queue->broken;
}

bool virtio_input_has_driver(const struct virtio_input *input)
{
    return input->has_driver;
}

bool virtio_input_report(struct virtio_input *input, const struct input_event_value *events,
                         size_t n)
{
    bool taken = input_queue_add(&input->pending, events, n);
    if (!taken)
        log_warning_limited(&input->log_limit, "input",
                            "%s: the guest takes no events, one is dropped", input->device.name);
    serve_events(input);
    return taken;
}

void virtio_input_next_turn(struct virtio_input *input)
{
    input->in_turn = false;
    serve_events(input);
}

size_t virtio_input_pending(const struct virtio_input *input)
{
    return input->pending.count;
}
