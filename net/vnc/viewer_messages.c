// SPDX-License-Identifier: GPL-2.0-or-later
/* What a viewer says, message by message. */
#include "net/vnc/clipboard.h"
#include "net/vnc/framing.h"
#include "net/vnc/viewer_private.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static int handle_pixel_format(struct viewer *viewer, const uint8_t *message, size_t size)
{
    (void)size;
    int rc = pixel_format_parse(&viewer->format, message + 4);
    if (rc == -EOPNOTSUPP)
        log_info("viewer", "%s: wants a colour map, but only true colours are served",
                 viewer->address);
    if (rc < 0)
        return rc;
    memcpy(viewer->format_message, message, sizeof(viewer->format_message));
    viewer->format_due = true;
    return viewer_apply_settings(viewer);
}

static int handle_encodings(struct viewer *viewer, const uint8_t *message, size_t size)
{
    struct encodings encodings;
    (void)size;
    encodings_parse(&encodings, message + 4, get_u16(message + 2));
    viewer->encodings_due = viewer->sending;
    int rc = 0;
    if (!viewer->sending)
        rc = viewer->owner->sender_ops->set_encodings(viewer->sender, &encodings);
    if (rc < 0)
        return rc;
    if (encodings.extended_clipboard && !viewer->view_only)
        viewer->clipboard_due |= CLIPBOARD_CAPS;
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

/* The sender has one thing to do at a time. What it is told meanwhile waits,
 * and of several the newest counts; the messages behind, among which there
 * may be keys, do not wait for that. */
int viewer_apply_settings(struct viewer *viewer)
{
    const struct update_sender_ops *ops = viewer->owner->sender_ops;
    int rc = 0;
    if (viewer->sending)
        return 0;
    if (viewer->format_due) {
        rc = ops->set_pixel_format(viewer->sender, viewer->format_message);
        viewer_flush(viewer);
    }
    if (viewer->encodings_due && rc == 0)
        rc = ops->set_encodings(viewer->sender, &viewer->encodings);
    viewer->format_due = viewer->encodings_due = false;
    return rc;
}

/* Types that are not here are dropped: framing.c knows their length, and they
 * ask for nothing that was offered. */
static const struct handler {
    uint8_t type;
    bool is_input; /* for the core */
    int (*handle)(struct viewer *viewer, const uint8_t *message, size_t size);
} handlers[] = {
    {CLIENT_SET_PIXEL_FORMAT, false, handle_pixel_format},
    {CLIENT_SET_ENCODINGS, false, handle_encodings},
    {CLIENT_UPDATE_REQUEST, false, handle_update_request},
    {CLIENT_KEY, true, viewer_handle_key},
    {CLIENT_POINTER, true, viewer_handle_pointer},
    {CLIENT_CUT_TEXT, true, viewer_handle_cut_text},
    {CLIENT_SET_DESKTOP_SIZE, false, handle_desktop_size},
    {CLIENT_QEMU, true, viewer_handle_qemu},
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
    return handler && handler->is_input && viewer->input_waiting >= VIEWER_MAX_INPUT_WAITING;
}

int64_t viewer_message_length(const struct viewer *viewer, const uint8_t *data, size_t size)
{
    int64_t length = client_message_length(data, size);
    if (data[0] != CLIENT_POINTER || !viewer_has_extended_buttons(viewer))
        return length;
    /* The top bit of the buttons announces one more byte of them. */
    if (size < 2)
        return 0;
    return length + (data[1] >> 7);
}

int viewer_handle_message(struct viewer *viewer, const uint8_t *message, size_t size)
{
    const struct handler *handler = find(message[0]);
    if (!handler) {
        log_debug("viewer", "%s: %s is left out", viewer->address, client_message_name(message[0]));
        return 0;
    }
    return handler->handle(viewer, message, size);
}
