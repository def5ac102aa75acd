// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/lib/stream.h"

#include <string.h>

#define KIB 1024

static void fill(const struct stream_ops *ops, unsigned kib)
{
    static char filler[16 * KIB];
    if (filler[0] == 0)
        memset(filler, 'x', sizeof(filler));
    for (; kib >= 16; kib -= 16)
        ops->take(filler, sizeof(filler));
    if (kib > 0)
        ops->take(filler, (size_t)kib * KIB);
}

void stream_run(const struct stream_ops *ops, const uint8_t *data, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] < STREAM_CUT || data[i] > STREAM_OTHER)
            continue;
        if (i > start)
            ops->take(data + start, i - start);
        if (data[i] == STREAM_FILL && i + 1 < size)
            fill(ops, data[++i]);
        else if (data[i] >= STREAM_END)
            ops->mark(data[i]);
        start = i + 1;
    }
    if (size > start)
        ops->take(data + start, size - start);
}
