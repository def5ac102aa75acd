// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/output_input.h"

#include "device/scancode.h"
#include "server/log.h"

#include <errno.h>
#include <string.h>

static int handle_key(struct seat_viewer *hands, const struct link_key *message)
{
    if (message->down > 1)
        return -EPROTO;
    switch (message->kind) {
    case LINK_KEY_KEYSYM:
        seat_keysym(hands, message->code, message->down);
        return 0;
    case LINK_KEY_SCANCODE:
        seat_key(hands, scancode_to_evdev(message->code), message->down);
        return 0;
    case LINK_KEY_EVDEV:
        seat_key(hands, (uint16_t)(message->code <= UINT16_MAX ? message->code : 0),
                 message->down);
        return 0;
    default:
        return -EPROTO;
    }
}

static int handle_pointer(struct seat_viewer *hands, unsigned head,
                          const struct link_pointer *message)
{
    if (message->relative > 1 || (message->buttons & ~LINK_BUTTONS) || message->unused != 0)
        return -EPROTO;
    if (message->relative)
        seat_pointer_relative(hands, message->x, message->y, message->buttons);
    else
        seat_pointer_absolute(hands, head, message->x, message->y, message->buttons);
    seat_wheel(hands, message->wheel_vertical, message->wheel_horizontal);
    return 0;
}

static int handle_text(struct input *input, const struct link_text *message)
{
    /* One for all viewers: it is they who say how often. */
    static struct log_limit limit;
    int r = input_paste(input, (const char *)(message + 1), message->size);
    if (r < 0 && r != -EPERM)
        log_warning_limited(&limit, "output", "a viewer's text is not typed: %s", strerror(-r));
    return 0;
}

int output_input_message(const struct viewers *viewers, unsigned nheads,
                         const struct link_header *header, const void *payload,
                         struct input *input)
{
    /* Each of the three begins with the viewer's id. */
    uint32_t id;
    if (header->type != LINK_KEY && header->type != LINK_POINTER && header->type != LINK_TEXT)
        return -EPROTO;
    memcpy(&id, payload, sizeof(id));
    const struct viewer *viewer = viewers_find(viewers, id);
    if (viewer == NULL || viewer->view_only || header->head >= nheads)
        return -EPROTO;
    if (header->type == LINK_KEY)
        return handle_key(viewer->hands, payload);
    if (header->type == LINK_POINTER)
        return handle_pointer(viewer->hands, header->head, payload);
    return handle_text(input, payload);
}
