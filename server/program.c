// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/program.h"
#include "server/rlimit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int program_find(const char *name, char out[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = '\0';
        char *slash = strrchr(self, '/');
        if (slash != NULL)
            *slash = '\0';
        int n = snprintf(out, PATH_MAX, "%s/%s", self, name);
        if (n > 0 && n < PATH_MAX && access(out, X_OK) == 0)
            return 0;
    }
    int n = snprintf(out, PATH_MAX, "%s/%s", ORIEL_LIBEXECDIR, name);
    return n > 0 && n < PATH_MAX && access(out, X_OK) == 0 ? 0 : -ENOENT;
}

static void on_closed(struct program *program)
{
    if (--program->open_handles == 0)
        program->ops->over(program);
}

static void on_handle_closed(uv_handle_t *handle)
{
    on_closed(handle->data);
}

static void on_link_closed(struct link *link)
{
    on_closed(link->user);
}

static void lose_link(struct program *program, int error)
{
    if (!program->link_alive)
        return;
    program->link_alive = false;
    program->ops->lost(program, error);
    link_close(&program->link, on_link_closed);
}

static void on_kill_timer(uv_timer_t *timer)
{
    struct program *program = timer->data;
    if (program->running)
        uv_process_kill(&program->process, SIGKILL);
}

static void end(struct program *program, int error, uint64_t grace_ms)
{
    lose_link(program, error);
    if (program->running)
        uv_timer_start(&program->kill_timer, on_kill_timer, grace_ms, 0);
}

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct program *program = process->data;
    program->running = false;
    program->exit_status = status;
    program->exit_signal = signal;
    lose_link(program, 0);
    uv_close((uv_handle_t *)&program->kill_timer, on_handle_closed);
    uv_close((uv_handle_t *)&program->process, on_handle_closed);
}

static int on_message(struct link *link, const struct link_header *header, const void *payload,
                      int fd)
{
    struct program *program = link->user;
    return program->ops->message(program, header, payload, fd);
}

static void on_writable(struct link *link)
{
    struct program *program = link->user;
    program->ops->writable(program);
}

/* Who breaks the protocol is given no grace. */
static void on_link_gone(struct link *link, int error)
{
    end(link->user, error, error < 0 ? 0 : PROGRAM_GRACE_MS);
}

static const struct link_ops link_ops = {
    .message = on_message,
    .writable = on_writable,
    .closed = on_link_gone,
};

static int spawn(struct program *program, uv_loop_t *loop, const char *path, int fd)
{
    char *const argv[] = {(char *)path, NULL};
    uv_stdio_container_t stdio[LINK_OUTPUT_FD + 1] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = fd},
    };
    uv_process_options_t options = {
        .exit_cb = on_exit,
        .file = path,
        .args = (char **)argv,
        .stdio_count = LINK_OUTPUT_FD + 1,
        .stdio = stdio,
    };
    rlimit_lower();
    int r = uv_spawn(loop, &program->process, &options);
    rlimit_raise();
    return r;
}

void program_start(struct program *program, uv_loop_t *loop, const char *path,
                   const struct program_ops *ops, void *user)
{
    int fds[2];
    *program = (struct program){.ops = ops, .user = user};
    uv_timer_init(loop, &program->kill_timer);
    program->kill_timer.data = program;
    program->process.data = program;
    program->open_handles = 1;

    int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0 ? 0 : -errno;
    if (r == 0) {
        /* Also a failed uv_spawn() leaves a handle to close. */
        r = spawn(program, loop, path, fds[1]);
        program->open_handles++;
        close(fds[1]);
        if (r < 0) {
            uv_close((uv_handle_t *)&program->process, on_handle_closed);
            close(fds[0]);
        }
    }
    if (r < 0) {
        program->start_error = r;
        uv_close((uv_handle_t *)&program->kill_timer, on_handle_closed);
        return;
    }
    program->running = true;
    r = link_open(&program->link, loop, fds[0], LINK_CORE, &link_ops, program);
    if (r < 0) {
        program->start_error = r;
        end(program, r, 0);
        return;
    }
    program->link_alive = true;
    program->open_handles++;
}

void program_end(struct program *program)
{
    if (program->running)
        end(program, 0, PROGRAM_GRACE_MS);
}

void program_kill(struct program *program)
{
    if (program->running)
        end(program, 0, 0);
}

int program_pid(const struct program *program)
{
    return program->running ? program->process.pid : 0;
}
