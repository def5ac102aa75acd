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

/* A head's number, or "all". */
static const char *head_text(const json_t *viewer, char out[24])
{
    const json_t *head = json_object_get(viewer, "head");
    if (json_is_string(head))
        return json_string_value(head);
    snprintf(out, 24, "%lld", (long long)json_integer_value(head));
    return out;
}

static void show_status_viewers(const json_t *status)
{
    size_t i;
    const json_t *viewer;
    char head[24];
    json_array_foreach(json_object_get(status, "viewers"), i, viewer)
        printf("viewer    head %s  %s from %s, %s\n", head_text(viewer, head),
               text(viewer, "kind"), text(viewer, "address"), text(viewer, "encoding"));
}

void show_viewers(const json_t *viewers)
{
    size_t i;
    const json_t *viewer;
    char head[24];
    json_array_foreach(viewers, i, viewer)
        printf("%lld  %s from %s, head %s, %s, %s%s%s, %lld updates, %lld bytes sent, "
               "%lld queued\n",
               number(viewer, "id"), text(viewer, "kind"), text(viewer, "address"),
               head_text(viewer, head), text(viewer, "encoding"), text(viewer, "state"),
               is_true(viewer, "view_only") ? ", view only" : "",
               is_true(viewer, "shared") ? "" : ", exclusive", number(viewer, "updates_sent"),
               number(viewer, "bytes_sent"), number(viewer, "bytes_queued"));
}

void show_metrics(const json_t *metrics)
{
    size_t i, k;
    const json_t *metric, *value;
    json_array_foreach(metrics, i, metric)
    {
        json_array_foreach(json_object_get(metric, "values"), k, value)
        {
            const char *label = json_string_value(json_object_get(value, "label"));
            printf("%s%s%s%s  %lld\n", text(metric, "name"), label != NULL ? "{" : "",
                   label != NULL ? label : "", label != NULL ? "}" : "", number(value, "value"));
        }
    }
}

void show_points(const json_t *points, bool all)
{
    size_t i;
    const json_t *point;
    json_array_foreach(points, i, point)
    {
        if (all)
            printf("%-3s  %-20s  %s\n", is_true(point, "enabled") ? "on" : "off",
                   text(point, "name"), text(point, "help"));
        else if (is_true(point, "enabled"))
            printf("on   %s\n", text(point, "name"));
    }
}

static void show_names(const char *what, const json_t *names)
{
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
        printf("%s%s", i == 0 ? what : ", ", json_string_value(name));
    if (json_array_size(names) > 0)
        putchar('\n');
}

void show_reload(const json_t *reply)
{
    const json_t *changed = json_object_get(reply, "changed");
    if (json_array_size(changed) == 0)
        puts("nothing has changed");
    show_names("changed: ", changed);
    show_names("need a restart of oriel: ", json_object_get(reply, "restart"));
}

void show_status(const json_t *status)
{
    printf("oriel %s  %s, pid %lld, up %.1f s, %s\n", text(status, "version"), text(status, "name"),
           number(status, "pid"), (double)number(status, "uptime_ms") / 1000.0,
           is_true(json_object_get(status, "gpu"), "vmm_connected") ? "VMM connected" : "no VMM");
    show_heads(status);
    show_listeners(status);
    show_status_viewers(status);
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
