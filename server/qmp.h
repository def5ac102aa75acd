// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one QMP client for everything that needs the VMM (QEMU's
 * docs/interop/qmp-spec.rst). Loop thread.
 *
 * Connects to QEMU's socket when it is told that a VMM is there, tries again
 * for a while when that fails, and never while none is.
 */
#ifndef ORIEL_SERVER_QMP_H
#define ORIEL_SERVER_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

struct qmp;

struct qmp_listener {
    /* Commands are taken now, or no longer. */
    void (*ready)(void *user, bool ready);
};

/* `path` is copied. NULL with errno set on failure. */
struct qmp *qmp_create(uv_loop_t *loop, const char *path, const struct qmp_listener *listener,
                       void *user);
/* A VMM came or went. */
void qmp_vmm_connected(struct qmp *qmp, bool connected);
/* Whether commands are taken. */
bool qmp_ready(const struct qmp *qmp);
/* Whether the guest runs, as far as QEMU has told; false when not ready. */
bool qmp_guest_runs(const struct qmp *qmp);

/* `result` is QEMU's "return", or NULL with `error` its sentence; both are
 * only lent. Also called, with an error, when the connection is lost. */
typedef void qmp_reply(void *user, const json_t *result, const char *error);

/*
 * Sends a command; `arguments` (may be NULL) is consumed. `reply` may be NULL.
 * Returns 0, -ENOTCONN when commands are not taken, -ENOBUFS when too many
 * wait for their replies, -ENOMEM.
 */
int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, qmp_reply *reply,
                void *user);

/* Two phases; replies that are still due are called with an error. `done` may
 * be NULL. */
void qmp_destroy(struct qmp *qmp, void (*done)(void *user), void *user);

#endif
