// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layout of a canvas: the memfd through which a head's picture is shared with
 * the output programs. Both ends of the link include this file and nothing
 * else about each other's memory.
 *
 * The memfd starts with one page that holds struct canvas_header; the pixels
 * follow at CANVAS_PIXELS_OFFSET: `height` rows of `stride` bytes, each pixel
 * a 32-bit word in host byte order, 0xXXRRGGBB (X undefined). Rows are aligned
 * to 64 bytes.
 *
 * The sequence is bumped by the core before it writes a frame into the
 * canvas. A reader that has copied pixels of frame N and finds another
 * sequence afterwards holds a torn copy and must throw it away.
 */
#ifndef ORIEL_ENCODERS_CANVAS_LAYOUT_H
#define ORIEL_ENCODERS_CANVAS_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CANVAS_PIXELS_OFFSET 4096u
#define CANVAS_ROW_ALIGN 64u
/* Width and height of a canvas never exceed this: the largest texture size
 * that GL drivers and viewers agree on, and small enough for 16-bit fields. */
#define CANVAS_MAX_SIZE 16384u

struct canvas_header {
    _Atomic uint64_t sequence;
};

/* Bytes from one row to the next. */
static inline size_t canvas_stride(uint32_t width)
{
    return ((size_t)width * 4 + CANVAS_ROW_ALIGN - 1) & ~(size_t)(CANVAS_ROW_ALIGN - 1);
}

/* Bytes of the whole memfd. */
static inline size_t canvas_size(uint32_t width, uint32_t height)
{
    return CANVAS_PIXELS_OFFSET + canvas_stride(width) * height;
}

/* Reads the sequence after a copy; orders it behind the copy's loads. */
static inline uint64_t canvas_sequence_after_copy(const struct canvas_header *header)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&header->sequence, memory_order_relaxed);
}

/* Announces that pixels are about to change; orders it before the stores. */
static inline void canvas_sequence_before_write(struct canvas_header *header, uint64_t sequence)
{
    atomic_store_explicit(&header->sequence, sequence, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

#endif
