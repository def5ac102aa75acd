// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory table changes while the guest draws: regions are mapped anew,
 * split, added and removed, in the same memfd and in others. Each change is
 * answered at once, whatever a job is doing; backings are looked up again; a
 * guest whose memory is truncated hurts itself only.
 */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>
#include <unistd.h>

#define ANSWER_LIMIT_US 50000
#define HOTPLUG_GPA (16 * GUEST_RAM_GIB)

static struct guest_machine machine;

static void change_memory(void)
{
    struct guest_transport *transport = machine.transport;

    assert_int_equal(transport->ops->memory_changed(transport), 0);
}

static void check_answer_time(void)
{
    uint64_t took = machine.front_end.slowest_reply_us;

    print_message("slowest answer to a memory table: %llu us\n", (unsigned long long)took);
    CHECK(took < ANSWER_LIMIT_US * oriel_patience(), "the VMM waited %llu us",
          (unsigned long long)took);
}

/* A transfer of 8192x8192 is in flight for all of this. */
static void keep_busy(uint32_t id)
{
    struct gpu_command transfer = gpu_transfer(id, (struct gpu_rect){0, 0, 8192, 8192}, 0);

    while (guest_gpu_collect(&machine.gpu, 0),
           guest_gpu_outstanding(&machine.gpu, GPU_CONTROL_QUEUE) < 3)
        guest_gpu_send(&machine.gpu, &transfer, VIRTIO_GPU_RESP_OK_NODATA);
}

static void create_busy(uint32_t id)
{
    const uint32_t piece = 16 * GUEST_RAM_MIB;
    struct virtio_gpu_mem_entry entries[16];
    uint64_t gpa = guest_ram_alloc(&machine.ram, piece, 4096);

    for (unsigned i = 0; i < 16; i++)
        entries[i] = (struct virtio_gpu_mem_entry){.addr = gpa, .length = piece};
    guest_gpu_ok(&machine.gpu, gpu_create_2d(id, 2, 8192, 8192));
    guest_gpu_ok(&machine.gpu, gpu_attach(id, entries, 16));
    guest_gpu_ok(&machine.gpu, gpu_transfer(id, (struct gpu_rect){0, 0, 8192, 8192}, 0));
}

/* One of the changes that a VMM makes; everything stays where it is for the
 * guest. With memory slots a region goes before it comes again, and commands
 * in between would rightly fail: there only unused ones change. */
static void change_number(unsigned n, bool slots)
{
    struct guest_ram *ram = &machine.ram;
    uint64_t rings = machine.gpu.rings[0].desc;
    const uint64_t high = 4 * GUEST_RAM_GIB;

    if (slots)
        n = 1 + n % 2 * 2;
    switch (n % 5) {
    case 0:
        guest_ram_move_user(ram, rings);
        break;
    case 1:
        guest_ram_add(ram, HOTPLUG_GPA, 32 * GUEST_RAM_MIB, GUEST_RAM_SEALED);
        break;
    case 2:
        if (ram->nregions < GUEST_RAM_MAX_REGIONS)
            guest_ram_split(ram, high,
                            guest_ram_find(ram, high)->gpa + guest_ram_find(ram, high)->size / 2);
        break;
    case 3:
        guest_ram_remove(ram, HOTPLUG_GPA);
        break;
    default:
        guest_ram_move_user(ram, rings);
        break;
    }
}

static void changes_under_load(const struct guest_machine_options *options)
{
    struct guest_surface surface;
    struct guest_image image;

    guest_machine_start(&machine, options);
    create_busy(1);
    guest_image_init(&image, 800, 600);
    guest_surface_init(&surface, &machine.gpu, 2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 800, 600,
                       GUEST_SCATTER_BORDER);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    machine.front_end.slowest_reply_us = 0;
    for (unsigned n = 0; n < 20; n++) {
        keep_busy(1);
        change_number(n, options != NULL && options->front_end.mem_slots);
        change_memory();
        guest_image_fill_pattern(&image, n);
        guest_surface_draw(&surface, &image, guest_surface_rect(&surface));
        guest_surface_transfer(&surface, guest_surface_rect(&surface));
        guest_surface_flush(&surface, guest_surface_rect(&surface));
    }
    check_answer_time();
    guest_gpu_settle(&machine.gpu);
    guest_machine_expect(&machine, 0, &image, "after memory changes");
    guest_surface_finish(&surface);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

static void tables_change_under_load(void **state)
{
    (void)state;
    changes_under_load(NULL);
}

static void slots_change_under_load(void **state)
{
    const struct guest_machine_options options = {.front_end.mem_slots = true};

    (void)state;
    changes_under_load(&options);
}

/* As many slots as the back-end said that it has, and one more. */
static void slots_up_to_the_last(void **state)
{
    const struct guest_machine_options options = {.front_end.mem_slots = true,
                                                  .lay_out = guest_ram_lay_out_simple};
    struct front_end *front_end = &machine.front_end;
    struct fe_memory_region message = {.region = {.size = 65536}};
    struct virtio_gpu_mem_entry entry = {.addr = HOTPLUG_GPA, .length = 1000 * 1000 * 4};
    const struct gpu_rect all = {0, 0, 1000, 1000};
    struct guest_ram_region *memory;
    unsigned fds, maps;

    (void)state;
    guest_machine_start(&machine, &options);
    assert_int_equal(front_end->max_mem_slots, 64);
    guest_gpu_ok(&machine.gpu, gpu_create_2d(1, 2, 1000, 1000));
    fds = oriel_process_fds_like(&machine.oriel, "guest-ram");
    maps = oriel_process_maps_like(&machine.oriel, "guest-ram");
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 63; i++) {
            memory = &machine.ram.regions[0];
            message.region.gpa = HOTPLUG_GPA + i * 65536;
            message.region.user_addr = 0x00e0000000000000ull + i * GUEST_RAM_GIB;
            message.region.mmap_offset = (62 - i) * 65536; /* the other way round */
            assert_int_equal(front_end_demand(front_end, FE_ADD_MEM_REG, &message,
                                              sizeof(message), &memory->fd, 1),
                             0);
        }
        message.region.gpa += 65536;
        message.region.user_addr += GUEST_RAM_GIB;
        assert_int_equal(front_end_demand(front_end, FE_ADD_MEM_REG, &message, sizeof(message),
                                          &memory->fd, 1),
                         -EIO);
        guest_gpu_ok(&machine.gpu, gpu_attach(1, &entry, 1)); /* across 62 of them */
        guest_gpu_ok(&machine.gpu, gpu_transfer(1, all, 0));
        for (uint64_t i = 0; i < 63; i++) {
            uint64_t slot = i * 40 % 63;

            message.region.gpa = HOTPLUG_GPA + slot * 65536;
            message.region.user_addr = 0x00e0000000000000ull + slot * GUEST_RAM_GIB;
            message.region.mmap_offset = (62 - slot) * 65536;
            assert_int_equal(front_end_demand(front_end, FE_REM_MEM_REG, &message,
                                              sizeof(message), NULL, 0),
                             0);
        }
        guest_gpu_expect(&machine.gpu, gpu_transfer(1, all, 0), VIRTIO_GPU_RESP_ERR_UNSPEC);
        guest_gpu_ok(&machine.gpu, gpu_detach(1));
    }
    guest_machine_ping(&machine);
    assert_int_equal(oriel_process_fds_like(&machine.oriel, "guest-ram"), fds);
    assert_int_equal(oriel_process_maps_like(&machine.oriel, "guest-ram"), maps);
    guest_machine_finish(&machine);
}

/* Puts another memory of one colour at the address of the surface's backing. */
static void plug(uint32_t colour, uint32_t bytes)
{
    struct guest_ram_region *region =
        guest_ram_add(&machine.ram, HOTPLUG_GPA, 32 * GUEST_RAM_MIB, 0);
    uint32_t *words = (uint32_t *)(void *)region->host;

    for (uint32_t i = 0; i < bytes / 4; i++)
        words[i] = colour;
}

/* The same addresses, another memfd: what is transferred after the answer
 * comes from the new one. */
static void backing_is_looked_up_again(void **state)
{
    struct virtio_gpu_mem_entry entry = {.addr = HOTPLUG_GPA, .length = 256 * 256 * 4};
    struct gpu_rect all = {0, 0, 256, 256};
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    create_busy(1);
    guest_image_init(&image, 256, 256);
    plug(0x102030, entry.length);
    change_memory();
    guest_gpu_ok(&machine.gpu, gpu_create_2d(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 256, 256));
    guest_gpu_ok(&machine.gpu, gpu_attach(2, &entry, 1));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 2, all));
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t colour = guest_image_colour(i, 3, 4);

        if (i % 2 == 0)
            keep_busy(1);
        guest_ram_remove(&machine.ram, HOTPLUG_GPA);
        plug(colour, entry.length);
        change_memory();
        guest_gpu_ok(&machine.gpu, gpu_transfer(2, all, 0));
        guest_gpu_ok(&machine.gpu, gpu_flush(2, all));
        guest_image_fill(&image, all, colour);
        guest_machine_expect(&machine, 0, &image, "memory behind the same addresses");
    }
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

/* Gone memory is an error of the transfer; the picture stays, and when the
 * memory is back so is the backing. */
static void backing_may_be_away(void **state)
{
    struct virtio_gpu_mem_entry entry = {.addr = HOTPLUG_GPA, .length = 256 * 256 * 4};
    struct gpu_rect all = {0, 0, 256, 256};
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 256, 256);
    guest_image_fill(&image, all, 0x556677);
    plug(0x556677, entry.length);
    change_memory();
    guest_gpu_ok(&machine.gpu, gpu_create_2d(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 256, 256));
    guest_gpu_ok(&machine.gpu, gpu_attach(2, &entry, 1));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 2, all));
    guest_gpu_ok(&machine.gpu, gpu_transfer(2, all, 0));
    guest_gpu_ok(&machine.gpu, gpu_flush(2, all));
    guest_machine_expect(&machine, 0, &image, "with its memory");

    guest_ram_remove(&machine.ram, HOTPLUG_GPA);
    change_memory();
    guest_gpu_refused(&machine.gpu, gpu_transfer(2, all, 0));
    guest_gpu_ok(&machine.gpu, gpu_flush(2, all));
    guest_machine_expect(&machine, 0, &image, "without its memory");
    guest_gpu_refused(&machine.gpu, gpu_attach(2, &entry, 1));

    plug(0x8899aa, entry.length);
    change_memory();
    guest_gpu_ok(&machine.gpu, gpu_transfer(2, all, 0));
    guest_gpu_ok(&machine.gpu, gpu_flush(2, all));
    guest_image_fill(&image, all, 0x8899aa);
    guest_machine_expect(&machine, 0, &image, "with its memory again");
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

/* An old table is unmapped with its last job and not kept for ever. */
static void old_tables_go(void **state)
{
    unsigned maps;

    (void)state;
    guest_machine_start(&machine, NULL);
    create_busy(1);
    /* Its backing is mapped once more at the third transfer. */
    for (unsigned i = 0; i < 4; i++)
        guest_gpu_ok(&machine.gpu, gpu_transfer(1, (struct gpu_rect){0, 0, 8192, 8192}, 0));
    maps = oriel_process_maps_like(&machine.oriel, "guest-ram");
    for (unsigned i = 0; i < 50; i++) {
        if (i % 10 == 0)
            keep_busy(1);
        guest_ram_move_user(&machine.ram, machine.gpu.rings[0].desc);
        change_memory();
    }
    guest_gpu_settle(&machine.gpu);
    guest_gpu_ok(&machine.gpu, gpu_transfer(1, (struct gpu_rect){0, 0, 8192, 8192}, 0));
    assert_int_equal(oriel_process_maps_like(&machine.oriel, "guest-ram"), maps);
    assert_true(oriel_process_fds_like(&machine.oriel, "guest-ram") <= machine.ram.nregions);
    guest_machine_finish(&machine);
}

/* SIGBUS in a transfer, small (on the loop) and large (in a job): the guest
 * gets an answer, and with the next table its memory. */
static void truncated_backing_ends_nothing(void **state)
{
    struct virtio_gpu_mem_entry entry = {.addr = HOTPLUG_GPA, .length = 2048 * 2048 * 4};
    struct gpu_rect all = {0, 0, 2048, 2048}, little = {0, 1024, 8, 8};
    struct guest_ram_region *region;
    struct guest_image image;

    (void)state;
    guest_machine_start(&machine, NULL);
    guest_image_init(&image, 2048, 2048);
    plug(0x010203, entry.length);
    region = guest_ram_find(&machine.ram, HOTPLUG_GPA);
    change_memory();
    guest_gpu_ok(&machine.gpu, gpu_create_2d(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 2048, 2048));
    guest_gpu_ok(&machine.gpu, gpu_attach(2, &entry, 1));
    guest_gpu_ok(&machine.gpu, gpu_set_scanout(0, 2, all));
    for (uint32_t i = 1; i < 4; i++) {
        uint32_t *words = (uint32_t *)(void *)region->host;

        assert_int_equal(ftruncate(region->fd, i << 20), 0);
        guest_gpu_expect(&machine.gpu, gpu_transfer(2, little, 1024 * 2048 * 4),
                         VIRTIO_GPU_RESP_ERR_UNSPEC);
        guest_gpu_expect(&machine.gpu, gpu_transfer(2, all, 0), VIRTIO_GPU_RESP_ERR_UNSPEC);
        /* Once for each table. */
        assert_int_equal(oriel_process_log_lines(&machine.oriel, "memory has been truncated"), i);
        assert_int_equal(ftruncate(region->fd, 32 << 20), 0);
        change_memory();
        for (uint32_t word = 0; word < 2048 * 2048; word++)
            words[word] = 0x112233 * i;
        guest_gpu_ok(&machine.gpu, gpu_transfer(2, all, 0));
        guest_gpu_ok(&machine.gpu, gpu_flush(2, all));
        guest_image_fill(&image, all, 0x112233 * i);
        guest_machine_expect(&machine, 0, &image, "memory that has come back");
    }
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

static void lay_out_unsealed(struct guest_ram *ram)
{
    guest_ram_add(ram, 0, 64 * GUEST_RAM_MIB, 0);
}

/* The rings themselves vanish: that guest is lost, the program is not, and the
 * VMM still gets its answers. */
static void truncated_rings_end_nothing(void **state)
{
    const struct guest_machine_options options = {.lay_out = lay_out_unsealed};
    struct front_end *front_end = &machine.front_end;

    (void)state;
    guest_machine_start(&machine, &options);
    guest_machine_ping(&machine);
    assert_int_equal(ftruncate(machine.ram.regions[0].fd, 0), 0);
    for (unsigned i = 0; i < 20; i++) {
        machine.transport->ops->kick(machine.transport, i % 2);
        assert_int_equal(front_end_sync(front_end), 0);
    }
    assert_int_equal(front_end_stop(front_end), 0);
    front_end_finish(front_end);
    guest_gpu_finish(&machine.gpu);
    machine.has_gpu = false;
    assert_int_equal(ftruncate(machine.ram.regions[0].fd, 64 << 20), 0);
    front_end_init(front_end, &machine.ram, NULL);
    assert_int_equal(front_end_connect(front_end, machine.oriel.gpu_socket), 0);
    assert_int_equal(front_end_realize(front_end), 0);
    machine.ram.regions[0].used = 0;
    guest_machine_probe(&machine, &options);
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

/* A VMM whose table ends behind the file's end is told so, or its guest gets
 * errors; nothing else. */
static void region_beyond_its_file(void **state)
{
    struct guest_ram_region *region;
    struct virtio_gpu_mem_entry entry = {.addr = HOTPLUG_GPA + 60 * GUEST_RAM_MIB,
                                         .length = 64 * 64 * 4};
    int error;

    (void)state;
    guest_machine_start(&machine, NULL);
    plug(0x010203, 4096);
    region = guest_ram_find(&machine.ram, HOTPLUG_GPA);
    region->size = 64 * GUEST_RAM_MIB;
    error = machine.transport->ops->memory_changed(machine.transport);
    region->size = 32 * GUEST_RAM_MIB;
    if (error == 0) {
        guest_gpu_ok(&machine.gpu, gpu_create_2d(2, 2, 64, 64));
        if (guest_gpu_call(&machine.gpu, gpu_attach(2, &entry, 1)) == VIRTIO_GPU_RESP_OK_NODATA)
            guest_gpu_refused(&machine.gpu, gpu_transfer(2, (struct gpu_rect){0, 0, 64, 64}, 0));
    } else {
        assert_int_equal(error, -EIO);
    }
    guest_machine_ping(&machine);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(tables_change_under_load),
        GUEST_TEST(slots_change_under_load),
        GUEST_TEST(slots_up_to_the_last),
        GUEST_TEST(backing_is_looked_up_again),
        GUEST_TEST(backing_may_be_away),
        GUEST_TEST(old_tables_go),
        GUEST_TEST(truncated_backing_ends_nothing),
        GUEST_TEST(truncated_rings_end_nothing),
        GUEST_TEST(region_beyond_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
