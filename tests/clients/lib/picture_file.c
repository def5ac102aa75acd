// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/clients/lib/picture_file.h"

#include "encoders/png.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_FILE_MAX_SIDE 16384

static int write_all(const char *path, const char *header, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool ok;

    if (!file)
        return -errno;
    ok = fputs(header, file) >= 0 && fwrite(data, 1, size, file) == size;
    return fclose(file) == 0 && ok ? 0 : -EIO;
}

static int write_png(const char *path, const uint32_t *pixels, uint32_t width, uint32_t height)
{
    uint8_t *png;
    size_t size;
    int rc = png_encode((const uint8_t *)pixels, width, height, (size_t)width * 4, 9, &png, &size);

    if (rc)
        return rc;
    rc = write_all(path, "", png, size);
    free(png);
    return rc;
}

/* Bytes in the order R, G, B[, A]; malloc'ed, or NULL. */
static uint8_t *to_bytes(const uint32_t *pixels, size_t count, bool alpha)
{
    uint8_t *bytes = malloc(count * 4 + 1), *out = bytes;

    if (!bytes)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        *out++ = (uint8_t)(pixels[i] >> 16);
        *out++ = (uint8_t)(pixels[i] >> 8);
        *out++ = (uint8_t)pixels[i];
        if (alpha)
            *out++ = (uint8_t)(pixels[i] >> 24);
    }
    return bytes;
}

int picture_file_write(const char *path, const uint32_t *pixels, uint32_t width, uint32_t height)
{
    size_t length = strlen(path);
    uint8_t *bytes;
    char header[64];
    int rc;

    if (length > 4 && !strcmp(path + length - 4, ".png"))
        return write_png(path, pixels, width, height);
    bytes = to_bytes(pixels, (size_t)width * height, false);
    if (!bytes)
        return -ENOMEM;
    snprintf(header, sizeof(header), "P6\n%u %u\n255\n", width, height);
    rc = write_all(path, header, bytes, (size_t)width * height * 3);
    free(bytes);
    return rc;
}

int picture_file_write_alpha(const char *path, const uint32_t *pixels, uint32_t width,
                             uint32_t height)
{
    uint8_t *bytes = to_bytes(pixels, (size_t)width * height, true);
    char header[128];
    int rc;

    if (!bytes)
        return -ENOMEM;
    snprintf(header, sizeof(header),
             "P7\nWIDTH %u\nHEIGHT %u\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", width,
             height);
    rc = write_all(path, header, bytes, (size_t)width * height * 4);
    free(bytes);
    return rc;
}

static int read_pixels(FILE *file, uint32_t *pixels, size_t count)
{
    uint8_t row[3 * 4096];

    while (count) {
        size_t part = count < 4096 ? count : 4096;

        if (fread(row, 3, part, file) != part)
            return -EIO;
        for (size_t i = 0; i < part; i++)
            *pixels++ = (uint32_t)row[i * 3] << 16 | (uint32_t)row[i * 3 + 1] << 8 | row[i * 3 + 2];
        count -= part;
    }
    return 0;
}

int picture_file_read(const char *path, uint32_t **pixels, uint32_t *width, uint32_t *height)
{
    FILE *file = fopen(path, "rb");
    int rc = -EINVAL;

    if (!file)
        return -errno;
    *pixels = NULL;
    if (fscanf(file, "P6 %u %u 255", width, height) != 2 || fgetc(file) != '\n' || !*width ||
        !*height || *width > PICTURE_FILE_MAX_SIDE || *height > PICTURE_FILE_MAX_SIDE)
        goto out;
    *pixels = malloc((size_t)*width * *height * 4);
    rc = *pixels ? read_pixels(file, *pixels, (size_t)*width * *height) : -ENOMEM;
    if (rc) {
        free(*pixels);
        *pixels = NULL;
    }
out:
    fclose(file);
    return rc;
}
