// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the output share: output.c (life), output_tell.c (what the
 * program is told), output_watch.c (whether it hangs). Loop thread. */
#ifndef ORIEL_SERVER_OUTPUT_INTERNAL_H
#define ORIEL_SERVER_OUTPUT_INTERNAL_H

#include "server/output.h"
#include "server/output_figures.h"
#include "server/output_head.h"
#include "server/program.h"

/* At most so many viewers are to be hung up on at a time; further requests
 * are refused. */
#define OUTPUT_MAX_DISCONNECTS 64

/* What the program has not been told yet, in the order in which it is. */
enum output_debt {
    OUTPUT_OWES_SETTINGS = 1 << 0,
    OUTPUT_OWES_POLICY = 1 << 1,
    OUTPUT_OWES_PASSWORD = 1 << 2,
    OUTPUT_OWES_VIEW_PASSWORD = 1 << 3,
    OUTPUT_OWES_LISTENERS = 1 << 4,
    OUTPUT_OWES_READY = 1 << 5,
    OUTPUT_OWES_SEAT = 1 << 6,
    OUTPUT_OWES_DISCONNECTS = 1 << 7,
    OUTPUT_OWES_QUESTION = 1 << 8,
};

struct output_listener {
    struct output_listener *next;
    struct output *output;
    const struct listener *listener; /* NULL: removed */
    uv_poll_t poll;
    uint32_t id;  /* that the program knows it by */
    bool told;    /* this program has it */
    bool closed;  /* the poll handle is */
};

struct output {
    uv_loop_t *loop;
    struct output_config config;
    struct output_listener *listeners;
    uint32_t last_listener_id;
    uv_timer_t backoff_timer, watch_timer;
    struct program program;
    bool begun;   /* output_begin() was called */
    bool running; /* from program_start() to its `over` */
    bool greeted; /* it has said LINK_HELLO */
    uint32_t last_generation;
    struct output_head heads[HEAD_MAX_HEADS];
    struct viewers viewers;
    uint64_t starts, started_ms;
    unsigned quick_deaths; /* in a row */
    struct output_figures figures;
    uint32_t sandbox;      /* of enum link_sandbox_part */

    unsigned owes; /* of enum output_debt */
    bool password_told, view_password_told;
    uint32_t disconnects[OUTPUT_MAX_DISCONNECTS];
    unsigned ndisconnects;

    /* Of the question that was sent last. */
    uint32_t question;
    bool asked; /* and not answered */
    struct output_question *questions;

    uint64_t heard_ms; /* when it said something last; or was started */
    bool hung;         /* it is being killed for that */

    bool closing;
    unsigned open_handles;
    void (*done)(void *user);
    void *user;
};

/* output_tell.c: sends what is owed, as far as the socket takes it. */
void output_tell(struct output *output, unsigned debts);
/* A new program knows nothing. */
void output_tell_all(struct output *output);

/* output_watch.c: something was sent that is to be answered. */
void output_watch(struct output *output);
/* It has said something, which has been handled: with the last of what it owes
 * the timer ends, so that it wakes nobody up on a still screen. */
void output_heard(struct output *output);
void output_watch_stop(struct output *output);
/* The answer to its question, or a program that will not give one: all who
 * wait are told. */
void output_answered(struct output *output);
int output_handle_answer(struct output *output, const struct link_answer *message);

/* Frees what is removed and what neither the loop nor the program needs. */
void output_sweep_listeners(struct output *output);

#endif
