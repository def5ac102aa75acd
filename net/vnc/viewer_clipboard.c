// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer's clipboard, which the guest may be given: text as it comes, and
 * text that the viewer only says it has and that is then asked for.
 */
#include "net/vnc/clipboard.h"
#include "net/vnc/viewer_private.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE 8 /* of ClientCutText */
#define FLAGS_SIZE 4  /* of an extended one, after the header */

/* Begins with a place for what goes before the text on the link. */
static void begin_text(struct bytes *text)
{
    bytes_extend(text, sizeof(struct link_text));
}

static void send_text(struct viewer *viewer, struct bytes *text)
{
    struct link_text head = {.viewer = viewer->id,
                             .size = (uint32_t)(text->size - sizeof(struct link_text))};
    if (head.size == 0)
        return;
    memcpy(text->data, &head, sizeof(head));
    viewer->owner->send_input(viewer, LINK_TEXT, viewer_head(viewer), text->data, text->size);
}

/* A text that cannot be taken is no reason to lose a viewer. */
static int end_text(struct viewer *viewer, struct bytes *text, int rc)
{
    if (rc == 0)
        send_text(viewer, text);
    else if (rc != -ENOMEM)
        log_warning_limited(&viewer->log_limit, "viewer", "%s: its clipboard is left out: %s",
                            viewer->address,
                            rc == -EMSGSIZE ? "more than 64 KiB" : uv_strerror(rc));
    bytes_free(text);
    return rc == -ENOMEM ? rc : 0;
}

static int handle_extended(struct viewer *viewer, const uint8_t *data, size_t size)
{
    if (size < FLAGS_SIZE)
        return -EPROTO;
    uint32_t flags = get_u32(data);
    if (flags & CLIPBOARD_CAPS)
        return 0; /* all viewers take what is sent here */
    /* There is nothing in the guest's clipboard, as far as is known here. */
    if (flags & (CLIPBOARD_REQUEST | CLIPBOARD_PEEK))
        viewer->clipboard_due |= CLIPBOARD_NOTIFY;
    if ((flags & CLIPBOARD_NOTIFY) && (flags & CLIPBOARD_TEXT))
        viewer->clipboard_due |= CLIPBOARD_REQUEST;
    viewer_send_clipboard(viewer);
    if (!(flags & CLIPBOARD_PROVIDE) || !(flags & CLIPBOARD_TEXT))
        return 0;
    struct bytes text = {0};
    begin_text(&text);
    return end_text(viewer, &text,
                    clipboard_from_stream(data + FLAGS_SIZE, size - FLAGS_SIZE, &text));
}

int viewer_handle_cut_text(struct viewer *viewer, const uint8_t *message, size_t size)
{
    const uint8_t *data = message + HEADER_SIZE;
    size -= HEADER_SIZE;
    /* What a viewer has copied is its own; it is not asked for in vain. */
    if (viewer->view_only)
        return 0;
    if ((int32_t)get_u32(message + 4) < 0)
        return viewer->encodings.extended_clipboard ? handle_extended(viewer, data, size) : 0;
    struct bytes text = {0};
    begin_text(&text);
    return end_text(viewer, &text, clipboard_from_latin1(data, size, &text));
}

/* Each is a message between two updates, at most one of a kind waits. */
void viewer_send_clipboard(struct viewer *viewer)
{
    struct bytes out = {0};
    if (viewer->clipboard_due == 0 || viewer->closing || viewer->hung_up || viewer->sending ||
        viewer->out.size >= VIEWER_MAX_WAITING)
        return;
    if (viewer->clipboard_due & CLIPBOARD_CAPS)
        clipboard_write_caps(&out);
    if (viewer->clipboard_due & CLIPBOARD_NOTIFY)
        clipboard_write_flags(&out, CLIPBOARD_NOTIFY);
    if (viewer->clipboard_due & CLIPBOARD_REQUEST)
        clipboard_write_flags(&out, CLIPBOARD_REQUEST | CLIPBOARD_TEXT);
    viewer->clipboard_due = 0;
    bool failed = out.failed || out_queue_append(&viewer->out, out.data, out.size) < 0;
    bytes_free(&out);
    if (failed)
        viewer_close(viewer, "out of memory");
    else
        viewer_flush(viewer);
}
