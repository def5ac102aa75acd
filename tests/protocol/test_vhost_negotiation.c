// SPDX-License-Identifier: GPL-2.0-or-later
/* What the back-end offers, and every order of messages that QEMU knows. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static struct guest_machine machine;

static void features_are_offered(void **state)
{
    const struct guest_machine_options options = {.unrealized = true};
    struct front_end *front_end = &machine.front_end;
    uint64_t features, protocol;

    (void)state;
    guest_machine_start(&machine, &options);
    assert_int_equal(front_end_ask(front_end, FE_GET_FEATURES, &features), 0);
    assert_true(features & GUEST_FEATURE(VIRTIO_F_VERSION_1));
    assert_true(features & GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC));
    assert_true(features & GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX));
    assert_true(features & GUEST_FEATURE(VIRTIO_GPU_F_EDID));
    assert_true(features & GUEST_FEATURE(VIRTIO_GPU_F_RESOURCE_UUID));
    assert_true(features & GUEST_FEATURE(FE_F_PROTOCOL_FEATURES));
    /* What nobody implements must not be offered: VIRGL would make QEMU ask
     * for capability sets, LOG_ALL would let it migrate a device that then
     * has lost everything. */
    assert_false(features & GUEST_FEATURE(VIRTIO_GPU_F_VIRGL));
    assert_false(features & GUEST_FEATURE(26));
    assert_false(features & GUEST_FEATURE(VIRTIO_F_RING_PACKED));
    assert_false(features & GUEST_FEATURE(VIRTIO_F_ACCESS_PLATFORM));

    assert_int_equal(front_end_ask(front_end, FE_GET_PROTOCOL_FEATURES, &protocol), 0);
    assert_true(protocol & GUEST_FEATURE(FE_P_MQ));
    assert_true(protocol & GUEST_FEATURE(FE_P_REPLY_ACK));
    assert_true(protocol & GUEST_FEATURE(FE_P_CONFIG));
    assert_true(protocol & GUEST_FEATURE(FE_P_RESET_DEVICE));
    assert_false(protocol & GUEST_FEATURE(1));  /* LOG_SHMFD */
    assert_false(protocol & GUEST_FEATURE(16)); /* STATUS */
    guest_machine_finish(&machine);
}

/* The whole life of a picture over one way of negotiating. */
static void draw_and_expect(uint32_t id, uint32_t seed)
{
    struct guest_surface surface;
    struct guest_image image;

    guest_image_init(&image, 320, 200);
    guest_image_fill_pattern(&image, seed);
    guest_surface_init(&surface, &machine.gpu, id, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 320, 200,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "picture");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
}

static void life_with(const struct guest_machine_options *options)
{
    struct guest_transport *transport;

    guest_machine_start(&machine, options);
    transport = machine.transport;
    draw_and_expect(1, 1);
    assert_int_equal(transport->ops->pause(transport), 0);
    assert_int_equal(transport->ops->resume(transport), 0);
    draw_and_expect(2, 2);
    guest_machine_reset(&machine);
    draw_and_expect(1, 3);
    guest_gpu_settle(&machine.gpu);
    guest_machine_finish(&machine);
}

static void life_of_qemu_10(void **state)
{
    (void)state;
    life_with(NULL);
}

static void life_of_qemu_7(void **state)
{
    const struct guest_machine_options options = {.front_end.style = FRONT_END_QEMU_7};

    (void)state;
    life_with(&options);
}

static void life_of_qemu_11(void **state)
{
    const struct guest_machine_options options = {.front_end.style = FRONT_END_QEMU_11};

    (void)state;
    life_with(&options);
}

static void life_with_memory_slots(void **state)
{
    const struct guest_machine_options options = {.front_end.mem_slots = true};

    (void)state;
    life_with(&options);
}

static void life_with_config_alone(void **state)
{
    const struct guest_machine_options options = {.front_end.refuse_protocol =
                                                      ~GUEST_FEATURE(FE_P_CONFIG)};

    (void)state;
    life_with(&options);
}

/* OVMF accepts VERSION_1 and nothing else. */
static void life_of_ovmf(void **state)
{
    const struct guest_machine_options options = {.refuse_features =
                                                      ~GUEST_FEATURE(VIRTIO_F_VERSION_1)};

    (void)state;
    life_with(&options);
}

static void life_without_event_index(void **state)
{
    const struct guest_machine_options options = {.refuse_features =
                                                      GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX)};

    (void)state;
    life_with(&options);
}

static void queues_and_slots_are_counted(void **state)
{
    const struct guest_machine_options options = {.front_end.mem_slots = true};

    (void)state;
    guest_machine_start(&machine, &options);
    assert_int_equal(machine.front_end.queue_num, 2);
    if (machine.front_end.protocol_features & GUEST_FEATURE(FE_P_CONFIGURE_MEM_SLOTS))
        assert_true(machine.front_end.max_mem_slots >= 8);
    guest_machine_finish(&machine);
}

/* QEMU overwrites all but num_capsets; other VMMs do not. */
static void config_space_is_the_devices(void **state)
{
    const struct guest_machine_options options = {.oriel.settings = {"gpu.heads=2"}};
    struct virtio_gpu_config config;
    uint8_t beyond[64];
    uint32_t scanouts;

    (void)state;
    guest_machine_start(&machine, &options);
    memset(&config, 0xff, sizeof(config));
    assert_int_equal(machine.transport->ops->config_read(machine.transport, 0, &config, 16), 0);
    assert_int_equal(config.events_read, 0);
    assert_int_equal(config.num_scanouts, 2);
    assert_int_equal(config.num_capsets, 0);
    assert_int_equal(machine.transport->ops->config_read(machine.transport, 8, &scanouts, 4), 0);
    assert_int_equal(scanouts, 2);
    memset(beyond, 0xff, sizeof(beyond));
    assert_int_equal(machine.transport->ops->config_read(machine.transport, 16, beyond, 64), 0);
    for (unsigned i = 0; i < sizeof(beyond); i++)
        assert_int_equal(beyond[i], 0);
    guest_machine_finish(&machine);
}

static void config_is_written(void **state)
{
    struct fe_config config = {.offset = 0, .size = 16};

    (void)state;
    guest_machine_start(&machine, NULL);
    config.region[4] = 1; /* events_clear */
    assert_int_equal(front_end_demand(&machine.front_end, FE_SET_CONFIG, &config, 12 + 16, NULL, 0),
                     0);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

static void packed_ring_and_iommu_are_refused(void **state)
{
    const struct guest_machine_options options = {.unrealized = true};
    const unsigned bits[] = {VIRTIO_F_RING_PACKED, VIRTIO_F_ACCESS_PLATFORM};

    (void)state;
    guest_machine_start(&machine, &options);
    assert_int_equal(front_end_realize(&machine.front_end), 0);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t features = machine.front_end.transport.driver_features |
                            GUEST_FEATURE(FE_F_PROTOCOL_FEATURES) | GUEST_FEATURE(bits[i]);

        assert_int_equal(
            front_end_demand(&machine.front_end, FE_SET_FEATURES, &features, 8, NULL, 0), -EIO);
    }
    guest_machine_probe(&machine, NULL);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

/* A stream has no borders: header and payload may come in any pieces, and the
 * descriptors come with the first byte. */
static void send_byte_by_byte(uint32_t request, const void *payload, uint32_t size, int fd)
{
    uint8_t bytes[256];
    struct fe_header header = {
        .request = request, .flags = FE_VERSION | FE_NEED_REPLY, .size = size};
    uint64_t answer = 1;

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), payload, size);
    for (size_t i = 0; i < sizeof(header) + size; i++) {
        int error =
            front_end_send_bytes(&machine.front_end, bytes + i, 1, &fd, i == 0 && fd >= 0 ? 1 : 0);

        assert_int_equal(error, 0);
        if (i % 16 == 0)
            usleep(500); /* so that the other side wakes up in between */
    }
    assert_int_equal(front_end_receive(&machine.front_end, request, &answer, sizeof(answer)), 0);
    assert_int_equal(answer, 0);
}

static void messages_come_in_single_bytes(void **state)
{
    const struct guest_machine_options options = {.unrealized = true,
                                                  .lay_out = guest_ram_lay_out_simple};
    struct front_end *front_end = &machine.front_end;
    struct fe_memory memory = {.nregions = 1};
    uint64_t queue = 1;
    int fd = eventfd(0, EFD_CLOEXEC);

    (void)state;
    guest_machine_start(&machine, &options);
    assert_int_equal(front_end_realize(front_end), 0);
    memory.regions[0] = (struct fe_region){.gpa = 0,
                                           .size = machine.ram.regions[0].size,
                                           .user_addr = machine.ram.regions[0].user_addr};
    send_byte_by_byte(FE_SET_MEM_TABLE, &memory, 8 + sizeof(memory.regions[0]),
                      machine.ram.regions[0].fd);
    send_byte_by_byte(FE_SET_VRING_CALL, &queue, sizeof(queue), fd);
    close(fd);
    guest_machine_probe(&machine, &options);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

/* Many messages in one write are handled one after the other. */
static void messages_come_in_one_piece(void **state)
{
    struct {
        struct fe_header header;
    } burst[40];
    struct front_end *front_end = &machine.front_end;

    (void)state;
    guest_machine_start(&machine, NULL);
    for (unsigned i = 0; i < 40; i++)
        burst[i].header = (struct fe_header){.request = FE_GET_FEATURES, .flags = FE_VERSION};
    assert_int_equal(front_end_send_bytes(front_end, burst, sizeof(burst), NULL, 0), 0);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t features = 0;

        assert_int_equal(front_end_receive(front_end, FE_GET_FEATURES, &features, 8), 0);
        assert_true(features & GUEST_FEATURE(VIRTIO_F_VERSION_1));
    }
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(features_are_offered),
        GUEST_TEST(life_of_qemu_10),
        GUEST_TEST(life_of_qemu_7),
        GUEST_TEST(life_of_qemu_11),
        GUEST_TEST(life_with_memory_slots),
        GUEST_TEST(life_with_config_alone),
        GUEST_TEST(life_of_ovmf),
        GUEST_TEST(life_without_event_index),
        GUEST_TEST(queues_and_slots_are_counted),
        GUEST_TEST(config_space_is_the_devices),
        GUEST_TEST(config_is_written),
        GUEST_TEST(packed_ring_and_iommu_are_refused),
        GUEST_TEST(messages_come_in_single_bytes),
        GUEST_TEST(messages_come_in_one_piece),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
