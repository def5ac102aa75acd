// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { OPTION_TRACE = 256, OPTION_READY_FD, OPTION_SOCKET_PATH, OPTION_FD, OPTION_PRINT_CONFIG,
       OPTION_PRINT_CAPABILITIES };

static const char short_options[] = "+c:Co:L:hV";
static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, 'C'},
    {"override", required_argument, NULL, 'o'},
    {"log-level", required_argument, NULL, 'L'},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"ready-fd", required_argument, NULL, OPTION_READY_FD},
    {"socket-path", required_argument, NULL, OPTION_SOCKET_PATH},
    {"fd", required_argument, NULL, OPTION_FD},
    {"print-config", no_argument, NULL, OPTION_PRINT_CONFIG},
    {"print-capabilities", no_argument, NULL, OPTION_PRINT_CAPABILITIES},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

void options_print_help(FILE *out)
{
    fputs("Usage: oriel [options]\n"
          "The GPU and the screen of a virtual machine, outside the VMM.\n"
          "\n"
          "  -c, --config=FILE        read this INI file\n"
          "  -C, --check-config       check the configuration and exit\n"
          "  -o, --override=SECTION.KEY=VALUE\n"
          "                           set a key, whatever the file says\n"
          "  -L, --log-level=LEVEL    error, warning, info or debug, also as in 'info vnc:debug'\n"
          "      --trace=PATTERN      write a line at these trace points, as in gpu_*,head_frame\n"
          "      --ready-fd=N         write a line of status to N when all sockets are open\n"
          "      --socket-path=PATH   listen for the VMM on this unix socket\n"
          "      --fd=N               serve the VMM on this socket, connected or listening\n"
          "      --print-config       print every key, commented, at its default\n"
          "      --print-capabilities print what this back-end is, as JSON for libvirt\n"
          "  -h, --help               print this\n"
          "  -V, --version            print the version\n"
          "\n"
          "See oriel(1) and oriel.ini(5).\n",
          out);
}

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
    va_list args;
    fputs("oriel: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nTry 'oriel --help'.\n", stderr);
    return -EINVAL;
}

/* A number of an open descriptor. */
static int parse_fd(const char *option, const char *text, int *fd)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > INT_MAX)
        return complain("%s: %s: expected the number of a file descriptor", option, text);
    if (fcntl((int)value, F_GETFD) < 0)
        return complain("%s: %s: there is no such file descriptor", option, text);
    *fd = (int)value;
    return 0;
}

static int check_socket(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address), type_length = sizeof(int);
    int type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) != 0 || type != SOCK_STREAM ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0 || address.ss_family != AF_UNIX)
        return complain("--fd: %d: expected a unix stream socket, connected or listening", fd);
    return 0;
}

static int add_override(struct options *options, const char *text)
{
    const char **list =
        realloc(options->overrides, (options->noverrides + 1) * sizeof(options->overrides[0]));
    if (list == NULL)
        return complain("out of memory");
    options->overrides = list;
    list[options->noverrides++] = text;
    return 0;
}

/* Options that only set a key are overrides, so that they are checked and
 * reported alike. */
static int make_setting(const char *key, const char *value, char **text)
{
    free(*text);
    if (asprintf(text, "%s=%s", key, value) < 0) {
        *text = NULL;
        return complain("out of memory");
    }
    return 0;
}

static int take_option(struct options *options, int letter, const char *argument)
{
    switch (letter) {
    case 'c':
        options->config_path = argument;
        return 0;
    case 'C':
        options->action = OPTIONS_CHECK_CONFIG;
        return 0;
    case 'o':
        return add_override(options, argument);
    case 'L':
        return make_setting("log.level", argument, &options->log_level);
    case OPTION_TRACE:
        return make_setting("log.trace", argument, &options->trace);
    case OPTION_READY_FD:
        return parse_fd("--ready-fd", argument, &options->ready_fd);
    case OPTION_SOCKET_PATH:
        return make_setting("gpu.socket", argument, &options->socket_path);
    case OPTION_FD:
        return parse_fd("--fd", argument, &options->gpu_fd);
    case OPTION_PRINT_CONFIG:
        options->action = OPTIONS_PRINT_CONFIG;
        return 0;
    case OPTION_PRINT_CAPABILITIES:
        options->action = OPTIONS_PRINT_CAPABILITIES;
        return 0;
    case 'h':
        options->action = OPTIONS_HELP;
        return 0;
    case 'V':
        options->action = OPTIONS_VERSION;
        return 0;
    default: /* getopt has said what is wrong */
        fputs("Try 'oriel --help'.\n", stderr);
        return -EINVAL;
    }
}

static int check_together(struct options *options)
{
    if (options->gpu_fd >= 0 && options->socket_path != NULL)
        return complain("--fd and --socket-path exclude each other");
    if (options->gpu_fd >= 0 && options->gpu_fd == options->ready_fd)
        return complain("--fd and --ready-fd are the same");
    if (options->gpu_fd >= 0 && check_socket(options->gpu_fd) != 0)
        return -EINVAL;
    /* Behind every -o, so that they win. */
    if (options->log_level != NULL && add_override(options, options->log_level) != 0)
        return -EINVAL;
    if (options->trace != NULL && add_override(options, options->trace) != 0)
        return -EINVAL;
    if (options->socket_path != NULL && add_override(options, options->socket_path) != 0)
        return -EINVAL;
    return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
    int letter;
    *options = (struct options){.ready_fd = -1, .gpu_fd = -1};
    optind = 0; /* glibc: begin anew, so that tests can call this often */
    while ((letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        if (take_option(options, letter, optarg) != 0)
            return -EINVAL;
        /* As QEMU's rules for back-ends want it, whatever else is given. */
        if (options->action == OPTIONS_HELP || options->action == OPTIONS_VERSION ||
            options->action == OPTIONS_PRINT_CAPABILITIES)
            return 0;
    }
    if (optind < argc)
        return complain("%s: oriel takes options only", argv[optind]);
    return check_together(options);
}

void options_finish(struct options *options)
{
    free(options->overrides);
    free(options->log_level);
    free(options->socket_path);
    free(options->trace);
    options->overrides = NULL;
    options->log_level = options->socket_path = options->trace = NULL;
}
