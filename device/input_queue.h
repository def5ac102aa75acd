// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input reports that wait for the guest, in order and bounded: the rules of
 * what may be merged and what may be lost. Loop thread; memory is the owner's.
 */
#ifndef ORIEL_DEVICE_INPUT_QUEUE_H
#define ORIEL_DEVICE_INPUT_QUEUE_H

#include "device/input_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_QUEUE_SIZE 8192 /* events */
/* Room that only releases may use: every key and button there is, with its SYN. */
#define INPUT_QUEUE_RESERVE 1600
#define INPUT_QUEUE_MAX_REPORT 15
#define INPUT_QUEUE_KEYS 768 /* KEY_CNT */

struct input_queue {
    struct input_event_value events[INPUT_QUEUE_SIZE];
    size_t head, count;
    size_t last_report; /* events of the newest report that all still wait, 0: none */
    uint8_t pressed[INPUT_QUEUE_KEYS / 8]; /* presses that were not dropped */
};

void input_queue_clear(struct input_queue *queue);
/* See virtio_input_report(). */
bool input_queue_add(struct input_queue *queue, const struct input_event_value *events, size_t n);
/* Adds a release for each key from `first` to `last` whose press was added. */
void input_queue_release(struct input_queue *queue, uint16_t first, uint16_t last);
/* The oldest event, or NULL. */
const struct input_event_value *input_queue_first(const struct input_queue *queue);
void input_queue_drop_first(struct input_queue *queue);

#endif
