// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One head on one link: what the head hands to its outputs becomes messages
 * to the output program, and the program's answers become the head's. Loop
 * thread.
 *
 * A full socket never queues: the head keeps damage and canvas until it is
 * told that the socket takes messages again, and of cursors the newest goes
 * out then.
 */
#ifndef ORIEL_SERVER_OUTPUT_HEAD_H
#define ORIEL_SERVER_OUTPUT_HEAD_H

#include "device/head.h"
#include "net/link.h"

#include <stdbool.h>
#include <stdint.h>

/* Memory belongs to the owner. */
struct output_head {
    struct link *link;
    struct head *head;
    uint32_t *last_generation; /* of the link, shared by all its heads */
    struct head_output subscription;
    bool subscribed;
    uint32_t generation; /* of the canvas that the program knows */
    /* Not sent yet, since the socket was full. */
    bool owes_cursor_image, owes_cursor_place;
};

/* The program wants the head. Returns 0, or -EPROTO when it has it already. */
int output_head_subscribe(struct output_head *output, struct link *link, struct head *head,
                          uint32_t *last_generation);
/* Returns 0, or -EPROTO when it has not. */
int output_head_unsubscribe(struct output_head *output);

/* The two answers; those that belong to an older canvas are ignored. Return 0
 * or -EPROTO. */
int output_head_credit(struct output_head *output, uint32_t generation,
                       const struct link_credit *message);
int output_head_taken(struct output_head *output, uint32_t generation,
                      const struct link_taken *message);

/* The socket takes messages again. */
void output_head_writable(struct output_head *output);

#endif
