// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a viewer reads what it is sent. A slow one has all the time it
 * wants, as long as it reads a byte now and then; one that has not done so for
 * long holds memory that nobody will ever read.
 *
 * The socket alone does not tell: it takes nothing new before a good part of
 * what it holds has been read. So the timer also looks at how much it holds.
 */
#include "net/vnc/viewer_private.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

static int held_by_socket(const struct viewer *viewer)
{
    int bytes = 0;
    return ioctl(viewer->fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

static void note_progress(struct viewer *viewer)
{
    viewer->last_progress_ms = uv_now(viewer->owner->loop);
    viewer->stalled = false;
}

static uint64_t first_look(const struct viewer *viewer)
{
    uint64_t limit = viewer->owner->stall_timeout_ms;
    return limit < VIEWER_STALLED_MS ? limit : VIEWER_STALLED_MS;
}

static void on_timer(uv_timer_t *timer)
{
    struct viewer *viewer = timer->data;
    uint64_t limit = viewer->owner->stall_timeout_ms;
    int held = held_by_socket(viewer);
    if (held != viewer->held_by_socket)
        note_progress(viewer);
    viewer->held_by_socket = held;
    uint64_t idle = uv_now(viewer->owner->loop) - viewer->last_progress_ms;
    if (idle >= limit) {
        viewer_close(viewer, "reads nothing");
        return;
    }
    viewer->stalled = idle >= VIEWER_STALLED_MS;
    uv_timer_start(timer, on_timer, viewer->stalled ? limit - idle : first_look(viewer), 0);
    viewer->owner->changed(viewer);
}

void viewer_progress(struct viewer *viewer, size_t bytes)
{
    uv_timer_t *timer = &viewer->progress_timer;
    bool active = uv_is_active((uv_handle_t *)timer), was_stalled = viewer->stalled;
    if (viewer->out.size == 0) {
        viewer->stalled = false;
        uv_timer_stop(timer);
        viewer->owner->changed(viewer);
        return;
    }
    if (bytes > 0 || !active)
        note_progress(viewer);
    /* While it is not stalled the timer looks by itself: nothing has to be
     * done for each write. */
    if (!active || (bytes > 0 && was_stalled)) {
        viewer->held_by_socket = held_by_socket(viewer);
        uv_timer_start(timer, on_timer, first_look(viewer), 0);
    }
}
