// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The INI file and -o: everything from the file's bytes to a checked
 * configuration. The input is the file; after a byte 0x01 follow overrides,
 * each ended by another.
 */
#include "server/config.h"
#include "server/config_errors.h"
#include "tests/fuzz/lib/fuzz_loop.h"
#include "tests/fuzz/lib/fuzz_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_OVERRIDES 8
#define END 0x01

static int file;
static char path[64];

struct keyboard *__wrap_keyboard_create(const struct keyboard_names *names);

/* Compiling a keymap takes a hundred times as long as all the rest, and is
 * xkbcommon's. */
struct keyboard *__wrap_keyboard_create(const struct keyboard_names *names)
{
    errno = strlen(names->layout) > 2 ? EINVAL : ENOMEM;
    return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_init();
    setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
    file = memfd_create("oriel.ini", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    return 0;
}

/* What holds for every configuration that is accepted. */
static void check(const struct config *config)
{
    FUZZ_CHECK(config->gpu.heads >= 1 && config->gpu.heads <= HEAD_MAX_HEADS);
    FUZZ_CHECK(config->vnc.listen.count <= CONFIG_MAX_LISTEN);
    FUZZ_CHECK(memchr(config->gpu.name, '\0', sizeof(config->gpu.name)));
    for (unsigned i = 0; i < config->gpu.heads; i++) {
        struct head_config head;
        config_head_settings(config, i, &head);
        FUZZ_CHECK(head.nmodes <= HEAD_MAX_MODES && head.max_fps >= 1);
        FUZZ_CHECK(head.mode.width >= 1 && head.mode.width <= CANVAS_MAX_SIZE);
        FUZZ_CHECK(head.mode.height >= 1 && head.mode.height <= CANVAS_MAX_SIZE);
        FUZZ_CHECK(memchr(head.name, '\0', sizeof(head.name)));
    }
}

/* Splits what follows the file; `text` is changed. */
static unsigned split_overrides(char *text, size_t size, const char **overrides)
{
    unsigned count = 0;
    for (char *end; count < MAX_OVERRIDES && (end = memchr(text, END, size)) != NULL; count++) {
        *end = '\0';
        overrides[count] = text;
        size -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config; /* large */
    const char *overrides[MAX_OVERRIDES];
    struct config_sources sources = {.path = path, .overrides = overrides};
    struct config_errors errors;
    const uint8_t *end = size ? memchr(data, END, size) : NULL;
    size_t file_size = end ? (size_t)(end - data) : size;
    char *rest = malloc(size - file_size + 1);
    FUZZ_CHECK(rest && ftruncate(file, 0) == 0 && pwrite(file, data, file_size, 0) >= 0);
    if (end) {
        memcpy(rest, end + 1, size - file_size - 1);
        sources.noverrides = split_overrides(rest, size - file_size - 1, overrides);
    }
    config_errors_init(&errors);
    int rc = config_load(&config, &sources, &errors);
    FUZZ_CHECK(rc == 0 ? errors.count == 0 : errors.count > 0 && errors.text);
    if (rc == 0)
        check(&config);
    config_errors_finish(&errors);
    free(rest);
    return 0;
}
