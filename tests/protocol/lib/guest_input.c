// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_input.h"

#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/oriel_process.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_SIZE 4
#define EVENT_SIZE 8u
#define STATUS_TIMEOUT_MS 5000

/* Tokens of the rings are the buffers' numbers, from 1. */
static void *token_of(unsigned buffer)
{
    return (void *)(uintptr_t)(buffer + 1);
}

static uint64_t buffer_of(const struct guest_input *input, const void *token)
{
    return input->buffers + ((uintptr_t)token - 1) * EVENT_SIZE;
}

static void give_buffer(struct guest_input *input, void *token)
{
    struct guest_part part = {.gpa = buffer_of(input, token), .size = EVENT_SIZE, .writable = true};

    CHECK(guest_ring_add(&input->rings[GUEST_INPUT_EVENTS], &part, 1, false, token) == 0,
          "room for a buffer");
}

static void publish(struct guest_input *input, unsigned queue)
{
    struct guest_transport *transport = &input->front_end.transport;

    if (guest_ring_publish(&input->rings[queue]))
        transport->ops->kick(transport, queue);
}

static void give_all_buffers(struct guest_input *input)
{
    for (unsigned i = 0; i < input->rings[GUEST_INPUT_EVENTS].size; i++)
        give_buffer(input, token_of(i));
}

void guest_input_probe(struct guest_input *input)
{
    struct guest_transport *transport = &input->front_end.transport;

    transport->driver_features &= ~input->options.refuse_features;
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++) {
        input->rings[i].event_idx =
            transport->driver_features & GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX);
        guest_ring_clear(&input->rings[i]);
    }
    /* A driver fills its ring before it says DRIVER_OK. */
    input->hold = input->options.hold;
    if (!input->hold)
        give_all_buffers(input);
    guest_ring_publish(&input->rings[GUEST_INPUT_EVENTS]);
    CHECK(transport->ops->start(transport) == 0, "start");
    guest_ring_arm(&input->rings[GUEST_INPUT_EVENTS]);
}

void guest_input_start(struct guest_input *input, struct guest_ram *ram, const char *path,
                       const struct guest_input_options *options)
{
    static const struct guest_input_options defaults;
    struct front_end_options front_end = {.input = true};

    *input = (struct guest_input){.options = options != NULL ? *options : defaults};
    front_end.style = input->options.style;
    if (input->options.size == 0)
        input->options.size = DEFAULT_SIZE;
    front_end_init(&input->front_end, ram, &front_end);
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++)
        guest_ring_init(&input->rings[i], ram, i, input->options.size, false);
    input->buffers = guest_ram_alloc(ram, EVENT_SIZE * input->options.size, 8);
    input->status = guest_ram_alloc(ram, EVENT_SIZE, 8);
    input->front_end.transport.rings = input->rings;
    input->front_end.transport.nrings = FRONT_END_QUEUES;
    CHECK(front_end_connect(&input->front_end, path) == 0, "connect to %s", path);
    CHECK(front_end_realize(&input->front_end) == 0, "realize");
    if (!input->options.unprobed)
        guest_input_probe(input);
}

void guest_input_finish(struct guest_input *input)
{
    front_end_finish(&input->front_end);
    free(input->events);
    *input = (struct guest_input){.front_end = {.fd = -1}};
}

void guest_input_reset(struct guest_input *input)
{
    struct guest_transport *transport = &input->front_end.transport;

    CHECK(transport->ops->reset(transport) == 0, "reset");
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++)
        input->rings[i].base = 0;
    guest_input_probe(input);
}

void guest_input_pause(struct guest_input *input)
{
    struct guest_transport *transport = &input->front_end.transport;

    CHECK(transport->ops->pause(transport) == 0, "pause");
    for (unsigned i = 0; i < FRONT_END_QUEUES; i++)
        CHECK(input->rings[i].base == guest_ring_device_used(&input->rings[i]),
              "queue %u: handed back %u, used index %u", i, input->rings[i].base,
              guest_ring_device_used(&input->rings[i]));
}

void guest_input_resume(struct guest_input *input)
{
    struct guest_transport *transport = &input->front_end.transport;

    CHECK(transport->ops->resume(transport) == 0, "resume");
}

void guest_input_release(struct guest_input *input)
{
    struct guest_ring *ring = &input->rings[GUEST_INPUT_EVENTS];

    input->hold = false;
    for (unsigned i = 0; i < ring->size; i++) {
        bool outstanding = false;

        for (unsigned k = 0; k < ring->size; k++)
            outstanding |= ring->tokens[k] == token_of(i);
        if (!outstanding)
            give_buffer(input, token_of(i));
    }
    publish(input, GUEST_INPUT_EVENTS);
}

static void note_event(struct guest_input *input, uint64_t buffer)
{
    struct virtio_input_event event;

    if (input->count == input->capacity) {
        input->capacity = input->capacity * 2 + 256;
        input->events = realloc(input->events, input->capacity * sizeof(input->events[0]));
        CHECK(input->events != NULL, "memory");
    }
    guest_ram_read(input->front_end.transport.ram, buffer, &event, sizeof(event));
    input->events[input->count++] = (struct guest_input_event){
        .type = event.type, .code = event.code, .value = (int32_t)event.value};
}

unsigned guest_input_collect(struct guest_input *input)
{
    struct guest_ring *ring = &input->rings[GUEST_INPUT_EVENTS];
    unsigned before = input->count;

    do {
        uint32_t size;
        void *token;

        while ((token = guest_ring_take(ring, &size)) != NULL) {
            CHECK(size == EVENT_SIZE, "an event of %u bytes", size);
            note_event(input, buffer_of(input, token));
            if (!input->hold)
                give_buffer(input, token);
        }
        if (!input->hold)
            publish(input, GUEST_INPUT_EVENTS);
    } while (!guest_ring_arm(ring));
    return input->count - before;
}

void guest_input_wait(struct guest_input *input, unsigned count, unsigned timeout_ms)
{
    struct guest_transport *transport = &input->front_end.transport;
    uint64_t end = check_now_us() + 1000ull * timeout_ms * oriel_patience();

    while (guest_input_collect(input), input->count < count) {
        uint64_t now = check_now_us();

        CHECK(now < end, "%u events of %u", input->count, count);
        transport->ops->wait(transport, GUEST_INPUT_EVENTS, (int)((end - now) / 1000 + 1));
    }
}

void guest_input_clear(struct guest_input *input)
{
    input->count = 0;
}

void guest_input_expect(const struct guest_input *input, unsigned at, uint16_t type, uint16_t code,
                        int32_t value)
{
    CHECK(at < input->count, "event %u of %u", at, input->count);
    const struct guest_input_event *event = &input->events[at];

    CHECK(event->type == type && event->code == code && event->value == value,
          "event %u: type %u code %u value %d instead of %u %u %d", at, event->type, event->code,
          event->value, type, code, value);
}

void guest_input_send_status(struct guest_input *input, uint16_t type, uint16_t code, int32_t value)
{
    struct guest_ring *ring = &input->rings[GUEST_INPUT_STATUS];
    struct guest_transport *transport = &input->front_end.transport;
    struct virtio_input_event event = {type, code, (uint32_t)value};
    struct guest_part part = {.gpa = input->status, .size = sizeof(event)};
    uint32_t size;

    guest_ram_write(transport->ram, input->status, &event, sizeof(event));
    CHECK(guest_ring_add(ring, &part, 1, false, token_of(0)) == 0, "room for a status");
    publish(input, GUEST_INPUT_STATUS);
    while (guest_ring_take(ring, &size) == NULL) {
        if (!guest_ring_arm(ring))
            continue;
        CHECK(transport->ops->wait(transport, GUEST_INPUT_STATUS, STATUS_TIMEOUT_MS) == 0 ||
                  !guest_ring_arm(ring),
              "the status is not answered");
    }
    input->answered++;
}

void guest_input_config(struct guest_input *input, uint8_t select, uint8_t subsel,
                        struct virtio_input_config *config)
{
    /* QEMU keeps the whole space and sends it with each byte that is written:
     * behind the selectors is what it read before. */
    config->select = select;
    CHECK(front_end_set_config(&input->front_end, 0, config, sizeof(*config)) == 0, "select");
    config->subsel = subsel;
    CHECK(front_end_set_config(&input->front_end, 0, config, sizeof(*config)) == 0, "subsel");
    CHECK(front_end_get_config(&input->front_end, 0, config, sizeof(*config)) == 0, "config");
}
