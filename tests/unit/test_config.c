// SPDX-License-Identifier: GPL-2.0-or-later
/* What configuration keys accept, what they default to, and what is said
 * about values that they do not accept. */
#include "server/config.h"
#include "server/config_errors.h"
#include "server/config_table.h"
#include "server/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config config;
static struct config_errors errors;

static int setup(void **state)
{
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    config_errors_init(&errors);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    config_errors_finish(&errors);
    return 0;
}

/* Loads the overrides, ended by NULL. */
static int load(const char *const *overrides)
{
    struct config_sources sources = {.overrides = overrides};
    while (overrides[sources.noverrides] != NULL)
        sources.noverrides++;
    config_errors_finish(&errors);
    return config_load(&config, &sources, &errors);
}

static int load_one(const char *override)
{
    return load((const char *const[]){override, NULL});
}

static void test_defaults_hold_without_any_file(void **state)
{
    (void)state;
    assert_int_equal(load((const char *const[]){NULL}), 0);
    assert_int_equal(errors.count, 0);
    assert_string_equal(config.gpu.name, "Oriel");
    assert_string_equal(config.gpu.socket, "/run/user/7/oriel/gpu.sock");
    assert_int_equal(config.gpu.heads, 1);
    assert_int_equal(config.gpu.renderer, CONFIG_RENDERER_AUTO);
    assert_int_equal(config.gpu.max_resource_bytes, 1ull << 30);
    assert_int_equal(config.gpu.max_resources, 65536);
    assert_int_equal(config.gpu.max_backing_entries, 16384);
    assert_int_equal(config.gpu.max_scanout_size, 8192);
    assert_int_equal(config.heads[0].mode.width, 1280);
    assert_int_equal(config.heads[0].mode.height, 800);
    assert_int_equal(config.heads[0].mode.refresh, 60);
    assert_int_equal(config.heads[0].max_fps, 60);
    assert_int_equal(config.heads[0].modes.count, 0);
    assert_string_equal(config.heads[3].name, "Oriel 3");
    assert_string_equal(config.heads[15].name, "Oriel 15");
    assert_int_equal(config.vnc.listen.count, 1);
    assert_string_equal(config.vnc.listen.addresses[0].host, "127.0.0.1");
    assert_int_equal(config.vnc.listen.addresses[0].port, 5900);
    assert_true(config.vnc.heads.each);
    assert_string_equal(config.vnc.password_file, "");
    assert_int_equal(config.vnc.start, CONFIG_START_LAZY);
    assert_string_equal(config.control.socket, "/run/user/7/oriel/control.sock");
    assert_int_equal(config.log.levels.level, LOG_INFO);
}

static void test_numbers_of_bytes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"16777216", 16u << 20}, {"16384K", 16u << 20}, {"512M", 512u << 20},
                {"64G", 64ull << 30},    {"017M", 17u << 20},   {"4194304K", 4ull << 30}};
    char override[64];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(override, sizeof(override), "gpu.max-resource-bytes=%s", good[i].text);
        assert_int_equal(load_one(override), 0);
        assert_int_equal(config.gpu.max_resource_bytes, good[i].bytes);
    }
}

static void test_root_without_runtime_directory_uses_run(void **state)
{
    (void)state;
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(load((const char *const[]){NULL}), 0);
    assert_string_equal(config.gpu.socket, "/run/oriel/gpu.sock");
    /* A relative one is not to be believed (XDG base directory text). */
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    assert_int_equal(load((const char *const[]){NULL}), 0);
    assert_string_equal(config.control.socket, "/run/oriel/control.sock");
}

static void test_too_long_runtime_directory_matters_only_where_it_is_used(void **state)
{
    char directory[200];
    (void)state;
    memset(directory, 'd', sizeof(directory));
    directory[0] = '/';
    directory[sizeof(directory) - 1] = '\0';
    setenv("XDG_RUNTIME_DIR", directory, 1);
    assert_int_equal(load((const char *const[]){NULL}), -EINVAL);
    assert_non_null(strstr(errors.text, "XDG_RUNTIME_DIR"));
    assert_int_equal(load((const char *const[]){"gpu.socket=/a", "control.socket=/b", NULL}), 0);
}

static void test_every_key_is_set_by_its_section_and_name(void **state)
{
    (void)state;
    assert_int_equal(
        load((const char *const[]){
            "gpu.name=Büro", "gpu.socket=%t/x%%y", "gpu.transport=vhost-user", "gpu.renderer=2d",
            "gpu.heads=2", "head.1.name=left", "head.1.mode=641x399@75",
            "head.1.modes=800x600 1024x768@50", "head.1.max-fps=25", "head.1.position=7,9",
            "head.1.size-mm=300x200", "vnc.listen=tcp:[::1]:0 unix:%t/v.%h", "vnc.heads=1",
            "vnc.password-file=/etc/secret", "vnc.idle-timeout=5", "vnc.start=eager",
            "control.socket=", "log.level=debug", NULL}),
        0);
    assert_string_equal(config.gpu.name, "Büro");
    assert_string_equal(config.gpu.socket, "/run/user/7/oriel/x%y");
    assert_int_equal(config.gpu.renderer, CONFIG_RENDERER_2D);
    assert_int_equal(config.gpu.heads, 2);
    const struct config_head *head = &config.heads[1];
    assert_string_equal(head->name, "left");
    assert_int_equal(head->mode.width, 641);
    assert_int_equal(head->mode.height, 399);
    assert_int_equal(head->mode.refresh, 75);
    assert_int_equal(head->modes.count, 2);
    assert_int_equal(head->modes.modes[0].refresh, 60);
    assert_int_equal(head->modes.modes[1].width, 1024);
    assert_int_equal(head->modes.modes[1].refresh, 50);
    assert_int_equal(head->max_fps, 25);
    assert_true(head->position.set);
    assert_int_equal(head->position.x, 7);
    assert_int_equal(head->position.y, 9);
    assert_int_equal(head->size_mm.width, 300);
    assert_int_equal(head->size_mm.height, 200);
    assert_int_equal(config.vnc.listen.count, 2);
    assert_string_equal(config.vnc.listen.addresses[0].host, "::1");
    assert_false(config.vnc.heads.each);
    assert_int_equal(config.vnc.heads.head, 1);
    assert_string_equal(config.vnc.password_file, "/etc/secret");
    assert_int_equal(config.vnc.idle_timeout, 5);
    assert_int_equal(config.vnc.start, CONFIG_START_EAGER);
    assert_string_equal(config.control.socket, "");
    assert_int_equal(config.log.levels.level, LOG_DEBUG);
    /* The other head keeps its own. */
    assert_int_equal(config.heads[0].mode.width, 1280);
}

static void test_heads_stand_side_by_side(void **state)
{
    struct head_config settings;
    (void)state;
    assert_int_equal(load((const char *const[]){"gpu.heads=4", "head.0.mode=1000x500",
                                                "head.2.position=50,60", NULL}),
                     0);
    assert_int_equal(config.heads[1].position.x, 1000);
    assert_int_equal(config.heads[1].position.y, 0);
    assert_int_equal(config.heads[2].position.x, 50);
    config_head_settings(&config, 3, &settings);
    assert_int_equal(settings.x, 50 + 1280);
    assert_int_equal(settings.y, 60);
    assert_int_equal(settings.mode.width, 1280);
    assert_string_equal(settings.name, "Oriel 3");
}

static void test_later_override_wins(void **state)
{
    (void)state;
    assert_int_equal(load((const char *const[]){"gpu.heads=3", "gpu.heads=2", NULL}), 0);
    assert_int_equal(config.gpu.heads, 2);
}

/* An override, and what the message has to hold. */
static const struct {
    const char *override, *message;
} bad[] = {
    {"gpu.heads=0", "command line: [gpu].heads: 0: expected a number from 1 to 16"},
    {"gpu.heads=17", "[gpu].heads: 17: expected a number from 1 to 16"},
    {"gpu.heads=", "[gpu].heads: : expected a number"},
    {"gpu.heads=1x", "expected a number"},
    {"gpu.heads=-1", "expected a number"},
    {"gpu.heads=+1", "expected a number"},
    {"gpu.heads=99999999999999999999", "expected a number"},
    {"gpu.heads= 1", "expected a number"},
    {"gpu.max-resource-bytes=15M",
     "[gpu].max-resource-bytes: 15M: expected a number of bytes, as in 512M or 2G, from 16M to 64G"},
    {"gpu.max-resource-bytes=65G", "expected a number of bytes"},
    {"gpu.max-resource-bytes=4294967295G", "expected a number of bytes"},
    {"gpu.max-resource-bytes=4294967296", "expected a number of bytes"},
    {"gpu.max-resource-bytes=1g", "expected a number of bytes"},
    {"gpu.max-resource-bytes=1GB", "expected a number of bytes"},
    {"gpu.max-resource-bytes=G", "expected a number of bytes"},
    {"gpu.max-resource-bytes=", "expected a number of bytes"},
    {"gpu.max-resources=65537", "expected a number from 16 to 65536"},
    {"gpu.max-backing-entries=65537", "expected a number from 16 to 65536"},
    {"gpu.max-scanout-size=63", "expected a number from 64 to 16384 pixels"},
    {"head.0.mode=8193x1000", "is more than [gpu].max-scanout-size, 8192 pixels"},
    {"head.0.modes=640x480 1000x8193", "1000x8193@60: is more than [gpu].max-scanout-size"},
    {"gpu.renderer=virgl", "[gpu].renderer: virgl: 3D is not built yet; auto or 2d is accepted"},
    {"gpu.renderer=2D", "expected auto or 2d"},
    {"gpu.transport=vfio-user", "vfio-user is not built yet"},
    {"gpu.transport=tcp", "expected vhost-user"},
    {"gpu.socket=", "expected a path of at most 107 bytes"},
    {"gpu.socket=/%x", "expected a path"},
    {"gpu.socket=/%", "expected a path"},
    {"gpu.socket=/%h", "expected a path"},
    {"gpu.socket=/run/a # mine", "a comment behind a value begins with ;"},
    {"gpu.socket=/run/user/7/oriel/control.sock", "is the same as [gpu].socket"},
    {"gpu.name=", "expected UTF-8 text"},
    {"gpu.name=\xff", "expected UTF-8 text"},
    {"gpu.name=a\x1b[0m", "[gpu].name: a?[0m: expected UTF-8 text"},
    {"gpu.name=100%", "%% for a percent sign"},
    {"head.0.name=fourteen chars", "expected UTF-8 text of at most 13 bytes"},
    {"head.0.mode=1280", "expected WIDTHxHEIGHT"},
    {"head.0.mode=1280x", "expected WIDTHxHEIGHT"},
    {"head.0.mode=x800", "expected WIDTHxHEIGHT"},
    {"head.0.mode=1280x800@", "expected WIDTHxHEIGHT"},
    {"head.0.mode=1280x800@0", "expected WIDTHxHEIGHT"},
    {"head.0.mode=1280x800@60.5", "expected WIDTHxHEIGHT"},
    {"head.0.mode=63x800", "expected WIDTHxHEIGHT"},
    {"head.0.mode=16385x800", "expected WIDTHxHEIGHT"},
    {"head.0.modes=800x600 16384x9000", "[head.0].modes: 16384x9000@60: is more than [gpu]"},
    {"head.0.modes=800x600,1024x768", "expected modes as in 1920x1080@60"},
    {"head.0.modes=1x1", "expected modes"},
    {"head.0.max-fps=0", "expected a number from 1 to 1000"},
    {"head.0.position=1", "expected X,Y"},
    {"head.0.position=-1,0", "expected X,Y"},
    {"head.0.position=1,65536", "expected X,Y"},
    {"head.0.size-mm=0x10", "expected WIDTHxHEIGHT in millimetres"},
    {"head.0.size-mm=300x", "expected WIDTHxHEIGHT in millimetres"},
    {"head.1.mode=800x600", "[head.1]: there is no such head; [gpu].heads is 1"},
    {"head.16.mode=800x600", "unknown section; there are [gpu], [head.N]"},
    {"head.01.mode=800x600", "unknown section"},
    {"head.N.mode=800x600", "unknown section"},
    {"head.mode=800x600", "unknown section"},
    {"vnc.listen=tcp:localhost", "tcp:localhost: expected tcp:HOST:PORT"},
    {"vnc.listen=tcp:127.0.0.1:70000", "the port is a number from 0 to 65535"},
    {"vnc.listen=unix:", "expected unix:PATH"},
    {"vnc.listen=127.0.0.1:5900", "expected tcp:HOST:PORT, unix:PATH or fd:N"},
    {"vnc.listen=fd:2", "expected fd:N, the number of a listening socket from 3 to 1023"},
    {"vnc.listen=fd:1024", "expected fd:N"},
    {"vnc.listen=fd:", "expected fd:N"},
    {"vnc.listen=fd:3x", "expected fd:N"},
    {"vnc.listen=unix:/a fd:3 unix:/a", "[vnc].listen: unix:/a: is there twice"},
    {"vnc.listen=fd:3 fd:3", "[vnc].listen: fd:3: is there twice"},
    {"vnc.listen=tcp:127.0.0.1:1,tcp:127.0.0.1:2", "expected tcp:HOST:PORT"},
    {"vnc.heads=1", "1: there is no such head; [gpu].heads is 1"},
    {"vnc.heads=both", "expected each, all, or the number of one head"},
    {"vnc.start=now", "expected lazy or eager"},
    {"vnc.idle-timeout=86401", "expected a number from 0 to 86400 s"},
    {"vnc.share=shared", "expected ignore or allow-exclusive or force-shared"},
    {"vnc.handshake-timeout=0", "expected a number from 1 to 600 s"},
    {"vnc.login-delay=61", "expected a number from 0 to 60 s"},
    {"vnc.max-viewers=0", "expected a number from 1 to 256"},
    {"vnc.max-viewers-per-address=257", "expected a number from 1 to 256"},
    {"vnc.max-bytes=1023K", "expected a number of bytes, as in 512M or 2G, from 1M to 64G"},
    {"sandbox.mode=yes", "expected on or off"},
    {"log.level=verbose", "expected error, warning, info or debug, and behind it others"},
    {"log.level=", "expected error, warning, info or debug"},
    {"log.level=info debug", "debug: expected MODULE:LEVEL; modules are config, control"},
    {"log.level=info vnc:loud", "vnc:loud: expected MODULE:LEVEL"},
    {"log.level=vnc", "expected error, warning, info or debug"},
    {"log.format=xml", "expected text or json"},
    {"log.trace=gpu_*,x", "[log].trace: gpu_*,x: x matches no trace point; there are gpu_command"},
    {"gpu.colour=red", "[gpu].colour: red: unknown key; there are name, socket, transport"},
    {"sound.volume=3", "[sound].volume: 3: unknown section"},
    {"gpu=3", "command line: gpu=3: expected section.key=value"},
    {"gpu.heads", "expected section.key=value"},
    {"", "expected section.key=value"},
};

static void test_bad_values_are_refused_with_what_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(load_one(bad[i].override), -EINVAL);
        assert_non_null(errors.text);
        if (strstr(errors.text, bad[i].message) == NULL)
            fail_msg("%s: '%s' is not in: %s", bad[i].override, bad[i].message, errors.text);
        assert_int_equal(errors.count, 1);
        assert_ptr_equal(strchr(errors.text, '\n'), errors.text + errors.size - 1);
    }
}

static void test_too_many_list_items_are_refused(void **state)
{
    char text[2000] = "head.0.modes=";
    (void)state;
    for (int i = 0; i < HEAD_MAX_MODES; i++)
        strcat(text, "800x600 ");
    assert_int_equal(load_one(text), 0);
    assert_int_equal(config.heads[0].modes.count, HEAD_MAX_MODES);
    strcat(text, "800x600");
    assert_int_equal(load_one(text), -EINVAL);
    assert_non_null(strstr(errors.text, "at most 32 modes"));

    strcpy(text, "vnc.listen=");
    for (int i = 0; i < CONFIG_MAX_LISTEN; i++)
        strcat(text, "tcp:127.0.0.1:0 ");
    assert_int_equal(load_one(text), 0);
    strcat(text, "tcp:127.0.0.1:0");
    assert_int_equal(load_one(text), -EINVAL);
    assert_non_null(strstr(errors.text, "at most 8 addresses"));
}

static void test_addresses_of_several_heads_have_to_differ(void **state)
{
    (void)state;
    assert_int_equal(load((const char *const[]){"gpu.heads=2", "vnc.listen=unix:/a", NULL}),
                     -EINVAL);
    assert_non_null(
        strstr(errors.text, "[vnc].listen: unix:/a: each head needs a path of its own"));
    assert_int_equal(load((const char *const[]){"gpu.heads=2", "vnc.listen=unix:/a%%h", NULL}),
                     -EINVAL);
    assert_int_equal(load((const char *const[]){"gpu.heads=2", "vnc.listen=unix:/a%h", NULL}), 0);
    assert_int_equal(
        load((const char *const[]){"gpu.heads=2", "vnc.listen=unix:/a", "vnc.heads=1", NULL}), 0);
    assert_int_equal(
        load((const char *const[]){"gpu.heads=2", "vnc.listen=tcp:127.0.0.1:65535", NULL}),
        -EINVAL);
    assert_non_null(strstr(errors.text, "head 1 would need a port above 65535"));
}

static void test_levels_of_modules(void **state)
{
    (void)state;
    assert_int_equal(load_one("log.level=debug"), 0);
    assert_int_equal(config.log.levels.level, LOG_DEBUG);
    assert_string_equal(config.log.levels.modules, "");
    assert_int_equal(load_one("log.level=error vnc:debug gpu:info"), 0);
    assert_int_equal(config.log.levels.level, LOG_ERROR);
    assert_string_equal(config.log.levels.modules, "vnc:debug gpu:info");
    /* The level of all keeps its default. */
    assert_int_equal(load_one("log.level=vnc:debug"), 0);
    assert_int_equal(config.log.levels.level, LOG_INFO);
    assert_string_equal(config.log.levels.modules, "vnc:debug");
}

static void test_sockets_that_are_handed_over(void **state)
{
    (void)state;
    assert_int_equal(load_one("vnc.listen=fd:3 fd:1023"), 0);
    assert_int_equal(config.vnc.listen.addresses[0].kind, ADDRESS_FD);
    assert_int_equal(config.vnc.listen.addresses[1].fd, 1023);
    assert_int_equal(load((const char *const[]){"gpu.heads=2", "vnc.listen=fd:3", NULL}), -EINVAL);
    assert_non_null(strstr(errors.text, "one socket cannot serve each head"));
    assert_int_equal(
        load((const char *const[]){"gpu.heads=2", "vnc.listen=fd:3", "vnc.heads=all", NULL}), 0);
    assert_true(config.vnc.heads.all && !config.vnc.heads.each);
}

/* One other value for each key. */
static const char *const others[] = {
    "gpu.name=x", "gpu.socket=/x", "gpu.renderer=2d", "gpu.heads=2",
    "gpu.max-resource-bytes=2G", "gpu.max-resources=99", "gpu.max-backing-entries=99",
    "gpu.max-scanout-size=4096",
    "head.0.name=x", "head.0.mode=1280x800@50", "head.0.modes=800x600", "head.0.max-fps=30",
    "head.0.position=0,1", "head.0.size-mm=300x200",
    "input.keyboard=/x", "input.tablet=/x", "input.mouse=/x", "input.model=pc104",
    "input.layout=de", "input.variant=dvorak", "input.options=caps:none", "input.paste=type",
    "vmm.qmp=/x",
    "vnc.listen=tcp:127.0.0.1:5901", "vnc.heads=0", "vnc.password-file=/x",
    "vnc.view-only-password-file=/x", "vnc.share=force-shared", "vnc.handshake-timeout=9",
    "vnc.login-delay=9", "vnc.max-viewers=9", "vnc.max-viewers-per-address=9",
    "vnc.max-bytes=9M", "vnc.idle-timeout=9", "vnc.start=eager",
    "control.socket=/x", "sandbox.mode=off",
    "log.level=info vnc:debug", "log.format=json", "log.trace=gpu_*",
};

/* What follows from another key: the input devices' sockets are beside the
 * GPU's. */
static bool follows(const struct config_key *key, const char *override)
{
    return strcmp(override, "gpu.socket=/x") == 0 && strcmp(key->section, "input") == 0;
}

static bool is_named(const struct config_key *key, const char *override)
{
    char name[64];
    const char *section = strcmp(key->section, CONFIG_HEAD_SECTION) == 0 ? "head.0" : key->section;
    snprintf(name, sizeof(name), "%s.%s=", section, key->name);
    return strncmp(name, override, strlen(name)) == 0;
}

static void test_differences_are_seen_and_taken_over(void **state)
{
    static struct config before;
    (void)state;
    assert_int_equal(load((const char *const[]){NULL}), 0);
    before = config;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (load_one(others[i]) != 0)
            fail_msg("%s: %s", others[i], errors.text);
        for (size_t k = 0; k < config_nkeys; k++) {
            const struct config_key *key = &config_keys[k];
            bool same = config_table_equal(key, &before, &config, 0);
            if (!follows(key, others[i]) && same == is_named(key, others[i]))
                fail_msg("%s: [%s].%s", others[i], key->section, key->name);
            config_table_copy(key, &config, &before, 0);
            assert_true(config_table_equal(key, &before, &config, 0));
        }
    }
    for (size_t k = 0; k < config_nkeys; k++) {
        bool tried = strcmp(config_keys[k].name, "transport") == 0; /* takes one value only */
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            tried = tried || is_named(&config_keys[k], others[i]);
        if (!tried)
            fail_msg("another value for [%s].%s", config_keys[k].section, config_keys[k].name);
    }
}

static void test_all_errors_are_shown(void **state)
{
    (void)state;
    assert_int_equal(load((const char *const[]){"gpu.heads=0", "a.b=c", "log.level=x", NULL}),
                     -EINVAL);
    assert_int_equal(errors.count, 3);
    assert_non_null(strstr(errors.text, "[gpu].heads"));
    assert_non_null(strstr(errors.text, "[a].b"));
    assert_non_null(strstr(errors.text, "[log].level"));
}

static void test_errors_beyond_the_limit_are_only_counted(void **state)
{
    const char *overrides[CONFIG_ERRORS_SHOWN + 31] = {0};
    (void)state;
    for (int i = 0; i < CONFIG_ERRORS_SHOWN + 30; i++)
        overrides[i] = "gpu.heads=0";
    assert_int_equal(load(overrides), -EINVAL);
    assert_int_equal(errors.count, CONFIG_ERRORS_SHOWN + 30);
    size_t lines = 0;
    for (const char *c = errors.text; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, CONFIG_ERRORS_SHOWN);
}

static void test_table_is_whole(void **state)
{
    char accepted[CONFIG_REASON_SIZE];
    (void)state;
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        key->type->describe(key, accepted, sizeof(accepted));
        assert_true(strlen(accepted) > 3 && strlen(accepted) < sizeof(accepted) - 1);
        assert_int_equal(key->help[strlen(key->help) - 1], '.');
        /* The first with this name is this one: there is no second. */
        assert_ptr_equal(config_table_find(key->section, key->name), key);
        bool known = false;
        for (size_t s = 0; s < config_nsections; s++)
            known = known || strcmp(config_sections[s].name, key->section) == 0;
        assert_true(known);
    }
    assert_null(config_table_find("gpu", "mode"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults_hold_without_any_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_of_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_root_without_runtime_directory_uses_run, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_too_long_runtime_directory_matters_only_where_it_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_key_is_set_by_its_section_and_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_heads_stand_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_override_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_values_are_refused_with_what_is_accepted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_many_list_items_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses_of_several_heads_have_to_differ, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_all_errors_are_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_beyond_the_limit_are_only_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_levels_of_modules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sockets_that_are_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_differences_are_seen_and_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_is_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
