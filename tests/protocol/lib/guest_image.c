// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_image.h"

#include "tests/protocol/lib/guest_check.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#define COLOUR_BITS 0x00ffffffu

void guest_image_init(struct guest_image *image, uint32_t width, uint32_t height)
{
    *image = (struct guest_image){.width = width, .height = height};
    image->pixels = calloc((size_t)width * height, sizeof(uint32_t));
    CHECK(image->pixels != NULL, "memory for %ux%u", width, height);
}

void guest_image_finish(struct guest_image *image)
{
    free(image->pixels);
    *image = (struct guest_image){.width = 0};
}

uint32_t guest_image_colour(uint32_t seed, uint32_t x, uint32_t y)
{
    uint32_t hash = (x * 0x9e3779b1u) ^ (y * 0x85ebca6bu) ^ (seed * 0xc2b2ae35u);

    hash ^= hash >> 15;
    hash *= 0x2c1b3c6du;
    hash ^= hash >> 13;
    return hash & COLOUR_BITS;
}

void guest_image_fill_pattern(struct guest_image *image, uint32_t seed)
{
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            image->pixels[(size_t)y * image->width + x] = guest_image_colour(seed, x, y);
}

void guest_image_fill(struct guest_image *image, struct gpu_rect rect, uint32_t colour)
{
    for (uint32_t y = rect.y; y < rect.y + rect.height; y++)
        for (uint32_t x = rect.x; x < rect.x + rect.width; x++)
            image->pixels[(size_t)y * image->width + x] = colour;
}

void guest_image_copy(struct guest_image *to, uint32_t x, uint32_t y,
                      const struct guest_image *from, struct gpu_rect rect)
{
    CHECK(rect.x + rect.width <= from->width && rect.y + rect.height <= from->height &&
              x + rect.width <= to->width && y + rect.height <= to->height,
          "copy outside of a picture");
    for (uint32_t row = 0; row < rect.height; row++)
        memcpy(to->pixels + (size_t)(y + row) * to->width + x,
               from->pixels + (size_t)(rect.y + row) * from->width + rect.x,
               (size_t)rect.width * 4);
}

int guest_image_format_bytes(uint32_t format, uint8_t offsets[4])
{
    static const struct {
        uint32_t format;
        uint8_t offsets[4];
    } table[] = {
        {VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, {2, 1, 0, 3}},
        {VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, {2, 1, 0, 3}},
        {VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, {1, 2, 3, 0}},
        {VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, {1, 2, 3, 0}},
        {VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, {0, 1, 2, 3}},
        {VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, {3, 2, 1, 0}},
        {VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, {3, 2, 1, 0}},
        {VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, {0, 1, 2, 3}},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].format == format) {
            memcpy(offsets, table[i].offsets, 4);
            return 0;
        }
    }
    return -EINVAL;
}

uint32_t guest_image_encode(uint32_t format, uint32_t colour, uint8_t alpha)
{
    uint8_t offsets[4], bytes[4];
    uint32_t word;

    CHECK(guest_image_format_bytes(format, offsets) == 0, "format %u", format);
    bytes[offsets[0]] = (uint8_t)(colour >> 16);
    bytes[offsets[1]] = (uint8_t)(colour >> 8);
    bytes[offsets[2]] = (uint8_t)colour;
    bytes[offsets[3]] = alpha;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

bool guest_image_equal(const struct guest_image *image, const struct guest_image *expected,
                       const char *what)
{
    size_t wrong = 0, first = 0;

    if (image->width != expected->width || image->height != expected->height) {
        print_error("%s: %ux%u, expected %ux%u\n", what, image->width, image->height,
                    expected->width, expected->height);
        return false;
    }
    for (size_t i = 0; i < (size_t)image->width * image->height; i++) {
        if (((image->pixels[i] ^ expected->pixels[i]) & COLOUR_BITS) == 0)
            continue;
        if (wrong++ == 0)
            first = i;
    }
    if (wrong == 0)
        return true;
    print_error("%s: %zu pixels differ, first (%zu,%zu): %06x, expected %06x\n", what, wrong,
                first % image->width, first / image->width, image->pixels[first] & COLOUR_BITS,
                expected->pixels[first] & COLOUR_BITS);
    return false;
}

void guest_image_read_png(struct guest_image *image, const void *bytes, size_t size)
{
    png_image png = {.version = PNG_IMAGE_VERSION};

    CHECK(png_image_begin_read_from_memory(&png, bytes, size), "PNG: %s", png.message);
    png.format = PNG_FORMAT_BGRA; /* 0xAARRGGBB on the hosts that we run on */
    guest_image_init(image, png.width, png.height);
    CHECK(png_image_finish_read(&png, NULL, image->pixels, 0, NULL), "PNG: %s", png.message);
}
