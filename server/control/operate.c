// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/control/operate.h"
#include "server/control/control.h"
#include "server/control/request.h"
#include "server/core.h"
#include "server/core_vnc.h"
#include "server/log.h"
#include "server/reload.h"
#include "server/stats.h"
#include "server/status.h"
#include "server/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Figures: the outputs are asked first ---- */

struct inquiry {
    struct output_question question;
    struct control_request *request;
    void (*reply)(struct control_request *request);
};

static void on_answered(struct output_question *question)
{
    struct inquiry *inquiry = (struct inquiry *)question;
    inquiry->reply(inquiry->request);
    free(inquiry);
}

static void reply_after_asking(struct control_request *request,
                               void (*reply)(struct control_request *request))
{
    struct core *core = control_core(request->control);
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
    if (inquiry == NULL) {
        control_reply_error(request, "out of memory");
        return;
    }
    *inquiry = (struct inquiry){{.answered = on_answered}, request, reply};
    if (core->vnc != NULL)
        output_ask(core->vnc, &inquiry->question);
    else
        on_answered(&inquiry->question);
}

static void reply_viewers(struct control_request *request)
{
    struct core *core = control_core(request->control);
    control_reply(request, json_pack("{s:o}", "viewers", status_viewers(core)));
}

void operate_viewers(struct control_request *request)
{
    reply_after_asking(request, reply_viewers);
}

static void reply_stats(struct control_request *request)
{
    stats_collect(control_core(request->control));
    if (!json_is_true(json_object_get(request->message, "prometheus"))) {
        control_reply(request, json_pack("{s:o}", "metrics", stats_json()));
        return;
    }
    char *text = stats_prometheus();
    if (text == NULL)
        control_reply_error(request, "out of memory");
    else
        control_reply(request, json_pack("{s:s}", "text", text));
    free(text);
}

void operate_stats(struct control_request *request)
{
    reply_after_asking(request, reply_stats);
}

/* ---- Changes ---- */

void operate_disconnect(struct control_request *request)
{
    struct core *core = control_core(request->control);
    json_int_t viewer = json_integer_value(json_object_get(request->message, "viewer"));
    int r = -ENOENT;
    if (core->vnc != NULL && viewer >= 0 && viewer <= UINT32_MAX)
        r = output_disconnect(core->vnc, (uint32_t)viewer);
    if (r == 0)
        control_reply(request, NULL);
    else if (r == -ENOENT)
        control_reply_error(request, "there is no viewer %lld", (long long)viewer);
    else
        control_reply_error(request, "too many viewers are being disconnected; try again");
}

static json_t *list_points(void)
{
    json_t *list = json_array();
    for (int i = 0; i < TRACE_COUNT; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b}", "name", trace_point_name((enum trace_point)i),
                            "help", trace_point_help((enum trace_point)i), "enabled",
                            (int)atomic_load(&trace_enabled[i])));
    return list;
}

/* The output programs learn it as they do of a reload. */
static int set_pattern(struct core *core, const char *pattern)
{
    if (strlen(pattern) >= sizeof(core->config->log.trace) ||
        trace_set_pattern(pattern, NULL) < 0)
        return -EINVAL;
    snprintf(core->config->log.trace, sizeof(core->config->log.trace), "%s", pattern);
    core_vnc_reconfigure(core);
    return 0;
}

void operate_trace(struct control_request *request)
{
    struct core *core = control_core(request->control);
    const char *pattern = json_string_value(json_object_get(request->message, "pattern"));
    if (pattern != NULL && set_pattern(core, pattern) < 0)
        control_reply_error(request,
                            "\"%.64s\" has a name that matches no trace point; without a pattern "
                            "trace lists them",
                            pattern);
    else
        control_reply(request, json_pack("{s:o}", "points", list_points()));
}

static void reply_report(struct control_request *request, struct reload_report *report)
{
    control_reply(request, json_pack("{s:O, s:O}", "changed", report->changed, "restart",
                                     report->restart));
}

void operate_reload(struct control_request *request)
{
    struct reload_report report;
    int r = reload(control_core(request->control), &report);
    if (r == 0)
        reply_report(request, &report);
    else
        control_reply_failure(request, json_pack("{s:O}", "errors", report.errors),
                              "the configuration is wrong; nothing has changed");
    reload_report_finish(&report);
}
