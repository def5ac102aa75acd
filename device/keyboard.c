// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/keyboard.h"

#include "server/log.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

/* xkb counts evdev codes from 8. */
#define XKB_OFFSET 8
/* Keys of a PC keyboard; the ones beyond are for buttons of other devices. */
#define MAX_CODE 247
#define LOCK_STATES 4 /* caps lock and num lock, on and off */
#define MAX_ENTRIES 8192

struct entry {
    uint32_t keysym;
    uint32_t cost;
    uint8_t nstrokes;
    struct keyboard_stroke strokes[KEYBOARD_MAX_STROKES];
};

/* What can be typed in one lock state, sorted by keysym; made on first use. */
struct table {
    struct entry *entries; /* NULL: not made yet */
    size_t count;
};

struct keyboard {
    struct xkb_context *context;
    struct xkb_keymap *keymap;
    struct xkb_state *state;
    struct xkb_compose_table *compose; /* NULL: no dead keys can be resolved */
    uint16_t modifier_keys[KEYBOARD_MODIFIERS];
    xkb_mod_mask_t modifier_masks[KEYBOARD_MODIFIERS];
    xkb_mod_mask_t caps_mask, num_mask;
    struct table tables[LOCK_STATES];
};

static xkb_keycode_t xkb_code(uint16_t code)
{
    return (xkb_keycode_t)code + XKB_OFFSET;
}

static uint8_t keysym_modifier(xkb_keysym_t keysym)
{
    switch (keysym) {
    case XKB_KEY_Shift_L:
    case XKB_KEY_Shift_R:
        return KEYBOARD_SHIFT;
    case XKB_KEY_ISO_Level3_Shift:
        return KEYBOARD_LEVEL3;
    case XKB_KEY_ISO_Level5_Shift:
        return KEYBOARD_LEVEL5;
    default:
        return 0;
    }
}

static xkb_keysym_t base_keysym(struct xkb_keymap *keymap, uint16_t code)
{
    const xkb_keysym_t *syms;
    int n = xkb_keymap_key_get_syms_by_level(keymap, xkb_code(code), 0, 0, &syms);
    return n == 1 ? syms[0] : XKB_KEY_NoSymbol;
}

uint8_t keyboard_modifier_of(const struct keyboard *keyboard, uint16_t code)
{
    return code > MAX_CODE ? 0 : keysym_modifier(base_keysym(keyboard->keymap, code));
}

uint16_t keyboard_modifier_key(const struct keyboard *keyboard, uint8_t modifier)
{
    for (unsigned i = 0; i < KEYBOARD_MODIFIERS; i++)
        if (modifier == 1u << i)
            return keyboard->modifier_keys[i];
    return 0;
}

/* Codes that no keyboard has, which xkb-data gives to modifiers so that they
 * have a place: 84 is its <LVL3>, those beyond 127 <LVL5> and friends. */
static bool is_real_modifier_key(uint16_t code)
{
    return code != 84 && code < 128;
}

static void find_modifiers(struct keyboard *keyboard)
{
    for (uint16_t code = 1; code <= MAX_CODE; code++) {
        uint8_t modifier = keyboard_modifier_of(keyboard, code);
        if (modifier == 0 || !is_real_modifier_key(code))
            continue;
        unsigned index = (unsigned)__builtin_ctz(modifier);
        if (keyboard->modifier_keys[index] != 0)
            continue;
        struct xkb_state *state = xkb_state_new(keyboard->keymap);
        if (!state)
            return;
        xkb_state_update_key(state, xkb_code(code), XKB_KEY_DOWN);
        keyboard->modifier_keys[index] = code;
        keyboard->modifier_masks[index] =
            xkb_state_serialize_mods(state, XKB_STATE_MODS_DEPRESSED);
        xkb_state_unref(state);
    }
}

static xkb_mod_mask_t named_mask(struct xkb_keymap *keymap, const char *name)
{
    xkb_mod_index_t index = xkb_keymap_mod_get_index(keymap, name);
    return index == XKB_MOD_INVALID ? 0 : (xkb_mod_mask_t)1 << index;
}

struct keyboard *keyboard_create(const struct keyboard_names *names)
{
    struct keyboard *keyboard = calloc(1, sizeof *keyboard);
    if (!keyboard)
        return NULL;
    struct xkb_rule_names rules = { .model = names->model, .layout = names->layout,
                                    .variant = names->variant, .options = names->options };
    keyboard->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    if (keyboard->context) {
        /* Its own words would go to stderr past the log; ours say what is wrong. */
        xkb_context_set_log_level(keyboard->context, XKB_LOG_LEVEL_CRITICAL);
        keyboard->keymap =
            xkb_keymap_new_from_names(keyboard->context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS);
    }
    if (keyboard->keymap)
        keyboard->state = xkb_state_new(keyboard->keymap);
    if (!keyboard->state) {
        errno = keyboard->context ? EINVAL : ENOMEM;
        keyboard_destroy(keyboard);
        return NULL;
    }
    /* Every UTF-8 locale of X11 shares the sequences of this one. */
    keyboard->compose = xkb_compose_table_new_from_locale(keyboard->context, "en_US.UTF-8",
                                                          XKB_COMPOSE_COMPILE_NO_FLAGS);
    if (!keyboard->compose)
        log_warning("keyboard", "no compose table is installed (package libx11-data): characters "
                                "that need a dead key cannot be typed");
    keyboard->caps_mask = named_mask(keyboard->keymap, XKB_MOD_NAME_CAPS);
    keyboard->num_mask = named_mask(keyboard->keymap, XKB_MOD_NAME_NUM);
    find_modifiers(keyboard);
    return keyboard;
}

void keyboard_destroy(struct keyboard *keyboard)
{
    if (!keyboard)
        return;
    int error = errno;
    for (unsigned i = 0; i < LOCK_STATES; i++)
        free(keyboard->tables[i].entries);
    xkb_compose_table_unref(keyboard->compose);
    xkb_state_unref(keyboard->state);
    xkb_keymap_unref(keyboard->keymap);
    xkb_context_unref(keyboard->context);
    free(keyboard);
    errno = error;
}

void keyboard_key(struct keyboard *keyboard, uint16_t code, bool down)
{
    xkb_state_update_key(keyboard->state, xkb_code(code), down ? XKB_KEY_DOWN : XKB_KEY_UP);
}

static void set_locked(struct keyboard *keyboard, xkb_mod_mask_t locked)
{
    struct xkb_state *state = keyboard->state;
    xkb_state_update_mask(state, xkb_state_serialize_mods(state, XKB_STATE_MODS_DEPRESSED),
                          xkb_state_serialize_mods(state, XKB_STATE_MODS_LATCHED), locked, 0, 0,
                          0);
}

void keyboard_set_leds(struct keyboard *keyboard, uint32_t leds)
{
    xkb_mod_mask_t locked = xkb_state_serialize_mods(keyboard->state, XKB_STATE_MODS_LOCKED);
    locked &= ~(keyboard->caps_mask | keyboard->num_mask);
    if (leds & (1u << LED_CAPSL))
        locked |= keyboard->caps_mask;
    if (leds & (1u << LED_NUML))
        locked |= keyboard->num_mask;
    set_locked(keyboard, locked);
}

void keyboard_reset(struct keyboard *keyboard)
{
    xkb_state_update_mask(keyboard->state, 0, 0, 0, 0, 0, 0);
}

/* Among the ways to a keysym: few modifiers, and keys of the main block that
 * consoles and other systems know, too. Code 86 (beside the left shift) is
 * missing on many keyboards, and guests disagree about what it is. */
static uint32_t stroke_cost(uint16_t code, uint8_t modifiers)
{
    uint32_t cost = 2 * (uint32_t)__builtin_popcount(modifiers);
    if (code == KEY_102ND)
        cost += 3;
    if (code > KEY_F12)
        cost += 16;
    return cost;
}

static bool can_hold(const struct keyboard *keyboard, uint8_t modifiers)
{
    for (unsigned i = 0; i < KEYBOARD_MODIFIERS; i++)
        if ((modifiers & (1u << i)) && keyboard->modifier_keys[i] == 0)
            return false;
    return true;
}

static void add_entry(struct table *table, struct entry entry)
{
    if (table->count < MAX_ENTRIES)
        table->entries[table->count++] = entry;
}

static void add_key_entries(struct keyboard *keyboard, struct xkb_state *state,
                            xkb_mod_mask_t locked, uint8_t modifiers, struct table *table)
{
    xkb_mod_mask_t depressed = 0;
    for (unsigned i = 0; i < KEYBOARD_MODIFIERS; i++)
        if (modifiers & (1u << i))
            depressed |= keyboard->modifier_masks[i];
    xkb_state_update_mask(state, depressed, 0, locked, 0, 0, 0);
    for (uint16_t code = 1; code <= MAX_CODE; code++) {
        xkb_keysym_t keysym = xkb_state_key_get_one_sym(state, xkb_code(code));
        if (keysym == XKB_KEY_NoSymbol ||
            (keysym_modifier(keysym) != 0 && !is_real_modifier_key(code)))
            continue;
        add_entry(table, (struct entry){ .keysym = keysym,
                                         .cost = stroke_cost(code, modifiers),
                                         .nstrokes = 1,
                                         .strokes = { { code, modifiers } } });
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->keysym != y->keysym)
        return x->keysym < y->keysym ? -1 : 1;
    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    return (int)x->strokes[0].code - (int)y->strokes[0].code;
}

/* Sorts, and keeps the cheapest way to each keysym. */
static void tidy(struct table *table)
{
    qsort(table->entries, table->count, sizeof table->entries[0], compare_entries);
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++)
        if (kept == 0 || table->entries[kept - 1].keysym != table->entries[i].keysym)
            table->entries[kept++] = table->entries[i];
    table->count = kept;
}

static const struct entry *find_entry(const struct table *table, uint32_t keysym)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table->entries[middle].keysym < keysym)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->entries[low].keysym == keysym ? &table->entries[low]
                                                                      : NULL;
}

static bool is_dead(uint32_t keysym)
{
    return keysym >= XKB_KEY_dead_grave && keysym <= XKB_KEY_dead_greek;
}

/* What a dead key and then another make, by the compose table itself. */
static xkb_keysym_t compose(struct xkb_compose_state *state, uint32_t dead, uint32_t base)
{
    xkb_compose_state_reset(state);
    xkb_compose_state_feed(state, dead);
    if (xkb_compose_state_get_status(state) != XKB_COMPOSE_COMPOSING)
        return XKB_KEY_NoSymbol;
    xkb_compose_state_feed(state, base);
    if (xkb_compose_state_get_status(state) != XKB_COMPOSE_COMPOSED)
        return XKB_KEY_NoSymbol;
    return xkb_compose_state_get_one_sym(state);
}

static void add_dead_entries(struct keyboard *keyboard, struct table *table)
{
    struct xkb_compose_state *state =
        keyboard->compose ? xkb_compose_state_new(keyboard->compose, XKB_COMPOSE_STATE_NO_FLAGS)
                          : NULL;
    if (!state)
        return;
    size_t direct = table->count;
    for (size_t d = 0; d < direct; d++) {
        struct entry dead = table->entries[d];
        if (!is_dead(dead.keysym))
            continue;
        for (size_t b = 0; b < direct; b++) {
            struct entry base = table->entries[b];
            xkb_keysym_t keysym = compose(state, dead.keysym, base.keysym);
            if (keysym == XKB_KEY_NoSymbol)
                continue;
            /* One stroke is better than any two. */
            add_entry(table, (struct entry){ .keysym = keysym,
                                             .cost = 1000 + dead.cost + base.cost,
                                             .nstrokes = 2,
                                             .strokes = { dead.strokes[0], base.strokes[0] } });
        }
    }
    xkb_compose_state_unref(state);
    tidy(table);
}

static struct table *make_table(struct keyboard *keyboard, unsigned locks)
{
    struct table *table = &keyboard->tables[locks];
    if (table->entries)
        return table;
    struct xkb_state *state = xkb_state_new(keyboard->keymap);
    table->entries = malloc(MAX_ENTRIES * sizeof table->entries[0]);
    if (!state || !table->entries) {
        xkb_state_unref(state);
        free(table->entries);
        table->entries = NULL;
        return NULL;
    }
    xkb_mod_mask_t locked = (locks & 1 ? keyboard->caps_mask : 0) |
                            (locks & 2 ? keyboard->num_mask : 0);
    for (uint8_t modifiers = 0; modifiers < 1u << KEYBOARD_MODIFIERS; modifiers++)
        if (can_hold(keyboard, modifiers))
            add_key_entries(keyboard, state, locked, modifiers, table);
    xkb_state_unref(state);
    tidy(table);
    add_dead_entries(keyboard, table);
    return table;
}

size_t keyboard_find(struct keyboard *keyboard, uint32_t keysym,
                     struct keyboard_stroke strokes[KEYBOARD_MAX_STROKES])
{
    xkb_mod_mask_t locked = xkb_state_serialize_mods(keyboard->state, XKB_STATE_MODS_LOCKED);
    unsigned locks = (locked & keyboard->caps_mask ? 1u : 0) |
                     (locked & keyboard->num_mask ? 2u : 0);
    struct table *table = make_table(keyboard, locks);
    if (!table)
        return 0;
    const struct entry *entry = find_entry(table, keysym);
    if (!entry) {
        /* A character has several names: 0xe9 and 0x10000e9 are both e acute. */
        uint32_t character = xkb_keysym_to_utf32(keysym);
        if (character != 0)
            entry = find_entry(table, xkb_utf32_to_keysym(character));
    }
    if (!entry)
        return 0;
    memcpy(strokes, entry->strokes, entry->nstrokes * sizeof entry->strokes[0]);
    return entry->nstrokes;
}
