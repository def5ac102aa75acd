// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an output program is told besides pictures. Nothing is queued: what is
 * owed is a set of things, each sent in its newest state once the socket takes
 * it, in the order that docs/link.md gives for the beginning.
 */
#include "server/log.h"
#include "server/output_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int output_open_password(const char *path)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

static int send_struct(struct output *output, uint32_t type, const void *message, size_t size)
{
    return link_send_struct(&output->program.link, type, 0, 0, message, size);
}

static int send_settings(struct output *output)
{
    struct link_settings message = output->config.settings.link;
    message.version = LINK_VERSION;
    message.heads = output->config.nheads;
    if (output->config.eager)
        message.idle_timeout_ms = 0;
    return send_struct(output, LINK_SETTINGS, &message, sizeof(message));
}

static int send_policy(struct output *output)
{
    return send_struct(output, LINK_POLICY, &output->config.settings.policy,
                       sizeof(output->config.settings.policy));
}

/* Without the file that was asked for nobody is let in. */
static int send_password_file(struct output *output, uint32_t type, const char *path, bool *told)
{
    const struct link_header header = {.type = type};
    int fd = -1;
    if (path == NULL && !*told)
        return 0;
    if (path != NULL) {
        fd = output_open_password(path);
        if (fd < 0) {
            log_error("output", "cannot open the password file %s: %s", path,
                      fd == -EINVAL ? "not a regular file" : strerror(-fd));
            return fd;
        }
    }
    int r = link_send(&output->program.link, &header, NULL, 0, fd);
    if (fd >= 0)
        close(fd);
    if (r == 0)
        *told = path != NULL;
    return r;
}

static int send_password(struct output *output)
{
    return send_password_file(output, LINK_PASSWORD, output->config.settings.password_file,
                              &output->password_told);
}

static int send_view_password(struct output *output)
{
    return send_password_file(output, LINK_VIEW_PASSWORD,
                              output->config.settings.view_password_file,
                              &output->view_password_told);
}

static int send_listener(struct output *output, struct output_listener *entry)
{
    const struct listener *listener = entry->listener;
    const struct link_header header = {.type = LINK_LISTENER, .head = listener->head};
    struct link_listener message = {.kind = output->config.link_kind,
                                    .id = entry->id,
                                    .all_heads = output->config.all_heads};
    _Static_assert(sizeof(listener->text) <= sizeof(message.address), "any address fits");
    memcpy(message.address, listener->text, sizeof(listener->text));
    const struct iovec part = {&message, sizeof(message)};
    return link_send(&output->program.link, &header, &part, 1, listener->fd);
}

static int send_listener_gone(struct output *output, const struct output_listener *entry)
{
    const struct link_listener_gone message = {.id = entry->id};
    return send_struct(output, LINK_LISTENER_GONE, &message, sizeof(message));
}

static int send_listeners(struct output *output)
{
    for (struct output_listener *entry = output->listeners; entry; entry = entry->next) {
        bool there = entry->listener != NULL;
        if (entry->told == there)
            continue;
        int r = there ? send_listener(output, entry) : send_listener_gone(output, entry);
        if (r < 0)
            return r;
        entry->told = there;
    }
    output_sweep_listeners(output);
    return 0;
}

static int send_ready(struct output *output)
{
    return send_struct(output, LINK_READY, NULL, 0);
}

static int send_seat(struct output *output)
{
    const struct input_state state = input_state(output->config.input);
    const struct link_seat message = {.leds = state.leds, .relative = state.relative};
    return send_struct(output, LINK_SEAT, &message, sizeof(message));
}

static int send_disconnects(struct output *output)
{
    while (output->ndisconnects > 0) {
        const struct link_disconnect message = {.viewer =
                                                    output->disconnects[output->ndisconnects - 1]};
        int r = send_struct(output, LINK_DISCONNECT, &message, sizeof(message));
        if (r < 0)
            return r;
        output->ndisconnects--;
    }
    return 0;
}

static int send_question(struct output *output)
{
    const struct link_ask message = {.number = output->question};
    return send_struct(output, LINK_ASK, &message, sizeof(message));
}

/* By the bits of enum output_debt. */
static int (*const senders[])(struct output *) = {
    send_settings, send_policy, send_password,    send_view_password, send_listeners,
    send_ready,    send_seat,   send_disconnects, send_question,
};

void output_tell(struct output *output, unsigned debts)
{
    output->owes |= debts;
    if (!output->running || output->closing || output->program.start_error < 0)
        return;
    for (unsigned i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        if (!(output->owes & 1u << i))
            continue;
        int r = senders[i](output);
        if (r == -EAGAIN) {
            output_watch(output);
            return;
        }
        if (r < 0) {
            program_end(&output->program);
            return;
        }
        output->owes &= ~(1u << i);
    }
}

void output_tell_all(struct output *output)
{
    for (struct output_listener *entry = output->listeners; entry; entry = entry->next)
        entry->told = false;
    output->password_told = output->view_password_told = false;
    output->ndisconnects = 0;
    output->owes = 0;
    output_tell(output, OUTPUT_OWES_SETTINGS | OUTPUT_OWES_POLICY | OUTPUT_OWES_PASSWORD |
                            OUTPUT_OWES_VIEW_PASSWORD | OUTPUT_OWES_LISTENERS |
                            OUTPUT_OWES_READY | OUTPUT_OWES_SEAT);
}

static bool same_file(const char *a, const char *b)
{
    return a == NULL && b == NULL;
}

void output_reconfigure(struct output *output, const struct output_settings *settings)
{
    const struct output_settings old = output->config.settings;
    unsigned debts = 0;
    output->config.settings = *settings;
    if (memcmp(&old.link, &settings->link, sizeof(old.link)) != 0)
        debts |= OUTPUT_OWES_SETTINGS;
    if (memcmp(&old.policy, &settings->policy, sizeof(old.policy)) != 0)
        debts |= OUTPUT_OWES_POLICY;
    if (!same_file(old.password_file, settings->password_file))
        debts |= OUTPUT_OWES_PASSWORD;
    if (!same_file(old.view_password_file, settings->view_password_file))
        debts |= OUTPUT_OWES_VIEW_PASSWORD;
    if (debts != 0 && output->running)
        output_tell(output, debts);
}

int output_disconnect(struct output *output, uint32_t viewer)
{
    if (viewers_find(&output->viewers, viewer) == NULL)
        return -ENOENT;
    if (output->ndisconnects == OUTPUT_MAX_DISCONNECTS)
        return -EAGAIN;
    output->disconnects[output->ndisconnects++] = viewer;
    output_tell(output, OUTPUT_OWES_DISCONNECTS);
    return 0;
}

void output_input_changed(struct output *output)
{
    if (output->running)
        output_tell(output, OUTPUT_OWES_SEAT);
}
