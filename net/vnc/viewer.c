// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/vnc/viewer_private.h"

#include "net/vnc/framing.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_SIZE 4096
/* Bytes written per turn of the loop, so that one viewer cannot hold it. */
#define WRITE_PER_TURN (1024 * 1024)

static void release(struct viewer *viewer)
{
    if (--viewer->open_handles > 0)
        return;
    viewer->owner->gone(viewer);
    viewer_update_fini(viewer);
    login_clear(&viewer->handshake.login);
    out_queue_free(&viewer->out);
    free(viewer->input);
    free(viewer);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void on_sender_destroyed(void *user)
{
    release(user);
}

static void destroy_sender(struct viewer *viewer)
{
    viewer->owner->sender_ops->destroy(viewer->sender, on_sender_destroyed, viewer);
    viewer->sender = NULL;
}

void viewer_close(struct viewer *viewer, const char *why)
{
    if (viewer->closing)
        return;
    viewer->closing = true;
    if (why)
        log_info("viewer", "%s: %s", viewer->address, why);
    view_unwatch(&viewer->view);
    gate_cancel(viewer->owner->gate, &viewer->waiter);
    if (viewer->has_place && !viewer->sending) {
        viewer->has_place = false;
        gate_leave(viewer->owner->gate);
    }
    budget_leave(viewer->owner->budget, &viewer->budget_waiter);
    uv_close((uv_handle_t *)&viewer->poll, on_handle_closed);
    uv_close((uv_handle_t *)&viewer->handshake_timer, on_handle_closed);
    uv_close((uv_handle_t *)&viewer->login_timer, on_handle_closed);
    uv_close((uv_handle_t *)&viewer->progress_timer, on_handle_closed);
    close(viewer->fd);
    viewer->fd = -1;
    if (viewer->sending)
        viewer->owner->sender_ops->cancel(viewer->sender);
    else
        destroy_sender(viewer);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void update_poll(struct viewer *viewer)
{
    int events = 0;
    if (viewer->closing)
        return;
    if (!viewer->input_blocked && viewer->input_size < viewer->input_capacity)
        events |= UV_READABLE;
    if (viewer->out.size > 0)
        events |= UV_WRITABLE;
    if (events == viewer->poll_events)
        return;
    viewer->poll_events = events;
    /* Neither fails on an open handle. */
    if (events)
        uv_poll_start(&viewer->poll, events, on_poll);
    else
        uv_poll_stop(&viewer->poll);
}

void viewer_flush(struct viewer *viewer)
{
    if (viewer->closing)
        return;
    ptrdiff_t n = 0;
    if (!viewer->hung_up)
        n = out_queue_write(&viewer->out, viewer->fd, WRITE_PER_TURN);
    /* A peer that reads nothing more has said things before that stand: a
     * program that types and leaves at once has typed. The end of what it
     * said is the end of it. */
    if (n < 0 && n != -EAGAIN)
        viewer->hung_up = true;
    if (viewer->hung_up)
        out_queue_free(&viewer->out);
    if (n > 0)
        viewer->bytes_sent += (uint64_t)n;
    budget_count(viewer->owner->budget, &viewer->budget_waiter, viewer->out.size);
    viewer_progress(viewer, n > 0 ? (size_t)n : 0);
    update_poll(viewer);
}

static void on_progress(void *user)
{
    viewer_flush(user);
}

static void on_sent(void *user, int error)
{
    struct viewer *viewer = user;
    viewer_update_sent(viewer, error);
    if (viewer->closing) {
        destroy_sender(viewer);
        return;
    }
    if (error < 0) {
        viewer_close(viewer, "the encoder failed");
        return;
    }
    if (viewer_apply_settings(viewer) < 0) {
        viewer_close(viewer, "the encoder failed");
        return;
    }
    viewer_flush(viewer);
    viewer_update(viewer);
}

uint32_t viewer_head(const struct viewer *viewer)
{
    return viewer->view.all ? 0 : viewer->view.heads[0].display->head;
}

void viewer_write_name(const struct viewer *viewer, char *name, size_t size)
{
    if (viewer->view.all)
        snprintf(name, size, "%s", viewer->owner->machine);
    else
        snprintf(name, size, "%s head %u", viewer->owner->machine, viewer_head(viewer));
}

/* The picture's size is known: ServerInit can go out. */
static int start(struct viewer *viewer)
{
    char name[LINK_TEXT_SIZE + 16];
    viewer_write_name(viewer, name, sizeof(name));
    viewer->notices.machine_names = viewer->owner->machine_names;
    viewer->width = (uint16_t)viewer->view.width;
    viewer->height = (uint16_t)viewer->view.height;
    struct update_sender_config config = {
        .loop = viewer->owner->loop,
        .width = viewer->width,
        .height = viewer->height,
        .name = name,
        .out = &viewer->out,
        .progress = on_progress,
        .done = on_sent,
        .user = viewer,
    };
    int rc = viewer->owner->sender_ops->create(&viewer->sender, &config);
    if (rc < 0)
        return rc;
    pixman_region32_fini(&viewer->pending);
    pixman_region32_init_rect(&viewer->pending, 0, 0, viewer->width, viewer->height);
    viewer->state = VIEWER_RUNNING;
    return 0;
}

void viewer_size_known(struct viewer *viewer)
{
    if (viewer->state != VIEWER_WAITING)
        return;
    int rc = start(viewer);
    if (rc < 0) {
        viewer_close(viewer, uv_strerror(rc));
        return;
    }
    viewer_flush(viewer);
    viewer_handle_input(viewer);
}

static bool make_room(struct viewer *viewer, size_t size)
{
    if (size <= viewer->input_capacity)
        return true;
    uint8_t *input = realloc(viewer->input, size);
    if (!input)
        return false;
    viewer->input = input;
    viewer->input_capacity = size;
    return true;
}

/* Returns how many bytes were handled; 0 when it has to wait. */
static size_t take_message(struct viewer *viewer, const uint8_t *data, size_t size)
{
    int64_t length = viewer_message_length(viewer, data, size);
    if (length < 0) {
        log_info("viewer", "%s: sent %s (type %u), which is not understood", viewer->address,
                 client_message_name(data[0]), data[0]);
        viewer_close(viewer, NULL);
        return 0;
    }
    if (length > CLIENT_MAX_MESSAGE) {
        log_warning_limited(&viewer->log_limit, "viewer", "%s: %s of %lld bytes is left out",
                            viewer->address, client_message_name(data[0]), (long long)length);
        viewer->skip = (uint64_t)length - size;
        return size;
    }
    if (length == 0 || size < (size_t)length) {
        if (!make_room(viewer, (size_t)length))
            viewer_close(viewer, "out of memory");
        return 0;
    }
    viewer->input_blocked = viewer_message_waits(viewer, data[0]);
    if (viewer->input_blocked)
        return 0;
    int rc = viewer_handle_message(viewer, data, (size_t)length);
    if (rc < 0) {
        log_info("viewer", "%s: %s was refused: %s", viewer->address,
                 client_message_name(data[0]), uv_strerror(rc));
        viewer_close(viewer, NULL);
    }
    return (size_t)length;
}

/* Returns how many bytes were handled; 0 when it has to wait. */
static size_t take_some(struct viewer *viewer, const uint8_t *data, size_t size)
{
    if (viewer->state == VIEWER_HANDSHAKE)
        return viewer_shake_hands(viewer, data, size);
    if (viewer->state == VIEWER_WAITING)
        return 0;
    if (viewer->skip > 0) {
        size_t n = viewer->skip < size ? (size_t)viewer->skip : size;
        viewer->skip -= n;
        return n;
    }
    return take_message(viewer, data, size);
}

void viewer_handle_input(struct viewer *viewer)
{
    /* What is handled here may find that more can be handled. */
    if (viewer->handling_input)
        return;
    viewer->handling_input = true;
    size_t offset = 0, n = 1;
    while (!viewer->closing && offset < viewer->input_size && n > 0) {
        n = take_some(viewer, viewer->input + offset, viewer->input_size - offset);
        offset += n;
    }
    viewer->input_size -= offset;
    memmove(viewer->input, viewer->input + offset, viewer->input_size);
    viewer->handling_input = false;
    update_poll(viewer);
}

/* Returns false when there is nothing to read now. */
static bool read_input(struct viewer *viewer)
{
    ssize_t n = recv(viewer->fd, viewer->input + viewer->input_size,
                     viewer->input_capacity - viewer->input_size, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0) {
        viewer_close(viewer, strerror(errno));
        return false;
    }
    if (n == 0) {
        viewer_close(viewer, "has left");
        return false;
    }
    viewer->input_size += (size_t)n;
    viewer_handle_input(viewer);
    return true;
}

void viewer_resume_input(struct viewer *viewer)
{
    if (viewer->closing || !viewer->input_blocked)
        return;
    viewer->input_blocked = false;
    viewer_handle_input(viewer);
}

/* The socket has an error, after which it is not polled any more. There may
 * be something to read in it all the same. */
static void hang_up(struct viewer *viewer)
{
    viewer->hung_up = true;
    viewer->poll_events = 0;
    while (!viewer->closing && !viewer->input_blocked) {
        if (!read_input(viewer))
            viewer_close(viewer, "has left");
    }
    viewer_flush(viewer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct viewer *viewer = poll->data;
    if (status < 0) {
        hang_up(viewer);
        return;
    }
    if (events & UV_WRITABLE) {
        viewer_flush(viewer);
        viewer_update(viewer);
    }
    if ((events & UV_READABLE) && !viewer->closing && !viewer->input_blocked &&
        viewer->input_size < viewer->input_capacity)
        read_input(viewer);
}

static void tune_socket(int fd)
{
    static const struct {
        int level, name, value;
    } settings[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        /* A peer that vanished without a word is noticed in two minutes, also
         * while nothing is sent to it. */
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60},
        {IPPROTO_TCP, TCP_KEEPINTVL, 15},
        {IPPROTO_TCP, TCP_KEEPCNT, 4},
    };
    /* They fail on unix sockets, which need none of them. */
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        setsockopt(fd, settings[i].level, settings[i].name, &settings[i].value,
                   sizeof(settings[i].value));
}

static int open_handles(struct viewer *viewer)
{
    uv_timer_t *timers[] = {&viewer->handshake_timer, &viewer->login_timer,
                            &viewer->progress_timer};
    int rc = uv_poll_init(viewer->owner->loop, &viewer->poll, viewer->fd);
    if (rc < 0)
        return rc;
    viewer->poll.data = viewer;
    viewer->open_handles = 2; /* and the sender */
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
        uv_timer_init(viewer->owner->loop, timers[i]);
        timers[i]->data = viewer;
        viewer->open_handles++;
    }
    return 0;
}

int viewer_create(struct viewer **created, struct viewer_owner *owner,
                  const struct viewer_door *door, uint32_t id, int fd, const struct peer *peer)
{
    int rc = -ENOMEM;
    struct viewer *viewer = calloc(1, sizeof(*viewer));
    if (!viewer)
        goto viewer_failure;
    viewer->owner = owner;
    viewer->listener_id = door->listener_id;
    view_init(&viewer->view, door->displays, door->count, door->all, &viewer_watcher_ops);
    viewer->id = id;
    viewer->fd = fd;
    viewer->peer = *peer;
    viewer->address = viewer->peer.text;
    viewer->format = pixel_format_server();
    viewer->input = malloc(INPUT_SIZE);
    if (!viewer->input)
        goto input_failure;
    viewer->input_capacity = INPUT_SIZE;
    rc = viewer_greet(viewer);
    if (rc < 0)
        goto greet_failure;
    tune_socket(fd);
    rc = open_handles(viewer);
    if (rc < 0)
        goto greet_failure;
    uv_timer_start(&viewer->handshake_timer, viewer_handshake_timeout,
                   owner->policy->handshake_timeout_ms, 0);
    viewer_update_init(viewer);
    *created = viewer;
    viewer_flush(viewer);
    return 0;

greet_failure:
    out_queue_free(&viewer->out);
    free(viewer->input);
input_failure:
    free(viewer);
viewer_failure:
    close(fd);
    return rc;
}
