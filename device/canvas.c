// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/canvas.h"

#include "device/unmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* F_SEAL_FUTURE_WRITE is newer than some libc headers. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* Our own mapping is made first; the seals then bind everybody else. */
static int map_and_seal(struct canvas *canvas)
{
    if (ftruncate(canvas->fd, (off_t)canvas->size) != 0)
        return -errno;
    void *map = mmap(NULL, canvas->size, PROT_READ | PROT_WRITE, MAP_SHARED, canvas->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    canvas->header = map;
    canvas->pixels = (uint8_t *)map + CANVAS_PIXELS_OFFSET;
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
    if (fcntl(canvas->fd, F_ADD_SEALS, seals) != 0) {
        int error = -errno;
        munmap(map, canvas->size);
        return error;
    }
    return 0;
}

struct canvas *canvas_create(uv_loop_t *loop, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > CANVAS_MAX_SIZE || height > CANVAS_MAX_SIZE) {
        errno = EINVAL;
        return NULL;
    }
    struct canvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas)
        return NULL;
    canvas->refs = 1;
    canvas->loop = loop;
    canvas->width = width;
    canvas->height = height;
    canvas->stride = canvas_stride(width);
    canvas->size = canvas_size(width, height);
    canvas->fd = memfd_create("oriel-canvas", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (canvas->fd < 0)
        goto memfd_failure;
    int error = map_and_seal(canvas);
    if (error < 0) {
        errno = -error;
        goto map_failure;
    }
    return canvas;

map_failure:
    error = errno;
    close(canvas->fd);
    errno = error;
memfd_failure:
    free(canvas);
    return NULL;
}

struct canvas *canvas_ref(struct canvas *canvas)
{
    canvas->refs++;
    return canvas;
}

void canvas_unref(struct canvas *canvas)
{
    if (!canvas || --canvas->refs > 0)
        return;
    unmap_soon(canvas->loop, canvas->header, canvas->size);
    close(canvas->fd);
    free(canvas);
}
