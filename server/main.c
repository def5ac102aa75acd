// SPDX-License-Identifier: GPL-2.0-or-later
/* oriel: the core process. */
#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_print.h"
#include "server/core.h"
#include "server/exit_code.h"
#include "server/inherited.h"
#include "server/log.h"
#include "server/options.h"
#include "server/reload.h"
#include "server/rlimit.h"
#include "server/status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors 0 to 2 must be taken, or a socket of ours would get such a
 * number and somebody's printf() would write into it. */
static void fill_standard_fds(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Returns 0, or an exit code after having said what is wrong. */
static int load(struct config *config, const struct config_sources *given)
{
    char path[PATH_MAX];
    struct config_errors errors;
    struct config_sources sources = *given;
    if (sources.path == NULL && config_find_file(path, sizeof(path)))
        sources.path = path;
    config_errors_init(&errors);
    int r = config_load(config, &sources, &errors);
    if (errors.text != NULL)
        fputs(errors.text, stderr);
    if (errors.count > CONFIG_ERRORS_SHOWN)
        fprintf(stderr, "and %u errors more\n", errors.count - CONFIG_ERRORS_SHOWN);
    config_errors_finish(&errors);
    return r == 0 ? 0 : EXIT_CONFIGURATION;
}

static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            log_warning("core", "cannot write to the ready descriptor: %s", strerror(errno));
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

/* One of the standard descriptors is not closed but made harmless. */
static void release_fd(int fd)
{
    int null = fd <= STDERR_FILENO ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null >= 0) {
        dup2(null, fd);
        close(null);
    } else {
        close(fd);
    }
}

static void tell_ready(const struct core *core, int fd)
{
    json_t *status = status_build(core);
    char *line = json_dumps(status, JSON_COMPACT);
    json_decref(status);
    if (line != NULL) {
        write_all(fd, line, strlen(line));
        write_all(fd, "\n", 1);
    } else {
        log_error("core", "out of memory for the status");
    }
    free(line);
    release_fd(fd);
}

/* It is not for our programs, nor for [vnc] listen = fd:N. */
static void keep_fd(int fd)
{
    if (fd <= STDERR_FILENO)
        return;
    inherited_take(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int run(struct config *config, const struct config_sources *sources,
               const struct options *options)
{
    static struct core core;
    keep_fd(options->gpu_fd);
    keep_fd(options->ready_fd);
    signal(SIGPIPE, SIG_IGN);
    rlimit_raise();
    reload_apply_log(config);
    int r = core_start(&core, config, sources, options->gpu_fd);
    if (r == 0 && options->ready_fd >= 0)
        tell_ready(&core, options->ready_fd);
    core_run(&core);
    return core.exit_code;
}

static int act(const struct options *options)
{
    static struct config config;
    const struct config_sources sources = {
        .path = options->config_path,
        .overrides = options->overrides,
        .noverrides = options->noverrides,
    };
    switch (options->action) {
    case OPTIONS_HELP:
        options_print_help(stdout);
        return EXIT_SUCCESS;
    case OPTIONS_VERSION:
        puts("oriel " ORIEL_VERSION);
        return EXIT_SUCCESS;
    case OPTIONS_PRINT_CAPABILITIES:
        /* QEMU's docs/interop/vhost-user.json; features are what the 2D
         * renderer has none of. */
        puts("{\"type\":\"gpu\",\"features\":[]}");
        return EXIT_SUCCESS;
    case OPTIONS_PRINT_CONFIG:
        config_print(stdout);
        return EXIT_SUCCESS;
    case OPTIONS_CHECK_CONFIG:
        return load(&config, &sources);
    case OPTIONS_RUN:
        break;
    }
    int code = load(&config, &sources);
    return code != 0 ? code : run(&config, &sources, options);
}

int main(int argc, char **argv)
{
    struct options options;
    inherited_note();
    fill_standard_fds();
    log_init("oriel", LOG_INFO);
    int code = options_parse(&options, argc, argv) == 0 ? act(&options) : EXIT_USAGE;
    options_finish(&options);
    /* A full disk under --print-config must not look like success. */
    if (fflush(stdout) != 0 && code == EXIT_SUCCESS)
        code = EXIT_WRITE;
    return code;
}
