// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/input_world.h"

#include <string.h>

struct rfb_client *input_world_connect(struct vnc_world *world, const int32_t *encodings)
{
    struct rfb_client_options options = {0};
    for (int i = 0; encodings && encodings[i] != 0; i++)
        options.encodings[i] = encodings[i];
    struct rfb_client *client = vnc_world_connect(world, 0, &options);
    CHECK(vnc_world_agrees(world, client, &world->core.heads[0]), "first picture");
    return client;
}

struct rfb_client *input_world_start(struct vnc_world *world, const int32_t *encodings)
{
    vnc_world_start(world, NULL);
    fake_head_fill_pattern(&world->core.heads[0], 0, 0, 320, 200, 1);
    return input_world_connect(world, encodings);
}

const struct fake_input *input_world_get(struct vnc_world *world, unsigned index)
{
    WORLD_WAIT(world, world->core.inputs.count > index);
    return &world->core.inputs.list[index];
}

void input_world_settle(struct vnc_world *world, struct rfb_client *client)
{
    uint64_t updates = client->updates;
    rfb_client_request_all(client, false);
    WORLD_WAIT(world, client->updates > updates && !client->in_update);
}

void input_world_expect_count(struct vnc_world *world, unsigned count)
{
    WORLD_WAIT(world, world->core.inputs.count >= count);
    for (unsigned i = 0; i < world->nclients; i++)
        if (world->clients[i].state == RFB_CLIENT_RUNNING && !world->clients[i].stalled)
            input_world_settle(world, &world->clients[i]);
    CHECK(world->core.inputs.count == count, "%u messages of input instead of %u",
          world->core.inputs.count, count);
}

void input_world_expect_key(struct vnc_world *world, unsigned index, enum link_key_kind kind,
                            uint32_t code, bool down)
{
    const struct fake_input *input = input_world_get(world, index);
    CHECK(input->type == LINK_KEY && input->key.kind == (uint32_t)kind && input->key.code == code &&
              input->key.down == down,
          "input %u: type %u, kind %u, code 0x%x, down %u instead of kind %u, 0x%x, %u", index,
          input->type, input->key.kind, input->key.code, input->key.down, kind, code, down);
}

void input_world_expect_pointer(struct vnc_world *world, unsigned index,
                                const struct link_pointer *expected)
{
    const struct fake_input *input = input_world_get(world, index);
    const struct link_pointer *is = &input->pointer;
    struct link_pointer wanted = *expected;
    wanted.viewer = input->viewer;
    CHECK(input->type == LINK_POINTER && memcmp(is, &wanted, sizeof(wanted)) == 0,
          "input %u: type %u, relative %u, (%d,%d), buttons %x, wheel %d %d", index, input->type,
          is->relative, is->x, is->y, is->buttons, is->wheel_vertical, is->wheel_horizontal);
}
