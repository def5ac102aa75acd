// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors of a configuration, collected so that all of a file are shown at
 * once: `origin: [section].key: value: message`, one line each.
 */
#ifndef ORIEL_SERVER_CONFIG_ERRORS_H
#define ORIEL_SERVER_CONFIG_ERRORS_H

#include <stddef.h>

/* Beyond these, errors are only counted. */
#define CONFIG_ERRORS_SHOWN 100

struct config_errors {
    char *text; /* lines, each with its newline; NULL while there is none */
    size_t size;
    unsigned count;
};

/* What a message is about. Unused parts are NULL. */
struct config_place {
    const char *file; /* NULL: the command line */
    unsigned line;
    const char *section, *key, *value;
};

void config_errors_init(struct config_errors *errors);
void config_errors_finish(struct config_errors *errors);

/* Control characters are shown as question marks. */
void config_error(struct config_errors *errors, const struct config_place *place,
                  const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
