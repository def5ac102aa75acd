// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scene [still]: the demo's program in the guest. Paints an oriel window on
 * dumb buffers and lets clouds drift, lights twinkle and a firefly, which is
 * the hardware cursor, fly until somebody points at a place: then it goes
 * there. A key ends it, and the console is back. `still` shows one fixed
 * moment, for ever. Says on standard output when the first picture is shown.
 */
#include "hands.h"
#include "landscape.h"
#include "paint.h"
#include "room.h"

#include "kms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAMES_PER_SECOND 25
#define STILL_SECONDS 3.0f
#define FIREFLY_SIZE KMS_CURSOR_SIZE

struct scene {
    struct kms kms;
    struct kms_head *head;
    struct room room;
    struct landscape land;
    uint32_t *row;
    struct hands hands;
};

static int compare_sparks(const void *a, const void *b)
{
    return ((const struct spark *)a)->y - ((const struct spark *)b)->y;
}

/* Adds the sparks of row `y`, which `next` is the first of, and returns the
 * first of the rows below. */
static int add_sparks(const struct scene *scene, int next, int y, float seconds)
{
    const struct landscape *land = &scene->land;

    for (; next < land->nsparks && land->sparks[next].y == y; next++) {
        const struct spark *spark = &land->sparks[next];
        uint32_t light = landscape_spark(spark, seconds);

        for (int x = spark->x; x < spark->x + spark->length; x++)
            scene->row[x] = glow(scene->row[x], light, 1);
    }
    return next;
}

static void draw_view(struct scene *scene, struct kms_buffer *buffer, float seconds)
{
    const struct room *room = &scene->room;
    int next = 0;

    for (int y = 0; y < room->view_height; y++) {
        const uint8_t *glass = room->glass + (size_t)y * (size_t)room->view_width;
        const uint32_t *wall =
            room->wall + (size_t)(y + room->view_y) * (size_t)room->width + room->view_x;
        uint32_t *out =
            buffer->pixels + (size_t)(y + room->view_y) * (buffer->stride / 4) + room->view_x;

        landscape_row(&scene->land, y, seconds, scene->row);
        next = add_sparks(scene, next, y, seconds);
        for (int x = 0; x < room->view_width; x++)
            if (glass[x])
                out[x] = blend(wall[x], scene->row[x], glass[x] + (glass[x] >> 7));
    }
}

static void draw_wall(const struct scene *scene, struct kms_buffer *buffer)
{
    for (int y = 0; y < scene->room.height; y++)
        memcpy(buffer->pixels + (size_t)y * (buffer->stride / 4),
               scene->room.wall + (size_t)y * (size_t)scene->room.width,
               (size_t)scene->room.width * 4);
}

/* Premultiplied: a bright core in a warm glow. */
static int show_firefly(struct scene *scene)
{
    struct kms_buffer *image = &scene->head->cursor;
    int rc = kms_cursor_create(&scene->kms, scene->head, FIREFLY_SIZE);

    if (rc)
        return rc;
    for (int y = 0; y < FIREFLY_SIZE; y++) {
        for (int x = 0; x < FIREFLY_SIZE; x++) {
            float d =
                length((float)x + 0.5f - FIREFLY_SIZE / 2, (float)y + 0.5f - FIREFLY_SIZE / 2);
            float halo = ramp(30, 2, d) * ramp(30, 2, d) * 0.75f;
            uint32_t core = mix(0xffa83c, 0xfffbe6, ramp(6, 2.5f, d));
            float alpha = fmaxf(halo, ramp(5, 3, d));

            image->pixels[(size_t)y * (image->stride / 4) + (size_t)x] =
                (uint32_t)(alpha * 255) << 24 | mix(0, core, alpha);
        }
    }
    return kms_cursor_show(&scene->kms, scene->head, FIREFLY_SIZE / 2, FIREFLY_SIZE / 2);
}

static int move_firefly(struct scene *scene, float x, float y)
{
    return kms_cursor_move(&scene->kms, scene->head, (int32_t)x - FIREFLY_SIZE / 2,
                           (int32_t)y - FIREFLY_SIZE / 2);
}

static int fly(struct scene *scene, float seconds)
{
    float w = (float)scene->room.width, h = (float)scene->room.height;
    float x = w * (0.5f + 0.40f * sinf(seconds * 0.43f + 1.1f) + 0.02f * sinf(seconds * 3.1f));
    float y = h * (0.52f + 0.33f * sinf(seconds * 0.71f) + 0.03f * sinf(seconds * 2.3f));

    if (scene->hands.pointed)
        return move_firefly(scene, w * scene->hands.x, h * scene->hands.y);
    return move_firefly(scene, x, y);
}

static int scene_open(struct scene *scene)
{
    int rc = kms_open(&scene->kms, "/dev/dri/card0");

    if (rc)
        return rc;
    scene->head = &scene->kms.heads[0];
    rc = kms_set_mode(&scene->kms, scene->head, 0, 0);
    if (!rc)
        rc = room_init(&scene->room, scene->head->mode.hdisplay, scene->head->mode.vdisplay);
    if (!rc)
        rc = landscape_init(&scene->land, scene->room.view_width, scene->room.view_height,
                            scene->room.scale);
    if (rc)
        return rc;
    qsort(scene->land.sparks, (size_t)scene->land.nsparks, sizeof(scene->land.sparks[0]),
          compare_sparks);
    scene->row = calloc((size_t)scene->room.view_width, sizeof(uint32_t));
    if (!scene->row)
        return -ENOMEM;
    draw_wall(scene, &scene->head->buffers[0]);
    draw_wall(scene, &scene->head->buffers[1]);
    return show_firefly(scene);
}

static int show_frame(struct scene *scene, float seconds)
{
    int rc;

    draw_view(scene, kms_back(scene->head), seconds);
    rc = kms_flip(&scene->kms, scene->head);
    return rc ? rc : fly(scene, seconds);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Until it is time for the next frame, the firefly follows the pointer. */
static int wait_frame(struct scene *scene, uint64_t due)
{
    uint64_t now;
    int rc = 0;

    while (!rc && !scene->hands.key_down && (now = now_ns()) < due) {
        hands_wait(&scene->hands, (int)((due - now + 999999) / 1000000));
        if (scene->hands.pointed)
            rc = move_firefly(scene, (float)scene->room.width * scene->hands.x,
                              (float)scene->room.height * scene->hands.y);
    }
    return rc;
}

/* Shows frames until a key is pressed, each at its time; a slow machine leaves
 * some out. */
static int run(struct scene *scene)
{
    uint64_t start = now_ns(), frame = 0;
    int rc = 0;

    while (!rc && !scene->hands.key_down) {
        rc = show_frame(scene, STILL_SECONDS + (float)frame / FRAMES_PER_SECOND);
        frame = (now_ns() - start) * FRAMES_PER_SECOND / 1000000000u + 1;
        if (!rc)
            rc = wait_frame(scene, start + frame * 1000000000u / FRAMES_PER_SECOND);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static struct scene scene;
    bool still = argc > 1 && !strcmp(argv[1], "still");
    int rc = scene_open(&scene);

    if (!rc)
        rc = show_frame(&scene, STILL_SECONDS);
    if (rc) {
        printf("<scene failed: %s>\n", strerror(-rc));
        return 1;
    }
    printf("<scene shown>\n");
    fflush(stdout);
    while (still)
        pause();
    hands_open(&scene.hands);
    rc = run(&scene);
    hands_close(&scene.hands);
    kms_close(&scene.kms);
    return rc != 0;
}
