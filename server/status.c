// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/status.h"
#include "server/core.h"
#include "server/core_vnc.h"

#include <unistd.h>

/* Paths need not be UTF-8, JSON does. */
static json_t *text(const char *value)
{
    json_t *json = json_string(value);
    return json != NULL ? json : json_string("?");
}

static json_t *build_heads(const struct core *core)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < core->nheads; i++) {
        const struct head *head = &core->heads[i];
        json_array_append_new(
            list, json_pack("{s:i, s:o, s:i, s:i, s:i, s:i, s:b, s:I, s:I, s:I}", "id", (int)head->id,
                            "name", text(head->config.name), "x", (int)head->config.x, "y",
                            (int)head->config.y, "width", (int)head->canvas->width, "height",
                            (int)head->canvas->height, "guest", (int)head->guest,
                            "frames_published", (json_int_t)head->frames_published,
                            "pixels_changed", (json_int_t)head->pixels_changed, "moves_found",
                            (json_int_t)head->moves_found));
    }
    return list;
}

static void append_listener(json_t *list, const struct listener *listener)
{
    json_array_append_new(list,
                          json_pack("{s:s, s:i, s:o}", "kind", listener_kind_name(listener->kind),
                                    "head", (int)listener->head, "address", text(listener->text)));
}

static json_t *build_listeners(const struct core *core)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < core->nlisteners; i++)
        append_listener(list, &core->listeners[i]);
    for (const struct vnc_listener *entry = core->vnc_listeners; entry; entry = entry->next)
        append_listener(list, &entry->listener);
    return list;
}

static json_t *build_sandbox(uint32_t parts)
{
    static const struct {
        uint32_t part;
        const char *name;
    } names[] = {
        {LINK_SANDBOX_NO_NEW_PRIVS, "no_new_privs"},
        {LINK_SANDBOX_LANDLOCK, "landlock"},
        {LINK_SANDBOX_SECCOMP, "seccomp"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (parts & names[i].part)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

static json_t *build_outputs(const struct core *core)
{
    json_t *list = json_array();
    struct output_status status;
    if (core->vnc == NULL)
        return list;
    output_status(core->vnc, &status);
    json_array_append_new(
        list, json_pack("{s:s, s:o, s:I, s:i, s:o}", "kind", status.kind, "pid",
                        status.pid != 0 ? json_integer(status.pid) : json_null(), "starts",
                        (json_int_t)status.starts, "viewers", (int)status.viewers->count,
                        "sandbox", build_sandbox(status.sandbox)));
    return list;
}

static json_t *build_viewer(const char *kind, const struct viewer *viewer)
{
    static const char *const states[] = {
        [LINK_VIEWER_IDLE] = "idle",
        [LINK_VIEWER_BUSY] = "busy",
        [LINK_VIEWER_STALLED] = "stalled",
    };
    json_t *head = viewer->all_heads ? json_string("all") : json_integer(viewer->head);
    return json_pack("{s:s, s:I, s:o, s:s, s:s, s:b, s:b, s:s, s:I, s:I, s:I}", "kind", kind, "id",
                     (json_int_t)viewer->id, "head", head, "address", viewer->address, "encoding",
                     viewer->encoding, "shared", (int)viewer->shared, "view_only",
                     (int)viewer->view_only, "state", states[viewer->state], "bytes_sent",
                     (json_int_t)viewer->bytes_sent, "updates_sent",
                     (json_int_t)viewer->updates_sent, "bytes_queued",
                     (json_int_t)viewer->bytes_queued);
}

json_t *status_viewers(const struct core *core)
{
    json_t *list = json_array();
    struct output_status status;
    if (core->vnc == NULL)
        return list;
    output_status(core->vnc, &status);
    for (const struct viewer *viewer = status.viewers->first; viewer; viewer = viewer->next)
        json_array_append_new(list, build_viewer(status.kind, viewer));
    return list;
}

static json_t *build_guest_errors(const struct core *core)
{
    json_t *counts = json_object();
    for (int kind = 0; core->gpu != NULL && kind < GPU_ERRORS; kind++)
        json_object_set_new(counts, gpu_error_name((enum gpu_error)kind),
                            json_integer((json_int_t)gpu_guest_errors(core->gpu)->count[kind]));
    return counts;
}

static json_t *build_loop(const struct core *core)
{
    struct loop_figures figures;
    loop_meter_read(&core->meter, &figures);
    return json_pack("{s:I, s:I, s:I, s:I}", "turns", (json_int_t)figures.turns, "p50_us",
                     (json_int_t)figures.p50_us, "p99_us", (json_int_t)figures.p99_us, "max_us",
                     (json_int_t)figures.max_us);
}

json_t *status_build(const struct core *core)
{
    bool vmm = core->vhost_user != NULL && vhost_user_connected(core->vhost_user);
    return json_pack("{s:s, s:i, s:I, s:s, s:{s:s, s:s, s:b, s:o}, s:o, s:o, s:o, s:o, s:o}", "version",
                     ORIEL_VERSION, "pid", (int)getpid(), "uptime_ms",
                     (json_int_t)core_uptime_ms(core), "name", core->config->gpu.name, "gpu",
                     "transport", "vhost-user", "renderer", "2d", "vmm_connected", (int)vmm,
                     "guest_errors", build_guest_errors(core), "loop", build_loop(core),
                     "heads", build_heads(core), "listeners", build_listeners(core), "outputs",
                     build_outputs(core), "viewers", status_viewers(core));
}
