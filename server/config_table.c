// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_table.h"
#include "device/gpu.h"
#include "device/seat.h"
#include "net/link.h"
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
static const struct config_choice shares[] = {
    {"ignore", LINK_SHARE_IGNORE, NULL},
    {"allow-exclusive", LINK_SHARE_ALLOW_EXCLUSIVE, NULL},
    {"force-shared", LINK_SHARE_FORCE_SHARED, NULL},
    {0},
};
static const struct config_choice sandboxes[] = {
    {"on", LINK_SANDBOX_ON, NULL},
    {"off", LINK_SANDBOX_OFF, NULL},
    {"require", LINK_SANDBOX_REQUIRE, NULL},
    {0},
};
static const struct config_choice formats[] = {
    {"text", LOG_TEXT, NULL},
    {"json", LOG_JSON, NULL},
    {0},
};
static const struct config_range head_count = {1, HEAD_MAX_HEADS, ""};
static const struct config_bytes_range resource_bytes = {16ull << 20, 64ull << 30};
static const struct config_range resource_count = {16, 65536, ""};
static const struct config_range backing_entries = {16, GPU_MAX_BACKING_ENTRIES, ""};
static const struct config_range scanout_size = {64, CANVAS_MAX_SIZE, "pixels"};
static const struct config_range fps = {1, 1000, ""};
static const struct config_range idle_seconds = {0, 86400, "s"};
static const struct config_range handshake_seconds = {1, 600, "s"};
static const struct config_range delay_seconds = {0, 60, "s"};
static const struct config_range viewer_count = {1, 256, ""};
static const struct config_bytes_range viewer_bytes = {1ull << 20, 64ull << 30};
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
    {"sandbox", "What the programs that face the network may still do once they run."},
    {"log", "What is written to standard error."},
};
const size_t config_nsections = sizeof(config_sections) / sizeof(config_sections[0]);

/* Sections stand together and in the order of config_sections. */
const struct config_key config_keys[] = {
    {"gpu", "name", &config_type_text, &vm_name, CONFIG(gpu.name), "Oriel", true,
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
    {"gpu", "max-resource-bytes", &config_type_bytes, &resource_bytes,
     CONFIG(gpu.max_resource_bytes), "1G", false,
     "The most memory that the guest's pictures may take here, beside its own. A picture is "
     "four bytes a pixel, and guests have two or three of each screen's size."},
    {"gpu", "max-resources", &config_type_number, &resource_count, CONFIG(gpu.max_resources),
     "65536", false, "The most pictures that the guest may have."},
    {"gpu", "max-backing-entries", &config_type_number, &backing_entries,
     CONFIG(gpu.max_backing_entries), "16384", false,
     "The most pieces in which a picture may lie in the guest's memory. All pictures together "
     "may have one for each 4 KiB of max-resource-bytes and one more each."},
    {"gpu", "max-scanout-size", &config_type_number, &scanout_size, CONFIG(gpu.max_scanout_size),
     "8192", false, "The most pixels, each way, that a head may show."},

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

    {"vnc", "listen", &config_type_listen, NULL, CONFIG(vnc.listen), "tcp:127.0.0.1:5900", true,
     "Where viewers connect. Port 0 takes a free one (orielctl status tells it); in a path %h "
     "is the number of the head and %t the runtime directory; fd:N is a listening socket that "
     "was handed to oriel. Nothing: no VNC."},
    {"vnc", "heads", &config_type_heads, NULL, CONFIG(vnc.heads), "each", false,
     "Which heads are served. each: head N on port + N. all: the whole layout in one picture."},
    {"vnc", "password-file", &config_type_path, &optional_path, CONFIG(vnc.password_file), "", true,
     "The file whose first line is the password for viewers, of which VNC takes 8 bytes. "
     "Nothing: no password."},
    {"vnc", "view-only-password-file", &config_type_path, &optional_path,
     CONFIG(vnc.view_password_file), "", true,
     "The file with another password: who uses that one may look but not touch. Nothing: there "
     "is none."},
    {"vnc", "share", &config_type_choice, shares, CONFIG(vnc.share), "ignore", true,
     "What becomes of a viewer that asks to be alone. ignore: all share, whatever they ask for. "
     "allow-exclusive: the others are hung up on. force-shared: it is refused."},
    {"vnc", "handshake-timeout", &config_type_number, &handshake_seconds,
     CONFIG(vnc.handshake_timeout), "30", true, "Who has not logged in by then is hung up on."},
    {"vnc", "login-delay", &config_type_number, &delay_seconds, CONFIG(vnc.login_delay), "2", true,
     "After a wrong password, the next attempt from the same address is answered so much later."},
    {"vnc", "max-viewers", &config_type_number, &viewer_count, CONFIG(vnc.max_viewers), "64", true,
     "At most so many connections in all, those in the handshake too. Further ones wait."},
    {"vnc", "max-viewers-per-address", &config_type_number, &viewer_count,
     CONFIG(vnc.max_viewers_per_address), "32", true,
     "At most so many of them from one address. Further ones are refused."},
    {"vnc", "max-bytes", &config_type_bytes, &viewer_bytes, CONFIG(vnc.max_bytes), "256M", true,
     "While so much waits for viewers to read it, no further update begins for any of them."},
    {"vnc", "idle-timeout", &config_type_number, &idle_seconds, CONFIG(vnc.idle_timeout), "60",
     true, "After so long without viewers oriel-vnc ends. 0: never, as with start = eager."},
    {"vnc", "start", &config_type_choice, starts, CONFIG(vnc.start), "lazy", false,
     "Whether oriel-vnc starts when someone connects (lazy) or at once (eager)."},

    {"control", "socket", &config_type_path, &optional_socket_path, CONFIG(control.socket),
     "%t/control.sock", false, "The control socket. Nothing: none."},

    {"sandbox", "mode", &config_type_choice, sandboxes, CONFIG(sandbox.mode), "on", false,
     "on: as much as this kernel gives. require: all of it, or nobody is served. off: nothing, "
     "for debugging."},

    {"log", "level", &config_type_levels, NULL, CONFIG(log.levels), "info", true,
     "The least important kind of line that is written, for all and for single modules."},
    {"log", "format", &config_type_choice, formats, CONFIG(log.format), "text", true,
     "Lines for people, or one JSON object each."},
    {"log", "trace", &config_type_trace, NULL, CONFIG(log.trace), "", true,
     "Which trace points write a line each time they are passed, as in gpu_*,head_frame; orielctl "
     "trace lists them. Nothing: none."},
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

static size_t field_size(const struct config_key *key)
{
    const struct config_text *text = key->params;
    return key->type->size != 0 ? key->type->size : text->size;
}

bool config_table_equal(const struct config_key *key, const struct config *a,
                        const struct config *b, int head)
{
    return key->type->equal(config_table_field(key, (struct config *)a, head),
                            config_table_field(key, (struct config *)b, head));
}

void config_table_copy(const struct config_key *key, struct config *to, const struct config *from,
                       int head)
{
    memcpy(config_table_field(key, to, head),
           config_table_field(key, (struct config *)from, head), field_size(key));
}

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_MAX_KEYS,
               "config_loader.h has room for every key");
