// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the commands of orielctl share. Each command is a function that takes
 * its words (argv[0] is its own name) and returns an exit status.
 */
#ifndef ORIEL_SERVER_ORIELCTL_COMMAND_H
#define ORIEL_SERVER_ORIELCTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

enum { EXIT_RUNTIME = 1, EXIT_USAGE = 2 };

/* Says on standard error what is wrong with the command line. */
int command_complain(const char *what, const char *why);
/* A request to oriel without parameters. */
json_t *command_request(const char *name);
/* Sees whether the words are --json alone, or none. */
int command_take_json(int argc, char **argv, bool *json);
/* Writes JSON for programs, one line. */
void command_print_json(const json_t *json);

/* operate.c */
int command_viewers(const char *socket, int argc, char **argv);
int command_disconnect(const char *socket, int argc, char **argv);
int command_stats(const char *socket, int argc, char **argv);
int command_trace(const char *socket, int argc, char **argv);
int command_reload(const char *socket, int argc, char **argv);

#endif
