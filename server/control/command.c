// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/command.h"
#include "server/control/control.h"
#include "server/control/operate.h"
#include "server/control/screenshot.h"
#include "server/core.h"
#include "server/status.h"

#include <string.h>

static void handle_help(struct control_request *request);

static void handle_status(struct control_request *request)
{
    control_reply(request, status_build(control_core(request->control)));
}

static void handle_quit(struct control_request *request)
{
    struct core *core = control_core(request->control);
    control_reply(request, NULL);
    core_stop(core);
}

static const struct control_command commands[] = {
    {"status", "Tells the heads, listeners, outputs and viewers.", handle_status, {{0}}},
    {"screenshot",
     "Takes a head's picture, without the cursor: width, height and a PNG in base64.",
     screenshot_handle,
     {{"head", JSON_INTEGER, false, "The number of the head, 0 if it is left out."}}},
    {"viewers", "Tells the viewers, with newest figures.", operate_viewers, {{0}}},
    {"disconnect",
     "Hangs up on a viewer.",
     operate_disconnect,
     {{"viewer", JSON_INTEGER, true, "Its id, as viewers tells it."}}},
    {"stats",
     "Tells the metrics.",
     operate_stats,
     {{"prometheus", JSON_TRUE, false, "As one text in the format of Prometheus."}}},
    {"trace",
     "Switches trace points on, all others off, and lists them.",
     operate_trace,
     {{"pattern", JSON_STRING, false, "Names with * and ?, separated by commas; empty: none."}}},
    {"reload",
     "Reads the configuration again and tells what has changed and what needs a restart; with "
     "errors nothing changes.",
     operate_reload,
     {{0}}},
    {"quit", "Ends oriel.", handle_quit, {{0}}},
    {"help", "Lists the commands.", handle_help, {{0}}},
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_INTEGER:
        return "integer";
    case JSON_STRING:
        return "string";
    case JSON_TRUE:
        return "boolean";
    default:
        return "value";
    }
}

static bool is_of_type(const json_t *value, json_type type)
{
    return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

static json_t *describe_parameters(const struct control_command *command)
{
    json_t *list = json_array();
    for (int i = 0; i < CONTROL_MAX_PARAMETERS && command->parameters[i].name != NULL; i++) {
        const struct control_parameter *parameter = &command->parameters[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:s}", "name", parameter->name, "type",
                                        type_name(parameter->type), "required", parameter->required,
                                        "description", parameter->description));
    }
    return list;
}

static void handle_help(struct control_request *request)
{
    json_t *list = json_array();
    for (size_t i = 0; i < NCOMMANDS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", commands[i].name,
                                              "description", commands[i].description, "parameters",
                                              describe_parameters(&commands[i])));
    control_reply(request, json_pack("{s:o}", "commands", list));
}

static const struct control_parameter *find_parameter(const struct control_command *command,
                                                      const char *name)
{
    for (int i = 0; i < CONTROL_MAX_PARAMETERS && command->parameters[i].name != NULL; i++)
        if (strcmp(command->parameters[i].name, name) == 0)
            return &command->parameters[i];
    return NULL;
}

/* Answers with an error and returns false when something is wrong. */
static bool check_parameters(struct control_request *request)
{
    const struct control_command *command = request->command;
    const char *name;
    json_t *value;
    json_object_foreach(request->message, name, value)
    {
        if (strcmp(name, "id") == 0 || strcmp(name, "command") == 0)
            continue;
        const struct control_parameter *parameter = find_parameter(command, name);
        if (parameter == NULL) {
            control_reply_error(request, "%s takes no \"%.64s\"", command->name, name);
            return false;
        }
        if (!is_of_type(value, parameter->type)) {
            control_reply_error(request, "\"%s\" of %s is of type %s", name, command->name,
                                type_name(parameter->type));
            return false;
        }
    }
    for (int i = 0; i < CONTROL_MAX_PARAMETERS && command->parameters[i].name != NULL; i++) {
        const struct control_parameter *parameter = &command->parameters[i];
        if (parameter->required && json_object_get(request->message, parameter->name) == NULL) {
            control_reply_error(request, "%s needs \"%s\"", command->name, parameter->name);
            return false;
        }
    }
    return true;
}

void control_command_run(struct control_request *request)
{
    const char *name = json_string_value(json_object_get(request->message, "command"));
    for (size_t i = 0; i < NCOMMANDS && request->command == NULL; i++)
        if (strcmp(commands[i].name, name) == 0)
            request->command = &commands[i];
    if (request->command == NULL)
        control_reply_error(request, "there is no command \"%.64s\"; try help", name);
    else if (check_parameters(request))
        request->command->handler(request);
}
