// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A line stays below PIPE_BUF, so that lines of several threads and of
 * several processes on one pipe never mix. */
#define LINE_SIZE 2048
#define TEXT_SIZE 1024
#define DEFAULT_BURST 5u
#define DEFAULT_INTERVAL_MS 5000u

static const char *const level_names[] = {"error", "warning", "info", "debug"};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static _Atomic(const char *) log_program = "oriel";
static atomic_int log_level = LOG_INFO;

void log_init(const char *program, enum log_level level)
{
    atomic_store(&log_program, program);
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
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

/*
 * Bytes of the UTF-8 sequence at `text`, or 0 when there is none that may be
 * printed. The upper control characters (U+0080 to U+009F) count as none:
 * terminals obey them as they obey ESC.
 */
static size_t utf8_length(const unsigned char *text)
{
    size_t length;

    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    /* The NUL at the end is no continuation byte and ends this loop. */
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    if (text[0] == 0xc2 && text[1] < 0xa0)
        return 0;
    return length;
}

/* Bytes at `text` that go out as they are; 0: the first must be escaped. */
static size_t printable_length(const unsigned char *text)
{
    if (text[0] >= 0x80)
        return utf8_length(text);
    return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
}

/* Appends `text` to `line`, escaped, as far as it fits before `end`. */
static char *append_escaped(char *line, const char *end, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = (const unsigned char *)text;

    while (*byte != 0) {
        size_t length = printable_length(byte);
        if ((size_t)(end - line) < (length > 0 ? length : 4))
            break;
        if (length > 0) {
            memcpy(line, byte, length);
            line += length;
            byte += length;
            continue;
        }
        *line++ = '\\';
        *line++ = 'x';
        *line++ = digits[*byte >> 4];
        *line++ = digits[*byte & 15];
        byte++;
    }
    return line;
}

static char *append_label(char *line, const char *end, const char *label)
{
    line = append_escaped(line, end, label);
    return append_escaped(line, end, ": ");
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    int saved_errno = errno;
    char text[TEXT_SIZE], line[LINE_SIZE];
    const char *end = line + sizeof(line) - 1;
    char *tail = line;
    va_list arguments;
    int length;

    if (level > log_get_level())
        return;
    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0)
        snprintf(text, sizeof(text), "(message that cannot be formatted: %s)", format);
    else if ((size_t)length >= sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);

    tail = append_label(tail, end, atomic_load(&log_program));
    tail = append_label(tail, end, log_level_name(level));
    tail = append_label(tail, end, module);
    tail = append_escaped(tail, end, text);
    *tail++ = '\n';
    /* There is nobody to tell when this fails. */
    if (write(STDERR_FILENO, line, (size_t)(tail - line)) < 0) {
    }
    errno = saved_errno;
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
