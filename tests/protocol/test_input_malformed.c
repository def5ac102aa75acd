// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests that ask for everything there is, and drivers that give buffers no
 * event fits into: the configuration of all selectors, chains of all sizes.
 */
#include "tests/protocol/lib/input_machine.h"

#include <linux/input-event-codes.h>
#include <linux/input.h>
#include <string.h>

static struct input_machine machine;
static struct guest_input *const keyboard = &machine.devices[INPUT_KEYBOARD];

#define CONFIG_HEAD offsetof(struct virtio_input_config, u)

/* Whatever is asked: the selectors come back, `size` bytes mean something, and
 * no byte behind them says anything. */
static void check_config(const struct virtio_input_config *config, uint8_t select, uint8_t subsel)
{
    const uint8_t *bytes = (const uint8_t *)&config->u;
    CHECK(config->select == select && config->subsel == subsel && config->size <= 128,
          "%u,%u: answered %u,%u, size %u", select, subsel, config->select, config->subsel,
          config->size);
    for (unsigned i = 0; i < sizeof(config->reserved); i++)
        CHECK(config->reserved[i] == 0, "%u,%u: reserved byte %u", select, subsel, i);
    for (unsigned i = config->size; i < sizeof(config->u); i++)
        CHECK(bytes[i] == 0, "%u,%u: byte %u behind %u", select, subsel, i, config->size);
}

static bool has_bit(const struct virtio_input_config *config, unsigned bit)
{
    return bit / 8 < config->size && (config->u.bitmap[bit / 8] & (1u << (bit % 8)));
}

static unsigned count_bits(const struct virtio_input_config *config)
{
    unsigned n = 0;
    for (unsigned i = 0; i < config->size; i++)
        n += (unsigned)__builtin_popcount(config->u.bitmap[i]);
    return n;
}

/* Which pairs have an answer, for each device. */
static bool is_answered(enum input_machine_device device, uint8_t select, uint8_t subsel)
{
    switch (select) {
    case VIRTIO_INPUT_CFG_ID_NAME:
    case VIRTIO_INPUT_CFG_ID_SERIAL:
    case VIRTIO_INPUT_CFG_ID_DEVIDS:
        return subsel == 0;
    case VIRTIO_INPUT_CFG_EV_BITS:
        if (device == INPUT_KEYBOARD)
            return subsel == EV_KEY || subsel == EV_LED || subsel == EV_REP;
        return subsel == EV_KEY || subsel == EV_REL || (subsel == EV_ABS && device == INPUT_TABLET);
    case VIRTIO_INPUT_CFG_ABS_INFO:
        return device == INPUT_TABLET && (subsel == ABS_X || subsel == ABS_Y);
    default:
        return false;
    }
}

static void all_selectors_of(enum input_machine_device device)
{
    struct virtio_input_config config = {0};
    uint64_t start = check_now_us();
    for (unsigned select = 0; select < 256; select++)
        for (unsigned subsel = 0; subsel < 256; subsel++) {
            guest_input_config(&machine.devices[device], (uint8_t)select, (uint8_t)subsel, &config);
            check_config(&config, (uint8_t)select, (uint8_t)subsel);
            CHECK((config.size > 0) == is_answered(device, (uint8_t)select, (uint8_t)subsel),
                  "device %d: %u,%u has size %u", device, select, subsel, config.size);
        }
    print_message("65536 pairs in %llu ms\n",
                  (unsigned long long)((check_now_us() - start) / 1000));
}

static void all_selectors_are_answered(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    for (int device = 0; device < INPUT_DEVICES_COUNT; device++)
        all_selectors_of((enum input_machine_device)device);
    input_machine_finish(&machine);
}

static void what_the_devices_say_of_themselves(void **state)
{
    (void)state;
    static const char *const names[] = {"Oriel Virtio Keyboard", "Oriel Virtio Tablet",
                                        "Oriel Virtio Mouse"};
    static const char *const serials[] = {"oriel-keyboard", "oriel-tablet", "oriel-mouse"};
    static const uint16_t products[] = {1, 3, 2};
    struct virtio_input_config config = {0};
    input_machine_start(&machine, NULL);
    for (int i = 0; i < INPUT_DEVICES_COUNT; i++) {
        struct guest_input *device = &machine.devices[i];
        guest_input_config(device, VIRTIO_INPUT_CFG_ID_NAME, 0, &config);
        assert_int_equal(config.size, strlen(names[i]));
        assert_memory_equal(config.u.string, names[i], config.size);
        guest_input_config(device, VIRTIO_INPUT_CFG_ID_SERIAL, 0, &config);
        assert_int_equal(config.size, strlen(serials[i]));
        assert_memory_equal(config.u.string, serials[i], config.size);
        guest_input_config(device, VIRTIO_INPUT_CFG_ID_DEVIDS, 0, &config);
        assert_int_equal(config.u.ids.bustype, BUS_VIRTUAL);
        assert_int_equal(config.u.ids.vendor, 0x0627);
        assert_int_equal(config.u.ids.product, products[i]);
    }
    guest_input_config(keyboard, VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, &config);
    for (unsigned code = 1; code < 248; code++)
        assert_true(has_bit(&config, code));
    assert_int_equal(count_bits(&config), 247);
    guest_input_config(keyboard, VIRTIO_INPUT_CFG_EV_BITS, EV_LED, &config);
    assert_int_equal(config.u.bitmap[0], 7);
    for (int i = INPUT_TABLET; i <= INPUT_MOUSE; i++) {
        guest_input_config(&machine.devices[i], VIRTIO_INPUT_CFG_EV_BITS, EV_REL, &config);
        assert_true(has_bit(&config, REL_WHEEL) && has_bit(&config, REL_HWHEEL) &&
                    has_bit(&config, REL_WHEEL_HI_RES) && has_bit(&config, REL_HWHEEL_HI_RES));
        assert_int_equal(has_bit(&config, REL_X) && has_bit(&config, REL_Y), i == INPUT_MOUSE);
        guest_input_config(&machine.devices[i], VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, &config);
        for (unsigned code = BTN_LEFT; code <= BTN_EXTRA; code++)
            assert_true(has_bit(&config, code));
        assert_int_equal(count_bits(&config), 5);
    }
    for (uint8_t axis = ABS_X; axis <= ABS_Y; axis++) {
        guest_input_config(&machine.devices[INPUT_TABLET], VIRTIO_INPUT_CFG_ABS_INFO, axis,
                           &config);
        assert_int_equal(config.size, 20);
        assert_int_equal(config.u.abs.min, 0);
        assert_int_equal(config.u.abs.max, 0x7fff);
    }
    input_machine_finish(&machine);
}

/* Parts of the space, at every place and of every size. */
static void any_part_of_the_configuration(void **state)
{
    (void)state;
    struct virtio_input_config whole = {0};
    uint8_t part[256];
    input_machine_start(&machine, NULL);
    guest_input_config(keyboard, VIRTIO_INPUT_CFG_ID_NAME, 0, &whole);
    for (uint32_t offset = 0; offset <= 256; offset += 7)
        for (uint32_t size = 0; size <= 256; size += 5) {
            memset(part, 0xa5, sizeof(part));
            CHECK(front_end_get_config(&keyboard->front_end, offset, part, size) == 0,
                  "%u bytes at %u", size, offset);
            for (uint32_t i = 0; i < size; i++) {
                uint8_t expected = offset + i < sizeof(whole) ? ((uint8_t *)&whole)[offset + i] : 0;
                CHECK(part[i] == expected, "byte %u of %u at %u", i, size, offset);
            }
        }
    /* Writes that leave out a selector, or mean nothing. */
    static const uint8_t ones[256] = {1, 0};
    CHECK(front_end_set_config(&keyboard->front_end, 0, ones, 0) == 0, "nothing");
    CHECK(front_end_set_config(&keyboard->front_end, 2, ones, 134) == 0, "behind");
    CHECK(front_end_set_config(&keyboard->front_end, 200, ones, 56) == 0, "beyond");
    struct virtio_input_config again;
    CHECK(front_end_get_config(&keyboard->front_end, 0, &again, sizeof(again)) == 0, "again");
    assert_memory_equal(&again, &whole, sizeof(whole));
    CHECK(front_end_set_config(&keyboard->front_end, 1, ones, 1) == 0, "subsel alone");
    CHECK(front_end_get_config(&keyboard->front_end, 0, &again, sizeof(again)) == 0, "again");
    check_config(&again, VIRTIO_INPUT_CFG_ID_NAME, 1);
    assert_int_equal(again.size, 0);
    input_machine_finish(&machine);
}

/* Sends a chain of `parts` over the status queue and takes it back. */
static void send_chain(const struct guest_part *parts, unsigned nparts)
{
    struct guest_ring *ring = &keyboard->rings[GUEST_INPUT_STATUS];
    struct guest_transport *transport = &keyboard->front_end.transport;
    uint64_t end = check_now_us() + 5000000ull * oriel_patience();
    bool indirect = nparts > ring->size;
    uint32_t size;
    CHECK(guest_ring_add(ring, parts, nparts, indirect, ring) == 0, "room");
    if (guest_ring_publish(ring))
        transport->ops->kick(transport, GUEST_INPUT_STATUS);
    while (guest_ring_take(ring, &size) == NULL) {
        CHECK(check_now_us() < end, "a status chain is not answered");
        if (guest_ring_arm(ring))
            transport->ops->wait(transport, GUEST_INPUT_STATUS, 10);
    }
    CHECK(size <= 8, "%u bytes were written to a status", size);
}

static void expect_caps(struct rfb_client *viewer, bool on)
{
    INPUT_WAIT(&machine, viewer->told.led_bits == (on ? 4u : 0u));
}

static void status_chains_of_all_sizes(void **state)
{
    (void)state;
    static const int32_t with_leds[] = {-261, 0};
    static const uint32_t sizes[] = {0, 1, 2, 4, 7, 9, 12, 16, 4096};
    struct virtio_input_event led = {EV_LED, LED_CAPSL, 1};
    input_machine_start(&machine, NULL);
    struct guest_ram *ram = &machine.machine.ram;
    uint64_t buffer = guest_ram_alloc(ram, 8192, 4096);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, with_leds);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        /* Too short for an event it is none; of a longer one the first counts. */
        guest_ram_fill(ram, buffer, 0, 8192);
        led.value = 1;
        guest_ram_write(ram, buffer, &led, sizeof(led));
        struct guest_part part = {.gpa = buffer, .size = sizes[i]};
        send_chain(&part, 1);
        input_machine_settle(&machine, viewer);
        expect_caps(viewer, sizes[i] >= 8);
        guest_input_send_status(keyboard, EV_LED, LED_CAPSL, 0);
        expect_caps(viewer, false);
    }
    /* One event in pieces of every kind. */
    led.value = 1;
    guest_ram_write(ram, buffer, &led, sizeof(led));
    struct guest_part pieces[8];
    for (unsigned i = 0; i < 8; i++)
        pieces[i] = (struct guest_part){.gpa = buffer + i, .size = 1};
    send_chain(pieces, 8);
    expect_caps(viewer, true);
    /* Writable: there is nothing to read in it. */
    struct guest_part writable = {.gpa = buffer, .size = 8, .writable = true};
    send_chain(&writable, 1);
    struct guest_part both[] = {{.gpa = buffer, .size = 4},
                                {.gpa = buffer + 4, .size = 4, .writable = true}};
    send_chain(both, 2);
    /* Memory that is not there: the chain comes back, and the next counts. */
    struct guest_part nowhere = {.gpa = 0xdead00000000, .size = 8};
    send_chain(&nowhere, 1);
    input_machine_settle(&machine, viewer);
    guest_input_send_status(keyboard, EV_LED, LED_CAPSL, 0);
    expect_caps(viewer, false);
    input_machine_finish(&machine);
}

/* Gives buffers by hand: too small ones come back empty, and the event waits
 * for one that it fits into. */
static void event_chains_of_all_sizes(void **state)
{
    (void)state;
    struct input_machine_options options = {.input = {.hold = true, .size = 64}};
    input_machine_start(&machine, &options);
    struct guest_ram *ram = &machine.machine.ram;
    struct guest_ring *ring = &keyboard->rings[GUEST_INPUT_EVENTS];
    struct guest_transport *transport = &keyboard->front_end.transport;
    uint64_t buffer = guest_ram_alloc(ram, 8192, 4096);
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    static int tokens[64];
    struct guest_part parts[24];
    for (unsigned i = 0; i < 24; i++)
        parts[i] = (struct guest_part){.gpa = buffer + 64 * i, .size = i % 8, .writable = true};
    parts[8].writable = false; /* 0 bytes, and nothing to write */
    parts[15] = (struct guest_part){.gpa = buffer + 15 * 64, .size = 8}; /* only readable */
    guest_ram_fill(ram, buffer, 0xa5, 8192);
    for (unsigned i = 0; i < 24; i++)
        CHECK(guest_ring_add(ring, &parts[i], 1, false, &tokens[i]) == 0, "room");
    /* Then one that is large, one in pieces and one that is just right. */
    struct guest_part large = {.gpa = buffer + 2048, .size = 4096, .writable = true};
    struct guest_part pieces[8];
    for (unsigned i = 0; i < 8; i++)
        pieces[i] = (struct guest_part){.gpa = buffer + 7000 + 2 * i, .size = 1, .writable = true};
    CHECK(guest_ring_add(ring, &large, 1, false, &tokens[24]) == 0, "room");
    CHECK(guest_ring_add(ring, pieces, 8, false, &tokens[25]) == 0, "room");
    if (guest_ring_publish(ring))
        transport->ops->kick(transport, GUEST_INPUT_EVENTS);
    rfb_client_key(viewer, 'a', true);
    uint64_t end = check_now_us() + 5000000ull * oriel_patience();
    for (unsigned taken = 0; taken < 26;) {
        uint32_t size;
        void *token = guest_ring_take(ring, &size);
        CHECK(check_now_us() < end, "%u chains of 26 came back", taken);
        if (token == NULL) {
            if (guest_ring_arm(ring))
                transport->ops->wait(transport, GUEST_INPUT_EVENTS, 10);
            rfb_client_step(viewer);
            continue;
        }
        CHECK(token == &tokens[taken] && size == (taken < 24 ? 0u : 8u), "chain %u: %u bytes",
              taken, size);
        taken++;
    }
    struct virtio_input_event event;
    guest_ram_read(ram, buffer + 2048, &event, sizeof(event));
    assert_int_equal(event.type, EV_KEY);
    assert_int_equal(event.code, KEY_A);
    assert_int_equal(event.value, 1);
    uint8_t byte, syn[8] = {0};
    for (unsigned i = 0; i < 8; i++) {
        guest_ram_read(ram, buffer + 7000 + 2 * i, &byte, 1);
        assert_int_equal(byte, syn[i]);
    }
    /* Nothing else was written, least of all where it did not fit. */
    for (uint64_t at = 0; at < 2048; at++) {
        guest_ram_read(ram, buffer + at, &byte, 1);
        assert_int_equal(byte, 0xa5);
    }
    input_machine_finish(&machine);
}

/* A ring whose index makes no sense is left alone until it starts again; the
 * others go on, and so does the VMM. */
static void a_corrupt_ring_is_left_alone(void **state)
{
    (void)state;
    input_machine_start(&machine, NULL);
    struct guest_ring *ring = &keyboard->rings[GUEST_INPUT_EVENTS];
    struct guest_transport *transport = &keyboard->front_end.transport;
    struct rfb_client *viewer = input_machine_connect(&machine, 0, NULL);
    rfb_client_key(viewer, 0xffe1, true);
    INPUT_WAIT(&machine, keyboard->count == 2);
    guest_ring_set_avail_index(ring, (uint16_t)(ring->avail_idx + 500));
    transport->ops->kick(transport, GUEST_INPUT_EVENTS);
    for (unsigned i = 0; i < 20; i++) {
        rfb_client_key(viewer, 'a' + i, true);
        rfb_client_key(viewer, 'a' + i, false);
    }
    rfb_client_pointer(viewer, 1, 5, 5);
    INPUT_WAIT(&machine, machine.devices[INPUT_TABLET].count >= 4);
    assert_int_equal(keyboard->count, 2);
    assert_int_equal(oriel_process_log_lines(&machine.machine.oriel, "ring is corrupt"), 1);
    /* The driver resets it. */
    guest_input_clear(keyboard);
    guest_input_reset(keyboard);
    rfb_client_key(viewer, 'z', true);
    INPUT_WAIT(&machine, keyboard->count >= 2);
    guest_input_expect(keyboard, 0, EV_KEY, KEY_Z, 1);
    assert_int_equal(keyboard->count, 2);
    input_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(all_selectors_are_answered),    INPUT_TEST(what_the_devices_say_of_themselves),
        INPUT_TEST(any_part_of_the_configuration), INPUT_TEST(status_chains_of_all_sizes),
        INPUT_TEST(event_chains_of_all_sizes),     INPUT_TEST(a_corrupt_ring_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
