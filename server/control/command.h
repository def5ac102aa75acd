// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of control commands: dispatch, the check of parameters and `help`
 * follow from it. Loop thread.
 */
#ifndef ORIEL_SERVER_CONTROL_COMMAND_H
#define ORIEL_SERVER_CONTROL_COMMAND_H

#include "server/control/request.h"

#include <stdbool.h>

#define CONTROL_MAX_PARAMETERS 4

struct control_parameter {
    const char *name; /* NULL: none from here on */
    json_type type;
    bool required;
    const char *description;
};

struct control_command {
    const char *name;
    const char *description;
    /* Answers now or later, but always. */
    void (*handler)(struct control_request *request);
    struct control_parameter parameters[CONTROL_MAX_PARAMETERS];
};

/* Finds the command of a request, checks the parameters and calls it. */
void control_command_run(struct control_request *request);

#endif
