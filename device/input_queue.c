// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/input_queue.h"

#include <linux/input-event-codes.h>
#include <string.h>

void input_queue_clear(struct input_queue *queue)
{
    queue->head = queue->count = queue->last_report = 0;
    memset(queue->pressed, 0, sizeof queue->pressed);
}

static struct input_event_value *event_at(struct input_queue *queue, size_t index)
{
    return &queue->events[(queue->head + index) % INPUT_QUEUE_SIZE];
}

/* Motion may be merged and lost; a wheel's steps are motion that counts. */
static bool is_motion(const struct input_event_value *event)
{
    return event->type == EV_ABS ||
           (event->type == EV_REL && (event->code == REL_X || event->code == REL_Y));
}

static bool all_motion(const struct input_event_value *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_motion(&events[i]))
            return false;
    return true;
}

static bool has_release(const struct input_event_value *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (events[i].type == EV_KEY && events[i].value == 0)
            return true;
    return false;
}

/* Whether the newest report waits whole and has the same events of motion. */
static bool can_merge(struct input_queue *queue, const struct input_event_value *events, size_t n)
{
    if (queue->last_report != n + 1 || !all_motion(events, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct input_event_value *old = event_at(queue, queue->count - (n + 1) + i);
        if (old->type != events[i].type || old->code != events[i].code)
            return false;
    }
    return true;
}

static void merge(struct input_queue *queue, const struct input_event_value *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct input_event_value *old = event_at(queue, queue->count - (n + 1) + i);
        if (events[i].type == EV_ABS)
            old->value = events[i].value;
        else if (__builtin_add_overflow(old->value, events[i].value, &old->value))
            old->value = events[i].value;
    }
}

static void append(struct input_queue *queue, struct input_event_value event)
{
    *event_at(queue, queue->count++) = event;
}

static bool is_pressed(const struct input_queue *queue, uint16_t code)
{
    return code < INPUT_QUEUE_KEYS && (queue->pressed[code / 8] & (1u << (code % 8)));
}

static void note_key(struct input_queue *queue, const struct input_event_value *event)
{
    if (event->type != EV_KEY || event->code >= INPUT_QUEUE_KEYS)
        return;
    uint8_t bit = (uint8_t)(1u << (event->code % 8));
    if (event->value)
        queue->pressed[event->code / 8] |= bit;
    else
        queue->pressed[event->code / 8] &= (uint8_t)~bit;
}

/* In a full queue only the releases of a report are kept, and of them only
 * those whose presses were. */
static bool keep_releases(struct input_queue *queue, const struct input_event_value *events,
                          size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (events[i].type != EV_KEY || events[i].value != 0 ||
            !is_pressed(queue, events[i].code))
            continue;
        append(queue, events[i]);
        note_key(queue, &events[i]);
        kept++;
    }
    if (kept > 0)
        append(queue, (struct input_event_value){ EV_SYN, SYN_REPORT, 0 });
    queue->last_report = 0;
    return kept > 0;
}

bool input_queue_add(struct input_queue *queue, const struct input_event_value *events, size_t n)
{
    if (n == 0 || n > INPUT_QUEUE_MAX_REPORT)
        return false;
    if (can_merge(queue, events, n)) {
        merge(queue, events, n);
        return true;
    }
    if (queue->count + n + 1 > INPUT_QUEUE_SIZE - INPUT_QUEUE_RESERVE)
        return has_release(events, n) && queue->count + n + 1 <= INPUT_QUEUE_SIZE &&
               keep_releases(queue, events, n);
    for (size_t i = 0; i < n; i++) {
        append(queue, events[i]);
        note_key(queue, &events[i]);
    }
    append(queue, (struct input_event_value){ EV_SYN, SYN_REPORT, 0 });
    queue->last_report = n + 1;
    return true;
}

void input_queue_release(struct input_queue *queue, uint16_t first, uint16_t last)
{
    for (uint16_t code = first; code <= last && code < INPUT_QUEUE_KEYS; code++) {
        struct input_event_value event = { EV_KEY, code, 0 };
        if (is_pressed(queue, code))
            input_queue_add(queue, &event, 1);
    }
}

const struct input_event_value *input_queue_first(const struct input_queue *queue)
{
    return queue->count > 0 ? &queue->events[queue->head] : NULL;
}

void input_queue_drop_first(struct input_queue *queue)
{
    queue->head = (queue->head + 1) % INPUT_QUEUE_SIZE;
    queue->count--;
    /* A report of which a part is gone cannot be changed any more. */
    if (queue->count < queue->last_report)
        queue->last_report = 0;
}
