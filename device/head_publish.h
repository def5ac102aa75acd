// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Publishing: making a head's canvas equal to what the head shows, and handing
 * the difference to its outputs. Internal to the head (head.h); loop thread.
 */
#ifndef ORIEL_DEVICE_HEAD_PUBLISH_H
#define ORIEL_DEVICE_HEAD_PUBLISH_H

#include "device/head.h"

/* A publish that takes this long is not waited for by the next one. */
#define HEAD_STALE_MS 50
/* How long a due publish waits for the guest to finish its frame. */
#define HEAD_UNFINISHED_MS 50
/* Regions of more rectangles are made coarser: guests choose what they flush. */
#define HEAD_MAX_RECTS 2048

/* Publishes now if that is due and possible; otherwise whatever stands in the
 * way (an answer, a timer, a job) brings us here again. */
void head_publish(struct head *head);
/* Drops what a job in flight finds: the head has another canvas. */
void head_publish_abandon(struct head *head);

/* head.c: a job that head_close() waited for has returned. */
void head_close_continue(struct head *head);

/* head_output.c: gives every output what it is owed and can take. */
void head_outputs_serve(struct head *head);
/* Adds a move (NULL: none) and then damage to what every output is owed. */
void head_outputs_damage(struct head *head, const struct damage_move *move,
                         const pixman_region32_t *damage);
/* The head has a new canvas. */
void head_outputs_canvas(struct head *head);
void head_outputs_cursor(struct head *head, bool image);
/* Whether a publish may write the canvas: no output copies from it. Outputs
 * that have taken too long are marked stale; *wait_ms is the time until the
 * next one will be, when the answer is no. */
bool head_outputs_released(struct head *head, uint64_t *wait_ms);
/* Whether any output could take a frame now. */
bool head_outputs_ready(const struct head *head);

#endif
