// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/sandbox_test.h"

#include "net/vnc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOT_RUN 100 /* exit status: the layer cannot be had */

/* Each returns 0 when it had its way, or the errno with which it was refused. */

static int result(long rc)
{
    return rc < 0 ? errno : 0;
}

static int open_a_file(void)
{
    return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int open_a_folder(void)
{
    return result(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int make_a_file(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/oriel-vnc-sandbox-test.%d", getpid());
    int rc = result(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (rc == 0)
        unlink(path);
    return rc;
}

static int look_at_a_file(void)
{
    return result(access("/etc/passwd", R_OK));
}

static int make_an_inet_socket(void)
{
    return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int make_a_unix_socket(void)
{
    return result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* From before the door was closed. */
static int tcp_socket = -1;
static pid_t parent;

static int connect_somewhere(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int rc = result(connect(tcp_socket, (struct sockaddr *)&address, sizeof(address)));
    return rc == ECONNREFUSED ? 0 : rc; /* it was let out */
}

static int bind_a_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return result(bind(tcp_socket, (struct sockaddr *)&address, sizeof(address)));
}

static int run_a_program(void)
{
    char *const arguments[] = {"true", NULL};
    execv("/bin/true", arguments);
    return errno;
}

static int make_a_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return result(pid);
}

static int signal_the_parent(void)
{
    return result(kill(parent, 0));
}

static int make_code(void)
{
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED ? errno : 0;
}

static int trace_the_parent(void)
{
    return result(syscall(SYS_ptrace, PTRACE_SEIZE, parent, 0, 0));
}

static int ring_for_io(void)
{
    return result(syscall(SYS_io_uring_setup, 8, NULL));
}

/* What a server needs all the time. */
static int go_on_working(void)
{
    int pair[2];
    char bytes[4];
    void *memory = malloc(1 << 20);
    bool works = memory && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0 &&
                 write(pair[0], "ab", 2) == 2 && read(pair[1], bytes, sizeof(bytes)) == 2 &&
                 getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes) && close(pair[0]) == 0;
    free(memory);
    return works ? 0 : EIO;
}

enum layer { FILES = 1, CALLS = 2 };
#define TCP_VERSION 4 /* of landlock */

static const struct attempt {
    const char *name;
    int (*run)(void);
    unsigned layers; /* that refuse it, */
    int version;     /* landlock from this one on */
    bool allowed;
} attempts[] = {
    {"go on working", go_on_working, FILES | CALLS, 1, true},
    {"open a file", open_a_file, FILES | CALLS, 1, false},
    {"open a folder", open_a_folder, FILES | CALLS, 1, false},
    {"make a file", make_a_file, FILES | CALLS, 1, false},
    {"look at a file", look_at_a_file, CALLS, 1, false},
    {"make an inet socket", make_an_inet_socket, CALLS, 1, false},
    {"make a unix socket", make_a_unix_socket, CALLS, 1, false},
    {"connect to a port", connect_somewhere, FILES | CALLS, TCP_VERSION, false},
    {"bind a port", bind_a_port, FILES | CALLS, TCP_VERSION, false},
    {"run a program", run_a_program, FILES | CALLS, 1, false},
    {"make a process", make_a_process, CALLS, 1, false},
    {"signal another process", signal_the_parent, CALLS, 1, false},
    {"make memory that can be run", make_code, CALLS, 1, false},
    {"trace another process", trace_the_parent, CALLS, 1, false},
    {"set up an io_uring", ring_for_io, CALLS, 1, false},
};

static void run_inside(const struct attempt *attempt, enum layer layer)
{
    tcp_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = sandbox_no_new_privs();
    if (rc == 0)
        rc = layer == FILES ? sandbox_landlock() : sandbox_seccomp();
    if (rc < 0)
        _exit(NOT_RUN);
    /* What runs a program would never come back to tell. */
    int refusal = attempt->run();
    _exit(refusal > 0 && refusal < NOT_RUN ? refusal : 0);
}

/* Returns false when it went otherwise than it should. */
static bool judge(const struct attempt *attempt, enum layer layer, int status)
{
    const char *by = layer == FILES ? "landlock" : "seccomp";
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    int refusal = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (killed)
        printf("%s: %s: refused, the process ended\n", by, attempt->name);
    else if (refusal > 0)
        printf("%s: %s: refused: %s\n", by, attempt->name, strerror(refusal));
    else
        printf("%s: %s: %s\n", by, attempt->name, refusal == 0 ? "allowed" : "died");
    return attempt->allowed ? refusal == 0 : killed || refusal > 0;
}

static int try(const struct attempt *attempt, enum layer layer)
{
    int status;
    fflush(stdout);
    parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        run_inside(attempt, layer);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_RUN) {
        printf("%s: cannot be had here\n", layer == FILES ? "landlock" : "seccomp");
        return 3;
    }
    return judge(attempt, layer, status) ? 0 : 1;
}

int sandbox_test(void)
{
    int worst = 0, version = sandbox_landlock_version();
    if (!sandbox_built()) {
        puts("this build has a sanitizer, which cannot run in the sandbox");
        return 3;
    }
    for (unsigned layer = FILES; layer <= CALLS; layer <<= 1) {
        for (size_t i = 0; i < COUNT(attempts); i++) {
            if (!(attempts[i].layers & layer) ||
                (layer == FILES && version >= 1 && version < attempts[i].version))
                continue;
            int rc = try(&attempts[i], (enum layer)layer);
            /* What is not refused is worse than what cannot be tried. */
            if (rc == 1 || worst == 0)
                worst = rc;
            if (rc == 3)
                break;
        }
    }
    return worst;
}
