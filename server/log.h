// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log: one line per event on stderr, `program: level: module: text`.
 * Ground floor: every room may include it. Any thread.
 */
#ifndef ORIEL_SERVER_LOG_H
#define ORIEL_SERVER_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* `program` must outlive all logging. Until it is called, info goes out. */
void log_init(const char *program, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* "error", "warning", "info" or "debug" to a level; -EINVAL otherwise. */
int log_level_parse(const char *name);
const char *log_level_name(enum log_level level);

/* Control characters in the formatted text are escaped, so that a peer's
 * bytes can never forge a line. */
void log_write(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

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
        if (log_get_level() >= LOG_DEBUG)                   \
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
