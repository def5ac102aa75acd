// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/figures.h"

#include "net/vnc/encodings.h"

#include <stdio.h>

static const char *name_at(unsigned index, int32_t *encoding)
{
    *encoding = FIGURES_NO_PIXELS;
    if (index >= LINK_MAX_ENCODINGS)
        return NULL;
    return index == 0 ? "no-pixels" : encoding_at(index - 1, encoding);
}

void figures_add(struct figures *figures, int32_t encoding, uint64_t bytes)
{
    int32_t candidate;
    for (unsigned i = 0; name_at(i, &candidate); i++) {
        if (candidate != encoding)
            continue;
        figures->encodings[i].updates++;
        figures->encodings[i].bytes += bytes;
        return;
    }
}

size_t figures_write(const struct figures *figures, struct figures_message *message)
{
    int32_t encoding;
    const char *name;
    message->head = (struct link_encodings){0};
    for (unsigned i = 0; (name = name_at(i, &encoding)); i++) {
        const struct figure *figure = &figures->encodings[i];
        struct link_encoding *entry = &message->encodings[message->head.count];
        if (figure->updates == 0)
            continue;
        *entry = (struct link_encoding){.updates = figure->updates, .bytes = figure->bytes};
        snprintf(entry->name, sizeof(entry->name), "%s", name);
        message->head.count++;
    }
    return sizeof(message->head) + message->head.count * sizeof(message->encodings[0]);
}
