// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/damage.h"

#include <stdbool.h>
#include <stdlib.h>

/* The finest grid to which rectangles are widened, in pixels. */
#define FINEST_GRID 8
/* The coarsest: a picture has fewer pixels than this. */
#define COARSEST_GRID (1 << 20)

/* The multiples of `grid` around [*from, *to), but not beyond [least, most). */
static void widen(int32_t *from, int32_t *to, int32_t grid, int32_t least, int32_t most)
{
    int32_t before = *from % grid, behind = *to % grid;

    *from = *from - before > least ? *from - before : least;
    if (behind != 0)
        *to = grid - behind < most - *to ? *to + grid - behind : most;
}

/* Sets `coarse` to a region that covers `region`, snapped to the grid, with
 * `boxes` as scratch for all its rectangles. False when memory runs out. */
static bool coarsen(pixman_region32_t *coarse, const pixman_region32_t *region,
                    pixman_box32_t *boxes, int32_t grid)
{
    const pixman_box32_t *extents = pixman_region32_extents(region);
    int count;
    const pixman_box32_t *from = pixman_region32_rectangles(region, &count);

    for (int i = 0; i < count; i++) {
        boxes[i] = from[i];
        widen(&boxes[i].x1, &boxes[i].x2, grid, extents->x1, extents->x2);
        widen(&boxes[i].y1, &boxes[i].y2, grid, extents->y1, extents->y2);
    }
    return pixman_region32_init_rects(coarse, boxes, count);
}

/* True when `coarse` has been set to a region of at most `max_rects`. */
static bool find_grid(pixman_region32_t *coarse, const pixman_region32_t *region, int max_rects)
{
    int count = pixman_region32_n_rects(region);
    pixman_box32_t *boxes = calloc((size_t)count, sizeof(*boxes));
    bool found = false;

    if (boxes == NULL)
        return false;
    for (int32_t grid = FINEST_GRID; !found && grid < COARSEST_GRID; grid *= 2) {
        found =
            coarsen(coarse, region, boxes, grid) && pixman_region32_n_rects(coarse) <= max_rects;
        if (!found)
            pixman_region32_fini(coarse);
    }
    free(boxes);
    return found;
}

void damage_bound(pixman_region32_t *region, int max_rects)
{
    pixman_region32_t coarse;
    pixman_box32_t extents = *pixman_region32_extents(region);

    if (pixman_region32_n_rects(region) <= (max_rects > 1 ? max_rects : 1))
        return;
    if (max_rects > 1 && find_grid(&coarse, region, max_rects)) {
        pixman_region32_fini(region);
        *region = coarse;
        return;
    }
    pixman_region32_reset(region, &extents);
}
