// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/oriel_process.h"

#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS 10000
#define CONTROL_TIMEOUT_MS 20000
#define READY_FD 3

unsigned oriel_patience(void)
{
    return getenv("ORIEL_SANITIZE") != NULL ? 4 : 1;
}

static void program_path(char *path, size_t size, const char *name)
{
    const char *dir = getenv("ORIEL_BIN_DIR");
    int n;

    CHECK(dir != NULL, "ORIEL_BIN_DIR is not set");
    n = snprintf(path, size, "%s/%s", dir, name);
    CHECK(n > 0 && (size_t)n < size, "path of %s", name);
}

/* Only async-signal-safe calls: between fork() and exec(). */
static void child_exec(const char *path, char *const *argv, int log_fd, int ready_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (ready_fd >= 0) {
        if (ready_fd == READY_FD)
            fcntl(ready_fd, F_SETFD, 0);
        else
            dup2(ready_fd, READY_FD);
    }
    if (log_fd >= 0) {
        dup2(log_fd, STDERR_FILENO);
        dup2(log_fd, STDOUT_FILENO);
    }
    execv(path, argv);
    _exit(127);
}

/* A quarantine of freed memory would look like a leak. */
static void tame_sanitizer(void)
{
    const char *options = getenv("ASAN_OPTIONS");
    char text[512];

    if (getenv("ORIEL_SANITIZE") == NULL ||
        (options != NULL && strstr(options, "quarantine_size_mb") != NULL))
        return;
    snprintf(text, sizeof(text), "%s:quarantine_size_mb=4", options != NULL ? options : "");
    setenv("ASAN_OPTIONS", text, 1);
}

static pid_t spawn(struct oriel_process *process, const struct oriel_options *options, int ready_fd)
{
    char path[256], gpu[128], control[128], vnc[128] = "vnc.listen=";
    char *argv[2 * ORIEL_MAX_SETTINGS + 16] = {path, "--ready-fd", "3",  "-o", gpu,
                                               "-o", control,      "-o", vnc};
    int log_fd = open(process->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsigned n = 9;
    pid_t pid;

    program_path(path, sizeof(path), "oriel");
    snprintf(gpu, sizeof(gpu), "gpu.socket=%s", process->gpu_socket);
    snprintf(control, sizeof(control), "control.socket=%s", process->control_socket);
    if (options != NULL && options->vnc)
        snprintf(vnc, sizeof(vnc), "vnc.listen=unix:%s/vnc-%%h", process->dir);
    for (unsigned i = 0; options != NULL && options->settings[i] != NULL; i++) {
        CHECK(i < ORIEL_MAX_SETTINGS, "settings");
        argv[n++] = "-o";
        argv[n++] = (char *)(uintptr_t)options->settings[i];
    }
    argv[n] = NULL;
    CHECK(log_fd >= 0, "log %s", process->log);
    pid = fork();
    if (pid == 0)
        child_exec(path, argv, log_fd, ready_fd);
    CHECK(pid > 0, "fork");
    close(log_fd);
    return pid;
}

/* One line, without its end; NULL when the peer closes or is silent. */
static char *read_line(int fd, int timeout_ms)
{
    size_t size = 0, cap = 4096;
    char *line = malloc(cap);

    while (line != NULL) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (size + 1 == cap)
            line = realloc(line, cap *= 2);
        if (line == NULL || poll(&poll_fd, 1, timeout_ms) <= 0)
            break;
        n = read(fd, line + size, cap - size - 1);
        if (n <= 0)
            break;
        size += (size_t)n;
        line[size] = '\0';
        if (line[size - 1] == '\n')
            return line;
    }
    free(line);
    return NULL;
}

static void print_log(const struct oriel_process *process)
{
    FILE *file = fopen(process->log, "r");
    char line[1024];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        print_error("    %s", line);
    if (file != NULL)
        fclose(file);
}

void oriel_process_start(struct oriel_process *process, const struct oriel_options *options)
{
    int ready[2];
    char *line;

    *process = (struct oriel_process){.pid = 0};
    strcpy(process->dir, "/tmp/oriel-test-XXXXXX");
    CHECK(mkdtemp(process->dir) != NULL, "mkdtemp");
    snprintf(process->gpu_socket, sizeof(process->gpu_socket), "%s/gpu", process->dir);
    snprintf(process->control_socket, sizeof(process->control_socket), "%s/control", process->dir);
    snprintf(process->vnc_socket, sizeof(process->vnc_socket), "%s/vnc-0", process->dir);
    snprintf(process->log, sizeof(process->log), "%s/log", process->dir);
    tame_sanitizer();
    CHECK(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    process->pid = spawn(process, options, ready[1]);
    close(ready[1]);
    line = read_line(ready[0], START_TIMEOUT_MS);
    close(ready[0]);
    if (line != NULL)
        process->ready = json_loads(line, 0, NULL);
    free(line);
    if (process->ready == NULL)
        print_log(process);
    CHECK(process->ready != NULL, "no ready line");
}

static int wait_end(pid_t pid, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int status = 0, ready;

    CHECK(poll_fd.fd >= 0, "pidfd_open");
    ready = poll(&poll_fd, 1, timeout_ms);
    close(poll_fd.fd);
    if (ready != 1) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -ETIMEDOUT;
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void forget(struct oriel_process *process)
{
    json_decref(process->ready);
    process->ready = NULL;
    if (process->dir[0] != '\0')
        nftw(process->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    process->dir[0] = '\0';
}

int oriel_process_stop(struct oriel_process *process, unsigned *took_ms)
{
    uint64_t start = check_now_us();
    int code;

    if (process->pid == 0) {
        forget(process); /* the start may have failed half-way */
        return 0;
    }
    kill(process->pid, SIGTERM);
    code = wait_end(process->pid, STOP_TIMEOUT_MS);
    process->pid = 0;
    if (took_ms != NULL)
        *took_ms = (unsigned)((check_now_us() - start) / 1000);
    if (code != 0) {
        print_error("oriel ended with %d; its log:\n", code);
        print_log(process);
    }
    forget(process);
    return code;
}

bool oriel_process_alive(const struct oriel_process *process)
{
    siginfo_t info = {.si_pid = 0};

    return process->pid > 0 &&
           waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static int connect_control(const struct oriel_process *process)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", process->control_socket);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0,
          "control socket");
    return fd;
}

json_t *oriel_process_request(const struct oriel_process *process, const char *command,
                              json_t *arguments)
{
    json_t *request = json_pack("{s:i,s:s}", "id", 7, "command", command), *reply;
    int fd = connect_control(process);
    char *text, *line;

    if (arguments != NULL) {
        json_object_update(request, arguments);
        json_decref(arguments);
    }
    text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    CHECK(text != NULL && dprintf(fd, "%s\n", text) > 0, "request");
    free(text);
    line = read_line(fd, CONTROL_TIMEOUT_MS);
    close(fd);
    CHECK(line != NULL, "no reply to %s", command);
    reply = json_loads(line, 0, NULL);
    CHECK(reply != NULL && json_integer_value(json_object_get(reply, "id")) == 7, "reply to %s: %s",
          command, line);
    free(line);
    return reply;
}
