// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/gpu_world.h"

#include "tests/fuzz/lib/fuzz_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int see_canvas(struct head_output *output, struct canvas *canvas)
{
    struct gpu_world_output *seen = output->user;
    (void)canvas;
    seen->sequence = 0;
    return 0;
}

static int see_frame(struct head_output *output, uint64_t sequence, const pixman_region32_t *damage,
                     const struct damage_move *move, bool whole)
{
    struct gpu_world_output *seen = output->user;
    struct canvas *canvas = output->head->canvas;
    const pixman_box32_t *box = pixman_region32_extents((pixman_region32_t *)damage);
    (void)whole;
    FUZZ_CHECK(!move || (move->x + move->width <= canvas->width &&
                         move->y + move->height <= canvas->height &&
                         move->source_x + move->width <= canvas->width &&
                         move->source_y + move->height <= canvas->height));
    FUZZ_CHECK(seen->sequence == 0);
    FUZZ_CHECK(box->x1 >= 0 && box->y1 >= 0 && box->x2 <= (int32_t)canvas->width &&
               box->y2 <= (int32_t)canvas->height);
    seen->sequence = sequence;
    return 0;
}

static void see_cursor(struct head_output *output, const struct head_cursor *cursor, bool image)
{
    (void)output;
    (void)image;
    FUZZ_CHECK(cursor->width <= HEAD_CURSOR_SIZE && cursor->height <= HEAD_CURSOR_SIZE);
}

static const struct head_output_ops output_ops = {see_canvas, see_frame, see_cursor};

void gpu_world_output_step(struct gpu_world *world, unsigned head, unsigned what)
{
    struct gpu_world_output *output = &world->outputs[head];
    if (what == 0 && output->subscribed) {
        output->subscribed = false;
        head_output_remove(&output->output);
    } else if (what == 0) {
        *output = (struct gpu_world_output){.output = {.ops = &output_ops, .user = output},
                                            .subscribed = true};
        head_output_add(&world->heads[head], &output->output);
    } else if (output->subscribed && what == 1) {
        uint64_t sequence = output->sequence;
        output->sequence = 0;
        if (sequence != 0)
            head_output_taken(&output->output, sequence);
    } else if (output->subscribed) {
        head_output_credit(&output->output, what);
    }
}

void gpu_world_start(struct gpu_world *world)
{
    *world = (struct gpu_world){.heads = calloc(GPU_WORLD_HEADS, sizeof(struct head))};
    FUZZ_CHECK(world->heads && uv_loop_init(&world->loop) == 0);
    for (unsigned i = 0; i < GPU_WORLD_HEADS; i++) {
        struct head_config config = {.mode = {64, 48, 60}, .max_fps = 1000, .x = 64 * (int32_t)i};
        snprintf(config.name, sizeof(config.name), "fuzz %u", i);
        FUZZ_CHECK(head_init(&world->heads[i], &world->loop, i, &config) == 0);
    }
    struct gpu_limits limits = GPU_LIMITS_DEFAULT;
    limits.max_resource_bytes = 8u << 20;
    limits.max_resources = 16;
    world->gpu = gpu_create(&world->loop, world->heads, GPU_WORLD_HEADS, &limits);
    FUZZ_CHECK(world->gpu);
    world->ram = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(world->ram >= 0 && ftruncate(world->ram, GPU_WORLD_RAM) == 0);
}

static void count_closed(struct head *head)
{
    ((struct gpu_world *)head->loop->data)->open_heads--;
}

static void close_heads(void *user)
{
    struct gpu_world *world = user;
    for (unsigned i = 0; i < GPU_WORLD_HEADS; i++)
        head_close(&world->heads[i], count_closed);
}

void gpu_world_finish(struct gpu_world *world)
{
    world->loop.data = world;
    world->open_heads = GPU_WORLD_HEADS;
    for (unsigned i = 0; i < GPU_WORLD_HEADS; i++)
        if (world->outputs[i].subscribed)
            gpu_world_output_step(world, i, 0);
    gpu_destroy(world->gpu, close_heads, world);
    fuzz_finish(&world->loop);
    FUZZ_CHECK(world->open_heads == 0);
    FUZZ_CHECK(uv_loop_close(&world->loop) == 0);
    free(world->heads);
    close(world->ram);
}

void gpu_world_write(struct gpu_world *world, uint64_t offset, const void *data, size_t size)
{
    /* By the file, since the guest may have truncated it. */
    if (offset < GPU_WORLD_RAM && size <= GPU_WORLD_RAM - offset &&
        pwrite(world->ram, data, size, (off_t)offset) < 0)
        fuzz_fail("pwrite");
}
