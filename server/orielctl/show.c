// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/orielctl/show.h"

#include <stdbool.h>
#include <stdio.h>

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "?";
}

static long long number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static void show_heads(const json_t *status)
{
    size_t i;
    const json_t *head;
    json_array_foreach(json_object_get(status, "heads"), i, head) printf(
        "head %lld    %lldx%lld at %lld,%lld, %s, %lld frames\n", number(head, "id"),
        number(head, "width"), number(head, "height"), number(head, "x"), number(head, "y"),
        is_true(head, "guest") ? "shows the guest" : "no signal", number(head, "frames_published"));
}

static void show_listeners(const json_t *status)
{
    size_t i;
    const json_t *listener;
    json_array_foreach(json_object_get(status, "listeners"), i, listener)
        printf("%-8s  head %lld  %s\n", text(listener, "kind"), number(listener, "head"),
               text(listener, "address"));
}

static void show_viewers(const json_t *status)
{
    size_t i;
    const json_t *viewer;
    json_array_foreach(json_object_get(status, "viewers"), i, viewer)
        printf("viewer    head %lld  %s from %s, %s\n", number(viewer, "head"),
               text(viewer, "kind"), text(viewer, "address"), text(viewer, "encoding"));
}

void show_status(const json_t *status)
{
    printf("oriel %s  %s, pid %lld, up %.1f s, %s\n", text(status, "version"), text(status, "name"),
           number(status, "pid"), (double)number(status, "uptime_ms") / 1000.0,
           is_true(json_object_get(status, "gpu"), "vmm_connected") ? "VMM connected" : "no VMM");
    show_heads(status);
    show_listeners(status);
    show_viewers(status);
}

void show_help(const json_t *help)
{
    size_t i, k;
    const json_t *command, *parameter;
    json_array_foreach(json_object_get(help, "commands"), i, command)
    {
        printf("%s\n    %s\n", text(command, "name"), text(command, "description"));
        json_array_foreach(json_object_get(command, "parameters"), k, parameter) printf(
            "    %s (%s%s): %s\n", text(parameter, "name"), text(parameter, "type"),
            is_true(parameter, "required") ? ", required" : "", text(parameter, "description"));
    }
}
