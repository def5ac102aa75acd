// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an output program says that it has sent, by encoding: its totals since
 * it was started become counters of the core, which outlive it. Loop thread.
 */
#ifndef ORIEL_SERVER_OUTPUT_FIGURES_H
#define ORIEL_SERVER_OUTPUT_FIGURES_H

#include "net/link.h"

#include <stdint.h>

/* Zero-initialised by the owner. */
struct output_figures {
    struct link_encoding last[LINK_MAX_ENCODINGS];
    uint32_t count;
};

/* Returns 0, or -EPROTO when a name is none, is there twice, or a total has
 * become less. `count` is at most LINK_MAX_ENCODINGS. */
int output_figures_update(struct output_figures *figures, const struct link_encoding *encodings,
                          uint32_t count);
/* The next program counts from 0. */
void output_figures_restart(struct output_figures *figures);

#endif
