// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: what the INI file, -o and the defaults come to. Loop
 * thread. What may change while oriel runs, server/reload.h changes.
 *
 * config_table.c holds the one table of keys from which parsing, defaults,
 * the printed file and the messages follow.
 */
#ifndef ORIEL_SERVER_CONFIG_H
#define ORIEL_SERVER_CONFIG_H

#include "device/head.h"
#include "device/keyboard.h"
#include "device/mode.h"
#include "server/address.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The runtime of a sanitizer cannot live in the sandbox: it opens files and
 * makes processes when it has found something. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFIG_CAN_SANDBOX false
#else
#define CONFIG_CAN_SANDBOX true
#endif

#define CONFIG_MAX_LISTEN 8
#define CONFIG_INPUT_DEVICES 3
#define CONFIG_NAME_SIZE 128
#define CONFIG_XKB_SIZE 128
#define CONFIG_MODULES_SIZE 256
#define CONFIG_TRACE_SIZE 256

enum config_transport { CONFIG_TRANSPORT_VHOST_USER };
enum config_renderer { CONFIG_RENDERER_AUTO, CONFIG_RENDERER_2D };
enum config_paste { CONFIG_PASTE_OFF, CONFIG_PASTE_TYPE };
enum config_start { CONFIG_START_LAZY, CONFIG_START_EAGER };

/* Which heads an output serves. */
struct config_heads {
    bool each;     /* head N on port + N */
    bool all;      /* all heads in one picture */
    uint32_t head; /* else the one */
};

/* What is logged: the level of all, and those of single modules. */
struct config_levels {
    uint32_t level; /* enum log_level */
    char modules[CONFIG_MODULES_SIZE]; /* as log_set_modules() takes it */
};

struct config_listen {
    uint32_t count;
    struct address addresses[CONFIG_MAX_LISTEN];
};

struct config_modes {
    uint32_t count;
    struct mode modes[HEAD_MAX_MODES];
};

struct config_position {
    bool set; /* else right of the head before */
    int32_t x, y;
};

struct config_size_mm {
    uint32_t width, height; /* 0: derived from the mode */
};

struct config_head {
    struct mode mode;
    struct config_modes modes;
    uint32_t max_fps;
    struct config_position position;
    struct config_size_mm size_mm;
    char name[HEAD_NAME_SIZE];
};

struct config {
    struct {
        char name[CONFIG_NAME_SIZE]; /* of the virtual machine, UTF-8 */
        char socket[ADDRESS_PATH_SIZE];
        uint32_t transport; /* enum config_transport */
        uint32_t renderer;  /* enum config_renderer */
        uint32_t heads;     /* 1..HEAD_MAX_HEADS */
        uint64_t max_resource_bytes;
        uint32_t max_resources;
        uint32_t max_backing_entries;
        uint32_t max_scanout_size; /* pixels */
    } gpu;
    struct config_head heads[HEAD_MAX_HEADS];
    struct {
        /* By enum seat_device; empty: none. */
        char sockets[CONFIG_INPUT_DEVICES][ADDRESS_PATH_SIZE];
        bool derived[CONFIG_INPUT_DEVICES]; /* "auto": from the GPU's socket */
        char model[CONFIG_XKB_SIZE];
        char layout[CONFIG_XKB_SIZE];
        char variant[CONFIG_XKB_SIZE];
        char options[CONFIG_XKB_SIZE];
        uint32_t paste; /* enum config_paste */
    } input;
    struct {
        char qmp[ADDRESS_PATH_SIZE]; /* empty: none */
    } vmm;
    struct {
        struct config_listen listen;
        struct config_heads heads;
        char password_file[PATH_MAX]; /* empty: no password */
        char view_password_file[PATH_MAX]; /* of viewers that only look; empty: none */
        uint32_t share;                    /* enum link_share */
        uint32_t handshake_timeout;        /* seconds */
        uint32_t login_delay;              /* seconds */
        uint32_t max_viewers, max_viewers_per_address;
        uint64_t max_bytes;
        uint32_t idle_timeout;        /* seconds, 0: never */
        uint32_t start;               /* enum config_start */
    } vnc;
    struct {
        char socket[ADDRESS_PATH_SIZE]; /* empty: none */
    } control;
    struct {
        uint32_t mode; /* enum link_sandbox */
    } sandbox;
    struct {
        struct config_levels levels;
        uint32_t format; /* enum log_format */
        char trace[CONFIG_TRACE_SIZE];
    } log;
};

struct config_sources {
    const char *path;             /* of the INI file; NULL: none */
    const char *const *overrides; /* "section.key=value" each */
    unsigned noverrides;
};

struct config_errors;

/*
 * Fills `config` from the defaults, the file and the overrides, in this order,
 * and checks the whole. All errors are collected, one line each. Returns 0 or
 * -EINVAL.
 */
int config_load(struct config *config, const struct config_sources *sources,
                struct config_errors *errors);

/*
 * The file that is read when none is named: $XDG_CONFIG_HOME/oriel/oriel.ini
 * (or ~/.config), else /etc/oriel/oriel.ini. Returns false when there is
 * none.
 */
bool config_find_file(char *out, size_t cap);

/* What device/keyboard.h wants to know; the strings are the configuration's. */
struct keyboard_names config_keyboard_names(const struct config *config);
/* What device/head.h wants to know of head `head`. */
void config_head_settings(const struct config *config, unsigned head, struct head_config *out);

#endif
