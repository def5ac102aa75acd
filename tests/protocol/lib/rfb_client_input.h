// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a test's viewer types, clicks and copies, and what it is told of the
 * guest's keyboard and pointer. Only whole, well-formed messages; a test makes
 * others with rfb_client_send(). One thread.
 */
#ifndef ORIEL_TESTS_RFB_CLIENT_INPUT_H
#define ORIEL_TESTS_RFB_CLIENT_INPUT_H

#include "tests/protocol/lib/rfb_client.h"

void rfb_client_key(struct rfb_client *client, uint32_t keysym, bool down);
/* The QEMU extended key event. */
void rfb_client_qemu_key(struct rfb_client *client, uint32_t keysym, uint32_t scancode, bool down);
void rfb_client_pointer(struct rfb_client *client, uint8_t buttons, uint16_t x, uint16_t y);
/* With the marker and `more`, the byte of buttons that it announces. */
void rfb_client_extended_pointer(struct rfb_client *client, uint8_t buttons, uint16_t x, uint16_t y,
                                 uint8_t more);
/* Latin-1. */
void rfb_client_cut_text(struct rfb_client *client, const void *text, size_t size);
/* A message of the extended clipboard: flags, then `data`. */
void rfb_client_clipboard(struct rfb_client *client, uint32_t flags, const void *data, size_t size);
/* One with text that is provided, compressed, a NUL added. */
void rfb_client_provide(struct rfb_client *client, const void *text, size_t size);

/* Used by rfb_client_update.c: what is left of a rectangle that is a notice.
 * Returns its size, SIZE_MAX when it is not all there; fails the test when
 * `encoding` is none of these. */
size_t rfb_client_take_notice(struct rfb_client *client, int32_t encoding, uint16_t x, uint16_t y,
                              const uint8_t *data, size_t size);
/* A ServerCutText. Returns its size, 0 when it is not all there. */
size_t rfb_client_take_cut_text(struct rfb_client *client, const uint8_t *data, size_t size);

#endif
