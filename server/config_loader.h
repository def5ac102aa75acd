// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader: puts single settings, wherever they come from, into a struct
 * config, and remembers where each was set. Shared by the parts of the
 * configuration only.
 */
#ifndef ORIEL_SERVER_CONFIG_LOADER_H
#define ORIEL_SERVER_CONFIG_LOADER_H

#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_table.h"

#define CONFIG_MAX_KEYS 64

/* Where a setting was made; line 0 and file NULL: nowhere, or by -o. */
struct config_origin {
    const char *file;
    unsigned line;
    bool set;
};

struct config_loader {
    struct config *config;
    struct config_errors *errors;
    struct config_origin origins[CONFIG_MAX_KEYS][HEAD_MAX_HEADS];
    /* Where [head.N] began first. */
    struct config_origin head_sections[HEAD_MAX_HEADS];
};

/*
 * Finds out what a section's name means: the section of the table in
 * *section and the head (or PATHS_NO_HEAD) in *head. Returns 0 or -ENOENT
 * after having reported it.
 */
int config_loader_section(struct config_loader *loader, const struct config_place *place,
                          const char **section, int *head);

/* Sets place->key of that section to place->value; errors are reported. */
void config_loader_set(struct config_loader *loader, const struct config_place *place,
                       const char *section, int head);

/* Reads a file (config_file.c). */
void config_loader_read_file(struct config_loader *loader, const char *path);

/* Checks what no key can say alone (config_check.c). */
void config_loader_check(struct config_loader *loader);

/* The origin of one key, for messages. */
struct config_place config_loader_place(const struct config_loader *loader, const char *section,
                                        const char *name, int head);

#endif
