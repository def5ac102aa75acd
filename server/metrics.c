// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SUM METRIC_BUCKETS /* the cell behind a histogram's buckets */

const uint64_t metric_bounds[METRIC_BUCKETS] = {
    50000,   100000,   200000,   500000,   1000000,   2000000,
    5000000, 10000000, 20000000, 50000000, 100000000, UINT64_MAX,
};

static const struct metric_info table[] = {
#define X(name, kind, label, help) {#name, METRIC_##kind, label, help},
    METRICS(X)
#undef X
};

static struct {
    atomic_uint_fast64_t cells[METRIC_MAX_LABELS];
    char labels[METRIC_MAX_LABELS][METRIC_LABEL_SIZE]; /* loop thread only */
} metrics[METRIC_COUNT];

_Static_assert(SUM < METRIC_MAX_LABELS, "a histogram has room in the cells");

const struct metric_info *metric_info(enum metric metric)
{
    return &table[metric];
}

void metric_add(enum metric metric, unsigned label, uint64_t count)
{
    atomic_fetch_add_explicit(&metrics[metric].cells[label], count, memory_order_relaxed);
}

void metric_set(enum metric metric, unsigned label, uint64_t value)
{
    atomic_store_explicit(&metrics[metric].cells[label], value, memory_order_relaxed);
}

uint64_t metric_get(enum metric metric, unsigned label)
{
    return atomic_load_explicit(&metrics[metric].cells[label], memory_order_relaxed);
}

void metric_observe(enum metric metric, uint64_t nanoseconds)
{
    unsigned bucket = 0;
    while (nanoseconds > metric_bounds[bucket])
        bucket++;
    metric_add(metric, bucket, 1);
    metric_add(metric, SUM, nanoseconds);
}

void metric_histogram(enum metric metric, struct metric_histogram *out)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
        count += metric_get(metric, i);
        out->at_most[i] = count;
    }
    out->sum = metric_get(metric, SUM);
}

unsigned metric_label(enum metric metric, const char *text)
{
    unsigned i = 0;
    while (i < METRIC_MAX_LABELS - 1 && metrics[metric].labels[i][0] != '\0' &&
           strncmp(metrics[metric].labels[i], text, METRIC_LABEL_SIZE - 1) != 0)
        i++;
    if (metrics[metric].labels[i][0] == '\0')
        snprintf(metrics[metric].labels[i], METRIC_LABEL_SIZE, "%s",
                 i < METRIC_MAX_LABELS - 1 ? text : "other");
    return i;
}

const char *metric_label_text(enum metric metric, unsigned label)
{
    return label < METRIC_MAX_LABELS && metrics[metric].labels[label][0] != '\0'
               ? metrics[metric].labels[label]
               : NULL;
}
