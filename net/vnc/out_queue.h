// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes that wait for a viewer's socket. Memory is held only for what
 * waits. Loop thread.
 */
#ifndef ORIEL_NET_VNC_OUT_QUEUE_H
#define ORIEL_NET_VNC_OUT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct out_chunk;

/* Zero-initialised is empty. */
struct out_queue {
    struct out_chunk *first, *last;
    size_t size; /* bytes waiting */
};

/* Returns 0 or -ENOMEM; then nothing was added. */
int out_queue_append(struct out_queue *queue, const void *data, size_t size);
/* Room for at least one byte at the end; *space says how many. NULL: no
 * memory. out_queue_commit() says how many of them were filled in. */
uint8_t *out_queue_reserve(struct out_queue *queue, size_t *space);
void out_queue_commit(struct out_queue *queue, size_t size);
/* Writes what the socket takes, at most `limit` bytes and a chunk more.
 * Returns the number of bytes written or a negative errno, -EAGAIN when the
 * socket is full. */
ptrdiff_t out_queue_write(struct out_queue *queue, int fd, size_t limit);
void out_queue_free(struct out_queue *queue);

#endif
