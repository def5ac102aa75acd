// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With what oriel ends. The numbers are part of its interface: oriel(1) lists
 * them.
 */
#ifndef ORIEL_SERVER_EXIT_CODE_H
#define ORIEL_SERVER_EXIT_CODE_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_WRITE = 1, /* what was to be printed could not be written */
    EXIT_USAGE = 2,
    EXIT_LOOP = 10,
    EXIT_HEADS = 11,
    EXIT_GPU_SOCKET = 12,
    EXIT_GPU = 13,
    EXIT_TRANSPORT = 14,
    EXIT_INPUT_SOCKET = 15,
    EXIT_INPUT = 16,
    EXIT_VNC_PROGRAM = 17,
    EXIT_VNC_PASSWORD = 18,
    EXIT_VNC_SOCKET = 19,
    EXIT_VNC = 20,
    EXIT_CONTROL_SOCKET = 21,
    EXIT_CONTROL = 22,
    EXIT_CONFIGURATION = 78, /* EX_CONFIG of sysexits.h */
};

#endif
