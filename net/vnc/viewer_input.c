// SPDX-License-Identifier: GPL-2.0-or-later
/* A viewer's keys and pointer, on their way to the core. */
#include "net/vnc/framing.h"
#include "net/vnc/viewer_private.h"

/* RFB numbers buttons from 1 (RFC 6143, 7.5.5, and the community's rfbproto);
 * these are their bits. */
#define BUTTONS_PLAIN 0x007u /* left, middle, right: as in struct link_pointer */
#define BUTTON_WHEEL_UP 0x008u
#define BUTTON_WHEEL_DOWN 0x010u
#define BUTTON_WHEEL_LEFT 0x020u
#define BUTTON_WHEEL_RIGHT 0x040u
#define BUTTONS_SIDE_SHIFT 7 /* of the 8th and 9th, back and forward */
#define BUTTONS_SIDE 0x3u
#define LINK_SIDE_SHIFT 3
#define EXTENDED_BUTTONS 0x80u /* the marker in the first byte of buttons */

/* A viewer that was told that its moves count says 0x7fff and the way, which
 * is outside of any framebuffer. */
#define NO_WAY 0x7fff

static void send_key(struct viewer *viewer, enum link_key_kind kind, uint32_t code, bool down)
{
    const struct link_key message = {
        .viewer = viewer->id, .kind = kind, .code = code, .down = down};
    if (code != 0)
        viewer->owner->send_input(viewer, LINK_KEY, viewer_head(viewer), &message, sizeof(message));
}

int viewer_handle_key(struct viewer *viewer, const uint8_t *message, size_t size)
{
    (void)size;
    send_key(viewer, LINK_KEY_KEYSYM, get_u32(message + 4), message[1] != 0);
    return 0;
}

int viewer_handle_qemu(struct viewer *viewer, const uint8_t *message, size_t size)
{
    (void)size;
    if (message[1] != CLIENT_QEMU_KEY)
        return 0; /* audio, which was not offered */
    bool down = get_u16(message + 2) != 0;
    uint32_t keysym = get_u32(message + 4), scancode = get_u32(message + 8);
    /* Keys that a viewer's system has no scancode for still mean something. */
    if (scancode != 0)
        send_key(viewer, LINK_KEY_SCANCODE, scancode, down);
    else
        send_key(viewer, LINK_KEY_KEYSYM, keysym, down);
    return 0;
}

static uint32_t read_buttons(const struct viewer *viewer, const uint8_t *message)
{
    uint32_t buttons = message[1];
    if (viewer_has_extended_buttons(viewer) && (buttons & EXTENDED_BUTTONS))
        buttons = (buttons & ~EXTENDED_BUTTONS) | (message[6] & BUTTONS_SIDE) << BUTTONS_SIDE_SHIFT;
    return buttons;
}

static void set_buttons(struct viewer *viewer, uint32_t buttons, struct link_pointer *pointer)
{
    uint32_t pressed = buttons & ~viewer->hands.buttons;
    viewer->hands.buttons = buttons;
    pointer->buttons = (buttons & BUTTONS_PLAIN) | (buttons >> BUTTONS_SIDE_SHIFT & BUTTONS_SIDE)
                                                       << LINK_SIDE_SHIFT;
    /* A step of a wheel is a button that goes down and up again. */
    if (pressed & BUTTON_WHEEL_UP)
        pointer->wheel_vertical += LINK_WHEEL_STEP;
    if (pressed & BUTTON_WHEEL_DOWN)
        pointer->wheel_vertical -= LINK_WHEEL_STEP;
    if (pressed & BUTTON_WHEEL_RIGHT)
        pointer->wheel_horizontal += LINK_WHEEL_STEP;
    if (pressed & BUTTON_WHEEL_LEFT)
        pointer->wheel_horizontal -= LINK_WHEEL_STEP;
}

/* Whether an event's x and y are a way, and not a place. Events that are on
 * their way while the viewer is being told otherwise are still of the old
 * kind, which shows: a way is never inside of a framebuffer. */
static bool is_way(const struct viewer *viewer, int32_t x, int32_t y)
{
    bool inside = x < viewer->width && y < viewer->height;
    bool told = viewer->notices.pointer && viewer->notices.pointer_relative;
    return viewer->encodings.qemu_pointer && !inside && (told || viewer->hands.was_way);
}

static int32_t keep_inside(int32_t value, int32_t size)
{
    return value < 0 ? 0 : value >= size ? size - 1 : value;
}

/* The guest wants places or ways, the viewer has the one or the other. */
static void set_motion(struct viewer *viewer, int32_t x, int32_t y, struct link_pointer *pointer)
{
    struct viewer_hands *hands = &viewer->hands;
    int32_t way_x = 0, way_y = 0;
    hands->was_way = is_way(viewer, x, y);
    if (hands->was_way) {
        way_x = x - NO_WAY;
        way_y = y - NO_WAY;
        hands->x = keep_inside(hands->x + way_x, viewer->width);
        hands->y = keep_inside(hands->y + way_y, viewer->height);
    } else {
        if (hands->placed) {
            way_x = x - hands->x;
            way_y = y - hands->y;
        }
        hands->x = x;
        hands->y = y;
    }
    hands->placed = true;
    pointer->relative = viewer->owner->seat->relative;
    pointer->x = pointer->relative ? way_x : hands->x;
    pointer->y = pointer->relative ? way_y : hands->y;
}

int viewer_handle_pointer(struct viewer *viewer, const uint8_t *message, size_t size)
{
    struct link_pointer pointer = {.viewer = viewer->id};
    (void)size;
    set_buttons(viewer, read_buttons(viewer, message), &pointer);
    set_motion(viewer, get_u16(message + 2), get_u16(message + 4), &pointer);
    viewer->hands.moved_ms = uv_now(viewer->owner->loop);
    uint32_t head = viewer_head(viewer);
    /* A place on the one head is passed on as it is, also one outside. */
    if (!pointer.relative && viewer->view.all)
        head = view_find(&viewer->view, &pointer.x, &pointer.y);
    viewer->owner->send_input(viewer, LINK_POINTER, head, &pointer, sizeof(pointer));
    return 0;
}
