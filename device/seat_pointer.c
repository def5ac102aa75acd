// SPDX-License-Identifier: GPL-2.0-or-later
/* Pointers: places on the layout, motion, buttons, wheels. */
#include "device/seat_internal.h"
#include "device/virtio_input.h"

#include <linux/input-event-codes.h>

static const uint16_t button_codes[SEAT_BUTTONS] = { BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE,
                                                     BTN_EXTRA };

struct box {
    int64_t x1, y1, x2, y2;
};

/* The box around all heads that the guest drives (all, when it drives none). */
static struct box layout_box(const struct seat *seat)
{
    bool any_guest = false;
    for (unsigned i = 0; i < seat->nheads; i++)
        any_guest |= seat->heads[i].guest;
    struct box box = { INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN };
    for (unsigned i = 0; i < seat->nheads; i++) {
        const struct head *head = &seat->heads[i];
        if (any_guest && !head->guest)
            continue;
        int64_t x = head->config.x, y = head->config.y;
        int64_t right = x + head->canvas->width, bottom = y + head->canvas->height;
        box.x1 = x < box.x1 ? x : box.x1;
        box.y1 = y < box.y1 ? y : box.y1;
        box.x2 = right > box.x2 ? right : box.x2;
        box.y2 = bottom > box.y2 ? bottom : box.y2;
    }
    return box;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The middle of a pixel, in parts of the axis: whether a guest multiplies by
 * the width or by the width less one, it lands in that pixel. */
static int32_t axis_value(int64_t pixel, int64_t size)
{
    int64_t range = (int64_t)VIRTIO_INPUT_ABS_MAX + 1;
    return (int32_t)clamp((2 * pixel + 1) * range / (2 * size), 0, VIRTIO_INPUT_ABS_MAX);
}

/* Adds what changed of a viewer's buttons to a report; a button is down while
 * any viewer holds it. */
static size_t add_buttons(struct seat_viewer *viewer, uint32_t buttons,
                          struct input_event_value *events)
{
    struct seat *seat = viewer->seat;
    uint32_t changed = viewer->buttons ^ buttons;
    size_t n = 0;
    for (unsigned i = 0; i < SEAT_BUTTONS; i++) {
        if (!(changed & (1u << i)))
            continue;
        bool down = buttons & (1u << i);
        unsigned others = down ? seat->button_holders[i]++ : --seat->button_holders[i];
        if (others == 0)
            events[n++] = (struct input_event_value){ EV_KEY, button_codes[i], down };
    }
    viewer->buttons = buttons & ((1u << SEAT_BUTTONS) - 1);
    return n;
}

/* One device holds the buttons at a time: they go up on the one and down on
 * the other when viewers change between them. */
static void choose_pointer(struct seat *seat, enum seat_device device)
{
    if (seat->pointer == device)
        return;
    struct input_event_value up[SEAT_BUTTONS], down[SEAT_BUTTONS];
    size_t n = 0;
    for (unsigned i = 0; i < SEAT_BUTTONS; i++) {
        if (seat->button_holders[i] == 0)
            continue;
        up[n] = (struct input_event_value){ EV_KEY, button_codes[i], 0 };
        down[n++] = (struct input_event_value){ EV_KEY, button_codes[i], 1 };
    }
    if (n > 0) {
        seat->ops->report(seat->user, seat->pointer, up, n);
        seat->ops->report(seat->user, device, down, n);
    }
    seat->pointer = device;
}

void seat_pointer_absolute(struct seat_viewer *viewer, unsigned head, int32_t x, int32_t y,
                           uint32_t buttons)
{
    struct seat *seat = viewer->seat;
    if (head >= seat->nheads)
        return;
    const struct head *at = &seat->heads[head];
    struct box box = layout_box(seat);
    int64_t px = at->config.x + clamp(x, 0, (int64_t)at->canvas->width - 1) - box.x1;
    int64_t py = at->config.y + clamp(y, 0, (int64_t)at->canvas->height - 1) - box.y1;
    choose_pointer(seat, SEAT_TABLET);
    struct input_event_value events[2 + SEAT_BUTTONS] = {
        { EV_ABS, ABS_X, axis_value(px, box.x2 - box.x1) },
        { EV_ABS, ABS_Y, axis_value(py, box.y2 - box.y1) },
    };
    size_t n = 2 + add_buttons(viewer, buttons, events + 2);
    seat->ops->report(seat->user, SEAT_TABLET, events, n);
}

void seat_pointer_relative(struct seat_viewer *viewer, int32_t dx, int32_t dy,
                           uint32_t buttons)
{
    struct seat *seat = viewer->seat;
    choose_pointer(seat, SEAT_MOUSE);
    struct input_event_value events[2 + SEAT_BUTTONS];
    size_t n = 0;
    if (dx != 0)
        events[n++] = (struct input_event_value){ EV_REL, REL_X, dx };
    if (dy != 0)
        events[n++] = (struct input_event_value){ EV_REL, REL_Y, dy };
    n += add_buttons(viewer, buttons, events + n);
    if (n > 0)
        seat->ops->report(seat->user, SEAT_MOUSE, events, n);
}

/* Linux wants whole steps beside the fine ones: each event of high resolution
 * counts, and a step is told when its 120 parts have come together. */
static size_t add_wheel(int32_t amount, int32_t *rest, uint16_t fine, uint16_t coarse,
                        struct input_event_value *events)
{
    if (amount == 0)
        return 0;
    size_t n = 0;
    events[n++] = (struct input_event_value){ EV_REL, fine, amount };
    /* Turning back starts a step of its own. */
    if ((amount > 0) != (*rest > 0))
        *rest = 0;
    int64_t sum = (int64_t)*rest + amount;
    int32_t steps = (int32_t)(sum / SEAT_WHEEL_STEP);
    *rest = (int32_t)(sum % SEAT_WHEEL_STEP);
    if (steps != 0)
        events[n++] = (struct input_event_value){ EV_REL, coarse, steps };
    return n;
}

void seat_wheel(struct seat_viewer *viewer, int32_t vertical, int32_t horizontal)
{
    struct seat *seat = viewer->seat;
    struct input_event_value events[4];
    size_t n = add_wheel(vertical, &viewer->vertical_rest, REL_WHEEL_HI_RES, REL_WHEEL, events);
    n += add_wheel(horizontal, &viewer->horizontal_rest, REL_HWHEEL_HI_RES, REL_HWHEEL,
                   events + n);
    if (n > 0)
        seat->ops->report(seat->user, seat->pointer, events, n);
}

void seat_buttons_release(struct seat_viewer *viewer)
{
    struct input_event_value events[SEAT_BUTTONS];
    size_t n = add_buttons(viewer, 0, events);
    if (n > 0)
        viewer->seat->ops->report(viewer->seat->user, viewer->seat->pointer, events, n);
}
