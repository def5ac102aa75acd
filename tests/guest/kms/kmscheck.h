// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parts of kmscheck share: it asks the kernel's mode setting for
 * things that work and things that must not, and prints one line per answer,
 * `NAME: ok`, `NAME: ERRNO` or `NAME: VALUE`, to be compared between two
 * devices. Single threaded.
 */
#ifndef ORIEL_TESTS_GUEST_KMSCHECK_H
#define ORIEL_TESTS_GUEST_KMSCHECK_H

#include "kms.h"

#include <stdbool.h>

#define CHECK_WIDTH 1024 /* of the sections' modes and buffers, pixels */
#define CHECK_HEIGHT 768

/* Prints `NAME: ok` or the name of that negative errno. */
void check_result(const char *name, int rc);
/* Prints `NAME: VALUE`. */
void check_value(const char *name, uint64_t value);

/* Fills the buffer with the known picture number `seed`. */
void check_draw(struct kms_buffer *buffer, uint32_t seed);

/* What the events of a run of flips had in common. */
struct check_events {
    uint32_t count;
    uint32_t crtc;     /* that they should name */
    uint64_t time;     /* of the last, us */
    uint32_t sequence; /* of the last */
    bool wrong_type, wrong_crtc, wrong_data, sequence_back, time_back;
};

/* Waits for one event, which should carry `data`; -ETIMEDOUT when none comes. */
int check_event_read(struct kms *kms, struct check_events *events, uint64_t data);
/* Prints what was learnt, each line beginning with `name`. */
void check_events_print(const char *name, const struct check_events *events);
/* Prints whether an event waits that nobody asked for. */
void check_no_event(struct kms *kms, const char *name);

/* Finds a property of a CRTC, plane or connector by its name; `value` may be
 * NULL. -ENOENT when the object has none of that name. */
int check_property_find(struct kms *kms, uint32_t object, const char *name, uint32_t *property,
                        uint64_t *value);

/* The sections: each leaves its last picture on the first head. */
int check_driver(struct kms *kms);
int check_framebuffers(struct kms *kms);
int check_oversized(struct kms *kms);
int check_flips(struct kms *kms);
int check_cursor(struct kms *kms);
int check_modes(struct kms *kms);
int check_atomic(struct kms *kms);

#endif
