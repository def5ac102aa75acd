// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_model.h"

#include "tests/protocol/lib/guest_check.h"

void guest_model_init(struct guest_model *model, struct guest_gpu *gpu, unsigned nheads)
{
    *model = (struct guest_model){.gpu = gpu, .nheads = nheads, .next_id = 1};
    for (unsigned i = 0; i < GUEST_MODEL_HEADS; i++)
        model->heads[i].resource = -1;
}

static void head_clear(struct guest_model_head *head)
{
    guest_image_finish(&head->canvas);
    head->resource = -1;
}

static void resource_clear(struct guest_model_resource *resource)
{
    guest_surface_finish(&resource->surface);
    guest_image_finish(&resource->backing);
    guest_image_finish(&resource->host);
    resource->alive = false;
}

void guest_model_clear(struct guest_model *model)
{
    for (unsigned i = 0; i < GUEST_MODEL_HEADS; i++)
        head_clear(&model->heads[i]);
    for (unsigned i = 0; i < GUEST_MODEL_RESOURCES; i++)
        resource_clear(&model->resources[i]);
}

void guest_model_finish(struct guest_model *model)
{
    guest_model_clear(model);
}

int guest_model_create(struct guest_model *model, uint32_t format, uint32_t width, uint32_t height,
                       enum guest_scatter scatter)
{
    for (int i = 0; i < GUEST_MODEL_RESOURCES; i++) {
        struct guest_model_resource *resource = &model->resources[i];

        if (resource->alive)
            continue;
        resource->alive = true;
        guest_image_init(&resource->backing, width, height);
        guest_image_init(&resource->host, width, height);
        guest_surface_init(&resource->surface, model->gpu, model->next_id++, format, width, height,
                           scatter);
        guest_surface_create(&resource->surface);
        return i;
    }
    return -1;
}

void guest_model_unref(struct guest_model *model, int resource)
{
    guest_surface_unref(&model->resources[resource].surface);
    /* The command may still be in the ring, but nobody reads the backing for
     * those that follow it. */
    guest_gpu_settle(model->gpu);
    for (unsigned i = 0; i < model->nheads; i++)
        if (model->heads[i].resource == resource)
            head_clear(&model->heads[i]);
    resource_clear(&model->resources[resource]);
}

void guest_model_draw(struct guest_model *model, int resource, struct gpu_rect rect, uint32_t seed)
{
    struct guest_model_resource *target = &model->resources[resource];

    /* A transfer in flight would read half of it. */
    guest_gpu_settle(model->gpu);
    for (uint32_t y = rect.y; y < rect.y + rect.height; y++)
        for (uint32_t x = rect.x; x < rect.x + rect.width; x++)
            target->backing.pixels[(size_t)y * target->backing.width + x] =
                guest_image_colour(seed, x / 3, y / 2);
    guest_surface_draw(&target->surface, &target->backing, rect);
}

void guest_model_transfer(struct guest_model *model, int resource, struct gpu_rect rect)
{
    struct guest_model_resource *target = &model->resources[resource];

    guest_surface_transfer(&target->surface, rect);
    guest_image_copy(&target->host, rect.x, rect.y, &target->backing, rect);
}

void guest_model_show(struct guest_model *model, unsigned head, int resource, struct gpu_rect part)
{
    struct guest_model_head *target = &model->heads[head];

    guest_surface_show(&model->resources[resource].surface, head, part);
    head_clear(target);
    target->resource = resource;
    target->part = part;
    guest_image_init(&target->canvas, part.width, part.height);
    guest_image_copy(&target->canvas, 0, 0, &model->resources[resource].host, part);
}

void guest_model_hide(struct guest_model *model, unsigned head)
{
    struct gpu_command command = gpu_set_scanout(head, 0, (struct gpu_rect){0, 0, 0, 0});

    guest_gpu_send(model->gpu, &command, VIRTIO_GPU_RESP_OK_NODATA);
    head_clear(&model->heads[head]);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The rectangle's part inside of what the head shows is published. */
static void head_publish(struct guest_model_head *head, const struct guest_image *host,
                         struct gpu_rect rect)
{
    uint32_t left = most(rect.x, head->part.x), top = most(rect.y, head->part.y);
    uint32_t right = least(rect.x + rect.width, head->part.x + head->part.width);
    uint32_t bottom = least(rect.y + rect.height, head->part.y + head->part.height);

    if (left >= right || top >= bottom)
        return;
    guest_image_copy(&head->canvas, left - head->part.x, top - head->part.y, host,
                     (struct gpu_rect){left, top, right - left, bottom - top});
}

void guest_model_flush(struct guest_model *model, int resource, struct gpu_rect rect)
{
    guest_surface_flush(&model->resources[resource].surface, rect);
    for (unsigned i = 0; i < model->nheads; i++)
        if (model->heads[i].resource == resource)
            head_publish(&model->heads[i], &model->resources[resource].host, rect);
}

void guest_model_flush_all(struct guest_model *model)
{
    for (unsigned i = 0; i < model->nheads; i++) {
        int resource = model->heads[i].resource;

        if (resource >= 0)
            guest_model_flush(model, resource,
                              guest_surface_rect(&model->resources[resource].surface));
    }
}

static struct gpu_rect random_rect(const struct guest_image *image, uint64_t *random)
{
    struct gpu_rect rect = {.x = check_random_below(random, image->width),
                            .y = check_random_below(random, image->height)};

    rect.width = 1 + check_random_below(random, image->width - rect.x);
    rect.height = 1 + check_random_below(random, image->height - rect.y);
    return rect;
}

static int random_resource(const struct guest_model *model, uint64_t *random)
{
    int start = (int)check_random_below(random, GUEST_MODEL_RESOURCES);

    for (int i = 0; i < GUEST_MODEL_RESOURCES; i++) {
        int index = (start + i) % GUEST_MODEL_RESOURCES;

        if (model->resources[index].alive)
            return index;
    }
    return -1;
}

static const char *create_random(struct guest_model *model, uint64_t *random)
{
    static const uint32_t formats[] = {1, 2, 3, 4, 67, 68, 121, 134};
    static const enum guest_scatter scatters[] = {GUEST_SCATTER_NONE, GUEST_SCATTER_PAGES,
                                                  GUEST_SCATTER_ODD};

    guest_model_create(model, formats[check_random_below(random, 8)],
                       1 + check_random_below(random, 500), 1 + check_random_below(random, 400),
                       scatters[check_random_below(random, 3)]);
    return "create";
}

const char *guest_model_step(struct guest_model *model, uint64_t *random)
{
    int resource = random_resource(model, random);
    uint32_t choice = check_random_below(random, 100);
    unsigned head = check_random_below(random, model->nheads);
    struct gpu_rect rect;

    if (resource < 0 || choice < 4)
        return create_random(model, random);
    rect = random_rect(&model->resources[resource].backing, random);
    if (choice < 6) {
        guest_model_unref(model, resource);
        return "unref";
    }
    if (choice < 30) {
        guest_model_draw(model, resource, rect, check_random(random));
        return "draw";
    }
    if (choice < 60) {
        guest_model_transfer(model, resource, rect);
        return "transfer";
    }
    if (choice < 72) {
        guest_model_show(model, head, resource, rect);
        return "show";
    }
    if (choice < 73) {
        guest_model_hide(model, head);
        return "hide";
    }
    guest_model_flush(model, resource, rect);
    return "flush";
}
