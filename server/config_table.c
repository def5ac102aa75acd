// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_table.h"
#include "device/seat.h"
#include "server/config.h"
#include "server/config_loader.h"
#include "server/config_types.h"
#include "server/log.h"

#include <stddef.h>
#include <string.h>

static const struct config_choice transports[] = {
    {"vhost-user", CONFIG_TRANSPORT_VHOST_USER, NULL},
    {"vfio-user", 0, "vfio-user is not built yet; vhost-user is accepted"},
    {0},
};
static const struct config_choice renderers[] = {
    {"auto", CONFIG_RENDERER_AUTO, NULL},
    {"2d", CONFIG_RENDERER_2D, NULL},
    {"virgl", 0, "3D is not built yet; auto or 2d is accepted"},
    {0},
};
static const struct config_choice pastes[] = {
    {"off", CONFIG_PASTE_OFF, NULL},
    {"type", CONFIG_PASTE_TYPE, NULL},
    {0},
};
static const struct config_choice starts[] = {
    {"lazy", CONFIG_START_LAZY, NULL},
    {"eager", CONFIG_START_EAGER, NULL},
    {0},
};
static const struct config_choice levels[] = {
    {"error", LOG_ERROR, NULL},
    {"warning", LOG_WARNING, NULL},
    {"info", LOG_INFO, NULL},
    {"debug", LOG_DEBUG, NULL},
    {0},
};
static const struct config_range head_count = {1, HEAD_MAX_HEADS, ""};
static const struct config_range fps = {1, 1000, ""};
static const struct config_range idle_seconds = {0, 86400, "s"};
static const struct config_text vm_name = {CONFIG_NAME_SIZE, false};
static const struct config_text monitor_name = {HEAD_NAME_SIZE, false};
static const struct config_text xkb_name = {CONFIG_XKB_SIZE, true};
static const struct config_text socket_path = {ADDRESS_PATH_SIZE, false};
static const struct config_text optional_socket_path = {ADDRESS_PATH_SIZE, true};
static const struct config_text optional_path = {PATH_MAX, true};

#define CONFIG(member) offsetof(struct config, member)
#define HEAD(member) offsetof(struct config_head, member)

const struct config_section config_sections[] = {
    {"gpu", "The virtual GPU, as the VMM and the guest see it."},
    {CONFIG_HEAD_SECTION,
     "One section per head (monitor), from [head.0] up to one below [gpu] heads."},
    {"input", "Keyboard and pointers of the guest."},
    {"vmm", "The virtual machine monitor itself."},
    {"vnc", "The screens over VNC."},
    {"control", "The control socket, for orielctl and for programs."},
    {"log", "What is written to standard error."},
};
const size_t config_nsections = sizeof(config_sections) / sizeof(config_sections[0]);

/* Sections stand together and in the order of config_sections. */
const struct config_key config_keys[] = {
    {"gpu", "name", &config_type_text, &vm_name, CONFIG(gpu.name), "Oriel", false,
     "The name of the virtual machine: viewers show it in their title bars."},
    {"gpu", "socket", &config_type_path, &socket_path, CONFIG(gpu.socket), "%t/gpu.sock", false,
     "The unix socket on which the VMM finds the GPU. %t is the runtime directory: "
     "$XDG_RUNTIME_DIR/oriel, or /run/oriel where that variable is not set."},
    {"gpu", "transport", &config_type_choice, transports, CONFIG(gpu.transport), "vhost-user",
     false, "How the VMM and the GPU talk to each other."},
    {"gpu", "renderer", &config_type_choice, renderers, CONFIG(gpu.renderer), "auto", false,
     "Who draws for the guest. auto takes the best that there is."},
    {"gpu", "heads", &config_type_number, &head_count, CONFIG(gpu.heads), "1", false,
     "How many heads the GPU has. The VMM must offer as many (QEMU: max_outputs=)."},

    {CONFIG_HEAD_SECTION, "name", &config_type_text, &monitor_name, HEAD(name), "Oriel %h", false,
     "The name of the monitor in its EDID. %h is the number of the head."},
    {CONFIG_HEAD_SECTION, "mode", &config_type_mode, NULL, HEAD(mode), "1280x800@60", false,
     "The mode that the monitor prefers."},
    {CONFIG_HEAD_SECTION, "modes", &config_type_modes, NULL, HEAD(modes), "", false,
     "Further modes that the monitor takes, beside the usual ones."},
    {CONFIG_HEAD_SECTION, "max-fps", &config_type_number, &fps, HEAD(max_fps), "60", true,
     "At most so many frames per second go to the viewers."},
    {CONFIG_HEAD_SECTION, "position", &config_type_position, NULL, HEAD(position), "auto", false,
     "The place of the head in the layout. auto: right of the head before."},
    {CONFIG_HEAD_SECTION, "size-mm", &config_type_size_mm, NULL, HEAD(size_mm), "auto", false,
     "The visible size of the monitor. auto: 100 dots per inch."},

    {"input", "keyboard", &config_type_path, &optional_socket_path, CONFIG(input.sockets[SEAT_KEYBOARD]),
     "auto", false,
     "The unix socket on which the VMM finds the keyboard (QEMU: vhost-user-input-pci). auto: "
     "beside the GPU's socket and named like it, with keyboard for gpu (gpu.sock: keyboard.sock, "
     "vm1.sock: vm1-keyboard.sock); none with --fd. Nothing: none."},
    {"input", "tablet", &config_type_path, &optional_socket_path, CONFIG(input.sockets[SEAT_TABLET]),
     "auto", false, "The socket of the tablet, a pointer that knows its place. auto and nothing: as above."},
    {"input", "mouse", &config_type_path, &optional_socket_path, CONFIG(input.sockets[SEAT_MOUSE]),
     "auto", false,
     "The socket of the mouse, a pointer that knows its way, for guests that take no tablet. auto "
     "and nothing: as above."},
    {"input", "model", &config_type_text, &xkb_name, CONFIG(input.model), "pc105", false,
     "The keyboard's model, as in setxkbmap(1)."},
    {"input", "layout", &config_type_text, &xkb_name, CONFIG(input.layout), "us", false,
     "The keyboard layout that the guest is set to. What viewers type is turned into the keys "
     "that give the same there."},
    {"input", "variant", &config_type_text, &xkb_name, CONFIG(input.variant), "", false,
     "The variant of the layout."},
    {"input", "options", &config_type_text, &xkb_name, CONFIG(input.options), "", false,
     "Options of the layout, separated by commas."},
    {"input", "paste", &config_type_choice, pastes, CONFIG(input.paste), "off", false,
     "What becomes of text that a viewer puts on its clipboard: it is typed into the guest, or "
     "dropped. Many viewers send it whenever their window gets the focus."},

    {"vmm", "qmp", &config_type_path, &optional_socket_path, CONFIG(vmm.qmp), "", false,
     "QEMU's QMP socket (-qmp unix:PATH,server=on,wait=off). Through it, keys and pointers reach "
     "firmware and boot loaders, which have no virtio-input driver. Nothing: they do not."},

    {"vnc", "listen", &config_type_listen, NULL, CONFIG(vnc.listen), "tcp:127.0.0.1:5900", false,
     "Where viewers connect. Port 0 takes a free one (orielctl status tells it); in a path %h "
     "is the number of the head and %t the runtime directory. Nothing: no VNC."},
    {"vnc", "heads", &config_type_heads, NULL, CONFIG(vnc.heads), "each", false,
     "Which heads are served. each: head N on port + N."},
    {"vnc", "password-file", &config_type_path, &optional_path, CONFIG(vnc.password_file), "", true,
     "The file whose first line is the password for viewers, of which VNC takes 8 bytes. "
     "Nothing: no password."},
    {"vnc", "idle-timeout", &config_type_number, &idle_seconds, CONFIG(vnc.idle_timeout), "60",
     false, "After so long without viewers oriel-vnc ends. 0: never, as with start = eager."},
    {"vnc", "start", &config_type_choice, starts, CONFIG(vnc.start), "lazy", false,
     "Whether oriel-vnc starts when someone connects (lazy) or at once (eager)."},

    {"control", "socket", &config_type_path, &optional_socket_path, CONFIG(control.socket),
     "%t/control.sock", false, "The control socket. Nothing: none."},

    {"log", "level", &config_type_choice, levels, CONFIG(log.level), "info", true,
     "The least important kind of line that is written."},
};
const size_t config_nkeys = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key *config_table_find(const char *section, const char *name)
{
    for (size_t i = 0; i < config_nkeys; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

void *config_table_field(const struct config_key *key, struct config *config, int head)
{
    char *base = (char *)config;
    if (strcmp(key->section, CONFIG_HEAD_SECTION) == 0)
        base = (char *)&config->heads[head];
    return base + key->offset;
}

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_MAX_KEYS,
               "config_loader.h has room for every key");
