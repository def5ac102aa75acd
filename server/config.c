// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config.h"
#include "server/config_loader.h"
#include "server/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Defaults go through the same parsers as everything else, so that the ones
 * shown are the ones that hold. They only fail when the environment makes the
 * runtime directory too long for a socket. */
static void set_default(struct config_loader *loader, const struct config_key *key, int head)
{
    char reason[CONFIG_REASON_SIZE] = "";
    struct config_place place = {
        .file = "defaults", .section = key->section, .key = key->name, .value = key->fallback};
    if (loader->origins[key - config_keys][head == PATHS_NO_HEAD ? 0 : head].set)
        return;
    void *field = config_table_field(key, loader->config, head);
    if (key->type->parse(key, key->fallback, head, field, reason) != 0)
        config_error(loader->errors, &place, "%s",
                     reason[0] != '\0' ? reason : "too long with this XDG_RUNTIME_DIR");
}

/* For everything that nobody has set. */
static void set_defaults(struct config_loader *loader)
{
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(key->section, CONFIG_HEAD_SECTION) != 0) {
            set_default(loader, key, PATHS_NO_HEAD);
            continue;
        }
        for (int head = 0; head < HEAD_MAX_HEADS; head++)
            set_default(loader, key, head);
    }
}

/* "section.key=value"; the key is what stands behind the last dot. */
static void set_override(struct config_loader *loader, const char *text)
{
    char copy[PATH_MAX];
    struct config_place place = {.value = text};
    const char *section;
    int head;

    if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy)) {
        place.value = NULL;
        config_error(loader->errors, &place, "the setting is too long");
        return;
    }
    char *value = strchr(copy, '=');
    if (value != NULL)
        *value++ = '\0';
    char *key = strrchr(copy, '.');
    if (value == NULL || key == NULL) {
        config_error(loader->errors, &place, "expected section.key=value");
        return;
    }
    *key++ = '\0';
    place = (struct config_place){.section = copy, .key = key, .value = value};
    if (config_loader_section(loader, &place, &section, &head) == 0)
        config_loader_set(loader, &place, section, head);
}

/* Heads without a position stand right of the one before. */
static void place_heads(struct config *config)
{
    for (unsigned i = 1; i < HEAD_MAX_HEADS; i++) {
        const struct config_head *before = &config->heads[i - 1];
        struct config_position *position = &config->heads[i].position;
        if (position->set)
            continue;
        position->x = before->position.x + (int32_t)before->mode.width;
        position->y = before->position.y;
    }
}

/* The directory and the name of the GPU's socket, with `device` for its last
 * "gpu", or before its suffix. */
static int derive_socket(const char *gpu, const char *device, char *out, size_t cap)
{
    const char *slash = strrchr(gpu, '/'), *name = slash != NULL ? slash + 1 : gpu;
    const char *at = NULL, *dot = strrchr(name, '.');
    for (const char *next = strstr(name, "gpu"); next != NULL; next = strstr(next + 1, "gpu"))
        at = next;
    int n;
    if (at != NULL)
        n = snprintf(out, cap, "%.*s%s%s", (int)(at - gpu), gpu, device, at + strlen("gpu"));
    else if (dot != NULL && dot > name)
        n = snprintf(out, cap, "%.*s-%s%s", (int)(dot - gpu), gpu, device, dot);
    else
        n = snprintf(out, cap, "%s-%s", gpu, device);
    return (size_t)n < cap ? 0 : -ENAMETOOLONG;
}

static void place_input_sockets(struct config_loader *loader)
{
    static const char *const devices[CONFIG_INPUT_DEVICES] = {"keyboard", "tablet", "mouse"};
    struct config *config = loader->config;
    for (int i = 0; i < CONFIG_INPUT_DEVICES; i++) {
        char *path = config->input.sockets[i];
        config->input.derived[i] = strcmp(path, "auto") == 0;
        if (!config->input.derived[i])
            continue;
        if (derive_socket(config->gpu.socket, devices[i], path, ADDRESS_PATH_SIZE) == 0)
            continue;
        struct config_place place =
            config_loader_place(loader, "input", devices[i], PATHS_NO_HEAD);
        place.value = "auto";
        config_error(loader->errors, &place, "makes too long a path; give one here");
    }
}

int config_load(struct config *config, const struct config_sources *sources,
                struct config_errors *errors)
{
    struct config_loader loader = {.config = config, .errors = errors};
    *config = (struct config){0};
    if (sources->path != NULL)
        config_loader_read_file(&loader, sources->path);
    for (unsigned i = 0; i < sources->noverrides; i++)
        set_override(&loader, sources->overrides[i]);
    set_defaults(&loader);
    if (errors->count == 0)
        place_input_sockets(&loader);
    /* With wrong values around, checks across keys would only confuse. */
    if (errors->count == 0)
        config_loader_check(&loader);
    place_heads(config);
    return errors->count == 0 ? 0 : -EINVAL;
}

bool config_find_file(char *out, size_t cap)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (base != NULL && base[0] == '/')
        length = snprintf(out, cap, "%s/oriel/oriel.ini", base);
    else if (home != NULL && home[0] == '/')
        length = snprintf(out, cap, "%s/.config/oriel/oriel.ini", home);
    if (length > 0 && (size_t)length < cap && access(out, F_OK) == 0)
        return true;
    snprintf(out, cap, "/etc/oriel/oriel.ini");
    return access(out, F_OK) == 0;
}

void config_head_settings(const struct config *config, unsigned head, struct head_config *out)
{
    const struct config_head *from = &config->heads[head];
    *out = (struct head_config){
        .mode = from->mode,
        .nmodes = from->modes.count,
        .max_fps = from->max_fps,
        .x = from->position.x,
        .y = from->position.y,
        .width_mm = from->size_mm.width,
        .height_mm = from->size_mm.height,
    };
    memcpy(out->modes, from->modes.modes, sizeof(out->modes));
    memcpy(out->name, from->name, sizeof(out->name));
}

struct keyboard_names config_keyboard_names(const struct config *config)
{
    return (struct keyboard_names){.model = config->input.model,
                                   .layout = config->input.layout,
                                   .variant = config->input.variant,
                                   .options = config->input.options};
}
