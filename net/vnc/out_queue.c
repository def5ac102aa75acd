// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/out_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define CHUNK_SIZE (32 * 1024 - sizeof(struct out_chunk))
#define CHUNKS_PER_WRITE 8

struct out_chunk {
    struct out_chunk *next;
    size_t start, end; /* of the bytes in data */
    uint8_t data[];
};

static struct out_chunk *last_with_room(struct out_queue *queue)
{
    struct out_chunk *chunk = queue->last;
    if (chunk && chunk->end < CHUNK_SIZE)
        return chunk;
    chunk = malloc(sizeof(*chunk) + CHUNK_SIZE);
    if (!chunk)
        return NULL;
    chunk->next = NULL;
    chunk->start = chunk->end = 0;
    if (queue->last)
        queue->last->next = chunk;
    else
        queue->first = chunk;
    queue->last = chunk;
    return chunk;
}

uint8_t *out_queue_reserve(struct out_queue *queue, size_t *space)
{
    struct out_chunk *chunk = last_with_room(queue);
    if (!chunk)
        return NULL;
    *space = CHUNK_SIZE - chunk->end;
    return chunk->data + chunk->end;
}

void out_queue_commit(struct out_queue *queue, size_t size)
{
    queue->last->end += size;
    queue->size += size;
}

/* Takes back what an append put in before memory ran out. */
static void cut_back(struct out_queue *queue, size_t size)
{
    while (queue->size > size) {
        struct out_chunk *last = queue->last, *before = queue->first;
        size_t excess = queue->size - size, have = last->end - last->start;
        size_t cut = excess < have ? excess : have;
        last->end -= cut;
        queue->size -= cut;
        if (cut < have)
            return;
        if (before == last) {
            queue->first = queue->last = NULL;
        } else {
            while (before->next != last)
                before = before->next;
            before->next = NULL;
            queue->last = before;
        }
        free(last);
    }
}

int out_queue_append(struct out_queue *queue, const void *data, size_t size)
{
    size_t before = queue->size;
    const uint8_t *p = data;
    while (size > 0) {
        size_t space;
        uint8_t *to = out_queue_reserve(queue, &space);
        if (!to) {
            cut_back(queue, before);
            return -ENOMEM;
        }
        size_t n = size < space ? size : space;
        memcpy(to, p, n);
        out_queue_commit(queue, n);
        p += n;
        size -= n;
    }
    return 0;
}

static void drop_front(struct out_queue *queue, size_t size)
{
    queue->size -= size;
    for (;;) {
        struct out_chunk *chunk = queue->first;
        size_t have = chunk ? chunk->end - chunk->start : 0;
        if (!chunk || size < have) {
            if (chunk)
                chunk->start += size;
            return;
        }
        size -= have;
        queue->first = chunk->next;
        if (!queue->first)
            queue->last = NULL;
        free(chunk);
    }
}

ptrdiff_t out_queue_write(struct out_queue *queue, int fd, size_t limit)
{
    size_t total = 0;
    while (queue->size > 0 && total < limit) {
        struct iovec parts[CHUNKS_PER_WRITE];
        struct msghdr message = {.msg_iov = parts};
        for (struct out_chunk *c = queue->first; c && message.msg_iovlen < CHUNKS_PER_WRITE;
             c = c->next)
            parts[message.msg_iovlen++] = (struct iovec){c->data + c->start, c->end - c->start};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return total > 0 && errno == EAGAIN ? (ptrdiff_t)total : -errno;
        drop_front(queue, (size_t)n);
        total += (size_t)n;
    }
    return (ptrdiff_t)total;
}

void out_queue_free(struct out_queue *queue)
{
    while (queue->first) {
        struct out_chunk *next = queue->first->next;
        free(queue->first);
        queue->first = next;
    }
    *queue = (struct out_queue){0};
}
