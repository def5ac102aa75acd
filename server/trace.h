// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trace points: what happens inside, one line each on the log's stderr, for
 * whoever looks for a fault or measures. Ground floor: every room may include
 * it. trace() any thread, the rest on the loop thread.
 *
 *     trace(head_frame, "head=%u rects=%d", head->id, count);
 *
 * All are off at first. One that is off costs a load and a branch, and its
 * arguments are not evaluated.
 */
#ifndef ORIEL_SERVER_TRACE_H
#define ORIEL_SERVER_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The one table of points, of all programs: name, and when it is passed. */
#define TRACE_POINTS(X)                                                                   \
    X(gpu_command, "a command of the guest is taken from its queue")                      \
    X(gpu_answer, "a command of the guest is answered")                                   \
    X(gpu_transfer, "pixels were copied out of the guest's memory")                       \
    X(head_canvas, "a head has a canvas of another size")                                 \
    X(head_flush, "a guest says that a rectangle of a head is complete")                  \
    X(head_publish, "a head's canvas was brought up to date: pixels and rectangles")      \
    X(head_frame, "a frame goes to one output")                                           \
    X(head_taken, "an output has copied a frame")                                         \
    X(vhost_user_request, "a message of the VMM")                                         \
    X(vhost_user_ring, "a ring is started, stopped or enabled")                           \
    X(input_report, "an event goes to the guest")                                         \
    X(output_message, "an output program says something")                                 \
    X(viewer_request, "a viewer asks for an update")                                      \
    X(viewer_update_begin, "an update for a viewer is begun")                             \
    X(viewer_update_end, "an update is written to a viewer's socket")

enum trace_point {
#define X(name, help) TRACE_##name,
    TRACE_POINTS(X)
#undef X
        TRACE_COUNT
};

/* For trace() only. */
extern atomic_bool trace_enabled[TRACE_COUNT];
void trace_write(enum trace_point point, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

#define trace(point, ...)                                                                     \
    do {                                                                                      \
        if (__builtin_expect(                                                                 \
                atomic_load_explicit(&trace_enabled[TRACE_##point], memory_order_relaxed), 0)) \
            trace_write(TRACE_##point, __VA_ARGS__);                                          \
    } while (0)

/*
 * Switches on the points that match `pattern`, names with the * and ? of shells,
 * separated by commas or spaces ("gpu_*,head_frame"), and all others off; empty:
 * all off. Returns 0, or -EINVAL and changes nothing; *bad (which may be NULL)
 * is then the beginning of a name that matches no point.
 */
int trace_set_pattern(const char *pattern, const char **bad);
int trace_check_pattern(const char *pattern, const char **bad);

const char *trace_point_name(enum trace_point point);
const char *trace_point_help(enum trace_point point);

#endif
