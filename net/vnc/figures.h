// SPDX-License-Identifier: GPL-2.0-or-later
/* What viewers were sent in each encoding since the start. Loop thread. */
#ifndef ORIEL_NET_VNC_FIGURES_H
#define ORIEL_NET_VNC_FIGURES_H

#include "net/link.h"

#include <stdint.h>

/* Of updates without pixels. */
#define FIGURES_NO_PIXELS INT32_MIN

struct figure {
    uint64_t updates, bytes;
};

/* Zero-initialised. The first is that of FIGURES_NO_PIXELS. */
struct figures {
    struct figure encodings[LINK_MAX_ENCODINGS];
};

/* The payload of LINK_ENCODINGS. */
struct figures_message {
    struct link_encodings head;
    struct link_encoding encodings[LINK_MAX_ENCODINGS];
};

/* An update was sent; `encoding` is that of its pixels. */
void figures_add(struct figures *figures, int32_t encoding, uint64_t bytes);
/* Returns the message's size in bytes. */
size_t figures_write(const struct figures *figures, struct figures_message *message);

#endif
