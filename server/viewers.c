// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/viewers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Printable ASCII with its NUL inside the field. */
static bool is_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0')
            return true;
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    return false;
}

static struct viewer **find(struct viewers *viewers, uint32_t id)
{
    struct viewer **at = &viewers->first;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static struct viewer *create(struct seat *seat)
{
    struct viewer *viewer = calloc(1, sizeof(*viewer));
    if (viewer == NULL)
        return NULL;
    viewer->hands = seat_viewer_add(seat);
    if (viewer->hands == NULL) {
        free(viewer);
        return NULL;
    }
    return viewer;
}

/* What it held is released. */
static void destroy(struct viewer *viewer)
{
    seat_viewer_remove(viewer->hands);
    free(viewer);
}

struct viewer *viewers_find(const struct viewers *viewers, uint32_t id)
{
    return *find((struct viewers *)viewers, id);
}

static bool is_good(uint32_t head, const struct link_viewer *message)
{
    return message->shared <= 1 && message->view_only <= 1 && message->all_heads <= 1 &&
           message->unused == 0 && message->state <= LINK_VIEWER_STALLED &&
           !(message->all_heads && head != 0) &&
           is_text(message->address, sizeof(message->address)) &&
           is_text(message->encoding, sizeof(message->encoding));
}

/* The fields that do not stay. */
static void take(struct viewer *viewer, const struct link_viewer *message)
{
    viewer->shared = message->shared;
    viewer->state = (enum link_viewer_state)message->state;
    viewer->bytes_sent = message->bytes_sent;
    viewer->updates_sent = message->updates_sent;
    viewer->bytes_queued = message->bytes_queued;
    memcpy(viewer->address, message->address, sizeof(viewer->address));
    memcpy(viewer->encoding, message->encoding, sizeof(viewer->encoding));
}

int viewers_update(struct viewers *viewers, uint32_t head, const struct link_viewer *message)
{
    if (!is_good(head, message))
        return -EPROTO;
    /* New ones stand at the end, so that status shows them in their order. */
    struct viewer **at = find(viewers, message->id);
    if (*at == NULL) {
        if (viewers->count == VIEWERS_MAX)
            return -EPROTO;
        *at = create(viewers->seat);
        if (*at == NULL)
            return -ENOMEM;
        viewers->count++;
        viewers->total++;
        (*at)->id = message->id;
        (*at)->head = head;
        (*at)->view_only = message->view_only;
        (*at)->all_heads = message->all_heads;
    }
    struct viewer *viewer = *at;
    if (viewer->head != head || viewer->view_only != (bool)message->view_only ||
        viewer->all_heads != (bool)message->all_heads)
        return -EPROTO;
    take(viewer, message);
    return 0;
}

int viewers_remove(struct viewers *viewers, uint32_t id)
{
    struct viewer **at = find(viewers, id);
    struct viewer *viewer = *at;
    if (viewer == NULL)
        return -EPROTO;
    *at = viewer->next;
    viewers->count--;
    destroy(viewer);
    return 0;
}

void viewers_clear(struct viewers *viewers)
{
    while (viewers->first != NULL) {
        struct viewer *viewer = viewers->first;
        viewers->first = viewer->next;
        destroy(viewer);
    }
    viewers->count = 0;
}
