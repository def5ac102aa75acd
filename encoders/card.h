// SPDX-License-Identifier: GPL-2.0-or-later
/* The card that a head shows while no guest does. Any thread. */
#ifndef ORIEL_ENCODERS_CARD_H
#define ORIEL_ENCODERS_CARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Draws a plain card into `width` x `height` XRGB8888 pixels (`stride` in
 * bytes): a dark ground with `title` large and `detail` (may be NULL) smaller
 * below it, both centred, ASCII. Text that does not fit is clipped.
 */
void card_draw(uint8_t *pixels, uint32_t width, uint32_t height, size_t stride, const char *title,
               const char *detail);

#endif
