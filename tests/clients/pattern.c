// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pattern WIDTH HEIGHT SEED FILE.ppm: the known picture of the guest's kmstest.
 * pattern cursor FILE.pam: its cursor, premultiplied.
 */
#include "tests/guest/kms/pattern.h"

#include "tests/clients/lib/picture_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_picture(uint32_t width, uint32_t height, uint32_t seed, const char *path)
{
    uint32_t *pixels = malloc((size_t)width * height * 4 + 1);
    int rc;

    if (!pixels)
        return -1;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            pixels[(size_t)y * width + x] = pattern_pixel(x, y, seed);
    rc = picture_file_write(path, pixels, width, height);
    free(pixels);
    return rc;
}

static int write_cursor(const char *path)
{
    static uint32_t pixels[PATTERN_CURSOR_SIZE * PATTERN_CURSOR_SIZE];

    for (uint32_t i = 0; i < PATTERN_CURSOR_SIZE * PATTERN_CURSOR_SIZE; i++)
        pixels[i] = pattern_cursor_pixel(i % PATTERN_CURSOR_SIZE, i / PATTERN_CURSOR_SIZE);
    return picture_file_write_alpha(path, pixels, PATTERN_CURSOR_SIZE, PATTERN_CURSOR_SIZE);
}

int main(int argc, char **argv)
{
    int rc = -1;

    if (argc == 3 && !strcmp(argv[1], "cursor"))
        rc = write_cursor(argv[2]);
    else if (argc == 5)
        rc = write_picture((uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2]),
                           (uint32_t)atoi(argv[3]), argv[4]);
    if (rc)
        fprintf(stderr, "usage: pattern WIDTH HEIGHT SEED FILE.ppm | pattern cursor FILE.pam\n");
    return rc ? 1 : 0;
}
