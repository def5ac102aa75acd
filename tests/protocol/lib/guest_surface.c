// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_surface.h"

#include "tests/protocol/lib/guest_check.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

static size_t backing_size(const struct guest_surface *surface)
{
    return (size_t)surface->width * surface->height * 4;
}

static void add_entry(struct guest_surface *surface, uint64_t gpa, size_t size)
{
    surface->entries[surface->nentries++] =
        (struct virtio_gpu_mem_entry){.addr = gpa, .length = (uint32_t)size};
}

static void scatter_pages(struct guest_surface *surface, struct guest_ram *ram, size_t size)
{
    uint32_t npages = (uint32_t)((size + PAGE - 1) / PAGE);
    uint64_t start = guest_ram_alloc(ram, (uint64_t)npages * PAGE, PAGE);
    uint64_t *random = &surface->gpu->random;

    for (uint32_t i = 0; i < npages; i++)
        add_entry(surface, start + (uint64_t)i * PAGE, PAGE);
    for (uint32_t i = npages; i > 1; i--) {
        uint32_t other = check_random_below(random, i);
        struct virtio_gpu_mem_entry swap = surface->entries[i - 1];

        surface->entries[i - 1] = surface->entries[other];
        surface->entries[other] = swap;
    }
}

/* The last two regions of the PC layout touch. */
static void scatter_border(struct guest_surface *surface, struct guest_ram *ram, size_t size)
{
    struct guest_ram_region *high = guest_ram_find(ram, 4 * GUEST_RAM_GIB);
    uint64_t border = high->gpa + high->size, start = border - (size / 2 | 1);

    CHECK(high->used < start - high->gpa && guest_ram_find(ram, border) != NULL, "no border");
    high->used = high->size;
    guest_ram_alloc_in(ram, border, size, 1);
    add_entry(surface, start, size);
}

static void scatter_odd(struct guest_surface *surface, struct guest_ram *ram, size_t size)
{
    while (size > 0) {
        size_t piece = 1 + check_random_below(&surface->gpu->random, 6001);

        piece = piece > size ? size : piece;
        add_entry(surface, guest_ram_alloc(ram, piece + 3, 1), piece);
        size -= piece;
    }
}

void guest_surface_init(struct guest_surface *surface, struct guest_gpu *gpu, uint32_t id,
                        uint32_t format, uint32_t width, uint32_t height,
                        enum guest_scatter scatter)
{
    struct guest_ram *ram = gpu->transport->ram;
    size_t size;

    *surface = (struct guest_surface){
        .gpu = gpu, .id = id, .format = format, .width = width, .height = height};
    size = backing_size(surface);
    surface->entries = calloc(size / 1000 + 16, sizeof(*surface->entries));
    CHECK(surface->entries != NULL, "memory");
    if (scatter == GUEST_SCATTER_PAGES)
        scatter_pages(surface, ram, size);
    else if (scatter == GUEST_SCATTER_BORDER)
        scatter_border(surface, ram, size);
    else if (scatter == GUEST_SCATTER_ODD)
        scatter_odd(surface, ram, size);
    else
        add_entry(surface, guest_ram_alloc(ram, size, PAGE), size);
}

void guest_surface_finish(struct guest_surface *surface)
{
    free(surface->entries);
    surface->entries = NULL;
}

struct gpu_rect guest_surface_rect(const struct guest_surface *surface)
{
    return (struct gpu_rect){0, 0, surface->width, surface->height};
}

static void send_ok(struct guest_surface *surface, const struct gpu_command *command)
{
    guest_gpu_send(surface->gpu, command, VIRTIO_GPU_RESP_OK_NODATA);
}

void guest_surface_create(struct guest_surface *surface)
{
    struct gpu_command create =
        gpu_create_2d(surface->id, surface->format, surface->width, surface->height);
    struct gpu_command attach = gpu_attach(surface->id, surface->entries, surface->nentries);

    send_ok(surface, &create);
    send_ok(surface, &attach);
}

void guest_surface_write(struct guest_surface *surface, size_t offset, const void *data,
                         size_t size)
{
    const uint8_t *bytes = data;

    for (uint32_t i = 0; i < surface->nentries && size > 0; i++) {
        const struct virtio_gpu_mem_entry *entry = &surface->entries[i];
        size_t chunk;

        if (offset >= entry->length) {
            offset -= entry->length;
            continue;
        }
        chunk = entry->length - offset < size ? entry->length - offset : size;
        guest_ram_write(surface->gpu->transport->ram, entry->addr + offset, bytes, chunk);
        bytes += chunk;
        size -= chunk;
        offset = 0;
    }
    CHECK(size == 0, "write behind the backing");
}

/* Rows are joined where the rectangle covers whole ones: entries are searched
 * for from the first each time. */
void guest_surface_draw(struct guest_surface *surface, const struct guest_image *image,
                        struct gpu_rect rect)
{
    size_t row_bytes = (size_t)surface->width * 4, span = (size_t)rect.width * 4;
    bool whole = rect.width == surface->width;
    uint32_t *words = malloc(whole ? span * rect.height + 1 : span + 1);

    CHECK(words != NULL && image->width == surface->width && image->height == surface->height,
          "draw of %ux%u", image->width, image->height);
    for (uint32_t y = 0; y < rect.height; y++) {
        const uint32_t *from = image->pixels + (size_t)(rect.y + y) * image->width + rect.x;
        uint32_t *to = words + (whole ? (size_t)y * rect.width : 0);

        for (uint32_t x = 0; x < rect.width; x++)
            to[x] = guest_image_encode(surface->format, from[x], (uint8_t)(x * 7 + y));
        if (!whole)
            guest_surface_write(surface, (rect.y + y) * row_bytes + (size_t)rect.x * 4, words,
                                span);
    }
    if (whole)
        guest_surface_write(surface, rect.y * row_bytes, words, span * rect.height);
    free(words);
}

void guest_surface_transfer(struct guest_surface *surface, struct gpu_rect rect)
{
    uint64_t offset = ((uint64_t)rect.y * surface->width + rect.x) * 4;
    struct gpu_command command = gpu_transfer(surface->id, rect, offset);

    send_ok(surface, &command);
}

void guest_surface_flush(struct guest_surface *surface, struct gpu_rect rect)
{
    struct gpu_command command = gpu_flush(surface->id, rect);

    send_ok(surface, &command);
}

void guest_surface_show(struct guest_surface *surface, uint32_t scanout, struct gpu_rect rect)
{
    struct gpu_command command = gpu_set_scanout(scanout, surface->id, rect);

    send_ok(surface, &command);
}

void guest_surface_unref(struct guest_surface *surface)
{
    struct gpu_command command = gpu_unref(surface->id);

    send_ok(surface, &command);
}

void guest_surface_present(struct guest_surface *surface, uint32_t scanout,
                           const struct guest_image *image)
{
    struct gpu_rect all = guest_surface_rect(surface);

    guest_surface_draw(surface, image, all);
    guest_surface_transfer(surface, all);
    guest_surface_show(surface, scanout, all);
    guest_surface_flush(surface, all);
    guest_gpu_settle(surface->gpu);
}
