// SPDX-License-Identifier: GPL-2.0-or-later
/* oriel-vnc: serves the virtual machine's screens to VNC viewers. Started by
 * oriel, which hands it everything over the link. */
#include "net/vnc/sandbox_test.h"
#include "net/vnc/vnc_program.h"

#include "server/log.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STALL_TIMEOUT_MS 60000
#define MAX_ENCODERS 16

static const char usage[] =
    "Usage: oriel-vnc [OPTION]...\n"
    "Serves screens to VNC viewers. oriel starts it and hands it its sockets\n"
    "over file descriptor 3; by itself it can do nothing.\n\n"
    "  --stall-timeout MS  hang up on viewers that read nothing for so long\n"
    "                      (default 60000)\n"
    "  --self-test-sandbox try what the sandbox should refuse, on this kernel\n"
    "  --version           say the version and exit\n"
    "  --help              say this and exit\n";

static int parse_milliseconds(const char *text, uint32_t *value)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || number < 1 || number > INT_MAX)
        return -EINVAL;
    *value = (uint32_t)number;
    return 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct vnc_options *options)
{
    static const struct option known[] = {
        {"stall-timeout", required_argument, NULL, 't'},
        {"self-test-sandbox", no_argument, NULL, 's'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
        if (option == 'v') {
            printf("oriel-vnc %s\n", ORIEL_VERSION);
            return 0;
        }
        if (option == 's')
            return sandbox_test();
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option != 't' || parse_milliseconds(optarg, &options->stall_timeout_ms) < 0) {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    return -1;
}

/* As many encoders as processors, and one thread more, so that a frame is
 * taken at once while all of them are at work. Before the pool is used. */
static void size_pool(struct vnc_options *options)
{
    char threads[16];
    unsigned processors = uv_available_parallelism();
    options->encoders = processors < MAX_ENCODERS ? processors : MAX_ENCODERS;
    snprintf(threads, sizeof(threads), "%u", options->encoders + 1);
    setenv("UV_THREADPOOL_SIZE", threads, 1);
    /* It would go around the sandbox, which therefore forbids it. */
    setenv("UV_USE_IO_URING", "0", 1);
}

static bool is_link(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
    struct vnc_options options = {.stall_timeout_ms = STALL_TIMEOUT_MS};
    static struct vnc_program program;
    uv_loop_t loop;

    log_init("oriel-vnc", LOG_INFO);
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    if (!is_link(LINK_OUTPUT_FD)) {
        log_error("main", "file descriptor %d is not the link; oriel starts this program",
                  LINK_OUTPUT_FD);
        return 2;
    }
    /* A terminal's Ctrl-C reaches the whole family; who ends us is the core,
     * by closing the link. */
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    size_pool(&options);

    int rc = uv_loop_init(&loop);
    if (rc == 0)
        rc = vnc_program_start(&program, &loop, LINK_OUTPUT_FD, &options);
    if (rc < 0) {
        log_error("main", "cannot start: %s", uv_strerror(rc));
        return 1;
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    vnc_program_fini(&program);
    uv_loop_close(&loop);
    return program.exit_status;
}
