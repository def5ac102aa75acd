// SPDX-License-Identifier: GPL-2.0-or-later
/* How a viewer comes in: its handshake, and the rules that it has to meet. */
#include "net/vnc/viewer_private.h"

#include <errno.h>

int viewer_greet(struct viewer *viewer)
{
    struct bytes hello = {0};
    handshake_init(&viewer->handshake, viewer->owner->credentials, &hello);
    int rc = hello.failed ? -ENOMEM : out_queue_append(&viewer->out, hello.data, hello.size);
    bytes_free(&hello);
    return rc;
}

void viewer_handshake_timeout(uv_timer_t *timer)
{
    viewer_close(timer->data, "did not finish its handshake in time");
}

static void on_login_due(uv_timer_t *timer)
{
    struct viewer *viewer = timer->data;
    viewer->login_due = true;
    viewer_handle_input(viewer);
}

/* Who gave a wrong password is answered late the next time. */
static bool login_waits(struct viewer *viewer)
{
    struct viewer_owner *owner = viewer->owner;
    if (viewer->login_due)
        return false;
    if (uv_is_active((uv_handle_t *)&viewer->login_timer))
        return true;
    uint64_t wait = addresses_login(owner->addresses, &viewer->peer, owner->policy->login_delay_ms,
                                    uv_now(owner->loop));
    if (wait > 0)
        uv_timer_start(&viewer->login_timer, on_login_due, wait, 0);
    return wait > 0;
}

static void come_in(struct viewer *viewer)
{
    uv_timer_stop(&viewer->handshake_timer);
    viewer->view_only = viewer->handshake.login.kind == LOGIN_VIEW;
    const char *refusal = viewer->owner->admit(viewer);
    if (refusal) {
        viewer_close(viewer, refusal);
        return;
    }
    viewer->state = VIEWER_WAITING;
    viewer->owner->announce(viewer);
    view_watch(&viewer->view);
}

static void after_step(struct viewer *viewer, bool judged)
{
    const struct handshake *handshake = &viewer->handshake;
    if (judged && handshake->login.kind == LOGIN_REFUSED)
        addresses_login_failed(viewer->owner->addresses, &viewer->peer,
                               viewer->owner->policy->login_delay_ms, uv_now(viewer->owner->loop));
    if (handshake->state == HANDSHAKE_FAILED)
        viewer_close(viewer, handshake->failure);
    else if (handshake->state == HANDSHAKE_DONE && !viewer->closing)
        come_in(viewer);
}

size_t viewer_shake_hands(struct viewer *viewer, const uint8_t *data, size_t size)
{
    struct bytes answer = {0};
    bool judges = handshake_judges(&viewer->handshake, size);
    if (judges && login_waits(viewer))
        return 0;
    size_t n = handshake_input(&viewer->handshake, data, size, &answer);
    bool failed = answer.failed || out_queue_append(&viewer->out, answer.data, answer.size) < 0;
    bytes_free(&answer);
    viewer_flush(viewer);
    if (failed)
        viewer_close(viewer, "out of memory");
    else
        after_step(viewer, judges);
    return n;
}

void viewer_credentials_changed(struct viewer *viewer)
{
    const struct handshake *handshake = &viewer->handshake;
    bool is_in = handshake->state == HANDSHAKE_CLIENT_INIT || handshake->state == HANDSHAKE_DONE;
    if (is_in && !credentials_still_good(viewer->owner->credentials, &handshake->login))
        viewer_close(viewer, "its login is not valid any more");
}
