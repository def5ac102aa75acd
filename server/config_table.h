// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of configuration keys: one line per key says where it stands,
 * what it accepts, its default and its explanation. Immutable, any thread.
 */
#ifndef ORIEL_SERVER_CONFIG_TABLE_H
#define ORIEL_SERVER_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The section that exists once per head, as [head.0] to [head.15]. */
#define CONFIG_HEAD_SECTION "head.N"
#define CONFIG_REASON_SIZE 256

struct config_key;

/* How a kind of value is read. Types live in config_types.c. */
struct config_type {
    /* Parses `text` into `field`. `head` is that of the section, or
     * PATHS_NO_HEAD. Returns 0 or -EINVAL; it may then write into `reason`
     * (CONFIG_REASON_SIZE bytes, empty at first) what is wrong; else what
     * `describe` says is shown. */
    int (*parse)(const struct config_key *key, const char *text, int head, void *field,
                 char *reason);
    /* What is accepted: "a number from 1 to 16". */
    void (*describe)(const struct config_key *key, char *out, size_t cap);
    /* Bytes of the field; 0: that of the text in the key's params. */
    size_t size;
    /* Whether two fields say the same. */
    bool (*equal)(const void *a, const void *b);
};

/* One word that a key accepts, or refuses with a reason. */
struct config_choice {
    const char *word;
    uint32_t value;
    const char *refused; /* NULL: accepted */
};

struct config_range {
    uint32_t min, max;
    const char *unit; /* "s", or "" */
};

struct config_bytes_range {
    uint64_t min, max;
};

/* How long a text may be, and whether it may be empty. */
struct config_text {
    size_t size; /* of the field, with the NUL */
    bool optional;
};

struct config_key {
    const char *section;
    const char *name;
    const struct config_type *type;
    const void *params;   /* of the type: choices (ended by word NULL), range, text */
    size_t offset;        /* in struct config, or in struct config_head */
    const char *fallback; /* the default, as the file would say it */
    bool reloadable;      /* can change while running, without harm to anybody */
    const char *help;     /* whole sentences */
};

struct config_section {
    const char *name;
    const char *help;
};

extern const struct config_key config_keys[];
extern const size_t config_nkeys;
extern const struct config_section config_sections[];
extern const size_t config_nsections;

/* NULL when there is no such key. `section` is as in the table. */
const struct config_key *config_table_find(const char *section, const char *name);

/* The field of `key` in a struct config; `head` counts for keys of heads. */
struct config;
void *config_table_field(const struct config_key *key, struct config *config, int head);
/* Whether two configurations say the same for a key, and making it so. */
bool config_table_equal(const struct config_key *key, const struct config *a,
                        const struct config *b, int head);
void config_table_copy(const struct config_key *key, struct config *to, const struct config *from,
                       int head);

#endif
