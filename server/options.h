// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of oriel.
 */
#ifndef ORIEL_SERVER_OPTIONS_H
#define ORIEL_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK_CONFIG,
    OPTIONS_PRINT_CONFIG,
    OPTIONS_PRINT_CAPABILITIES,
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

/* Strings are those of argv; `overrides` is allocated. */
struct options {
    enum options_action action;
    const char *config_path; /* NULL: looked for */
    const char **overrides;  /* "section.key=value" */
    unsigned noverrides;
    int ready_fd; /* -1: none */
    int gpu_fd;   /* -1: none */
    /* Overrides that options of their own stand for. */
    char *log_level, *socket_path, *trace;
};

/* Returns 0, or -EINVAL after having said on standard error what is wrong
 * with the command line. */
int options_parse(struct options *options, int argc, char **argv);
void options_finish(struct options *options);
void options_print_help(FILE *out);

#endif
