// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_types.h"
#include "server/address.h"
#include "server/config.h"
#include "server/paths.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODE_MIN_SIZE 64
#define MODE_DEFAULT_REFRESH 60
#define MODE_MAX_REFRESH 1000
#define POSITION_MAX 65535
#define SIZE_MM_MAX 4095 /* 12 bits in an EDID's detailed timing */
#define LIST_SEPARATORS " \t"

/*
 * Reads decimal digits at *text, without sign or blanks, and moves it behind
 * them. Values above `max` are refused.
 */
static int take_number(const char **text, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    const char *start = *text;
    while (**text >= '0' && **text <= '9') {
        value = value * 10 + (uint64_t)(**text - '0');
        if (value > max)
            return -EINVAL;
        (*text)++;
    }
    *out = (uint32_t)value;
    return *text == start ? -EINVAL : 0;
}

static int take_char(const char **text, char c)
{
    if (**text != c)
        return -EINVAL;
    (*text)++;
    return 0;
}

/* Reads "A<separator>B" and nothing behind it. */
static int parse_pair(const char *text, char separator, uint32_t max, uint32_t *a, uint32_t *b)
{
    if (take_number(&text, max, a) != 0 || take_char(&text, separator) != 0 ||
        take_number(&text, max, b) != 0)
        return -EINVAL;
    return *text == '\0' ? 0 : -EINVAL;
}

static int choice_parse(const struct config_key *key, const char *text, int head, void *field,
                        char *reason)
{
    (void)head;
    for (const struct config_choice *choice = key->params; choice->word != NULL; choice++) {
        if (strcmp(choice->word, text) != 0)
            continue;
        if (choice->refused != NULL) {
            snprintf(reason, CONFIG_REASON_SIZE, "%s", choice->refused);
            return -EINVAL;
        }
        *(uint32_t *)field = choice->value;
        return 0;
    }
    return -EINVAL;
}

static void choice_describe(const struct config_key *key, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct config_choice *choice = key->params; choice->word != NULL; choice++) {
        if (choice->refused != NULL || used >= cap)
            continue;
        int n = snprintf(out + used, cap - used, "%s%s", used > 0 ? " or " : "", choice->word);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int number_parse(const struct config_key *key, const char *text, int head, void *field,
                        char *reason)
{
    const struct config_range *range = key->params;
    uint32_t value;
    (void)head;
    (void)reason;
    if (take_number(&text, range->max, &value) != 0 || *text != '\0' || value < range->min)
        return -EINVAL;
    *(uint32_t *)field = value;
    return 0;
}

static void number_describe(const struct config_key *key, char *out, size_t cap)
{
    const struct config_range *range = key->params;
    snprintf(out, cap, "a number from %u to %u%s%s", range->min, range->max,
             range->unit[0] != '\0' ? " " : "", range->unit);
}

/* Suffixes of a number of bytes: K, M and G, powers of 1024. */
static int take_unit(const char **text, unsigned *shift)
{
    static const char units[] = "KMG";
    const char *unit = **text != '\0' ? strchr(units, **text) : NULL;
    *shift = 0;
    if (unit != NULL) {
        *shift = 10 * (unsigned)(unit - units + 1);
        (*text)++;
    }
    return **text == '\0' ? 0 : -EINVAL;
}

static int bytes_parse(const struct config_key *key, const char *text, int head, void *field,
                       char *reason)
{
    const struct config_bytes_range *range = key->params;
    uint32_t number;
    unsigned shift;
    (void)head;
    (void)reason;
    if (take_number(&text, UINT32_MAX, &number) != 0 || take_unit(&text, &shift) != 0)
        return -EINVAL;
    uint64_t value = (uint64_t)number << shift;
    if (value < range->min || value > range->max)
        return -EINVAL;
    *(uint64_t *)field = value;
    return 0;
}

static void bytes_describe(const struct config_key *key, char *out, size_t cap)
{
    const struct config_bytes_range *range = key->params;
    snprintf(out, cap, "a number of bytes, as in 512M or 2G, from %lluM to %lluG",
             (unsigned long long)(range->min >> 20), (unsigned long long)(range->max >> 30));
}

/* Text without %-signs of its own but %h and %%. */
static int text_parse(const struct config_key *key, const char *text, int head, void *field,
                      char *reason)
{
    const struct config_text *params = key->params;
    (void)reason;
    if (text[0] == '\0' && !params->optional)
        return -EINVAL;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return -EINVAL;
    /* What goes into JSON and to viewers has to be UTF-8; jansson looks. */
    json_t *utf8 = json_string(text);
    if (utf8 == NULL)
        return -EINVAL;
    json_decref(utf8);
    return paths_expand(text, head, field, params->size) == 0 ? 0 : -EINVAL;
}

static void text_describe(const struct config_key *key, char *out, size_t cap)
{
    const struct config_text *params = key->params;
    snprintf(out, cap, "UTF-8 text of at most %zu bytes, %%%% for a percent sign",
             params->size - 1);
}

static int path_parse(const struct config_key *key, const char *text, int head, void *field,
                      char *reason)
{
    const struct config_text *params = key->params;
    if (text[0] == '\0' && !params->optional)
        return -EINVAL;
    /* A comment behind a value begins with " ;". Who wrote " #" meant one. */
    if (strstr(text, " #") != NULL) {
        snprintf(reason, CONFIG_REASON_SIZE, "a comment behind a value begins with ;");
        return -EINVAL;
    }
    return paths_expand(text, head, field, params->size) == 0 ? 0 : -EINVAL;
}

static void path_describe(const struct config_key *key, char *out, size_t cap)
{
    const struct config_text *params = key->params;
    snprintf(out, cap,
             "a path of at most %zu bytes (%%t: the runtime directory, %%%%: a percent "
             "sign)%s",
             params->size - 1, params->optional ? ", or nothing" : "");
}

static int parse_mode(const char *text, struct mode *mode)
{
    struct mode m = {.refresh = MODE_DEFAULT_REFRESH};
    if (take_number(&text, CANVAS_MAX_SIZE, &m.width) != 0 || take_char(&text, 'x') != 0 ||
        take_number(&text, CANVAS_MAX_SIZE, &m.height) != 0)
        return -EINVAL;
    if (*text == '@' &&
        (take_char(&text, '@') != 0 || take_number(&text, MODE_MAX_REFRESH, &m.refresh) != 0))
        return -EINVAL;
    if (*text != '\0' || m.width < MODE_MIN_SIZE || m.height < MODE_MIN_SIZE || m.refresh == 0)
        return -EINVAL;
    *mode = m;
    return 0;
}

static int mode_parse(const struct config_key *key, const char *text, int head, void *field,
                      char *reason)
{
    (void)key;
    (void)head;
    (void)reason;
    return parse_mode(text, field);
}

static void mode_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "WIDTHxHEIGHT or WIDTHxHEIGHT@HZ, %dx%d@1 to %ux%u@%d", MODE_MIN_SIZE,
             MODE_MIN_SIZE, CANVAS_MAX_SIZE, CANVAS_MAX_SIZE, MODE_MAX_REFRESH);
}

/* Copies the next word of a list to `word`. Returns its length, 0 at the end,
 * or -EINVAL when it does not fit. */
static int next_word(const char **text, char *word, size_t cap)
{
    *text += strspn(*text, LIST_SEPARATORS);
    size_t length = strcspn(*text, LIST_SEPARATORS);
    if (length >= cap)
        return -EINVAL;
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += length;
    return (int)length;
}

static int modes_parse(const struct config_key *key, const char *text, int head, void *field,
                       char *reason)
{
    struct config_modes modes = {0};
    char word[32];
    int length;
    (void)key;
    (void)head;
    while ((length = next_word(&text, word, sizeof(word))) != 0) {
        if (length < 0)
            return -EINVAL;
        if (modes.count == HEAD_MAX_MODES) {
            snprintf(reason, CONFIG_REASON_SIZE, "at most %d modes", HEAD_MAX_MODES);
            return -EINVAL;
        }
        if (parse_mode(word, &modes.modes[modes.count++]) != 0)
            return -EINVAL;
    }
    *(struct config_modes *)field = modes;
    return 0;
}

static void modes_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "modes as in 1920x1080@60, separated by spaces, or nothing");
}

static int position_parse(const struct config_key *key, const char *text, int head, void *field,
                          char *reason)
{
    uint32_t x, y;
    (void)key;
    (void)head;
    (void)reason;
    if (strcmp(text, "auto") == 0) {
        *(struct config_position *)field = (struct config_position){0};
        return 0;
    }
    if (parse_pair(text, ',', POSITION_MAX, &x, &y) != 0)
        return -EINVAL;
    *(struct config_position *)field =
        (struct config_position){.set = true, .x = (int32_t)x, .y = (int32_t)y};
    return 0;
}

static void position_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "X,Y in pixels from 0,0 to %d,%d, or auto", POSITION_MAX, POSITION_MAX);
}

static int size_mm_parse(const struct config_key *key, const char *text, int head, void *field,
                         char *reason)
{
    struct config_size_mm size = {0};
    (void)key;
    (void)head;
    (void)reason;
    if (strcmp(text, "auto") != 0 &&
        (parse_pair(text, 'x', SIZE_MM_MAX, &size.width, &size.height) != 0 || size.width == 0 ||
         size.height == 0))
        return -EINVAL;
    *(struct config_size_mm *)field = size;
    return 0;
}

static void size_mm_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "WIDTHxHEIGHT in millimetres from 1x1 to %dx%d, or auto", SIZE_MM_MAX,
             SIZE_MM_MAX);
}

static int listen_parse(const struct config_key *key, const char *text, int head, void *field,
                        char *reason)
{
    struct config_listen *listen = field;
    char word[ADDRESS_TEXT_SIZE];
    const char *why;
    int length;
    (void)key;
    (void)head;
    listen->count = 0;
    while ((length = next_word(&text, word, sizeof(word))) != 0) {
        if (length < 0)
            return -EINVAL;
        if (listen->count == CONFIG_MAX_LISTEN) {
            snprintf(reason, CONFIG_REASON_SIZE, "at most %d addresses", CONFIG_MAX_LISTEN);
            return -EINVAL;
        }
        if (address_parse(word, &listen->addresses[listen->count], &why) != 0) {
            snprintf(reason, CONFIG_REASON_SIZE, "%.100s: %s", word, why);
            return -EINVAL;
        }
        listen->count++;
    }
    return 0;
}

static void listen_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap,
             "addresses as in tcp:127.0.0.1:5900, tcp:[::1]:0, unix:%%t/vnc.%%h.sock or fd:3, "
             "separated by spaces, or nothing");
}

static int heads_parse(const struct config_key *key, const char *text, int head, void *field,
                       char *reason)
{
    struct config_heads heads = {.each = strcmp(text, "each") == 0,
                                 .all = strcmp(text, "all") == 0};
    (void)key;
    (void)head;
    (void)reason;
    if (!heads.each && !heads.all &&
        (take_number(&text, HEAD_MAX_HEADS - 1, &heads.head) != 0 || *text != '\0'))
        return -EINVAL;
    *(struct config_heads *)field = heads;
    return 0;
}

static void heads_describe(const struct config_key *key, char *out, size_t cap)
{
    (void)key;
    snprintf(out, cap, "each, all, or the number of one head from 0 to %d", HEAD_MAX_HEADS - 1);
}

/* ---- Whether two values say the same ---- */

static bool number_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint32_t)) == 0;
}

static bool bytes_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(uint64_t)) == 0;
}

static bool text_equal(const void *a, const void *b)
{
    return strcmp(a, b) == 0;
}

static bool same_mode(const struct mode *a, const struct mode *b)
{
    return a->width == b->width && a->height == b->height && a->refresh == b->refresh;
}

static bool mode_equal(const void *a, const void *b)
{
    return same_mode(a, b);
}

static bool modes_equal(const void *a, const void *b)
{
    const struct config_modes *m = a, *n = b;
    uint32_t i = 0;
    while (i < m->count && i < n->count && same_mode(&m->modes[i], &n->modes[i]))
        i++;
    return i == m->count && i == n->count;
}

/* Those that are not set have been placed when the configuration was loaded. */
static bool position_equal(const void *a, const void *b)
{
    const struct config_position *m = a, *n = b;
    return m->x == n->x && m->y == n->y;
}

static bool size_mm_equal(const void *a, const void *b)
{
    const struct config_size_mm *m = a, *n = b;
    return m->width == n->width && m->height == n->height;
}

static bool listen_equal(const void *a, const void *b)
{
    const struct config_listen *m = a, *n = b;
    uint32_t i = 0;
    while (i < m->count && i < n->count && address_equal(&m->addresses[i], &n->addresses[i]))
        i++;
    return i == m->count && i == n->count;
}

static bool heads_equal(const void *a, const void *b)
{
    const struct config_heads *m = a, *n = b;
    return m->each == n->each && m->all == n->all && m->head == n->head;
}

#define NUMBER .size = sizeof(uint32_t), .equal = number_equal
#define TEXT .size = 0, .equal = text_equal
const struct config_type config_type_choice = {choice_parse, choice_describe, NUMBER};
const struct config_type config_type_number = {number_parse, number_describe, NUMBER};
const struct config_type config_type_bytes = {bytes_parse, bytes_describe, sizeof(uint64_t),
                                              bytes_equal};
const struct config_type config_type_text = {text_parse, text_describe, TEXT};
const struct config_type config_type_path = {path_parse, path_describe, TEXT};
const struct config_type config_type_mode = {mode_parse, mode_describe, sizeof(struct mode),
                                             mode_equal};
const struct config_type config_type_modes = {modes_parse, modes_describe,
                                              sizeof(struct config_modes), modes_equal};
const struct config_type config_type_position = {
    position_parse, position_describe, sizeof(struct config_position), position_equal};
const struct config_type config_type_size_mm = {size_mm_parse, size_mm_describe,
                                                sizeof(struct config_size_mm), size_mm_equal};
const struct config_type config_type_listen = {listen_parse, listen_describe,
                                               sizeof(struct config_listen), listen_equal};
const struct config_type config_type_heads = {heads_parse, heads_describe,
                                              sizeof(struct config_heads), heads_equal};
