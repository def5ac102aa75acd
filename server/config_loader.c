// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_loader.h"
#include "server/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "head.3" to 3; -EINVAL for anything else. */
static int parse_head_section(const char *name)
{
    if (strncmp(name, "head.", 5) != 0)
        return -EINVAL;
    for (int head = 0; head < HEAD_MAX_HEADS; head++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", head);
        if (strcmp(name + 5, text) == 0)
            return head;
    }
    return -EINVAL;
}

static void list_sections(char *out, size_t cap)
{
    size_t used = 0;
    for (size_t i = 0; i < config_nsections && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s[%s]", i > 0 ? ", " : "",
                                 config_sections[i].name);
}

static void list_keys(const char *section, char *out, size_t cap)
{
    size_t used = 0;
    for (size_t i = 0; i < config_nkeys && used < cap; i++)
        if (strcmp(config_keys[i].section, section) == 0)
            used += (size_t)snprintf(out + used, cap - used, "%s%s", used > 0 ? ", " : "",
                                     config_keys[i].name);
}

int config_loader_section(struct config_loader *loader, const struct config_place *place,
                          const char **section, int *head)
{
    char known[CONFIG_REASON_SIZE];
    *head = parse_head_section(place->section);
    if (*head >= 0) {
        struct config_origin *origin = &loader->head_sections[*head];
        if (!origin->set)
            *origin = (struct config_origin){place->file, place->line, true};
        *section = CONFIG_HEAD_SECTION;
        return 0;
    }
    *head = PATHS_NO_HEAD;
    for (size_t i = 0; i < config_nsections; i++) {
        if (strcmp(config_sections[i].name, place->section) != 0 ||
            strcmp(place->section, CONFIG_HEAD_SECTION) == 0)
            continue;
        *section = config_sections[i].name;
        return 0;
    }
    list_sections(known, sizeof(known));
    config_error(loader->errors, place, "unknown section; there are %s (N from 0 to %d)", known,
                 HEAD_MAX_HEADS - 1);
    return -ENOENT;
}

/* Two settings of one key in a file are an error; a later -o replaces. */
static bool claim_origin(struct config_loader *loader, const struct config_place *place,
                         const struct config_key *key, int head)
{
    size_t index = (size_t)(key - config_keys);
    struct config_origin *origin = &loader->origins[index][head == PATHS_NO_HEAD ? 0 : head];
    if (origin->set && place->file != NULL) {
        config_error(loader->errors, place, "already set in line %u", origin->line);
        return false;
    }
    *origin = (struct config_origin){place->file, place->line, true};
    return true;
}

void config_loader_set(struct config_loader *loader, const struct config_place *place,
                       const char *section, int head)
{
    char reason[CONFIG_REASON_SIZE] = "";
    char accepted[CONFIG_REASON_SIZE] = "";
    const struct config_key *key = config_table_find(section, place->key);

    if (key == NULL) {
        list_keys(section, accepted, sizeof(accepted));
        config_error(loader->errors, place, "unknown key; there are %s", accepted);
        return;
    }
    if (!claim_origin(loader, place, key, head))
        return;
    void *field = config_table_field(key, loader->config, head);
    if (key->type->parse(key, place->value, head, field, reason) == 0)
        return;
    key->type->describe(key, accepted, sizeof(accepted));
    if (reason[0] != '\0')
        config_error(loader->errors, place, "%s", reason);
    else
        config_error(loader->errors, place, "expected %s", accepted);
}

struct config_place config_loader_place(const struct config_loader *loader, const char *section,
                                        const char *name, int head)
{
    const struct config_key *key = config_table_find(section, name);
    struct config_place place = {.file = "defaults", .section = section, .key = name};
    if (key == NULL)
        return place;
    const struct config_origin *origin =
        &loader->origins[key - config_keys][head == PATHS_NO_HEAD ? 0 : head];
    if (origin->set) {
        place.file = origin->file;
        place.line = origin->line;
    }
    return place;
}
