// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the commented configuration file: every key with its explanation,
 * what it accepts, and commented out at its default. conf/oriel.ini is this.
 */
#ifndef ORIEL_SERVER_CONFIG_PRINT_H
#define ORIEL_SERVER_CONFIG_PRINT_H

#include <stdio.h>

void config_print(FILE *out);

#endif
