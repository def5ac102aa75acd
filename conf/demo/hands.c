// SPDX-License-Identifier: GPL-2.0-or-later
#include "hands.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Of the tablets' axes. */
#define AXIS_RANGE 32768.0f

void hands_open(struct hands *hands)
{
    memset(hands, 0, sizeof(*hands));
    for (int i = 0; i < 32 && hands->count < HANDS_MAX_DEVICES; i++) {
        struct evdev *device = &hands->devices[hands->count];
        char path[32];

        snprintf(path, sizeof(path), "/dev/input/event%d", i);
        if (evdev_open(device, path))
            continue;
        evdev_grab(device);
        hands->count++;
    }
}

void hands_close(struct hands *hands)
{
    for (int i = 0; i < hands->count; i++)
        evdev_close(&hands->devices[i]);
    hands->count = 0;
}

static void handle_event(struct hands *hands, const struct input_event *event)
{
    if (event->type == EV_KEY && event->code < BTN_MISC && event->value == 1)
        hands->key_down = true;
    if (event->type != EV_ABS || event->code > ABS_Y)
        return;
    hands->pointed = true;
    if (event->code == ABS_X)
        hands->x = (float)event->value / AXIS_RANGE;
    else
        hands->y = (float)event->value / AXIS_RANGE;
}

void hands_wait(struct hands *hands, int ms)
{
    struct pollfd fds[HANDS_MAX_DEVICES];
    struct input_event events[64];

    for (int i = 0; i < hands->count; i++)
        fds[i] = (struct pollfd){.fd = hands->devices[i].fd, .events = POLLIN};
    if (poll(fds, (nfds_t)hands->count, ms) <= 0)
        return;
    for (int i = 0; i < hands->count; i++) {
        int n = fds[i].revents & POLLIN ? evdev_read(&hands->devices[i], events, 64) : 0;

        for (int e = 0; e < n; e++)
            handle_event(hands, &events[e]);
    }
}
