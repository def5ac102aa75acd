// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input that comes over a link: checked, and handed to the viewer's hands at
 * the seat. Loop thread.
 */
#ifndef ORIEL_SERVER_OUTPUT_INPUT_H
#define ORIEL_SERVER_OUTPUT_INPUT_H

#include "net/link.h"
#include "server/input.h"
#include "server/viewers.h"

/* A LINK_KEY, LINK_POINTER or LINK_TEXT. Returns 0, or -EPROTO for another
 * type, a viewer that nobody announced, or a field that is not as net/link.h
 * says. What the guest cannot take is no error. */
int output_input_message(const struct viewers *viewers, unsigned nheads,
                         const struct link_header *header, const void *payload,
                         struct input *input);

#endif
