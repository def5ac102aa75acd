// SPDX-License-Identifier: GPL-2.0-or-later
/* What a viewer says, message by message. */
#include "net/vnc/framing.h"
#include "net/vnc/viewer_private.h"

#include <errno.h>
#include <stddef.h>

static int handle_pixel_format(struct viewer *viewer, const uint8_t *message, size_t size)
{
    (void)size;
    int rc = pixel_format_parse(&viewer->format, message + 4);
    if (rc == 0)
        rc = viewer->owner->sender_ops->set_pixel_format(viewer->sender, message);
    viewer_flush(viewer);
    return rc;
}

static int handle_encodings(struct viewer *viewer, const uint8_t *message, size_t size)
{
    struct encodings encodings;
    (void)size;
    encodings_parse(&encodings, message + 4, get_u16(message + 2));
    int rc = viewer->owner->sender_ops->set_encodings(viewer->sender, &encodings);
    if (rc < 0)
        return rc;
    bool other = !viewer->encodings_known || encodings.preferred != viewer->encodings.preferred;
    viewer_set_encodings(viewer, &encodings);
    if (other)
        viewer->owner->announce(viewer);
    return 0;
}

static int handle_update_request(struct viewer *viewer, const uint8_t *message, size_t size)
{
    int32_t x = get_u16(message + 2), y = get_u16(message + 4);
    pixman_box32_t area = {x, y, x + get_u16(message + 6), y + get_u16(message + 8)};
    (void)size;
    viewer_request(viewer, message[1] != 0, &area);
    return 0;
}

static int handle_desktop_size(struct viewer *viewer, const uint8_t *message, size_t size)
{
    (void)message;
    (void)size;
    viewer_refuse_size(viewer);
    return 0;
}

/* Where keys, pointer and text arrive, whole and of the right length: the one
 * place from which they will go on to the seat. They are left out so far. */
static int handle_input(struct viewer *viewer, const uint8_t *message, size_t size)
{
    log_debug("viewer", "%s: %s of %zu bytes", viewer->address, client_message_name(message[0]),
              size);
    return 0;
}

/* Types that are not here are dropped: framing.c knows their length, and they
 * ask for nothing that was offered. */
static const struct handler {
    uint8_t type;
    bool uses_sender; /* which has one thing to do at a time */
    int (*handle)(struct viewer *viewer, const uint8_t *message, size_t size);
} handlers[] = {
    {CLIENT_SET_PIXEL_FORMAT, true, handle_pixel_format},
    {CLIENT_SET_ENCODINGS, true, handle_encodings},
    {CLIENT_UPDATE_REQUEST, false, handle_update_request},
    {CLIENT_KEY, false, handle_input},
    {CLIENT_POINTER, false, handle_input},
    {CLIENT_CUT_TEXT, false, handle_input},
    {CLIENT_SET_DESKTOP_SIZE, false, handle_desktop_size},
};

static const struct handler *find(uint8_t type)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].type == type)
            return &handlers[i];
    }
    return NULL;
}

bool viewer_message_waits(const struct viewer *viewer, uint8_t type)
{
    const struct handler *handler = find(type);
    return viewer->sending && handler && handler->uses_sender;
}

int viewer_handle_message(struct viewer *viewer, const uint8_t *message, size_t size)
{
    const struct handler *handler = find(message[0]);
    if (!handler) {
        log_debug("viewer", "%s: %s is left out", viewer->address,
                  client_message_name(message[0]));
        return 0;
    }
    return handler->handle(viewer, message, size);
}
