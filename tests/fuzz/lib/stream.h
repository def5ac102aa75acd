// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inputs of targets that read text from a stream: the bytes go out as they
 * are, so that dictionaries and seeds are plain text, but for a few control
 * characters that say what else happens.
 */
#ifndef ORIEL_TESTS_FUZZ_STREAM_H
#define ORIEL_TESTS_FUZZ_STREAM_H

#include <stddef.h>
#include <stdint.h>

enum stream_mark {
    STREAM_CUT = 1,  /* what came before is sent by itself */
    STREAM_FILL = 2, /* the next byte: so many KiB of 'x' are sent */
    STREAM_END = 3,  /* these three mean what the target says */
    STREAM_ACT = 4,
    STREAM_OTHER = 5,
};

struct stream_ops {
    void (*take)(const void *bytes, size_t size);
    void (*mark)(uint8_t mark);
};

void stream_run(const struct stream_ops *ops, const uint8_t *data, size_t size);

#endif
