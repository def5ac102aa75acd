// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics: counters and gauges by name and label, in one table. Ground floor:
 * every room may include it. They are counted in the core only; what happens
 * in an output program reaches it over the link.
 *
 * metric_add() and metric_set() any thread; the rest on the loop thread.
 */
#ifndef ORIEL_SERVER_METRICS_H
#define ORIEL_SERVER_METRICS_H

#include <stdint.h>

/* One metric has at most so many labels (a head, an encoding, a kind). */
#define METRIC_MAX_LABELS 32
#define METRIC_LABEL_SIZE 32

enum metric_kind {
    METRIC_COUNTER, /* only grows */
    METRIC_GAUGE,   /* as it is now */
};

/* Name, kind, name of its label or NULL, help. */
#define METRICS(X)                                                                           \
    X(uptime_seconds, GAUGE, NULL, "Since the start")                                        \
    X(guest_commands_total, COUNTER, NULL, "Commands of the guest that were answered")       \
    X(guest_errors_total, COUNTER, "error", "Mistakes of the guest")                         \
    X(guest_resources, GAUGE, NULL, "Resources that the guest has")                          \
    X(guest_resource_bytes, GAUGE, NULL, "Memory of their pictures")                         \
    X(head_frames_total, COUNTER, "head", "Frames that were published")                      \
    X(head_damage_pixels_total, COUNTER, "head", "Pixels that differed from frame to frame") \
    X(head_pixels, GAUGE, "head", "Size of the canvas")                                      \
    X(viewers, GAUGE, "output", "Viewers that are logged in")                                \
    X(viewers_total, COUNTER, "output", "Viewers that have logged in so far")                \
    X(viewer_updates_total, COUNTER, "encoding", "Updates that were sent to viewers")        \
    X(viewer_bytes_total, COUNTER, "encoding", "Bytes of these updates")                     \
    X(viewer_queued_bytes, GAUGE, "output", "Bytes that wait for viewers to read them")      \
    X(output_starts_total, COUNTER, "output", "How often the program was started")           \
    X(output_hangs_total, COUNTER, "output", "How often it was killed since it hung")        \
    X(output_running, GAUGE, "output", "1 while the program runs")                           \
    X(reloads_total, COUNTER, "result", "Configurations that were read again")               \
    X(memory_bytes, GAUGE, NULL, "Resident memory of the core")                              \
    X(open_files, GAUGE, NULL, "File descriptors of the core")                               \
    X(loop_turns_total, COUNTER, NULL, "Turns of the core's event loop")                     \
    X(loop_turn_cpu_microseconds, GAUGE, "quantile", "CPU time of a turn, of the loop's thread")

enum metric {
#define X(name, kind, label, help) METRIC_##name,
    METRICS(X)
#undef X
        METRIC_COUNT
};

struct metric_info {
    const char *name; /* without the program's prefix */
    enum metric_kind kind;
    const char *label; /* what its labels are: "head"; NULL: it has one value */
    const char *help;
};

const struct metric_info *metric_info(enum metric metric);

/* `label` is 0 for a metric without. */
void metric_add(enum metric metric, unsigned label, uint64_t count);
void metric_set(enum metric metric, unsigned label, uint64_t value);
uint64_t metric_get(enum metric metric, unsigned label);

/* The number of a label, which is given out when it is first asked for. When
 * there are too many, all further ones share the last. */
unsigned metric_label(enum metric metric, const char *text);
/* NULL when that label was not given out. */
const char *metric_label_text(enum metric metric, unsigned label);

#endif
