// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the link, made from the input: a sound one of each type, with
 * four numbers from the input in its most interesting fields, and then words
 * of it replaced. One thread.
 */
#ifndef ORIEL_TESTS_FUZZ_LINK_MESSAGE_H
#define ORIEL_TESTS_FUZZ_LINK_MESSAGE_H

#include "net/link.h"
#include "tests/fuzz/lib/fuzz_input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_message {
    struct link_header header;
    size_t size; /* of the payload that is sent */
    int fd;      /* -1: none; the owner's */
    _Alignas(8) uint8_t payload[LINK_MAX_PAYLOAD + 64];
};

/*
 * A whole message by its type and four numbers: head and generation are 0, and
 * descriptors are made as the type wants them.
 *   HEAD: width, height, x, y. FRAME: a rectangle, or a move if bit 15 of x is set,
 *   the canvas' sequence. CURSOR: width, height, x, y. CURSOR_MOVE: x, y,
 *   visible. LISTENER: id, all_heads. POLICY: share, viewers. KEY: viewer,
 *   kind, code, down. POINTER: viewer, x, y, buttons. TEXT: viewer, size.
 *   CREDIT: frames. TAKEN: sequence. VIEWER, VIEWER_GONE, ASK, ANSWER and
 *   DISCONNECT: the number. The rest: none.
 */
void link_message_make(struct link_message *message, uint32_t type, const uint32_t numbers[4]);

/*
 * Reads one: type, head, flags, four numbers; flags bit 0: a generation
 * follows, else *generation is used; bit 1: words are replaced: count, then
 * {index, value} each; bit 2: another size; bit 3: no descriptor; bit 4: a
 * wrong one.
 */
void link_message_read(struct fuzz_input *input, struct link_message *message, uint32_t generation);
/* Sends it and closes its descriptor. */
void link_message_send(struct link_message *message, int link);

/* The bytes of the canvas that HEAD and FRAME speak of: its memfd stays the
 * same, which is all that a fast run needs. */
void link_message_init(void);
/* A listening socket, which each LISTENER passes on. */
int link_message_listener(void);

#endif
