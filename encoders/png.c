// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/png.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* A growing buffer that libpng writes into. */
struct sink {
    uint8_t *data;
    size_t size, capacity;
};

static void handle_write(png_structp png, png_bytep data, png_size_t length)
{
    struct sink *sink = png_get_io_ptr(png);

    if (length > sink->capacity - sink->size) {
        size_t capacity = sink->capacity;
        uint8_t *grown;
        while (length > capacity - sink->size && capacity <= SIZE_MAX / 2)
            capacity *= 2;
        grown = length <= capacity - sink->size ? realloc(sink->data, capacity) : NULL;
        if (grown == NULL)
            png_error(png, "out of memory");
        sink->data = grown;
        sink->capacity = capacity;
    }
    memcpy(sink->data + sink->size, data, length);
    sink->size += length;
}

static void handle_flush(png_structp png)
{
    (void)png;
}

/* libpng would print; the caller's log line is enough. */
static void handle_error(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void handle_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* The words of a picture in memory: B, G, R, X on little-endian hosts. */
static void set_word_layout(png_structp png)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_bgr(png);
    png_set_filler(png, 0, PNG_FILLER_AFTER);
#else
    png_set_filler(png, 0, PNG_FILLER_BEFORE);
#endif
}

/* Everything that libpng may leave by longjmp; no local outlives it. The
 * arguments have been checked, so that only memory can be what it lacks. */
static int write_picture(png_structp png, png_infop info, const uint8_t *pixels, uint32_t width,
                         uint32_t height, size_t stride, int level)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return -ENOMEM;
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, level);
    /* The two costly filters gain little on screens. */
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FAST_FILTERS);
    png_write_info(png, info);
    set_word_layout(png);
    for (uint32_t y = 0; y < height; y++)
        png_write_row(png, pixels + y * stride);
    png_write_end(png, NULL);
    return 0;
}

int png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, size_t stride, int level,
               uint8_t **out, size_t *out_size)
{
    struct sink sink = {.capacity = 64 * 1024};
    png_structp png;
    png_infop info;
    int rc = -ENOMEM;

    if (width == 0 || height == 0 || width > PNG_USER_WIDTH_MAX || height > PNG_USER_HEIGHT_MAX ||
        level < 0 || level > 9 || stride / 4 < width)
        return -EINVAL;
    sink.data = malloc(sink.capacity);
    if (sink.data == NULL)
        return -ENOMEM;
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, handle_error, handle_warning);
    if (png == NULL)
        goto write_struct_failure;
    info = png_create_info_struct(png);
    if (info == NULL)
        goto info_failure;
    png_set_write_fn(png, &sink, handle_write, handle_flush);
    rc = write_picture(png, info, pixels, width, height, stride, level);
info_failure:
    png_destroy_write_struct(&png, info != NULL ? &info : NULL);
write_struct_failure:
    if (rc == 0) {
        *out = sink.data;
        *out_size = sink.size;
        return 0;
    }
    free(sink.data);
    return rc;
}
