// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands for whoever runs oriel. */
#include "server/orielctl/command.h"
#include "server/orielctl/connection.h"
#include "server/orielctl/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_viewers(const char *socket, int argc, char **argv)
{
    bool json;
    if (command_take_json(argc, argv, &json) != 0)
        return command_complain("viewers", "takes --json only");
    json_t *reply = connection_ask(socket, command_request("viewers"));
    if (reply == NULL)
        return EXIT_RUNTIME;
    if (json)
        command_print_json(json_object_get(reply, "viewers"));
    else
        show_viewers(json_object_get(reply, "viewers"));
    json_decref(reply);
    return EXIT_SUCCESS;
}

static int parse_viewer(const char *text, json_int_t *viewer)
{
    char *end;
    errno = 0;
    *viewer = strtoll(text, &end, 10);
    return errno != 0 || end == text || *end != '\0' || *viewer < 0 ? -EINVAL : 0;
}

int command_disconnect(const char *socket, int argc, char **argv)
{
    json_int_t viewer;
    if (argc != 2)
        return command_complain("disconnect", "takes the id of one viewer; see orielctl viewers");
    if (parse_viewer(argv[1], &viewer) != 0)
        return command_complain(argv[1], "expected the id of a viewer; see orielctl viewers");
    json_t *request = command_request("disconnect");
    json_object_set_new(request, "viewer", json_integer(viewer));
    json_t *reply = connection_ask(socket, request);
    json_decref(reply);
    return reply != NULL ? EXIT_SUCCESS : EXIT_RUNTIME;
}

static void print_metrics(const json_t *reply, bool json, bool prometheus)
{
    if (prometheus)
        fputs(json_string_value(json_object_get(reply, "text")), stdout);
    else if (json)
        command_print_json(json_object_get(reply, "metrics"));
    else
        show_metrics(json_object_get(reply, "metrics"));
}

int command_stats(const char *socket, int argc, char **argv)
{
    bool prometheus = argc == 2 && strcmp(argv[1], "--prometheus") == 0, json = false;
    if (!prometheus && command_take_json(argc, argv, &json) != 0)
        return command_complain("stats", "takes --json or --prometheus");
    json_t *request = command_request("stats");
    if (prometheus)
        json_object_set_new(request, "prometheus", json_true());
    json_t *reply = connection_ask(socket, request);
    if (reply == NULL)
        return EXIT_RUNTIME;
    int code = EXIT_SUCCESS;
    if (prometheus && !json_is_string(json_object_get(reply, "text")))
        code = EXIT_RUNTIME;
    else
        print_metrics(reply, json, prometheus);
    json_decref(reply);
    return code;
}

int command_trace(const char *socket, int argc, char **argv)
{
    if (argc > 2)
        return command_complain("trace", "takes one PATTERN, or nothing to list the points");
    json_t *request = command_request("trace");
    if (argc == 2)
        json_object_set_new(request, "pattern", json_string(argv[1]));
    json_t *reply = connection_ask(socket, request);
    if (reply == NULL)
        return EXIT_RUNTIME;
    show_points(json_object_get(reply, "points"), argc == 1);
    json_decref(reply);
    return EXIT_SUCCESS;
}

int command_reload(const char *socket, int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_complain("reload", "takes nothing");
    json_t *reply = connection_ask(socket, command_request("reload"));
    if (reply == NULL)
        return EXIT_RUNTIME;
    show_reload(reply);
    json_decref(reply);
    return EXIT_SUCCESS;
}
