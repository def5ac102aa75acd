// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/log.h"
#include "server/log_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE 1024
#define SEPARATORS " ,\t"
#define DEFAULT_BURST 5u
#define DEFAULT_INTERVAL_MS 5000u

static const char *const level_names[] = {"error", "warning", "info", "debug"};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))


/* Every module there is, so that a word that means none is found out. */
static const char *const modules[] = {
    "config", "control", "core",     "display",      "gpu",    "head",    "input",
    "jobs",   "keyboard", "libvncserver", "link",   "listener", "main", "output",
    "qmp",    "sandbox", "seat",     "vhost-user", "viewer", "vnc",
};
#define MODULES (sizeof(modules) / sizeof(modules[0]))
#define AS_ALL 0 /* else 1 + the level */

static _Atomic(const char *) log_program = "oriel";
static atomic_int log_format = LOG_TEXT;
static atomic_int log_level = LOG_INFO;
/* The greatest of log_level and all of module_levels. */
static atomic_int greatest_level = LOG_INFO;
static atomic_uchar module_levels[MODULES];

static void update_greatest(void)
{
    int greatest = (int)log_get_level();
    for (size_t i = 0; i < MODULES; i++) {
        int level = (int)atomic_load_explicit(&module_levels[i], memory_order_relaxed) - 1;
        greatest = level > greatest ? level : greatest;
    }
    atomic_store_explicit(&greatest_level, greatest, memory_order_relaxed);
}

void log_init(const char *program, enum log_level level)
{
    atomic_store(&log_program, program);
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
    update_greatest();
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&log_format, (int)format, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&greatest_level, memory_order_relaxed);
}

const char *log_module_name(unsigned index)
{
    return index < MODULES ? modules[index] : NULL;
}

/* MODULES when there is none. */
static size_t find_module(const char *name, size_t length)
{
    size_t i = 0;
    while (i < MODULES && (strlen(modules[i]) != length || memcmp(modules[i], name, length) != 0))
        i++;
    return i;
}

static int level_of(const char *module)
{
    size_t index = find_module(module, strlen(module));
    int level = index < MODULES
                    ? atomic_load_explicit(&module_levels[index], memory_order_relaxed)
                    : AS_ALL;
    return level == AS_ALL ? (int)log_get_level() : level - 1;
}

/* "vnc:debug" */
static int parse_module(const char *word, size_t length, unsigned char levels[MODULES])
{
    char level_name[16];
    const char *colon = memchr(word, ':', length);
    if (colon == NULL)
        return -EINVAL;
    size_t module = find_module(word, (size_t)(colon - word));
    size_t rest = length - (size_t)(colon + 1 - word);
    if (module == MODULES || rest >= sizeof(level_name))
        return -EINVAL;
    memcpy(level_name, colon + 1, rest);
    level_name[rest] = '\0';
    int level = log_level_parse(level_name);
    if (level < 0)
        return -EINVAL;
    levels[module] = (unsigned char)(level + 1);
    return 0;
}

static int parse_modules(const char *text, unsigned char levels[MODULES], const char **bad)
{
    memset(levels, AS_ALL, MODULES);
    for (;;) {
        text += strspn(text, SEPARATORS);
        size_t length = strcspn(text, SEPARATORS);
        if (length == 0)
            return 0;
        if (parse_module(text, length, levels) != 0) {
            if (bad != NULL)
                *bad = text;
            return -EINVAL;
        }
        text += length;
    }
}

int log_check_modules(const char *text, const char **bad)
{
    unsigned char levels[MODULES];
    return parse_modules(text, levels, bad);
}

int log_set_modules(const char *text, const char **bad)
{
    unsigned char levels[MODULES];
    int r = parse_modules(text, levels, bad);
    if (r != 0)
        return r;
    for (size_t i = 0; i < MODULES; i++)
        atomic_store_explicit(&module_levels[i], levels[i], memory_order_relaxed);
    update_greatest();
    return 0;
}

int log_level_parse(const char *name)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0)
            return (int)i;
    }
    return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < LEVEL_COUNT ? level_names[level] : "unknown";
}

static void write_line(const char *level, const char *module, const char *format,
                       va_list arguments)
{
    int saved_errno = errno;
    char text[TEXT_SIZE], out[LOG_LINE_SIZE];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    if (length < 0)
        snprintf(text, sizeof(text), "(message that cannot be formatted: %s)", format);
    else if ((size_t)length >= sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);

    struct log_line line = {
        .program = atomic_load(&log_program), .level = level, .module = module, .text = text};
    bool json = atomic_load_explicit(&log_format, memory_order_relaxed) == LOG_JSON;
    if (json) {
        clock_gettime(CLOCK_REALTIME, &line.time);
        line.pid = (int)getpid();
    }
    size_t size = log_line_format(&line, json, out);
    /* There is nobody to tell when this fails. */
    if (write(STDERR_FILENO, out, size) < 0) {
    }
    errno = saved_errno;
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    va_list arguments;
    if (!log_wants(level) || (int)level > level_of(module))
        return;
    va_start(arguments, format);
    write_line(log_level_name(level), module, format, arguments);
    va_end(arguments);
}

void log_write_always(const char *level, const char *module, const char *format, va_list arguments)
{
    write_line(level, module, format, arguments);
}

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool log_limit_allows(struct log_limit *limit, uint32_t *suppressed)
{
    uint32_t burst = limit->burst != 0 ? limit->burst : DEFAULT_BURST;
    uint32_t interval = limit->interval_ms != 0 ? limit->interval_ms : DEFAULT_INTERVAL_MS;
    uint64_t now = monotonic_ms();

    if (now - limit->window_start_ms >= interval) {
        limit->window_start_ms = now;
        limit->written = 0;
    }
    if (limit->written >= burst) {
        if (limit->suppressed < UINT32_MAX)
            limit->suppressed++;
        *suppressed = 0;
        return false;
    }
    limit->written++;
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    return true;
}
