// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The form of a log line: people's (`program: level: module: text`) or JSON.
 * Pure, any thread.
 */
#ifndef ORIEL_SERVER_LOG_LINE_H
#define ORIEL_SERVER_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A line stays below PIPE_BUF, so that lines of several threads and of
 * several processes on one pipe never mix. */
#define LOG_LINE_SIZE 2048

struct log_line {
    const char *program, *level, *module;
    const char *text; /* of whoever: it is escaped, and cut where it is too long */
    struct timespec time; /* CLOCK_REALTIME; JSON only */
    int pid;              /* JSON only */
};

/* Writes the line with its newline (and no NUL) and returns its length, at
 * most LOG_LINE_SIZE. */
size_t log_line_format(const struct log_line *line, bool json, char out[LOG_LINE_SIZE]);

#endif
