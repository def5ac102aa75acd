// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small QMP server: QEMU's side of the monitor (docs/interop/qmp-spec.rst)
 * as far as Oriel uses it, and whatever else a test wants to say. Never
 * blocks: the caller gives it its turns. One thread.
 *
 * A command that is no JSON object with "execute", or that comes before
 * qmp_capabilities, fails the test.
 */
#ifndef ORIEL_TESTS_FAKE_QMP_H
#define ORIEL_TESTS_FAKE_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FAKE_QMP_EVENTS 65536

/* One event of an input-send-event. */
struct fake_qmp_event {
    unsigned command; /* number of the command that it came in */
    enum { FAKE_QMP_KEY, FAKE_QMP_BUTTON, FAKE_QMP_ABS, FAKE_QMP_REL } type;
    bool down;
    long code;     /* of a key: QEMU's number */
    char name[16]; /* of a button or an axis */
    long value;
};

struct fake_qmp {
    char dir[64], path[96];
    int listener, fd; /* fd -1: nobody is connected */
    char *input;
    size_t size;
    bool negotiated;
    unsigned connections, commands, input_commands, unanswered;
    struct fake_qmp_event *events;
    unsigned nevents;
    /* Set by the test. */
    bool guest_stands; /* query-status says so */
    bool silent;       /* input-send-event is not answered */
    bool refuses;      /* or answered with an error */
    bool mute;         /* does not even greet */
};

/* `listen`: from now on; else from fake_qmp_listen() on. */
void fake_qmp_start(struct fake_qmp *qmp, bool listen);
void fake_qmp_finish(struct fake_qmp *qmp);
void fake_qmp_listen(struct fake_qmp *qmp);
void fake_qmp_step(struct fake_qmp *qmp);
/* Says something as it is. */
void fake_qmp_say(struct fake_qmp *qmp, const char *text, size_t size);
/* Answers what was left unanswered by `silent`. */
void fake_qmp_answer(struct fake_qmp *qmp);
void fake_qmp_hang_up(struct fake_qmp *qmp);

#endif
