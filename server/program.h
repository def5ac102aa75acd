// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A helper program with one end of a link: started, told to end by closing
 * its link, killed when it does not, and closed in two phases.
 *
 * Loop thread. The program inherits standard output and standard error, the
 * link as descriptor LINK_OUTPUT_FD, and nothing else.
 */
#ifndef ORIEL_SERVER_PROGRAM_H
#define ORIEL_SERVER_PROGRAM_H

#include "net/link.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* From the end of the link to SIGKILL: less than half of the second within
 * which SIGTERM ends everything. */
#define PROGRAM_GRACE_MS 400

struct program;

struct program_ops {
    /* As in struct link_ops. */
    int (*message)(struct program *program, const struct link_header *header, const void *payload,
                   int fd);
    void (*writable)(struct program *program);
    /* The link is gone: nothing more comes from this program or goes to it.
     * Called once, before `over`, when the program was started. `error` is
     * negative when it was cut off for breaking the protocol. */
    void (*lost)(struct program *program, int error);
    /* Everything is closed. It may be started again, also from here. */
    void (*over)(struct program *program);
};

/* Memory belongs to the owner, who keeps it until `over`. */
struct program {
    const struct program_ops *ops;
    void *user;
    struct link link;
    int start_error;     /* negative errno: it was never started */
    int64_t exit_status; /* these two are known when it is over */
    int exit_signal;
    /* The rest belongs to program.c. */
    uv_process_t process;
    uv_timer_t kill_timer;
    bool running, link_alive;
    int open_handles;
};

/*
 * Finds `name` beside our own program, else in the directory of helper
 * programs. Returns 0, or -ENOENT when it is in neither.
 */
int program_find(const char *name, char out[PATH_MAX]);

/* Starts the program at `path`. Whether that works or not (see start_error),
 * `over` comes later and only once. */
void program_start(struct program *program, uv_loop_t *loop, const char *path,
                   const struct program_ops *ops, void *user);

/* Closes the link; by that the program ends, or it is killed. `lost` is
 * called from here unless it was before. Harmless when it has ended. */
void program_end(struct program *program);

/* The same without grace, for one that hangs. */
void program_kill(struct program *program);

/* 0 when it does not run. */
int program_pid(const struct program *program);

#endif
