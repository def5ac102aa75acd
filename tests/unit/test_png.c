// SPDX-License-Identifier: GPL-2.0-or-later
/* PNG files, decoded again by libpng and compared pixel for pixel. */
#include "encoders/png.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

static uint32_t *make_picture(uint32_t width, uint32_t height, size_t stride)
{
    uint32_t *pixels = malloc(stride * (height - 1) + (size_t)width * 4);

    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++)
            pixels[y * stride / 4 + x] = (x * 7 + y) << 16 | (y * 3 + 80) << 8 | x * y | 0x5a000000;
    }
    return pixels;
}

static void assert_decodes_to(const uint8_t *data, size_t size, const uint32_t *pixels,
                              uint32_t width, uint32_t height, size_t stride)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint8_t *rgb;

    assert_true(png_image_begin_read_from_memory(&image, data, size));
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_int_equal(image.format, PNG_FORMAT_RGB); /* no alpha in the file */
    rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            const uint8_t *p = rgb + ((size_t)y * width + x) * 3;
            uint32_t colour = (uint32_t)p[0] << 16 | p[1] << 8 | p[2];
            assert_int_equal(colour, pixels[y * stride / 4 + x] & 0xffffff);
        }
    }
    free(rgb);
}

static void round_trip(uint32_t width, uint32_t height, size_t padding, int level)
{
    size_t stride = (size_t)width * 4 + padding, size = 0;
    uint32_t *pixels = make_picture(width, height, stride);
    uint8_t *data = NULL;

    assert_int_equal(
        png_encode((const uint8_t *)pixels, width, height, stride, level, &data, &size), 0);
    assert_decodes_to(data, size, pixels, width, height, stride);
    free(data);
    free(pixels);
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(1, 1, 0, 6);
    round_trip(1, 300, 60, 6);
    round_trip(333, 1, 0, 6);
    round_trip(641, 479, 12, 9);
    round_trip(1280, 800, 0, 1);
    for (int level = 0; level <= 9; level++)
        round_trip(97, 61, 4, level);
}

/* Bytes that cannot be compressed are more than the first buffer holds. */
static void test_noise(void **state)
{
    uint32_t *pixels = malloc(500 * 500 * 4), random = 1;
    uint8_t *data = NULL;
    size_t size = 0;

    (void)state;
    for (size_t i = 0; i < 500 * 500; i++)
        pixels[i] = random = random * 1664525u + 1013904223u;
    assert_int_equal(png_encode((const uint8_t *)pixels, 500, 500, 2000, 1, &data, &size), 0);
    assert_true(size > 64 * 1024);
    assert_decodes_to(data, size, pixels, 500, 500, 2000);
    free(data);
    free(pixels);
}

static void test_refuses(void **state)
{
    static const uint32_t pixels[4];
    const uint8_t *p = (const uint8_t *)pixels;
    uint8_t *data;
    size_t size;

    (void)state;
    assert_int_equal(png_encode(p, 0, 1, 16, 6, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, 1, 0, 16, 6, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, 1, 1, 16, -1, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, 1, 1, 16, 10, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, 5, 1, 16, 6, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, 1000001, 1, 4000004, 6, &data, &size), -EINVAL);
    assert_int_equal(png_encode(p, UINT32_MAX, 1, SIZE_MAX, 6, &data, &size), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("png", tests, NULL, NULL);
}
