// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/picture.h"

#include "device/unmap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Less than a page comes from the heap: a guest may have tens of thousands of
 * such, and system calls for each would hold up the loop. */
static bool is_small(const struct picture *picture)
{
    return picture->stride * picture->height < 4096;
}

/* Anonymous mappings are zero without being touched and go back to the
 * system at once, whatever size guests come up with. */
static int allocate_pixels(struct picture *picture)
{
    size_t size = picture->stride * picture->height;
    if (is_small(picture)) {
        picture->pixels = calloc(1, size);
        return picture->pixels ? 0 : -ENOMEM;
    }
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return -ENOMEM;
    picture->pixels = map;
    return 0;
}

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
    if (allocate_pixels(picture) < 0) {
        free(picture);
        errno = ENOMEM;
        return NULL;
    }
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
    if (is_small(picture))
        free(picture->pixels);
    else
        unmap_soon(picture->loop, picture->pixels, picture->stride * picture->height);
    free(picture);
}
