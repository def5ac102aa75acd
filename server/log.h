// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log: one line per event on stderr, `program: level: module: text`, or
 * an object of JSON. Ground floor: every room may include it. Any thread.
 *
 * A line that is not wanted costs a load and a branch; one that is wanted
 * costs its formatting and one write(), and takes no lock.
 */
#ifndef ORIEL_SERVER_LOG_H
#define ORIEL_SERVER_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* `program` must outlive all logging. Until it is called, info goes out. */
void log_init(const char *program, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_format(enum log_format format);

/*
 * Levels of single modules that differ from that of all: "vnc:debug gpu:error",
 * separated by spaces or commas, replacing those of before; empty: none.
 * Modules are known by the table in log.c. Returns 0, or -EINVAL and changes
 * nothing; *bad (which may be NULL) is then the beginning of the wrong word.
 */
int log_set_modules(const char *text, const char **bad);
int log_check_modules(const char *text, const char **bad);
/* The names of the modules; NULL behind the last. */
const char *log_module_name(unsigned index);

/* Whether a line of that level may go out for some module, without the
 * cost of a line. */
bool log_wants(enum log_level level);
/* "error", "warning", "info" or "debug" to a level; -EINVAL otherwise. */
int log_level_parse(const char *name);
const char *log_level_name(enum log_level level);

/* Control characters in the formatted text are escaped, so that a peer's
 * bytes can never forge a line. */
void log_write(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line whose level is not asked for; `level` is a word. For trace.c. */
void log_write_always(const char *level, const char *module, const char *format, va_list arguments);

/*
 * A source of lines that a stranger can trigger: at most `burst` lines in
 * `interval_ms`, then silence; the next line that goes out says how many were
 * left out. Zero-initialised fields mean 5 lines in 5000 ms. One per place
 * and object; used on one thread.
 */
struct log_limit {
    uint64_t window_start_ms;
    uint32_t burst, interval_ms;
    uint32_t written, suppressed;
};

/* True when a line may go out now; *suppressed says how many did not. */
bool log_limit_allows(struct log_limit *limit, uint32_t *suppressed);

#define log_error(module, ...) log_write(LOG_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_WARNING, module, __VA_ARGS__)
#define log_info(module, ...) log_write(LOG_INFO, module, __VA_ARGS__)
/* Arguments are not evaluated while debug is off. */
#define log_debug(module, ...)                              \
    do {                                                    \
        if (log_wants(LOG_DEBUG))                            \
            log_write(LOG_DEBUG, module, __VA_ARGS__);      \
    } while (0)

/* A warning about something a guest, a viewer or a file did. */
#define log_warning_limited(limit, module, format, ...)                                      \
    do {                                                                                     \
        uint32_t suppressed_;                                                                \
        if (log_limit_allows((limit), &suppressed_)) {                                       \
            if (suppressed_ > 0)                                                             \
                log_write(LOG_WARNING, module, format " (%u like it left out)", ##__VA_ARGS__, \
                          suppressed_);                                                      \
            else                                                                             \
                log_write(LOG_WARNING, module, format, ##__VA_ARGS__);                       \
        }                                                                                    \
    } while (0)

#endif
