// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves: pixels of a picture that went somewhere else, found by looking at the
 * picture before and after. A text console that scrolls by a line is a move
 * and a line.
 *
 * Pure functions over pixels, callable from any thread; the caller lends the
 * buffers for the time of the call.
 */
#ifndef ORIEL_ENCODERS_MOVES_H
#define ORIEL_ENCODERS_MOVES_H

#include "encoders/damage.h"

#include <pixman.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The pixels of a rectangle at (x,y) were at (source_x,source_y) before. */
struct damage_move {
    uint32_t source_x, source_y;
    uint32_t x, y, width, height;
};

/*
 * Looks for a vertical scroll inside `area` (canvas coordinates, inside both
 * pictures): a rectangle of the source that stands in the canvas at another
 * height, equal in all colour bits. Returns true and the move when there is one
 * that is worth its while. Only for sources of the canvas's own format
 * (x8r8g8b8, or a8r8g8b8); others are never found to have moved.
 */
bool moves_find(const uint8_t *canvas, size_t canvas_stride, const struct damage_source *source,
                const pixman_box32_t *area, struct damage_move *move);

/* Makes the move in the canvas itself; source and destination may overlap. */
void moves_apply(uint8_t *canvas, size_t canvas_stride, const struct damage_move *move);

#endif
