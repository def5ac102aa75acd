// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/display_take.h"

#include "encoders/damage.h"
#include "server/jobs.h"
#include "server/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct take {
    struct job job;
    struct display *display; /* NULL: orphaned; loop thread */
    struct canvas_map *map;
    struct shadow *shadow;
    uint64_t sequence;
    pixman_region32_t copied;       /* lent to the job with map and shadow */
    bool torn;                      /* written by the job */
    pixman_region32_t damage, rest; /* as struct display_watcher_ops has them */
    uint32_t nmoves;
    struct link_move moves[LINK_MAX_MOVES];
};

/* The shadow that the next frame can be copied into, or NULL: one that is
 * neither the newest nor held by anybody but the display. */
static struct shadow *free_shadow(const struct display *display)
{
    for (int i = 0; i < 2; i++) {
        struct shadow *shadow = display->shadows[i];
        if (shadow && shadow != display->newest && shadow->refs == 1)
            return shadow;
    }
    return NULL;
}

void display_give_credit(struct display *display)
{
    if (display->credited || display->taking || !free_shadow(display))
        return;
    struct link_credit credit = {.frames = 1};
    display->credited = true;
    display->ops->send(display, LINK_CREDIT, display->generation, &credit, sizeof(credit));
}

void take_orphan(struct take *take)
{
    if (take)
        take->display = NULL;
}

static void take_free(struct take *take)
{
    pixman_region32_fini(&take->copied);
    pixman_region32_fini(&take->damage);
    pixman_region32_fini(&take->rest);
    canvas_map_unref(take->map);
    shadow_unref(take->shadow);
    free(take);
}

static void take_work(struct job *job)
{
    struct take *take = (struct take *)job;
    damage_copy(take->shadow->pixels, take->shadow->stride, take->map->pixels, take->map->stride,
                &take->copied);
    take->torn = canvas_sequence_after_copy(take->map->header) != take->sequence;
}

static void set_whole(pixman_region32_t *region, const struct shadow *shadow)
{
    pixman_region32_fini(region);
    pixman_region32_init_rect(region, 0, 0, shadow->width, shadow->height);
}

static void tell_frame(struct display *display, struct take *take)
{
    if (display->torn) {
        set_whole(&take->damage, take->shadow);
        set_whole(&take->rest, take->shadow);
        take->nmoves = 0;
    }
    display->torn = false;
    display->newest = take->shadow;
    display->frames_taken++;
    for (struct display_watcher *w = display->watchers; w; w = display->next_told) {
        display->next_told = w->next;
        w->ops->frame(w, &take->damage, take->moves, take->nmoves, &take->rest);
    }
}

/* What was copied is worth nothing, and nothing of this head is shown until a
 * frame has come whole. */
static void throw_away(struct display *display, struct take *take)
{
    set_whole(&take->shadow->missing, take->shadow);
    display->torn = true;
    display->frames_torn++;
    log_debug("display", "head %u: frame was overwritten while it was copied", display->head);
}

static void take_done(struct job *job)
{
    struct take *take = (struct take *)job;
    struct display *display = take->display;
    if (!display) {
        take_free(take);
        return;
    }
    struct link_taken taken = {.sequence = take->sequence};
    display->taking = NULL;
    display->ops->send(display, LINK_TAKEN, display->generation, &taken, sizeof(taken));
    if (take->torn)
        throw_away(display, take);
    else
        tell_frame(display, take);
    /* Our reference goes first, so that a thrown-away shadow counts as free.
     * A watcher may have been the last one, and the canvas gone with it. */
    take_free(take);
    display_give_credit(display);
}

static bool rects_fit(const struct display *display, const struct link_frame *frame,
                      const struct link_move *moves, const struct link_rect *rects)
{
    uint32_t width = display->width, height = display->height;
    for (uint32_t i = 0; i < frame->nmoves; i++) {
        const struct link_move *m = &moves[i];
        if (m->width == 0 || m->height == 0 || m->x + m->width > (int64_t)width ||
            m->y + m->height > (int64_t)height || m->source_x + m->width > (int64_t)width ||
            m->source_y + m->height > (int64_t)height)
            return false;
    }
    for (uint32_t i = 0; i < frame->nrects; i++) {
        const struct link_rect *r = &rects[i];
        if (r->width == 0 || r->height == 0 || r->x + r->width > (int64_t)width ||
            r->y + r->height > (int64_t)height)
            return false;
    }
    return frame->whole <= 1;
}

/* Fills in what the frame changes. */
static int describe(struct take *take, const struct link_frame *frame,
                    const struct link_move *moves, const struct link_rect *rects)
{
    pixman_box32_t *boxes = malloc((frame->nrects + 1) * sizeof(*boxes));
    if (!boxes)
        return -ENOMEM;
    for (uint32_t i = 0; i < frame->nrects; i++)
        boxes[i] = (pixman_box32_t){rects[i].x, rects[i].y, rects[i].x + rects[i].width,
                                    rects[i].y + rects[i].height};
    pixman_region32_fini(&take->rest);
    bool made = pixman_region32_init_rects(&take->rest, boxes, (int)frame->nrects);
    free(boxes);
    if (!made) {
        pixman_region32_init(&take->rest);
        return -ENOMEM;
    }
    if (frame->whole) {
        set_whole(&take->rest, take->shadow);
    } else {
        take->nmoves = frame->nmoves;
        memcpy(take->moves, moves, frame->nmoves * sizeof(*moves));
    }
    bool copied = pixman_region32_copy(&take->damage, &take->rest);
    for (uint32_t i = 0; i < take->nmoves; i++)
        copied = copied && pixman_region32_union_rect(&take->damage, &take->damage, moves[i].x,
                                                      moves[i].y, moves[i].width, moves[i].height);
    return copied ? 0 : -ENOMEM;
}

/* Both shadows lack the frame's damage from now on; the one that it is copied
 * into gets all that it lacks, older damage included. */
static int hand_out(struct display *display, struct take *take)
{
    for (int i = 0; i < 2; i++) {
        pixman_region32_t *missing = &display->shadows[i]->missing;
        if (!pixman_region32_union(missing, missing, &take->damage))
            return -ENOMEM;
    }
    if (!pixman_region32_copy(&take->copied, &take->shadow->missing))
        return -ENOMEM;
    pixman_region32_clear(&take->shadow->missing);
    return 0;
}

int display_handle_frame(struct display *display, uint32_t generation,
                         const struct link_frame *frame)
{
    if (!display->subscribed || !display->map || generation != display->generation)
        return 0;
    const struct link_move *moves = (const struct link_move *)(frame + 1);
    const struct link_rect *rects = (const struct link_rect *)(moves + frame->nmoves);
    if (!display->credited || !rects_fit(display, frame, moves, rects))
        return -EPROTO;

    struct take *take = calloc(1, sizeof(*take));
    if (!take)
        return -ENOMEM;
    pixman_region32_init(&take->copied);
    pixman_region32_init(&take->damage);
    pixman_region32_init(&take->rest);
    take->job = (struct job){.work = take_work, .done = take_done};
    take->display = display;
    take->map = canvas_map_ref(display->map);
    take->sequence = frame->sequence;
    take->shadow = shadow_ref(free_shadow(display)); /* credit was given for it */
    int rc = describe(take, frame, moves, rects);
    if (rc == 0)
        rc = hand_out(display, take);
    if (rc < 0) {
        take_free(take);
        return rc;
    }
    display->credited = false;
    display->taking = take;
    job_submit(display->loop, &take->job);
    return 0;
}
