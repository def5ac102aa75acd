// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/output_figures.h"
#include "server/metrics.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Letters, digits, _ and -: it becomes a label of metrics. */
static bool is_name(const char name[sizeof(((struct link_encoding *)0)->name)])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strnlen(name, sizeof(((struct link_encoding *)0)->name));
    return length > 0 && length < sizeof(((struct link_encoding *)0)->name) &&
           strspn(name, allowed) == length;
}

static struct link_encoding *find(struct link_encoding *encodings, uint32_t count,
                                  const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(encodings[i].name, name) == 0)
            return &encodings[i];
    return NULL;
}

static bool are_good(const struct output_figures *figures, const struct link_encoding *encodings,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct link_encoding *encoding = &encodings[i];
        if (!is_name(encoding->name) ||
            find((struct link_encoding *)encodings, i, encoding->name) != NULL)
            return false;
        const struct link_encoding *last =
            find((struct link_encoding *)figures->last, figures->count, encoding->name);
        if (last != NULL && (encoding->bytes < last->bytes || encoding->updates < last->updates))
            return false;
    }
    return true;
}

static void count_one(const struct link_encoding *now, const struct link_encoding *last)
{
    metric_add(METRIC_viewer_bytes_total, metric_label(METRIC_viewer_bytes_total, now->name),
               now->bytes - (last != NULL ? last->bytes : 0));
    metric_add(METRIC_viewer_updates_total, metric_label(METRIC_viewer_updates_total, now->name),
               now->updates - (last != NULL ? last->updates : 0));
}

int output_figures_update(struct output_figures *figures, const struct link_encoding *encodings,
                          uint32_t count)
{
    if (!are_good(figures, encodings, count))
        return -EPROTO;
    for (uint32_t i = 0; i < count; i++) {
        struct link_encoding *last = find(figures->last, figures->count, encodings[i].name);
        count_one(&encodings[i], last);
        if (last == NULL && figures->count == LINK_MAX_ENCODINGS)
            return -EPROTO;
        if (last == NULL)
            last = &figures->last[figures->count++];
        *last = encodings[i];
    }
    return 0;
}

void output_figures_restart(struct output_figures *figures)
{
    figures->count = 0;
}
