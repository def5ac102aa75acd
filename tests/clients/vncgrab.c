// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vncgrab ADDRESS [options] [-o FILE.ppm|FILE.png] [--cursor-file FILE.pam]
 *
 * One picture from a VNC server, the way a viewer gets it through LibVNCClient,
 * and one line of JSON about it on standard output. What it waits for:
 *   --updates N       so many updates (default 1)
 *   --wait-stable MS  updates, then none for that long
 *   --expect FILE.ppm that very picture
 * Options of the viewer: --encoding NAMES --no-jpeg --quality 0..9
 * --cursor none|rich|alpha --password TEXT --timeout MS --verbose.
 * Exit code: 0, or 1 when what was waited for did not come in time.
 */
#include "tests/clients/lib/picture_file.h"
#include "tests/clients/lib/viewer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grab {
    struct viewer_options viewer;
    const char *output, *cursor_file, *expect;
    int updates, stable_ms;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "vncgrab: %s: %s\n", what, why);
    return 1;
}

/* Returns the option that is wrong, or NULL. */
static const char *parse(struct grab *grab, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (!value)
            return argv[i];
        if (!strcmp(argv[i], "-o"))
            grab->output = value;
        else if (!strcmp(argv[i], "--cursor-file"))
            grab->cursor_file = value;
        else if (!strcmp(argv[i], "--expect"))
            grab->expect = value;
        else if (!strcmp(argv[i], "--updates"))
            grab->updates = atoi(value);
        else if (!strcmp(argv[i], "--wait-stable"))
            grab->stable_ms = atoi(value);
        else
            return argv[i];
    }
    return NULL;
}

static int wait_expected(struct viewer *viewer, const char *path)
{
    uint64_t differing = 0;
    uint32_t *pixels, width, height;
    int rc = picture_file_read(path, &pixels, &width, &height);

    if (rc)
        return rc;
    rc = viewer_wait_picture(viewer, pixels, width, height, &differing);
    free(pixels);
    if (rc)
        fprintf(stderr, "vncgrab: %lu of %u pixels differ from %s\n", (unsigned long)differing,
                width * height, path);
    return rc;
}

static int wait_for(struct viewer *viewer, const struct grab *grab)
{
    int rc = viewer_wait_updates(viewer, (uint64_t)grab->updates);

    if (!rc && grab->stable_ms)
        rc = viewer_wait_stable(viewer, grab->stable_ms);
    if (!rc && grab->expect)
        rc = wait_expected(viewer, grab->expect);
    return rc;
}

static int save(const struct viewer *viewer, const struct grab *grab)
{
    int rc = 0;

    if (grab->output)
        rc = picture_file_write(grab->output, viewer_pixels(viewer),
                                (uint32_t)viewer->client->width, (uint32_t)viewer->client->height);
    if (!rc && grab->cursor_file && viewer->cursor.width)
        rc = picture_file_write_alpha(grab->cursor_file, viewer->cursor.pixels,
                                      viewer->cursor.width, viewer->cursor.height);
    return rc;
}

static void report(const struct viewer *viewer)
{
    printf("{\"width\": %d, \"height\": %d, \"updates\": %lu, \"resizes\": %lu, \"cursor\": "
           "{\"width\": %u, \"height\": %u, \"hot_x\": %u, \"hot_y\": %u}}\n",
           viewer->client->width, viewer->client->height, (unsigned long)viewer->updates,
           (unsigned long)viewer->resizes, viewer->cursor.width, viewer->cursor.height,
           viewer->cursor.hot_x, viewer->cursor.hot_y);
}

int main(int argc, char **argv)
{
    static struct viewer viewer;
    struct grab grab = {.updates = 1};
    const char *error = viewer_options_parse(&grab.viewer, &argc, argv);
    int rc, saved;

    if (!error)
        error = parse(&grab, argc, argv);
    if (error)
        return fail("usage", error);
    rc = viewer_open(&viewer, &grab.viewer);
    if (rc)
        return fail(grab.viewer.address, strerror(-rc));
    /* What came is saved also when it is not what was waited for. */
    rc = wait_for(&viewer, &grab);
    saved = save(&viewer, &grab);
    report(&viewer);
    viewer_close(&viewer);
    if (saved)
        return fail("saving", strerror(-saved));
    return rc ? fail("waiting", strerror(-rc)) : 0;
}
