// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The test program inside the guest. It reads one command per line from
 * standard input and answers each with one line, `<ok ...>` or
 * `<error COMMAND: reason>`, so that a test waits for patterns and never
 * sleeps. At `quit` or end of input the console comes back.
 */
#include "kms.h"
#include "pattern.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGS 8

struct command_line {
    long args[MAX_ARGS]; /* the numbers after the command's name */
    int count;
    struct kms_head *head; /* of the first number */
};

static void fill(struct kms_buffer *buffer, uint32_t colour)
{
    for (uint32_t y = 0; y < buffer->height; y++) {
        uint32_t *row = buffer->pixels + (size_t)y * (buffer->stride / 4);

        for (uint32_t x = 0; x < buffer->width; x++)
            row[x] = colour;
    }
}

static void draw_pattern(struct kms_buffer *buffer, uint32_t x0, uint32_t y0, uint32_t width,
                         uint32_t height, uint32_t seed)
{
    for (uint32_t y = y0; y < y0 + height; y++) {
        uint32_t *row = buffer->pixels + (size_t)y * (buffer->stride / 4);

        for (uint32_t x = x0; x < x0 + width; x++)
            row[x] = pattern_pixel(x, y, seed);
    }
}

static bool input_waits(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

/* heads: how many, and each one's modes. */
static int run_heads(struct kms *kms, const struct command_line *line)
{
    (void)line;
    for (uint32_t i = 0; i < kms->nheads; i++) {
        const struct kms_head *head = &kms->heads[i];

        for (uint32_t m = 0; m < head->nmodes; m++)
            printf("mode %u %ux%u@%u%s\n", i, head->modes[m].hdisplay, head->modes[m].vdisplay,
                   head->modes[m].vrefresh,
                   head->modes[m].type & DRM_MODE_TYPE_PREFERRED ? " preferred" : "");
    }
    printf("<ok heads %u>\n", kms->nheads);
    return 0;
}

/* mode HEAD WIDTH HEIGHT: sets it (0 0: the preferred one); black. */
static int run_mode(struct kms *kms, const struct command_line *line)
{
    int rc = kms_set_mode(kms, line->head, (uint32_t)line->args[1], (uint32_t)line->args[2]);

    if (!rc)
        printf("<ok mode %ux%u>\n", line->head->mode.hdisplay, line->head->mode.vdisplay);
    return rc;
}

/* still HEAD SEED: flips through other pictures to the known one. */
static int run_still(struct kms *kms, const struct command_line *line)
{
    uint32_t seed = (uint32_t)line->args[1];
    int rc = 0;

    for (int i = 0; i < 4 && !rc; i++) {
        fill(kms_back(line->head), pattern_frame_colour((uint32_t)i));
        rc = kms_flip(kms, line->head);
    }
    if (rc)
        return rc;
    draw_pattern(kms_back(line->head), 0, 0, line->head->mode.hdisplay, line->head->mode.vdisplay,
                 seed);
    rc = kms_flip(kms, line->head);
    if (!rc)
        printf("<ok still %u>\n", seed);
    return rc;
}

/* dirtyfb HEAD SEED COUNT: random small rectangles of the known picture drawn
 * into the shown buffer, then stripes that leave no pixel of the old one. */
static int run_dirtyfb(struct kms *kms, const struct command_line *line)
{
    struct kms_head *head = line->head;
    struct kms_buffer *shown = &head->buffers[head->shown];
    uint32_t seed = (uint32_t)line->args[1];
    int rc = 0;

    for (uint32_t i = 0; i < (uint32_t)line->args[2] && !rc; i++) {
        uint32_t h = pattern_hash(i, seed, 9);
        uint32_t width = 1 + (h & 63), height = 1 + (h >> 6 & 63);
        uint32_t x = (h >> 12) % (shown->width - width);
        uint32_t y = pattern_hash(i, seed, 10) % (shown->height - height);

        draw_pattern(shown, x, y, width, height, seed);
        rc = kms_dirty(kms, head, x, y, width, height);
    }
    for (uint32_t y = 0; y < shown->height && !rc; y += 37) {
        uint32_t rows = shown->height - y < 37 ? shown->height - y : 37;

        draw_pattern(shown, 0, y, shown->width, rows, seed);
        rc = kms_dirty(kms, head, 0, y, shown->width, rows);
    }
    if (!rc)
        printf("<ok dirtyfb %u>\n", seed);
    return rc;
}

/* cursor HEAD X Y HOT_X HOT_Y: X,Y is the image's upper left corner. */
static int run_cursor(struct kms *kms, const struct command_line *line)
{
    struct kms_head *head = line->head;
    int rc = kms_cursor_create(kms, head, PATTERN_CURSOR_SIZE);

    if (rc)
        return rc;
    for (uint32_t y = 0; y < PATTERN_CURSOR_SIZE; y++)
        for (uint32_t x = 0; x < PATTERN_CURSOR_SIZE; x++)
            head->cursor.pixels[y * (head->cursor.stride / 4) + x] = pattern_cursor_pixel(x, y);
    rc = kms_cursor_move(kms, head, (int32_t)line->args[1], (int32_t)line->args[2]);
    if (!rc)
        rc = kms_cursor_show(kms, head, (int32_t)line->args[3], (int32_t)line->args[4]);
    if (!rc)
        printf("<ok cursor %ld %ld>\n", line->args[1], line->args[2]);
    return rc;
}

/* move HEAD X Y: of a cursor that is shown. */
static int run_move(struct kms *kms, const struct command_line *line)
{
    int rc = kms_cursor_move(kms, line->head, (int32_t)line->args[1], (int32_t)line->args[2]);

    if (!rc)
        printf("<ok move %ld %ld>\n", line->args[1], line->args[2]);
    return rc;
}

static int run_hide(struct kms *kms, const struct command_line *line)
{
    int rc = kms_cursor_hide(kms, line->head);

    if (!rc)
        printf("<ok hide>\n");
    return rc;
}

/* flip HEAD COUNT: frames of one colour each, as fast as the kernel takes
 * them; COUNT 0: until the next command comes. */
static int run_flip(struct kms *kms, const struct command_line *line)
{
    uint32_t count = (uint32_t)line->args[1], n = 0;
    int rc = 0;

    while (!rc && (count ? n < count : !input_waits())) {
        rc = kms_wait_device(kms, line->head);
        fill(kms_back(line->head), pattern_frame_colour(n++));
        if (!rc)
            rc = kms_flip(kms, line->head);
    }
    kms_cursor_hide(kms, line->head);
    if (!rc)
        printf("<ok flip %u>\n", n);
    return rc;
}

/* formats: which fourccs the driver makes framebuffers of. */
static int run_formats(struct kms *kms, const struct command_line *line)
{
    static const uint32_t formats[] = {
        DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
        DRM_FORMAT_RGBX8888, DRM_FORMAT_RGBA8888, DRM_FORMAT_BGRX8888, DRM_FORMAT_BGRA8888};
    struct kms_buffer buffer;

    (void)line;
    printf("<ok formats");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (kms_buffer_create(kms, &buffer, 64, 64, formats[i]))
            continue;
        kms_buffer_destroy(kms, &buffer);
        printf(" %.4s", (const char *)&formats[i]);
    }
    printf(">\n");
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(struct kms *kms, const struct command_line *line);
    int args;        /* numbers that it needs, the head's included */
    bool needs_mode; /* only after `mode` */
} commands[] = {
    {"heads", run_heads, 0, false},    {"formats", run_formats, 0, false},
    {"mode", run_mode, 3, false},      {"still", run_still, 2, true},
    {"dirtyfb", run_dirtyfb, 3, true}, {"cursor", run_cursor, 5, true},
    {"move", run_move, 3, true},       {"hide", run_hide, 1, true},
    {"flip", run_flip, 2, true},
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

/* Returns what the command returned, or -EINVAL for one that cannot run. */
static int run_line(struct kms *kms, char *text)
{
    struct command_line line = {0};
    char *save = NULL;
    char *name = strtok_r(text, " \r\n", &save);
    const struct command *command = name ? command_find(name) : NULL;
    char *word;

    if (!command)
        return -EINVAL;
    while (line.count < MAX_ARGS && (word = strtok_r(NULL, " \r\n", &save)))
        line.args[line.count++] = strtol(word, NULL, 0);
    if (line.count < command->args)
        return -EINVAL;
    if (command->args) {
        if (line.args[0] < 0 || line.args[0] >= (long)kms->nheads)
            return -ENODEV;
        line.head = &kms->heads[line.args[0]];
        if (command->needs_mode && !line.head->buffers[0].pixels)
            return -EINVAL;
    }
    return command->run(kms, &line);
}

int main(int argc, char **argv)
{
    static struct kms kms;
    char text[256], copy[256];
    int rc = kms_open(&kms, argc > 1 ? argv[1] : "/dev/dri/card0");

    setvbuf(stdout, NULL, _IOLBF, 0);
    /* `flip` watches standard input: none of it may wait in a buffer. */
    setvbuf(stdin, NULL, _IONBF, 0);
    if (rc) {
        printf("<error open: %s>\n", strerror(-rc));
        return 1;
    }
    printf("<ok kmstest %u>\n", kms.nheads);
    while (fgets(text, sizeof(text), stdin) && strncmp(text, "quit", 4)) {
        memcpy(copy, text, sizeof(copy));
        copy[strcspn(copy, "\r\n")] = '\0';
        rc = run_line(&kms, text);
        if (rc)
            printf("<error %s: %s>\n", copy, strerror(-rc));
    }
    kms_close(&kms);
    printf("<ok quit>\n");
    return 0;
}
