// SPDX-License-Identifier: GPL-2.0-or-later
/* The moment from which the program opens nothing by itself any more. */
#include "net/vnc/vnc_program_private.h"

#include "net/vnc/sandbox.h"

static void do_nothing(struct job *job)
{
    (void)job;
}

/* The pool has all of its threads once there is a first job for it. */
static void start_threads(struct vnc_program *program)
{
    program->first_job = (struct job){.work = do_nothing, .done = do_nothing};
    job_submit(program->loop, &program->first_job);
}

static void add_part(uint32_t *parts, enum link_sandbox_part part, const char *name, int rc)
{
    if (rc == 0)
        *parts |= part;
    else
        log_warning("sandbox", "without %s: %s", name, uv_strerror(rc));
}

static uint32_t enter(struct vnc_program *program)
{
    uint32_t parts = 0;
    add_part(&parts, LINK_SANDBOX_NO_NEW_PRIVS, "no_new_privs", sandbox_no_new_privs());
    add_part(&parts, LINK_SANDBOX_LANDLOCK, "landlock", sandbox_landlock());
    start_threads(program);
    add_part(&parts, LINK_SANDBOX_SECCOMP, "seccomp", sandbox_seccomp());
    return parts;
}

bool vnc_program_close_door(struct vnc_program *program)
{
    uint32_t parts = 0;
    if (program->sandbox != LINK_SANDBOX_OFF && sandbox_built())
        parts = enter(program);
    if (program->sandbox == LINK_SANDBOX_REQUIRE && parts != LINK_SANDBOX_ALL) {
        log_error("sandbox", "%s, and without the whole sandbox nobody is served",
                  sandbox_built() ? "this kernel does not have all of it"
                                  : "this build has a sanitizer, which cannot run in it");
        vnc_program_end(program, EXIT_NO_SANDBOX);
        return false;
    }
    const struct link_sandboxed message = {.parts = parts};
    vnc_program_send(program, LINK_SANDBOXED, 0, 0, &message, sizeof(message));
    return true;
}
