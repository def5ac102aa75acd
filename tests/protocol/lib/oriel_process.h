// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The real `oriel` program as a test's child: in a private directory, with
 * sockets that nobody else uses, watched until it has ended. The program is
 * found in the directory that the environment variable ORIEL_BIN_DIR names.
 *
 * One thread. The child dies with the test.
 */
#ifndef ORIEL_TESTS_ORIEL_PROCESS_H
#define ORIEL_TESTS_ORIEL_PROCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ORIEL_MAX_SETTINGS 24

struct oriel_process {
    pid_t pid; /* 0: not running */
    char dir[64];
    char gpu_socket[96], control_socket[96], log[96];
    char vnc_socket[96]; /* of head 0 */
    json_t *ready;       /* the line of --ready-fd; owned */
};

struct oriel_options {
    /* Each "section.key=value", given with -o; NULL ends the list. The sockets
     * of the gpu and of control are set already. */
    const char *settings[ORIEL_MAX_SETTINGS];
    bool vnc; /* listens for viewers; otherwise nobody does */
};

/* Starts it and waits for its ready line. Fails the test when none comes. */
void oriel_process_start(struct oriel_process *process, const struct oriel_options *options);
/* SIGTERM; waits and removes the directory. Returns the exit code, 128 plus
 * the signal when one ended it, or -ETIMEDOUT (it was killed then). The log is
 * printed when the code is not 0. *took_ms (may be NULL): how long it took. */
int oriel_process_stop(struct oriel_process *process, unsigned *took_ms);
bool oriel_process_alive(const struct oriel_process *process);

/* Memory of its own (RssAnon of /proc), KiB, and its open descriptors. */
long oriel_process_memory_kib(const struct oriel_process *process);
unsigned oriel_process_fds(const struct oriel_process *process);
/* Waits up to two seconds until it has that many: closing takes its turns. */
bool oriel_process_fds_become(const struct oriel_process *process, unsigned fds);
/* Descriptors whose link in /proc contains that text ("guest-ram"). */
unsigned oriel_process_fds_like(const struct oriel_process *process, const char *text);
/* Mappings whose line in /proc/PID/maps contains that text. */
unsigned oriel_process_maps_like(const struct oriel_process *process, const char *text);
/* Lines of its log that contain that text. */
unsigned oriel_process_log_lines(const struct oriel_process *process, const char *text);
/* CPU time that it has used, microseconds. */
unsigned long long oriel_process_cpu_us(const struct oriel_process *process);

/* One request over the control socket; `arguments` (may be NULL, is consumed)
 * are merged into it. Returns the reply, whoever calls owns it; fails the test
 * when none with the same id comes. */
json_t *oriel_process_request(const struct oriel_process *process, const char *command,
                              json_t *arguments);
/* Sanitizers cost time and memory; limits in tests are multiplied by this. */
unsigned oriel_patience(void);

#endif
