// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An output: one kind of viewers, served by one helper program that is
 * started when somebody connects, and again when it has died. While none
 * runs, the core polls the listeners but never accepts. Loop thread.
 */
#ifndef ORIEL_SERVER_OUTPUT_H
#define ORIEL_SERVER_OUTPUT_H

#include "device/head.h"
#include "server/input.h"
#include "server/listener.h"
#include "server/viewers.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct output_config {
    const char *kind;          /* "vnc" */
    const char *program;       /* its path */
    const char *name;          /* of the virtual machine */
    const char *password_file; /* NULL: none */
    uint32_t link_kind;        /* enum link_listener_kind */
    uint32_t idle_timeout_ms;
    bool eager; /* start at once and keep it running */
    struct listener **listeners;
    unsigned nlisteners;
    struct head *heads;
    unsigned nheads;
    struct input *input; /* where the viewers' input goes */
};

struct output_status {
    const char *kind;
    int pid;         /* 0: not running */
    uint64_t starts; /* how often it was started */
    const struct viewers *viewers;
};

struct output;

/*
 * Begins to wait for connections. All pointers of `config` stay the caller's
 * and must outlive the output; the struct itself is copied. NULL with errno
 * set on failure.
 */
struct output *output_create(uv_loop_t *loop, const struct output_config *config);
void output_status(const struct output *output, struct output_status *status);
/* input_state() says something else. */
void output_input_changed(struct output *output);
/* Two phases: ends the program within PROGRAM_GRACE_MS. */
void output_destroy(struct output *output, void (*done)(void *user), void *user);

/* Opens a password file: regular, readable. Returns the descriptor or a
 * negative errno (-EINVAL: not a regular file). */
int output_open_password(const char *path);

#endif
