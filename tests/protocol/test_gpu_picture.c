// SPDX-License-Identifier: GPL-2.0-or-later
/* Random guests against a model: heads show exactly what they must. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_model.h"

#include <unistd.h>

static struct guest_machine machine;
static struct guest_model model;

static const struct guest_machine_options two_heads = {.oriel.settings = {"gpu.heads=2"}};

static void expect_heads(const char *what)
{
    guest_gpu_settle(&machine.gpu);
    for (unsigned i = 0; i < model.nheads; i++)
        if (model.heads[i].resource >= 0)
            guest_machine_expect(&machine, i, &model.heads[i].canvas, what);
}

/* Commands follow each other without a pause; every now and then all that is
 * shown is flushed and must be exact. */
static void run_random(uint64_t seed, unsigned steps, unsigned every)
{
    uint64_t random = seed;

    guest_model_init(&model, &machine.gpu, 2);
    for (unsigned i = 0; i < steps; i++) {
        guest_model_step(&model, &random);
        if (i % every != every - 1)
            continue;
        guest_model_flush_all(&model);
        expect_heads("after random commands");
    }
    guest_model_finish(&model);
}

static void random_commands(void **state)
{
    (void)state;
    guest_machine_start(&machine, &two_heads);
    run_random(0x1234567, 2500, 50);
    guest_machine_finish(&machine);
}

/* The same over rings and buffers that are as awkward as can be. */
static void random_commands_in_pieces(void **state)
{
    struct guest_machine_options options = two_heads;

    (void)state;
    options.control_size = 32;
    options.refuse_features =
        GUEST_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | GUEST_FEATURE(VIRTIO_RING_F_EVENT_IDX);
    guest_machine_start(&machine, &options);
    machine.gpu.layout.request_parts = 5;
    machine.gpu.layout.response_parts = 3;
    run_random(0x7654321, 1500, 60);
    guest_machine_finish(&machine);
}

/* Paused, given other memory tables and resumed again and again on the way. */
static void random_commands_while_the_vmm_interferes(void **state)
{
    struct guest_transport *transport;
    uint64_t random = 0xabcdef;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    transport = machine.transport;
    guest_model_init(&model, &machine.gpu, 2);
    for (unsigned i = 0; i < 1500; i++) {
        guest_model_step(&model, &random);
        if (i % 13 == 0) {
            assert_int_equal(transport->ops->pause(transport), 0);
            assert_int_equal(transport->ops->resume(transport), 0);
        }
        if (i % 17 == 0) {
            guest_ram_move_user(&machine.ram, machine.gpu.rings[0].desc);
            assert_int_equal(transport->ops->memory_changed(transport), 0);
        }
        if (i % 50 != 49)
            continue;
        guest_model_flush_all(&model);
        expect_heads("with an interfering VMM");
    }
    guest_model_finish(&model);
    guest_machine_finish(&machine);
}

/* The driver probes anew on the way and uses the same ids again. */
static void random_commands_with_resets(void **state)
{
    (void)state;
    guest_machine_start(&machine, &two_heads);
    for (unsigned i = 0; i < 12; i++) {
        run_random(0x1111 * (i + 1), 120, 40);
        guest_machine_reset(&machine);
    }
    guest_machine_finish(&machine);
}

/* One picture after each flush: nothing is shown that was not flushed. */
static void each_flush_exactly(void **state)
{
    uint64_t random = 99;
    struct gpu_rect all = {0, 0, 200, 150};
    int resource;

    (void)state;
    guest_machine_start(&machine, &two_heads);
    guest_model_init(&model, &machine.gpu, 1);
    resource =
        guest_model_create(&model, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 200, 150, GUEST_SCATTER_PAGES);
    guest_model_draw(&model, resource, all, 1);
    guest_model_transfer(&model, resource, all);
    guest_model_show(&model, 0, resource, all);
    guest_model_flush(&model, resource, all);
    expect_heads("first frame");
    for (unsigned i = 0; i < 120; i++) {
        struct gpu_rect rects[3];

        for (unsigned j = 0; j < 3; j++) {
            rects[j].x = check_random_below(&random, 190);
            rects[j].y = check_random_below(&random, 140);
            rects[j].width = 1 + check_random_below(&random, 200 - rects[j].x);
            rects[j].height = 1 + check_random_below(&random, 150 - rects[j].y);
        }
        guest_model_draw(&model, resource, rects[0], check_random(&random));
        guest_model_transfer(&model, resource, rects[1]);
        guest_model_flush(&model, resource, rects[2]);
        expect_heads("after a flush");
    }
    guest_model_finish(&model);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(random_commands),
        GUEST_TEST(random_commands_in_pieces),
        GUEST_TEST(random_commands_while_the_vmm_interferes),
        GUEST_TEST(random_commands_with_resets),
        GUEST_TEST(each_flush_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
