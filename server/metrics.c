// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const struct metric_info table[] = {
#define X(name, kind, label, help) {#name, METRIC_##kind, label, help},
    METRICS(X)
#undef X
};

static struct {
    atomic_uint_fast64_t cells[METRIC_MAX_LABELS];
    char labels[METRIC_MAX_LABELS][METRIC_LABEL_SIZE]; /* loop thread only */
} metrics[METRIC_COUNT];

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
