// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/uplink.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct uplink_message {
    struct uplink_message *next;
    uint32_t type, head, generation;
    uint32_t viewer; /* whose input it is; 0: the program's own */
    bool motion;     /* of a pointer, and nothing else than that */
    size_t size;
    alignas(8) uint8_t payload[];
};

/* Takes what the socket has room for now; true when the message is gone. */
static bool send_now(struct uplink *uplink, uint32_t type, uint32_t head, uint32_t generation,
                     const void *payload, size_t size)
{
    return !uplink->first &&
           link_send_struct(uplink->link, type, head, generation, payload, size) != -EAGAIN;
}

static int append(struct uplink *uplink, const struct uplink_message *form, const void *payload)
{
    struct uplink_message *message = malloc(sizeof(*message) + form->size);
    if (!message)
        return -ENOMEM;
    *message = *form;
    if (form->size > 0)
        memcpy(message->payload, payload, form->size);
    if (uplink->last)
        uplink->last->next = message;
    else
        uplink->first = message;
    uplink->last = message;
    if (form->viewer == 0)
        uplink->nown++;
    return 0;
}

int uplink_send(struct uplink *uplink, uint32_t type, uint32_t head, uint32_t generation,
                const void *payload, size_t size)
{
    const struct uplink_message form = {
        .type = type, .head = head, .generation = generation, .size = size};
    if (send_now(uplink, type, head, generation, payload, size))
        return 0;
    return append(uplink, &form, payload);
}

/* Whether an input says nothing but where the pointer went after the message
 * that was the last. */
static bool is_motion(const struct uplink_message *last, const struct uplink_message *form,
                      const void *payload)
{
    if (!last || last->viewer != form->viewer || last->head != form->head ||
        last->type != LINK_POINTER || form->type != LINK_POINTER)
        return false;
    const struct link_pointer *before = (const struct link_pointer *)last->payload;
    const struct link_pointer *now = payload;
    return now->buttons == before->buttons && now->relative == before->relative &&
           now->wheel_vertical == 0 && now->wheel_horizontal == 0;
}

/* Places are replaced, ways add up. */
static bool unite(struct link_pointer *waiting, const struct link_pointer *next)
{
    int32_t x = next->x, y = next->y;
    if (next->relative &&
        (__builtin_add_overflow(waiting->x, x, &x) || __builtin_add_overflow(waiting->y, y, &y)))
        return false;
    waiting->x = x;
    waiting->y = y;
    return true;
}

ptrdiff_t uplink_send_input(struct uplink *uplink, uint32_t viewer, uint32_t type, uint32_t head,
                            const void *payload, size_t size)
{
    struct uplink_message form = {.type = type, .head = head, .viewer = viewer, .size = size};
    if (send_now(uplink, type, head, 0, payload, size))
        return 0;
    form.motion = is_motion(uplink->last, &form, payload);
    if (form.motion && uplink->last->motion &&
        unite((struct link_pointer *)uplink->last->payload, payload))
        return 0;
    int rc = append(uplink, &form, payload);
    return rc < 0 ? rc : (ptrdiff_t)(sizeof(form) + size);
}

static void drop_first(struct uplink *uplink)
{
    struct uplink_message *message = uplink->first;
    uplink->first = message->next;
    if (!uplink->first)
        uplink->last = NULL;
    if (message->viewer == 0)
        uplink->nown--;
    else if (uplink->sent)
        uplink->sent(uplink, message->viewer, sizeof(*message) + message->size);
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
    return uplink->nown == 0;
}

void uplink_free(struct uplink *uplink)
{
    uplink->sent = NULL;
    while (uplink->first)
        drop_first(uplink);
}
