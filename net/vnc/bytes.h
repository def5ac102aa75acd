// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growing byte buffers and big-endian fields: how RFB messages are written.
 *
 * A buffer that could not grow remembers it in `failed` and ignores what
 * follows, so that a writer checks once, at its end. Zero-initialised is
 * empty; one thread at a time.
 */
#ifndef ORIEL_NET_VNC_BYTES_H
#define ORIEL_NET_VNC_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

void bytes_u8(struct bytes *bytes, uint8_t value);
void bytes_u16(struct bytes *bytes, uint16_t value);
void bytes_u32(struct bytes *bytes, uint32_t value);
void bytes_append(struct bytes *bytes, const void *data, size_t size);
/* Appends `size` bytes to be filled in by the caller; NULL when failed. */
uint8_t *bytes_extend(struct bytes *bytes, size_t size);
/* Empty again; the memory is kept. */
void bytes_reset(struct bytes *bytes);
void bytes_free(struct bytes *bytes);

static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put_u16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void put_u32(uint8_t *p, uint32_t value)
{
    put_u16(p, (uint16_t)(value >> 16));
    put_u16(p + 2, (uint16_t)value);
}

#endif
