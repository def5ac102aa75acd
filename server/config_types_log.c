// SPDX-License-Identifier: GPL-2.0-or-later
/* The values of [log]: levels with modules of their own, and trace points. */
#include "server/config.h"
#include "server/config_types.h"
#include "server/log.h"
#include "server/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS " ,\t"

static void list_modules(char *out, size_t cap)
{
    size_t used = 0;
    for (unsigned i = 0; log_module_name(i) != NULL && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s%s", i > 0 ? ", " : "",
                                 log_module_name(i));
}

static void refuse_module(const char *bad, char *reason)
{
    char known[CONFIG_REASON_SIZE];
    list_modules(known, sizeof(known));
    snprintf(reason, CONFIG_REASON_SIZE, "%.*s: expected MODULE:LEVEL; modules are %.200s",
             (int)strnlen(bad, strcspn(bad, SEPARATORS)), bad, known);
}

/* "info vnc:debug gpu:error": the first word may be the level of all. */
static int levels_parse(const struct config_key *key, const char *text, int head, void *field,
                        char *reason)
{
    struct config_levels levels = {.level = LOG_INFO};
    char word[16];
    const char *bad;
    (void)key;
    (void)head;
    text += strspn(text, SEPARATORS);
    size_t length = strcspn(text, SEPARATORS);
    if (length == 0 || strlen(text) >= sizeof(levels.modules))
        return -EINVAL;
    if (memchr(text, ':', length) == NULL) {
        snprintf(word, sizeof(word), "%.*s", (int)length, text);
        int level = log_level_parse(word);
        if (level < 0)
            return -EINVAL;
        levels.level = (uint32_t)level;
        text += length;
    }
    if (log_check_modules(text, &bad) != 0) {
        refuse_module(bad, reason);
        return -EINVAL;
    }
    snprintf(levels.modules, sizeof(levels.modules), "%s", text + strspn(text, SEPARATORS));
    *(struct config_levels *)field = levels;
    return 0;
}

static void levels_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap,
             "error, warning, info or debug, and behind it others for single modules, as in "
             "info vnc:debug head:error");
}

static bool levels_equal(const void *a, const void *b)
{
    const struct config_levels *m = a, *n = b;
    return m->level == n->level && strcmp(m->modules, n->modules) == 0;
}

static void list_points(char *out, size_t cap)
{
    size_t used = 0;
    for (int i = 0; i < TRACE_COUNT && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s%s", i > 0 ? ", " : "",
                                 trace_point_name((enum trace_point)i));
}

static int trace_parse(const struct config_key *key, const char *text, int head, void *field,
                       char *reason)
{
    char known[CONFIG_REASON_SIZE];
    const char *bad;
    (void)key;
    (void)head;
    if (strlen(text) >= CONFIG_TRACE_SIZE)
        return -EINVAL;
    if (trace_check_pattern(text, &bad) != 0) {
        list_points(known, sizeof(known));
        snprintf(reason, CONFIG_REASON_SIZE, "%.*s matches no trace point; there are %.200s",
                 (int)strcspn(bad, SEPARATORS), bad, known);
        return -EINVAL;
    }
    snprintf(field, CONFIG_TRACE_SIZE, "%s", text);
    return 0;
}

static void trace_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "names of trace points, with * and ?, separated by commas, or nothing");
}

static bool trace_equal(const void *a, const void *b)
{
    return strcmp(a, b) == 0;
}

const struct config_type config_type_levels = {levels_parse, levels_describe,
                                               sizeof(struct config_levels), levels_equal};
const struct config_type config_type_trace = {trace_parse, trace_describe, CONFIG_TRACE_SIZE,
                                              trace_equal};
