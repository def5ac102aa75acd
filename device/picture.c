// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/picture.h"

#include "device/unmap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Anonymous mappings are zero without being touched and go back to the
 * system at once, whatever size guests come up with. */
struct picture *picture_create(uv_loop_t *loop, uint32_t width, uint32_t height,
                               pixman_format_code_t format)
{
    struct picture *picture = calloc(1, sizeof *picture);
    if (!picture)
        return NULL;
    picture->refs = 1;
    picture->loop = loop;
    picture->width = width;
    picture->height = height;
    picture->stride = (size_t)width * 4;
    picture->format = format;
    void *map = mmap(NULL, picture->stride * height, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        free(picture);
        errno = ENOMEM;
        return NULL;
    }
    picture->pixels = map;
    return picture;
}

struct picture *picture_ref(struct picture *picture)
{
    picture->refs++;
    return picture;
}

void picture_unref(struct picture *picture)
{
    if (!picture || --picture->refs > 0)
        return;
    unmap_soon(picture->loop, picture->pixels, picture->stride * picture->height);
    free(picture);
}
