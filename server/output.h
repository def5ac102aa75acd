// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An output: one kind of viewers, served by one helper program that is
 * started when somebody connects, and again when it has died or hangs. While
 * none runs, the core polls the listeners but never accepts. Loop thread.
 */
#ifndef ORIEL_SERVER_OUTPUT_H
#define ORIEL_SERVER_OUTPUT_H

#include "device/head.h"
#include "net/link.h"
#include "server/input.h"
#include "server/listener.h"
#include "server/viewers.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* A program that owes something and says nothing for so long is asked whether
 * it lives; after as long again it is killed. */
#define OUTPUT_SILENCE_MS 10000
/* One that lives but has not taken a frame for so long is killed too. */
#define OUTPUT_FRAME_MS 20000

/* What may change while the output lives: see output_reconfigure(). */
struct output_settings {
    struct link_settings link; /* version and heads are filled in here */
    struct link_policy policy;
    const char *password_file, *view_password_file; /* NULL: none */
};

struct output_config {
    const char *kind;    /* "vnc" */
    const char *program; /* its path */
    uint32_t link_kind;  /* enum link_listener_kind */
    bool all_heads;      /* viewers see the whole layout */
    bool eager;          /* start at once and keep it running */
    struct head *heads;
    unsigned nheads;
    struct input *input; /* where the viewers' input goes */
    struct output_settings settings;
};

struct output_status {
    const char *kind;
    int pid;         /* 0: not running */
    uint64_t starts; /* how often it was started */
    uint32_t sandbox; /* of enum link_sandbox_part, of the running program */
    const struct viewers *viewers;
};

struct output;

/*
 * All pointers of `config` stay the caller's and must outlive the output (the
 * files' names: until they are replaced); the struct itself is copied. It waits
 * for connections, or starts, with output_begin(). NULL with errno set on
 * failure.
 */
struct output *output_create(uv_loop_t *loop, const struct output_config *config);
/* After the first listeners. */
void output_begin(struct output *output);
/* Two phases: ends the program within PROGRAM_GRACE_MS. */
void output_destroy(struct output *output, void (*done)(void *user), void *user);

/* A listener more, which the caller keeps until it is removed here. Returns 0
 * or a negative errno. */
int output_add_listener(struct output *output, const struct listener *listener);
/* The program closes its copy and hangs up on those who came by it. The
 * listener may be closed after this call. */
void output_remove_listener(struct output *output, const struct listener *listener);

/* The program is told what has changed; a password file is sent again in any
 * case, since what is in it may have. */
void output_reconfigure(struct output *output, const struct output_settings *settings);

void output_status(const struct output *output, struct output_status *status);
/* input_state() says something else. */
void output_input_changed(struct output *output);

/* Hangs up on a viewer. Returns 0 or -ENOENT. */
int output_disconnect(struct output *output, uint32_t viewer);

/* Waits for figures that are as new as the question; memory belongs to the
 * asker, until `answered`. */
struct output_question {
    void (*answered)(struct output_question *question);
    struct output_question *next;
};
/* `answered` is called once, from a later turn of the loop or from here when
 * there is no program to ask; also when the program ends instead. */
void output_ask(struct output *output, struct output_question *question);

/* Opens a password file: regular, readable. Returns the descriptor or a
 * negative errno (-EINVAL: not a regular file). */
int output_open_password(const char *path);

#endif
