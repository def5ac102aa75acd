// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/bytes.h"

#include <stdlib.h>
#include <string.h>

uint8_t *bytes_extend(struct bytes *bytes, size_t size)
{
    if (bytes->failed)
        return NULL;
    if (size > bytes->capacity - bytes->size) {
        size_t capacity = bytes->capacity ? bytes->capacity : 256;
        while (capacity - bytes->size < size && capacity <= SIZE_MAX / 2)
            capacity *= 2;
        uint8_t *data = capacity - bytes->size < size ? NULL : realloc(bytes->data, capacity);
        if (!data) {
            bytes->failed = true;
            return NULL;
        }
        bytes->data = data;
        bytes->capacity = capacity;
    }
    uint8_t *p = bytes->data + bytes->size;
    bytes->size += size;
    return p;
}

void bytes_append(struct bytes *bytes, const void *data, size_t size)
{
    uint8_t *p = size ? bytes_extend(bytes, size) : NULL;
    if (p)
        memcpy(p, data, size);
}

void bytes_u8(struct bytes *bytes, uint8_t value)
{
    bytes_append(bytes, &value, 1);
}

void bytes_u16(struct bytes *bytes, uint16_t value)
{
    uint8_t *p = bytes_extend(bytes, 2);
    if (p)
        put_u16(p, value);
}

void bytes_u32(struct bytes *bytes, uint32_t value)
{
    uint8_t *p = bytes_extend(bytes, 4);
    if (p)
        put_u32(p, value);
}

void bytes_reset(struct bytes *bytes)
{
    bytes->size = 0;
    bytes->failed = false;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
