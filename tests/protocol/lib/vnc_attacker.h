// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that attacks a VNC server, while it is told to: some connections
 * that stand there with bad manners, and one hostile thing after the other.
 * It sleeps between them, so that what it disturbs is the server and not the
 * processor.
 */
#ifndef ORIEL_TESTS_VNC_ATTACKER_H
#define ORIEL_TESTS_VNC_ATTACKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct vnc_attacker {
    pid_t pid;
    int control; /* to it */
    int report;  /* from it */
};

void vnc_attacker_start(struct vnc_attacker *attacker, uint16_t port);
void vnc_attacker_attack(struct vnc_attacker *attacker, bool on);
/* Ends it; returns how many hostile things it has done. */
unsigned vnc_attacker_stop(struct vnc_attacker *attacker);

#endif
