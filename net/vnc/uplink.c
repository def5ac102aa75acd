// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/uplink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct uplink_message {
    struct uplink_message *next;
    uint32_t type, head, generation;
    size_t size;
    uint8_t payload[];
};

int uplink_send(struct uplink *uplink, uint32_t type, uint32_t head, uint32_t generation,
                const void *payload, size_t size)
{
    if (!uplink->first &&
        link_send_struct(uplink->link, type, head, generation, payload, size) != -EAGAIN)
        return 0;
    struct uplink_message *message = malloc(sizeof(*message) + size);
    if (!message)
        return -ENOMEM;
    message->next = NULL;
    message->type = type;
    message->head = head;
    message->generation = generation;
    message->size = size;
    if (size > 0)
        memcpy(message->payload, payload, size);
    if (uplink->last)
        uplink->last->next = message;
    else
        uplink->first = message;
    uplink->last = message;
    return 0;
}

static void drop_first(struct uplink *uplink)
{
    struct uplink_message *message = uplink->first;
    uplink->first = message->next;
    if (!uplink->first)
        uplink->last = NULL;
    free(message);
}

bool uplink_flush(struct uplink *uplink)
{
    while (uplink->first) {
        const struct uplink_message *m = uplink->first;
        if (link_send_struct(uplink->link, m->type, m->head, m->generation, m->payload, m->size) ==
            -EAGAIN)
            return false;
        drop_first(uplink);
    }
    return true;
}

bool uplink_idle(const struct uplink *uplink)
{
    return !uplink->first;
}

void uplink_free(struct uplink *uplink)
{
    while (uplink->first)
        drop_first(uplink);
}
