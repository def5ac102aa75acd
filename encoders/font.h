// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small bitmap font for the few words that Oriel itself draws: printable
 * ASCII, fixed width. Any thread.
 */
#ifndef ORIEL_ENCODERS_FONT_H
#define ORIEL_ENCODERS_FONT_H

#include <stdint.h>

/* Pixels of a glyph; the baseline is below row FONT_BASELINE - 1, the rows
 * from there on are for descenders. */
#define FONT_WIDTH 5
#define FONT_HEIGHT 9
#define FONT_BASELINE 7
/* From one glyph to the next. */
#define FONT_ADVANCE 6

/* FONT_HEIGHT rows; the leftmost pixel is bit FONT_WIDTH - 1. What is no
 * printable ASCII looks like a question mark. */
const uint8_t *font_glyph(char character);

#endif
