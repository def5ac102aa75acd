// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int paths_runtime_directory(char *out, size_t cap)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (base == NULL || base[0] != '/')
        base = "/run";
    int length = snprintf(out, cap, "%s/oriel", base);
    return length < 0 || (size_t)length >= cap ? -ENAMETOOLONG : 0;
}

/* Appends to the string that `*used` bytes of `out` hold already. */
static int append(char *out, size_t cap, size_t *used, const char *text, size_t length)
{
    if (length >= cap - *used)
        return -ENAMETOOLONG;
    memcpy(out + *used, text, length);
    *used += length;
    out[*used] = '\0';
    return 0;
}

static int expand_one(char letter, int head, char *out, size_t cap, size_t *used)
{
    char text[PATH_MAX];
    switch (letter) {
    case 't':
        if (paths_runtime_directory(text, sizeof(text)) != 0)
            return -ENAMETOOLONG;
        break;
    case 'h':
        if (head == PATHS_NO_HEAD)
            return -EINVAL;
        snprintf(text, sizeof(text), "%d", head);
        break;
    case '%':
        strcpy(text, "%");
        break;
    default:
        return -EINVAL;
    }
    return append(out, cap, used, text, strlen(text));
}

int paths_expand(const char *pattern, int head, char *out, size_t cap)
{
    size_t used = 0;
    if (cap == 0)
        return -ENAMETOOLONG;
    out[0] = '\0';
    while (*pattern != '\0') {
        size_t plain = strcspn(pattern, "%");
        int r = append(out, cap, &used, pattern, plain);
        if (r != 0)
            return r;
        pattern += plain;
        if (*pattern == '\0')
            break;
        r = expand_one(pattern[1], head, out, cap, &used);
        if (r != 0)
            return r;
        pattern += 2;
    }
    return 0;
}

int paths_prepare_parent(const char *path)
{
    char directory[PATH_MAX];
    if (paths_runtime_directory(directory, sizeof(directory)) != 0)
        return 0; /* Then no path that fits anywhere lies in it. */
    size_t length = strlen(directory);
    if (strncmp(path, directory, length) != 0 || path[length] != '/' ||
        strchr(path + length + 1, '/') != NULL)
        return 0;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return -errno;
    return 0;
}
