// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer is told beside the picture: which extensions of input are
 * here, the guest's LEDs, the kind of pointer and where the guest puts it, the
 * desktop's name. Each is a rectangle of an
 * update, and goes only where an update was asked for: some viewers take an
 * update to be the answer to their last request, whatever is in it.
 */
#include "net/vnc/rfb_rects.h"
#include "net/vnc/viewer_private.h"

/* Of struct link_seat. */
#define LINK_LED_NUM 1u
#define LINK_LED_CAPS 2u
#define LINK_LED_SCROLL 4u
/* Of QEMU's and VMware's LED states alike. */
#define RFB_LED_SCROLL 1u
#define RFB_LED_NUM 2u
#define RFB_LED_CAPS 4u

/* For so long after it has moved its pointer itself, a viewer is not told where
 * the guest's is: that would only be where its own has been. */
#define OWN_MOTION_MS 500

static bool wants_leds(const struct viewer *viewer)
{
    return viewer->encodings.qemu_leds || viewer->encodings.vmware_leds;
}

static bool key_due(const struct viewer *viewer)
{
    return viewer->encodings.qemu_key && !viewer->notices.key;
}

static bool mouse_buttons_due(const struct viewer *viewer)
{
    return viewer->encodings.extended_mouse_buttons && !viewer->notices.mouse_buttons;
}

static bool pointer_due(const struct viewer *viewer)
{
    const struct viewer_notices *notices = &viewer->notices;
    return viewer->encodings.qemu_pointer &&
           !(notices->pointer && notices->pointer_relative == viewer->owner->seat->relative);
}

static bool leds_due(const struct viewer *viewer)
{
    const struct viewer_notices *notices = &viewer->notices;
    return wants_leds(viewer) && !(notices->leds && notices->led_bits == viewer->owner->seat->leds);
}

static bool name_due(const struct viewer *viewer)
{
    return viewer->encodings.desktop_name &&
           viewer->notices.machine_names != viewer->owner->machine_names;
}

/* Where the guest's pointer is; false when the viewer could not point at it. */
static bool find_pointer(const struct viewer *viewer, int64_t *x, int64_t *y)
{
    const struct view_head *head = viewer->view.pointer;
    const struct cursor *cursor = view_cursor(&viewer->view);
    *x = (int64_t)cursor->x + head->x;
    *y = (int64_t)cursor->y + head->y;
    return cursor_shown(cursor) && *x >= 0 && *y >= 0 && *x < viewer->width && *y < viewer->height;
}

static bool position_due(const struct viewer *viewer)
{
    int64_t x, y;
    return viewer->encodings.pointer_position && viewer->notices.position_due &&
           find_pointer(viewer, &x, &y);
}

bool viewer_notices_due(const struct viewer *viewer)
{
    return key_due(viewer) || mouse_buttons_due(viewer) || pointer_due(viewer) ||
           leds_due(viewer) || name_due(viewer) || position_due(viewer);
}

void viewer_pointer_moved(struct viewer *viewer)
{
    const struct viewer_hands *hands = &viewer->hands;
    bool own = hands->placed && uv_now(viewer->owner->loop) - hands->moved_ms < OWN_MOTION_MS;
    viewer->notices.position_due = !own;
}

static void write_name(struct viewer *viewer, struct bytes *out)
{
    char name[LINK_TEXT_SIZE + 16];
    viewer_write_name(viewer, name, sizeof(name));
    rfb_desktop_name(out, name);
    viewer->notices.machine_names = viewer->owner->machine_names;
}

static void write_position(struct viewer *viewer, struct bytes *out)
{
    int64_t x, y;
    find_pointer(viewer, &x, &y);
    rfb_pointer_position(out, (uint16_t)x, (uint16_t)y);
    viewer->notices.position_due = false;
}

static void write_leds(const struct viewer *viewer, struct bytes *out)
{
    uint32_t leds = viewer->owner->seat->leds;
    uint32_t bits = (leds & LINK_LED_SCROLL ? RFB_LED_SCROLL : 0) |
                    (leds & LINK_LED_NUM ? RFB_LED_NUM : 0) |
                    (leds & LINK_LED_CAPS ? RFB_LED_CAPS : 0);
    if (viewer->encodings.qemu_leds) {
        /* QEMU's own server gives it a pixel. */
        rfb_rect_header(out, 0, 0, 1, 1, ENCODING_QEMU_LEDS);
        bytes_u8(out, (uint8_t)bits);
    } else {
        rfb_rect_header(out, 0, 0, 0, 0, ENCODING_VMWARE_LEDS);
        bytes_u32(out, bits);
    }
}

bool viewer_has_extended_buttons(const struct viewer *viewer)
{
    return viewer->encodings.extended_mouse_buttons && viewer->notices.mouse_buttons;
}

uint32_t viewer_notices_write(struct viewer *viewer, struct bytes *out)
{
    struct viewer_notices *notices = &viewer->notices;
    const struct link_seat *seat = viewer->owner->seat;
    uint32_t count = 0;
    if (key_due(viewer)) {
        rfb_rect_header(out, 0, 0, 0, 0, ENCODING_QEMU_KEY);
        notices->key = true;
        count++;
    }
    if (mouse_buttons_due(viewer)) {
        rfb_rect_header(out, 0, 0, 0, 0, ENCODING_EXTENDED_MOUSE_BUTTONS);
        notices->mouse_buttons = true;
        count++;
    }
    if (pointer_due(viewer)) {
        rfb_rect_header(out, !seat->relative, 0, viewer->width, viewer->height,
                        ENCODING_QEMU_POINTER);
        notices->pointer = true;
        notices->pointer_relative = seat->relative;
        count++;
    }
    if (leds_due(viewer)) {
        write_leds(viewer, out);
        notices->leds = true;
        notices->led_bits = seat->leds;
        count++;
    }
    if (name_due(viewer)) {
        write_name(viewer, out);
        count++;
    }
    if (position_due(viewer)) {
        write_position(viewer, out);
        count++;
    }
    return count;
}

void viewer_name_changed(struct viewer *viewer)
{
    viewer_update(viewer);
}

void viewer_seat_changed(struct viewer *viewer)
{
    viewer_update(viewer);
}
