// SPDX-License-Identifier: GPL-2.0-or-later
/* No viewer ever sees a part of one frame beside a part of another. */
#include "tests/protocol/lib/vnc_world.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 1000

static struct vnc_world world;

struct witness {
    uint64_t mixed; /* updates after which the picture had two colours */
    uint32_t last;  /* its number, as the colour tells it */
    uint64_t backwards;
};

static int finish(void **state)
{
    (void)state;
    vnc_world_finish(&world);
    return 0;
}

static uint32_t colour_of(uint32_t frame)
{
    return (frame * 7 & 0xff) << 16 | (frame >> 8 & 0xff) << 8 | (frame & 0xff);
}

static void look(struct rfb_client *client)
{
    struct witness *witness = client->user;
    uint32_t colour = client->pixels[0] & 0xffffff;
    uint32_t number = (colour >> 8 & 0xff) << 8 | (colour & 0xff);
    bool mixed = colour != colour_of(number);
    for (size_t i = 0; i < (size_t)client->width * client->height; i++)
        mixed |= (client->pixels[i] & 0xffffff) != colour;
    witness->mixed += mixed;
    witness->backwards += number < witness->last;
    witness->last = number;
}

static void fill(struct fake_head *head, uint32_t frame)
{
    fake_head_fill(head, 0, 0, head->width, head->height, colour_of(frame));
}

static void each_update_has_one_colour(void **state)
{
    (void)state;
    struct fake_core_options options = {.width = 640, .height = 480};
    struct rfb_client_options narrow = {.small_buffer = true};
    struct witness fast = {0}, slow = {0};
    vnc_world_start(&world, &options);
    struct fake_head *head = &world.core.heads[0];
    fill(head, 0);
    struct rfb_client *first = vnc_world_connect(&world, 0, NULL);
    struct rfb_client *second = vnc_world_connect(&world, 0, &narrow);
    first->user = &fast;
    second->user = &slow;
    first->on_update = second->on_update = look;
    uint32_t number = 1;
    while (first->updates < FRAMES) {
        CHECK(number < 65535, "frames are lost");
        if (fake_head_quiet(head))
            fill(head, number++);
        /* Reads one time in sixteen, and then a step's worth only. */
        second->stalled = first->updates % 16 != 0;
        vnc_world_step(&world, 5);
    }
    second->stalled = false;
    WORLD_WAIT(&world, fake_head_quiet(head) && slow.last == number - 1 &&
                           fast.last == number - 1);
    print_message("fast %lu updates, slow %lu, frames %lu\n", (unsigned long)first->updates,
                  (unsigned long)second->updates, (unsigned long)head->frames);
    assert_true(second->updates >= 10);
    assert_true(second->updates < first->updates);
    assert_int_equal(fast.mixed + slow.mixed, 0);
    assert_int_equal(fast.backwards + slow.backwards, 0);
}

static void watch_for_scribble(struct rfb_client *client)
{
    uint64_t *scribbled = client->user;
    for (size_t i = 0; i < (size_t)client->width * client->height; i++)
        *scribbled += (client->pixels[i] & 0xffffff) == 0x5a5a5a;
}

/* Frames that are overwritten while they are taken are answered, thrown away
 * and followed by a whole one. */
static void a_torn_canvas_is_never_shown(void **state)
{
    (void)state;
    struct rfb_client_options options = {0};
    uint64_t scribbled = 0;
    vnc_world_start(&world, NULL);
    struct fake_head *head = &world.core.heads[0];
    fake_head_fill_pattern(head, 0, 0, 320, 200, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, &options);
    client->user = &scribbled;
    client->on_update = watch_for_scribble;
    assert_true(vnc_world_agrees(&world, client, head));
    for (uint32_t round = 0; round < 20; round++) {
        uint64_t updates = client->updates, taken = head->taken;
        head->tear = true;
        for (uint32_t i = 0; i < 5; i++) {
            fake_head_fill_pattern(head, 10 * i, 7 * i, 33, 21, round);
            WORLD_WAIT(&world, head->taken > taken + i);
        }
        /* The sequence tells, so nothing went out, not even old pixels. */
        assert_int_equal(client->updates, updates);
        head->tear = false;
        assert_true(vnc_world_agrees(&world, client, head));
    }
    assert_int_equal(scribbled, 0);
}

/* The very first frame is torn: the viewer waits. */
static void a_torn_first_frame_is_waited_out(void **state)
{
    (void)state;
    vnc_world_start(&world, NULL);
    struct fake_head *head = &world.core.heads[0];
    fake_head_fill_pattern(head, 0, 0, 320, 200, 1);
    head->tear = true;
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    WORLD_WAIT(&world, head->taken >= 3);
    assert_int_equal(client->updates, 0);
    head->tear = false;
    assert_true(vnc_world_agrees(&world, client, head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_update_has_one_colour, finish),
        cmocka_unit_test_teardown(a_torn_canvas_is_never_shown, finish),
        cmocka_unit_test_teardown(a_torn_first_frame_is_waited_out, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
