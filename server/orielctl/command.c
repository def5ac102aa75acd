// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/orielctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int command_complain(const char *what, const char *why)
{
    fprintf(stderr, "orielctl: %s: %s\nTry 'orielctl --help'.\n", what, why);
    return EXIT_USAGE;
}

json_t *command_request(const char *name)
{
    return json_pack("{s:s}", "command", name);
}

int command_take_json(int argc, char **argv, bool *json)
{
    *json = argc == 2 && strcmp(argv[1], "--json") == 0;
    return argc == 1 || *json ? 0 : -EINVAL;
}

void command_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
}
