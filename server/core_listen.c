// SPDX-License-Identifier: GPL-2.0-or-later
/* Where viewers connect: opened at the start, and changed by a reload. */
#include "server/core_open.h"
#include "server/core_vnc.h"
#include "server/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WANTED (CONFIG_MAX_LISTEN * HEAD_MAX_HEADS)

/* One listener that there shall be. */
struct wanted {
    unsigned head;
    struct address address;
    bool there, deferred;
};

struct plan {
    struct wanted wanted[MAX_WANTED];
    unsigned count;
    struct vnc_listener *fresh; /* opened, and not the core's yet */
    char *why;                  /* CORE_REASON_SIZE bytes */
};

/* Which ones the configuration asks for. */
static int make_plan(const struct core *core, const struct config *config, struct plan *plan)
{
    const struct config_heads *heads = &core->config->vnc.heads;
    const struct config_listen *listen = &config->vnc.listen;
    unsigned first = heads->each || heads->all ? 0 : heads->head;
    unsigned count = heads->each ? core->nheads : 1;
    for (unsigned head = first; head < first + count; head++) {
        for (unsigned i = 0; i < listen->count; i++) {
            struct wanted *wanted = &plan->wanted[plan->count++];
            wanted->head = head;
            /* One head alone is served on the port as it stands. */
            int r = address_for_head(&listen->addresses[i], heads->each ? head : 0,
                                     &wanted->address);
            if (r < 0) {
                core_explain_listen(&listen->addresses[i], r, plan->why);
                return r;
            }
        }
    }
    return 0;
}

/* Marks what is there already and stays. */
static void match_plan(struct core *core, struct plan *plan)
{
    for (struct vnc_listener *entry = core->vnc_listeners; entry; entry = entry->next) {
        entry->keep = false;
        for (unsigned i = 0; i < plan->count && !entry->keep; i++) {
            struct wanted *wanted = &plan->wanted[i];
            if (wanted->there || wanted->head != entry->listener.head ||
                !address_equal(&wanted->address, &entry->listener.asked))
                continue;
            wanted->there = entry->keep = true;
        }
    }
}

static bool drops_some(const struct core *core)
{
    const struct vnc_listener *entry = core->vnc_listeners;
    while (entry != NULL && entry->keep)
        entry = entry->next;
    return entry != NULL;
}

static void append(struct vnc_listener **list, struct vnc_listener *entry)
{
    while (*list != NULL)
        list = &(*list)->next;
    *list = entry;
}

static int open_one(struct plan *plan, const struct wanted *wanted)
{
    struct vnc_listener *entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return -ENOMEM;
    int r = listener_open(&entry->listener, LISTENER_VNC, wanted->head, &wanted->address, 0600);
    if (r < 0) {
        free(entry);
        return r;
    }
    append(&plan->fresh, entry);
    return 0;
}

/* Opens what is not there. With `may_defer` an address that is in use waits
 * until those that go are closed: it may be theirs. */
static int open_missing(struct plan *plan, bool may_defer, bool *deferred)
{
    for (unsigned i = 0; i < plan->count; i++) {
        struct wanted *wanted = &plan->wanted[i];
        if (wanted->there)
            continue;
        int r = open_one(plan, wanted);
        if (r == -EADDRINUSE && may_defer) {
            *deferred = true;
            continue;
        }
        if (r < 0) {
            core_explain_listen(&wanted->address, r, plan->why);
            return r;
        }
        wanted->there = true;
    }
    return 0;
}

static void close_fresh(struct plan *plan)
{
    while (plan->fresh != NULL) {
        struct vnc_listener *entry = plan->fresh;
        plan->fresh = entry->next;
        listener_close(&entry->listener);
        free(entry);
    }
}

/* Takes those that go off the core's list; they still are what they were. */
static struct vnc_listener *take_dropped(struct core *core)
{
    struct vnc_listener *dropped = NULL, **at = &core->vnc_listeners;
    while (*at != NULL) {
        struct vnc_listener *entry = *at;
        if (entry->keep) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        entry->next = NULL;
        append(&dropped, entry);
    }
    return dropped;
}

static void shut_dropped(struct core *core, struct vnc_listener *dropped)
{
    for (struct vnc_listener *entry = dropped; entry; entry = entry->next) {
        if (core->vnc != NULL)
            output_remove_listener(core->vnc, &entry->listener);
        listener_shut(&entry->listener);
    }
}

static void tell(const struct core *core, const struct listener *listener)
{
    if (core->config->vnc.heads.all)
        log_info("core", "VNC for all heads on %s", listener->text);
    else
        log_info("core", "VNC for head %u on %s", listener->head, listener->text);
}

/* Gives the core what is open now; on a failure the output goes without it,
 * which only memory and descriptors can cause. */
static void adopt(struct core *core, struct vnc_listener *list)
{
    while (list != NULL) {
        struct vnc_listener *entry = list;
        list = entry->next;
        entry->next = NULL;
        append(&core->vnc_listeners, entry);
        tell(core, &entry->listener);
        int r = core->vnc != NULL ? output_add_listener(core->vnc, &entry->listener) : 0;
        if (r < 0)
            log_error("core", "cannot serve %s: %s", entry->listener.text, strerror(-r));
    }
}

/* The way back: the addresses are free, since they were ours a moment ago. */
static void reopen(struct core *core, struct vnc_listener *dropped)
{
    while (dropped != NULL) {
        struct vnc_listener *entry = dropped;
        struct address asked = entry->listener.asked;
        unsigned head = entry->listener.head;
        char why[CORE_REASON_SIZE];
        dropped = entry->next;
        entry->next = NULL;
        int r = listener_open(&entry->listener, LISTENER_VNC, head, &asked, 0600);
        if (r == 0) {
            adopt(core, entry);
            continue;
        }
        core_explain_listen(&asked, r, why);
        log_error("core", "%s", why);
        free(entry);
    }
}

static void free_list(struct vnc_listener *list)
{
    while (list != NULL) {
        struct vnc_listener *next = list->next;
        free(list);
        list = next;
    }
}

static int carry_out(struct core *core, struct plan *plan)
{
    bool deferred = false;
    int r = open_missing(plan, drops_some(core), &deferred);
    if (r < 0)
        return r;
    struct vnc_listener *dropped = take_dropped(core);
    shut_dropped(core, dropped);
    if (deferred)
        r = open_missing(plan, false, &deferred);
    if (r < 0) {
        reopen(core, dropped);
        return r;
    }
    free_list(dropped);
    adopt(core, plan->fresh);
    plan->fresh = NULL;
    return 0;
}

int core_vnc_relisten(struct core *core, const struct config *config, char why[CORE_REASON_SIZE])
{
    struct plan *plan = calloc(1, sizeof(*plan));
    if (plan == NULL) {
        snprintf(why, CORE_REASON_SIZE, "out of memory");
        return -ENOMEM;
    }
    plan->why = why;
    int r = make_plan(core, config, plan);
    if (r == 0) {
        match_plan(core, plan);
        r = carry_out(core, plan);
    }
    close_fresh(plan);
    free(plan);
    return r;
}

int core_listen_vnc(struct core *core)
{
    char why[CORE_REASON_SIZE];
    int r = core_vnc_relisten(core, core->config, why);
    if (r < 0)
        log_error("core", "%s", why);
    return r;
}

void core_vnc_close_listeners(struct core *core)
{
    while (core->vnc_listeners != NULL) {
        struct vnc_listener *entry = core->vnc_listeners;
        core->vnc_listeners = entry->next;
        listener_close(&entry->listener);
        free(entry);
    }
}
