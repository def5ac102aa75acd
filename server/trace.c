// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/trace.h"
#include "server/log.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SEPARATORS ", \t"
#define GLOB_SIZE 64
#define TEXT_SIZE 1024

atomic_bool trace_enabled[TRACE_COUNT];

static const struct {
    const char *name, *help;
} points[] = {
#define X(name, help) {#name, help},
    TRACE_POINTS(X)
#undef X
};

const char *trace_point_name(enum trace_point point)
{
    return points[point].name;
}

const char *trace_point_help(enum trace_point point)
{
    return points[point].help;
}

static void write_with(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_with(const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_write_always("trace", name, format, arguments);
    va_end(arguments);
}

/* The time is that of CLOCK_MONOTONIC, which all processes share. */
void trace_write(enum trace_point point, const char *format, ...)
{
    int saved_errno = errno;
    char text[TEXT_SIZE];
    struct timespec now;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    clock_gettime(CLOCK_MONOTONIC, &now);
    write_with(points[point].name, "%lld.%06ld %s", (long long)now.tv_sec, now.tv_nsec / 1000,
               text);
    errno = saved_errno;
}

static bool match(const char *word, size_t length, bool wanted[TRACE_COUNT])
{
    char glob[GLOB_SIZE];
    bool matched = false;
    if (length >= sizeof(glob))
        return false;
    memcpy(glob, word, length);
    glob[length] = '\0';
    for (int i = 0; i < TRACE_COUNT; i++) {
        if (fnmatch(glob, points[i].name, 0) != 0)
            continue;
        wanted[i] = true;
        matched = true;
    }
    return matched;
}

static int parse(const char *pattern, bool wanted[TRACE_COUNT], const char **bad)
{
    memset(wanted, 0, TRACE_COUNT * sizeof(wanted[0]));
    for (;;) {
        pattern += strspn(pattern, SEPARATORS);
        size_t length = strcspn(pattern, SEPARATORS);
        if (length == 0)
            return 0;
        if (!match(pattern, length, wanted)) {
            if (bad != NULL)
                *bad = pattern;
            return -EINVAL;
        }
        pattern += length;
    }
}

int trace_check_pattern(const char *pattern, const char **bad)
{
    bool wanted[TRACE_COUNT];
    return parse(pattern, wanted, bad);
}

int trace_set_pattern(const char *pattern, const char **bad)
{
    bool wanted[TRACE_COUNT];
    int r = parse(pattern, wanted, bad);
    if (r != 0)
        return r;
    for (int i = 0; i < TRACE_COUNT; i++)
        atomic_store_explicit(&trace_enabled[i], wanted[i], memory_order_relaxed);
    return 0;
}
