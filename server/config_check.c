// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks across keys, once all of them are known. */
#include "server/config_loader.h"
#include "device/edid.h"
#include "device/seat.h"
#include "net/link.h"
#include "server/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void check_head_sections(struct config_loader *loader)
{
    for (unsigned head = 0; head < HEAD_MAX_HEADS; head++) {
        const struct config_origin *origin = &loader->head_sections[head];
        struct config_place place = {.file = origin->file, .line = origin->line};
        if (origin->set && head >= loader->config->gpu.heads)
            config_error(loader->errors, &place,
                         "[head.%u]: there is no such head; [gpu].heads is %u", head,
                         loader->config->gpu.heads);
    }
}

/* What the guest may not show, or no EDID can say, no monitor prefers. */
static void check_mode(struct config_loader *loader, int head, const char *key,
                       const struct mode *mode)
{
    struct config_place place = config_loader_place(loader, CONFIG_HEAD_SECTION, key, head);
    const struct edid_params params = {.name = "", .preferred = *mode};
    const uint32_t most = loader->config->gpu.max_scanout_size;
    bool too_large = mode->width > most || mode->height > most;
    uint8_t edid[EDID_MAX_SIZE];
    char section[16], value[48];

    if (!too_large && edid_generate(&params, edid, sizeof(edid)) >= 0)
        return;
    snprintf(section, sizeof(section), "head.%d", head);
    snprintf(value, sizeof(value), "%ux%u@%u", mode->width, mode->height, mode->refresh);
    place.section = section;
    place.value = value;
    if (too_large)
        config_error(loader->errors, &place, "is more than [gpu].max-scanout-size, %u pixels",
                     most);
    else
        config_error(loader->errors, &place,
                     "no monitor could show that many frames per second");
}

static void check_modes(struct config_loader *loader)
{
    for (unsigned head = 0; head < loader->config->gpu.heads; head++) {
        const struct config_head *config = &loader->config->heads[head];
        check_mode(loader, (int)head, "mode", &config->mode);
        for (uint32_t i = 0; i < config->modes.count; i++)
            check_mode(loader, (int)head, "modes", &config->modes.modes[i]);
    }
}

static void check_address(struct config_loader *loader, const struct address *address)
{
    const struct config *config = loader->config;
    struct config_place place = config_loader_place(loader, "vnc", "listen", PATHS_NO_HEAD);
    char text[ADDRESS_TEXT_SIZE];
    struct address last;

    address_format(address, text);
    place.value = text;
    if (!config->vnc.heads.each || config->gpu.heads == 1)
        return;
    if (address->kind == ADDRESS_FD)
        config_error(loader->errors, &place,
                     "one socket cannot serve each head; use heads = all or a head's number");
    else if (!address_depends_on_head(address))
        config_error(loader->errors, &place, "each head needs a path of its own: use %%h");
    else if (address_for_head(address, config->gpu.heads - 1, &last) == -ERANGE)
        config_error(loader->errors, &place, "head %u would need a port above 65535",
                     config->gpu.heads - 1);
}

static void check_same_addresses(struct config_loader *loader)
{
    const struct config_listen *listen = &loader->config->vnc.listen;
    for (uint32_t i = 0; i < listen->count; i++) {
        const struct address *address = &listen->addresses[i];
        for (uint32_t j = 0; j < i; j++) {
            /* Each port 0 is another port. */
            if (!address_equal(address, &listen->addresses[j]) ||
                (address->kind == ADDRESS_TCP && address->port == 0))
                continue;
            struct config_place place = config_loader_place(loader, "vnc", "listen", PATHS_NO_HEAD);
            char text[ADDRESS_TEXT_SIZE];
            address_format(address, text);
            place.value = text;
            config_error(loader->errors, &place, "is there twice");
        }
    }
}

static void check_vnc(struct config_loader *loader)
{
    const struct config *config = loader->config;
    struct config_place place = config_loader_place(loader, "vnc", "heads", PATHS_NO_HEAD);
    if (!config->vnc.heads.each && !config->vnc.heads.all &&
        config->vnc.heads.head >= config->gpu.heads)
        config_error(loader->errors, &place, "%u: there is no such head; [gpu].heads is %u",
                     config->vnc.heads.head, config->gpu.heads);
    for (uint32_t i = 0; i < config->vnc.listen.count; i++)
        check_address(loader, &config->vnc.listen.addresses[i]);
    check_same_addresses(loader);
}

static void check_sockets(struct config_loader *loader)
{
    const struct config *config = loader->config;
    const struct {
        const char *section, *key, *path;
    } sockets[] = {
        {"gpu", "socket", config->gpu.socket},
        {"input", "keyboard", config->input.sockets[SEAT_KEYBOARD]},
        {"input", "tablet", config->input.sockets[SEAT_TABLET]},
        {"input", "mouse", config->input.sockets[SEAT_MOUSE]},
        {"control", "socket", config->control.socket},
    };
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            if (sockets[i].path[0] == '\0' || strcmp(sockets[i].path, sockets[j].path) != 0)
                continue;
            struct config_place place = config_loader_place(loader, sockets[i].section,
                                                            sockets[i].key, PATHS_NO_HEAD);
            place.value = sockets[i].path;
            config_error(loader->errors, &place, "is the same as [%s].%s", sockets[j].section,
                         sockets[j].key);
        }
    }
}

/* A layout that does not exist is found out when it is compiled. */
static void check_layout(struct config_loader *loader)
{
    const struct config *config = loader->config;
    const struct keyboard_names names = config_keyboard_names(config);
    struct keyboard *keyboard = keyboard_create(&names);
    if (!keyboard && errno == EINVAL) {
        struct config_place place = config_loader_place(loader, "input", "layout", PATHS_NO_HEAD);
        place.value = config->input.layout;
        config_error(loader->errors, &place,
                     "xkb has no such layout (with this model, variant and options)");
    }
    keyboard_destroy(keyboard);
}

static void check_sandbox(struct config_loader *loader)
{
    struct config_place place = config_loader_place(loader, "sandbox", "mode", PATHS_NO_HEAD);
    place.value = "require";
    if (loader->config->sandbox.mode == LINK_SANDBOX_REQUIRE && !CONFIG_CAN_SANDBOX)
        config_error(loader->errors, &place,
                     "this build has a sanitizer, which cannot run in the sandbox");
}

void config_loader_check(struct config_loader *loader)
{
    check_head_sections(loader);
    check_modes(loader);
    check_vnc(loader);
    check_sockets(loader);
    check_layout(loader);
    check_sandbox(loader);
}
