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

/* What all heads of one program share. */
struct output_head_shared {
    struct link *link;
    uint32_t *last_generation; /* of the link */
    /* A canvas or a frame was sent: the program owes an answer. */
    void (*sent)(void *user);
    void *user;
};

/* Memory belongs to the owner. */
struct output_head {
    struct output_head_shared shared;
    struct head *head;
    struct head_output subscription;
    bool subscribed;
    uint32_t generation; /* of the canvas that the program knows */
    /* Not sent yet, since the socket was full. */
    bool owes_cursor_image, owes_cursor_place;
};

/* The program wants the head. Returns 0, or -EPROTO when it has it already. */
int output_head_subscribe(struct output_head *output, struct head *head,
                          const struct output_head_shared *shared);
/* Returns 0, or -EPROTO when it has not. */
int output_head_unsubscribe(struct output_head *output);

/* The two answers; those that belong to an older canvas are ignored. Return 0
 * or -EPROTO. */
int output_head_credit(struct output_head *output, uint32_t generation,
                       const struct link_credit *message);
int output_head_taken(struct output_head *output, uint32_t generation,
                      const struct link_taken *message);

/* Whether the program owes an answer, or room for another frame. */
bool output_head_waits(const struct output_head *output);
/* For how long it has not taken the frame that it was given; 0: there is none. */
uint64_t output_head_frame_ms(const struct output_head *output, uint64_t now_ms);

/* The socket takes messages again. */
void output_head_writable(struct output_head *output);

#endif
