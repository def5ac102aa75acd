// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/stats.h"
#include "server/core.h"
#include "server/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PREFIX "oriel_"

static void set(enum metric metric, const char *label, uint64_t value)
{
    metric_set(metric, label != NULL ? metric_label(metric, label) : 0, value);
}

static void collect_heads(const struct core *core)
{
    for (unsigned i = 0; i < core->nheads; i++) {
        const struct head *head = &core->heads[i];
        char label[16];
        snprintf(label, sizeof(label), "%u", head->id);
        set(METRIC_head_frames_total, label, head->frames_published);
        set(METRIC_head_damage_pixels_total, label, head->pixels_changed);
        set(METRIC_head_pixels, label, (uint64_t)head->canvas->width * head->canvas->height);
    }
}

static void collect_guest(const struct core *core)
{
    struct gpu_figures figures = {0};
    if (core->gpu == NULL)
        return;
    gpu_figures(core->gpu, &figures);
    set(METRIC_guest_commands_total, NULL, figures.commands);
    set(METRIC_guest_resources, NULL, figures.resources);
    set(METRIC_guest_resource_bytes, NULL, figures.resource_bytes);
    for (int kind = 0; kind < GPU_ERRORS; kind++)
        set(METRIC_guest_errors_total, gpu_error_name((enum gpu_error)kind),
            gpu_guest_errors(core->gpu)->count[kind]);
}

static void collect_output(const struct output *output)
{
    struct output_status status;
    uint64_t queued = 0;
    output_status(output, &status);
    for (const struct viewer *viewer = status.viewers->first; viewer; viewer = viewer->next)
        queued += viewer->bytes_queued;
    set(METRIC_viewers, status.kind, status.viewers->count);
    set(METRIC_viewer_queued_bytes, status.kind, queued);
    set(METRIC_output_running, status.kind, status.pid != 0);
}

/* statm: the second number is the resident pages. */
static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Without the one that looks. */
static uint64_t open_files(void)
{
    uint64_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1;
}

static void collect_process(const struct core *core)
{
    struct loop_figures figures;
    loop_meter_read(&core->meter, &figures);
    set(METRIC_uptime_seconds, NULL, core_uptime_ms(core) / 1000);
    set(METRIC_memory_bytes, NULL, resident_bytes());
    set(METRIC_open_files, NULL, open_files());
    set(METRIC_loop_turns_total, NULL, figures.turns);
    set(METRIC_loop_turn_cpu_microseconds, "0.5", figures.p50_us);
    set(METRIC_loop_turn_cpu_microseconds, "0.99", figures.p99_us);
    set(METRIC_loop_turn_cpu_microseconds, "1", figures.max_us);
}

void stats_collect(struct core *core)
{
    collect_process(core);
    collect_heads(core);
    collect_guest(core);
    if (core->vnc != NULL)
        collect_output(core->vnc);
}

/* ---- As JSON ---- */

static json_t *values_json(enum metric metric)
{
    json_t *values = json_array();
    if (metric_info(metric)->label == NULL) {
        json_array_append_new(
            values, json_pack("{s:I}", "value", (json_int_t)metric_get(metric, 0)));
        return values;
    }
    for (unsigned i = 0; metric_label_text(metric, i) != NULL; i++)
        json_array_append_new(values,
                              json_pack("{s:s, s:I}", "label", metric_label_text(metric, i),
                                        "value", (json_int_t)metric_get(metric, i)));
    return values;
}

static const char *kind_name(const struct metric_info *info)
{
    return info->kind == METRIC_COUNTER ? "counter" : "gauge";
}

json_t *stats_json(void)
{
    json_t *list = json_array();
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", info->name,
                                              "kind", kind_name(info), "help", info->help,
                                              "label", info->label, "values",
                                              values_json((enum metric)i)));
    }
    return list;
}

/* ---- As Prometheus reads it ---- */

/* Labels are words of ours, or were checked when they came. */
static void write_values(FILE *out, enum metric metric)
{
    const struct metric_info *info = metric_info(metric);
    if (info->label == NULL)
        fprintf(out, PREFIX "%s %llu\n", info->name, (unsigned long long)metric_get(metric, 0));
    for (unsigned i = 0; info->label != NULL && metric_label_text(metric, i) != NULL; i++)
        fprintf(out, PREFIX "%s{%s=\"%s\"} %llu\n", info->name, info->label,
                metric_label_text(metric, i), (unsigned long long)metric_get(metric, i));
}

char *stats_prometheus(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", info->name, info->help,
                info->name, kind_name(info));
        write_values(out, (enum metric)i);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
