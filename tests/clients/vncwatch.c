// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vncwatch ADDRESS [options of the viewer, as vncgrab has them]
 *
 * A viewer that stays. It reads commands from standard input, one per line,
 * and answers each with one line of JSON:
 *   expect FILE.ppm    waits until the picture is that one
 *   stable MS          waits until nothing has changed for that long
 *   updates N          waits for so many updates
 *   size WIDTH HEIGHT  waits until the picture has that size
 *   flat N PAUSE_MS    takes so many updates, pausing before each, and counts
 *                      those after which the picture is not of one colour
 *   idle MS            whether the server sent anything meanwhile
 *   save FILE          writes the picture (.ppm or .png)
 *   cursor FILE        writes the cursor (PAM with alpha)
 *   play FILE          types and points (viewer_input.h has the events)
 *   leds BITS          waits until the server says that those are on (--input)
 * Between commands it goes on reading. It ends at the end of its input, or
 * with exit code 1 when the server goes.
 */
#include "tests/clients/lib/picture_file.h"
#include "tests/clients/lib/viewer.h"
#include "tests/clients/lib/viewer_input.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a command reports beside the viewer's own figures. */
struct answer {
    uint64_t count; /* differing pixels, torn pictures, bytes waiting */
    uint64_t elapsed_ms;
};

static int run_expect(struct viewer *viewer, char **args, struct answer *answer)
{
    uint32_t *pixels, width, height;
    int rc = picture_file_read(args[0], &pixels, &width, &height);

    if (rc)
        return rc;
    rc = viewer_wait_picture(viewer, pixels, width, height, &answer->count);
    free(pixels);
    return rc;
}

static int run_stable(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    return viewer_wait_stable(viewer, atoi(args[0]));
}

static int run_updates(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    return viewer_wait_updates(viewer, (uint64_t)atoi(args[0]));
}

static int run_size(struct viewer *viewer, char **args, struct answer *answer)
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;

    (void)answer;
    while (viewer->client->width != atoi(args[0]) || viewer->client->height != atoi(args[1])) {
        int rc = viewer_step(viewer, 1000);

        if (rc < 0)
            return rc;
        if (viewer_now_ms() > deadline)
            return -ETIMEDOUT;
    }
    return 0;
}

static int run_flat(struct viewer *viewer, char **args, struct answer *answer)
{
    return viewer_check_flat(viewer, (uint64_t)atoi(args[0]), atoi(args[1]), &answer->count);
}

static int run_idle(struct viewer *viewer, char **args, struct answer *answer)
{
    answer->count = (uint64_t)viewer_check_idle(viewer, atoi(args[0]));
    return 0;
}

static int run_save(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    return picture_file_write(args[0], viewer_pixels(viewer), (uint32_t)viewer->client->width,
                              (uint32_t)viewer->client->height);
}

static int run_cursor(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    if (!viewer->cursor.width)
        return -ENODATA;
    return picture_file_write_alpha(args[0], viewer->cursor.pixels, viewer->cursor.width,
                                    viewer->cursor.height);
}

static int run_play(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    return viewer_play(viewer, args[0]);
}

static int run_leds(struct viewer *viewer, char **args, struct answer *answer)
{
    (void)answer;
    return viewer_wait_leds(viewer, atoi(args[0]));
}

static const struct command {
    const char *name;
    int (*run)(struct viewer *viewer, char **args, struct answer *answer);
    int args;
} commands[] = {
    {"expect", run_expect, 1}, {"stable", run_stable, 1},     {"updates", run_updates, 1},
    {"size", run_size, 2},     {"flat", run_flat, 2},         {"idle", run_idle, 1},
    {"save", run_save, 1},     {"cursor", run_cursor, 1},     {"play", run_play, 1},
    {"leds", run_leds, 1},
};

static int run_line(struct viewer *viewer, char *line, struct answer *answer)
{
    char *save = NULL, *args[3];
    char *name = strtok_r(line, " \n", &save);
    uint64_t start = viewer_now_ms();

    for (int i = 0; i < 3; i++)
        args[i] = strtok_r(NULL, " \n", &save);
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
        int rc;

        if (strcmp(commands[i].name, name) || !args[commands[i].args - 1])
            continue;
        rc = commands[i].run(viewer, args, answer);
        answer->elapsed_ms = viewer_now_ms() - start;
        return rc;
    }
    return -EINVAL;
}

static void report(const struct viewer *viewer, int rc, const struct answer *answer)
{
    printf("{\"error\": \"%s\", \"count\": %lu, \"ms\": %lu, \"width\": %d, \"height\": %d, "
           "\"updates\": %lu, \"resizes\": %lu, \"hot_x\": %u, \"hot_y\": %u}\n",
           rc ? strerror(-rc) : "", (unsigned long)answer->count, (unsigned long)answer->elapsed_ms,
           viewer->client->width, viewer->client->height, (unsigned long)viewer->updates,
           (unsigned long)viewer->resizes, viewer->cursor.hot_x, viewer->cursor.hot_y);
}

/* Waits for a command, reading what the server sends. Returns 1 with a
 * command in `line`, 0 at the end of input, or a negative errno. */
static int next_command(struct viewer *viewer, char *line, int size)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = viewer->client->sock, .events = POLLIN}};

    for (;;) {
        int rc = 0;

        /* LibVNCClient may have read further than it needed. */
        if (poll(fds, 2, viewer->client->buffered ? 0 : -1) < 0 && errno != EINTR)
            return -errno;
        if (fds[0].revents)
            return fgets(line, size, stdin) ? 1 : 0;
        if (fds[1].revents || viewer->client->buffered)
            rc = viewer_step(viewer, 0);
        if (rc < 0)
            return rc;
    }
}

int main(int argc, char **argv)
{
    static struct viewer viewer;
    struct viewer_options options;
    const char *error = viewer_options_parse(&options, &argc, argv);
    char line[1024];
    int rc;

    if (error || argc > 1) {
        fprintf(stderr, "vncwatch: %s\n", error ? error : argv[1]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    /* poll() watches standard input: none of it may wait in a buffer. */
    setvbuf(stdin, NULL, _IONBF, 0);
    rc = viewer_open(&viewer, &options);
    if (rc) {
        fprintf(stderr, "vncwatch: %s: %s\n", options.address, strerror(-rc));
        return 1;
    }
    report(&viewer, 0, &(struct answer){0});
    while ((rc = next_command(&viewer, line, sizeof(line))) > 0) {
        struct answer answer = {0};

        rc = run_line(&viewer, line, &answer);
        report(&viewer, rc, &answer);
        if (rc == -ECONNRESET)
            break;
    }
    if (rc < 0)
        fprintf(stderr, "vncwatch: %s\n", strerror(-rc));
    viewer_close(&viewer);
    return rc < 0;
}
