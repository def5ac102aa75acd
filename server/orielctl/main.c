// SPDX-License-Identifier: GPL-2.0-or-later
/* orielctl: the control socket's command line. */
#include "server/orielctl/command.h"
#include "server/orielctl/connection.h"
#include "server/orielctl/save.h"
#include "server/orielctl/show.h"
#include "server/paths.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <nettle/base64.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: orielctl [-s PATH] COMMAND\n"
    "\n"
    "  status [--json]              heads, listeners and viewers\n"
    "  screenshot [--head N] FILE   save a head's picture as PNG; - is standard output\n"
    "  viewers [--json]             who looks, with figures\n"
    "  disconnect VIEWER            hang up on one of them, by its id\n"
    "  stats [--json|--prometheus]  the metrics\n"
    "  trace [PATTERN]              switch trace points on, or list them\n"
    "  reload                       read the configuration again\n"
    "  quit                         end oriel\n"
    "  help                         the commands that oriel's control socket knows\n"
    "\n"
    "  -s, --socket=PATH            the control socket\n"
    "  -h, --help                   print this\n"
    "  -V, --version                print the version\n"
    "\n"
    "See orielctl(1).\n";

/* The options that a command takes, and what they were set to. */
struct command_options {
    const struct option *table;
    const char *head;
};

/* Returns the index of the first argument that is no option, or -1. */
static int take_options(struct command_options *options, int argc, char **argv)
{
    int letter;
    optind = 0;
    while ((letter = getopt_long(argc, argv, "", options->table, NULL)) != -1) {
        if (letter == 'H')
            options->head = optarg;
        else
            return -1;
    }
    return optind;
}

static int run_status(const char *socket, int argc, char **argv)
{
    bool json;
    if (command_take_json(argc, argv, &json) != 0)
        return command_complain("status", "takes --json only");
    json_t *reply = connection_ask(socket, command_request("status"));
    if (reply == NULL)
        return EXIT_RUNTIME;
    if (json)
        command_print_json(reply);
    else
        show_status(reply);
    json_decref(reply);
    return EXIT_SUCCESS;
}

/* The PNG of a reply, malloc'ed, or NULL. */
static uint8_t *decode_png(const json_t *reply, size_t *size)
{
    const json_t *png = json_object_get(reply, "png");
    size_t length = json_string_length(png);
    uint8_t *data = json_is_string(png) ? malloc(BASE64_DECODE_LENGTH(length) + 1) : NULL;
    struct base64_decode_ctx context;
    if (data == NULL)
        return NULL;
    base64_decode_init(&context);
    *size = BASE64_DECODE_LENGTH(length);
    if (base64_decode_update(&context, size, data, length, json_string_value(png)) &&
        base64_decode_final(&context))
        return data;
    free(data);
    return NULL;
}

static int save_reply(const json_t *reply, const char *path)
{
    size_t size;
    uint8_t *png = decode_png(reply, &size);
    if (png == NULL) {
        fputs("orielctl: the answer holds no picture\n", stderr);
        return EXIT_RUNTIME;
    }
    int r = save_file(path, png, size);
    if (r < 0)
        fprintf(stderr, "orielctl: cannot write %s: %s\n", path, strerror(-r));
    free(png);
    return r < 0 ? EXIT_RUNTIME : EXIT_SUCCESS;
}

static int parse_head(const char *text, long *head)
{
    char *end;
    errno = 0;
    *head = strtol(text, &end, 10);
    return errno != 0 || end == text || *end != '\0' || *head < 0 ? -EINVAL : 0;
}

static int run_screenshot(const char *socket, int argc, char **argv)
{
    static const struct option table[] = {{"head", required_argument, NULL, 'H'}, {0}};
    struct command_options options = {.table = table, .head = "0"};
    long head;
    int used = take_options(&options, argc, argv);
    if (used < 0 || used != argc - 1)
        return command_complain("screenshot", "takes [--head N] and one FILE");
    if (parse_head(options.head, &head) != 0)
        return command_complain(options.head, "expected the number of a head");
    if (strcmp(argv[used], "-") == 0 && isatty(STDOUT_FILENO))
        return command_complain("screenshot", "a PNG is not for a terminal");
    json_t *message = command_request("screenshot");
    json_object_set_new(message, "head", json_integer(head));
    json_t *reply = connection_ask(socket, message);
    if (reply == NULL)
        return EXIT_RUNTIME;
    int code = save_reply(reply, argv[used]);
    json_decref(reply);
    return code;
}

static int run_quit(const char *socket, int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_complain("quit", "takes nothing");
    json_t *reply = connection_ask(socket, command_request("quit"));
    json_decref(reply);
    return reply != NULL ? EXIT_SUCCESS : EXIT_RUNTIME;
}

static int run_help(const char *socket, int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return command_complain("help", "takes nothing");
    json_t *reply = connection_ask(socket, command_request("help"));
    if (reply == NULL)
        return EXIT_RUNTIME;
    show_help(reply);
    json_decref(reply);
    return EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(const char *socket, int argc, char **argv);
} commands[] = {
    {"status", run_status},
    {"screenshot", run_screenshot},
    {"viewers", command_viewers},
    {"disconnect", command_disconnect},
    {"stats", command_stats},
    {"trace", command_trace},
    {"reload", command_reload},
    {"quit", run_quit},
    {"help", run_help},
};

static int run_command(const char *socket, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, argv[0]) == 0)
            return commands[i].run(socket, argc, argv);
    return command_complain(argv[0], "there is no such command");
}

static int default_socket(char *out, size_t cap)
{
    return paths_expand("%t/control.sock", PATHS_NO_HEAD, out, cap);
}

int main(int argc, char **argv)
{
    static const struct option table[] = {
        {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    char socket[PATH_MAX];
    const char *path = NULL;
    int letter;
    while ((letter = getopt_long(argc, argv, "+s:hV", table, NULL)) != -1) {
        switch (letter) {
        case 's':
            path = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            return EXIT_SUCCESS;
        case 'V':
            puts("orielctl " ORIEL_VERSION);
            return EXIT_SUCCESS;
        default:
            fputs("Try 'orielctl --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc)
        return command_complain("a command is missing", "help tells them all");
    if (path == NULL && default_socket(socket, sizeof(socket)) == 0)
        path = socket;
    if (path == NULL)
        return command_complain("the runtime directory", "its path is too long; use -s");
    int code = run_command(path, argc - optind, argv + optind);
    return fflush(stdout) == 0 || code != EXIT_SUCCESS ? code : EXIT_RUNTIME;
}
