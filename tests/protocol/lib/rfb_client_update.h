// SPDX-License-Identifier: GPL-2.0-or-later
/* What rfb_client.c and rfb_client_update.c share. */
#ifndef ORIEL_TESTS_RFB_CLIENT_UPDATE_H
#define ORIEL_TESTS_RFB_CLIENT_UPDATE_H

#include "tests/protocol/lib/rfb_client.h"

/* A new picture, all pixels 0xdeadbeef: nothing that a server would send. */
void rfb_client_set_size(struct rfb_client *client, uint16_t width, uint16_t height);
/* One message, or one rectangle of an update. Returns how many bytes it took,
 * 0 when it is not there as a whole. */
size_t rfb_client_take_message(struct rfb_client *client, const uint8_t *data, size_t size);

#endif
