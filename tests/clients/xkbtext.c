// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xkbtext decode LAYOUT [VARIANT]   reads a guest's key events, one `CODE VALUE`
 *                                   per line, and writes the text that they type
 * xkbtext strokes LAYOUT [VARIANT]  reads text and writes the key events that a
 *                                   person types it with
 *
 * The judge of what arrives in the guest: a keyboard of that layout with its
 * dead keys, straight on libxkbcommon. Text is UTF-8, codes are evdev's.
 */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#define XKB_OFFSET 8

struct typewriter {
    struct xkb_context *context;
    struct xkb_keymap *keymap;
    struct xkb_state *keys;
    struct xkb_compose_table *table;
    struct xkb_compose_state *compose;
};

static bool typewriter_open(struct typewriter *typewriter, const char *layout, const char *variant)
{
    const struct xkb_rule_names names = {
        .rules = "evdev", .model = "pc105", .layout = layout, .variant = variant};

    typewriter->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    typewriter->keymap =
        xkb_keymap_new_from_names(typewriter->context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
    typewriter->table = xkb_compose_table_new_from_locale(typewriter->context, "en_US.UTF-8",
                                                          XKB_COMPOSE_COMPILE_NO_FLAGS);
    if (!typewriter->keymap || !typewriter->table)
        return false;
    typewriter->keys = xkb_state_new(typewriter->keymap);
    typewriter->compose = xkb_compose_state_new(typewriter->table, XKB_COMPOSE_STATE_NO_FLAGS);
    return true;
}

static void typewriter_close(struct typewriter *typewriter)
{
    xkb_compose_state_unref(typewriter->compose);
    xkb_compose_table_unref(typewriter->table);
    xkb_state_unref(typewriter->keys);
    xkb_keymap_unref(typewriter->keymap);
    xkb_context_unref(typewriter->context);
}

/* Presses or releases a key. Returns the character that appears, 0 for none. */
static uint32_t typewriter_key(struct typewriter *typewriter, unsigned code, bool down)
{
    xkb_keycode_t key = code + XKB_OFFSET;
    xkb_keysym_t keysym = xkb_state_key_get_one_sym(typewriter->keys, key);

    xkb_state_update_key(typewriter->keys, key, down ? XKB_KEY_DOWN : XKB_KEY_UP);
    if (!down)
        return 0;
    xkb_compose_state_feed(typewriter->compose, keysym);
    switch (xkb_compose_state_get_status(typewriter->compose)) {
    case XKB_COMPOSE_NOTHING:
        break;
    case XKB_COMPOSE_COMPOSED:
        keysym = xkb_compose_state_get_one_sym(typewriter->compose);
        xkb_compose_state_reset(typewriter->compose);
        break;
    default:
        return 0;
    }
    return keysym == XKB_KEY_Return ? '\n' : xkb_keysym_to_utf32(keysym);
}

static int decode(struct typewriter *typewriter)
{
    unsigned code, value;

    while (scanf("%u %u", &code, &value) == 2) {
        /* 2 is the guest's own repetition of a key that is held. */
        uint32_t character = typewriter_key(typewriter, code, value != 0);

        if (character)
            printf("%lc", (wint_t)character);
    }
    return 0;
}

/* The modifiers that a person holds, by the key that is one. */
static const unsigned modifiers[][2] = {
    {0, 0}, {KEY_LEFTSHIFT, 0}, {KEY_RIGHTALT, 0}, {KEY_LEFTSHIFT, KEY_RIGHTALT}};

struct stroke {
    unsigned code;
    const unsigned *held;
};

static const struct stroke no_stroke = {0, modifiers[0]};

static uint32_t try_stroke(struct typewriter *typewriter, struct stroke stroke)
{
    uint32_t character;

    for (int i = 0; i < 2; i++)
        if (stroke.held[i])
            typewriter_key(typewriter, stroke.held[i], true);
    character = typewriter_key(typewriter, stroke.code, true);
    typewriter_key(typewriter, stroke.code, false);
    for (int i = 1; i >= 0; i--)
        if (stroke.held[i])
            typewriter_key(typewriter, stroke.held[i], false);
    return character;
}

static bool is_lock(struct typewriter *typewriter, unsigned code)
{
    xkb_keysym_t keysym = xkb_state_key_get_one_sym(typewriter->keys, code + XKB_OFFSET);

    return keysym == XKB_KEY_Caps_Lock || keysym == XKB_KEY_Num_Lock;
}

/* Looks for one stroke of the main block that makes `wanted` after `first`. */
static bool find_stroke(struct typewriter *typewriter, uint32_t wanted, struct stroke first,
                        struct stroke *found)
{
    for (size_t m = 0; m < sizeof(modifiers) / sizeof(modifiers[0]); m++) {
        for (unsigned code = KEY_1; code <= KEY_102ND; code++) {
            struct stroke stroke = {code, modifiers[m]};

            if (is_lock(typewriter, code) || (code > KEY_SPACE && code < KEY_102ND))
                continue;
            xkb_compose_state_reset(typewriter->compose);
            if (first.code && try_stroke(typewriter, first) != 0)
                return false;
            if (try_stroke(typewriter, stroke) == wanted) {
                *found = stroke;
                return true;
            }
        }
    }
    return false;
}

static bool find_strokes(struct typewriter *typewriter, uint32_t wanted, struct stroke found[2])
{
    found[0] = no_stroke;
    if (find_stroke(typewriter, wanted, no_stroke, &found[1]))
        return true;
    for (size_t m = 0; m < sizeof(modifiers) / sizeof(modifiers[0]); m++) {
        for (unsigned code = KEY_1; code <= KEY_SLASH; code++) {
            found[0] = (struct stroke){code, modifiers[m]};
            if (!is_lock(typewriter, code) && find_stroke(typewriter, wanted, found[0], &found[1]))
                return true;
        }
    }
    return false;
}

static void print_stroke(struct stroke stroke)
{
    if (!stroke.code)
        return;
    for (int i = 0; i < 2; i++)
        if (stroke.held[i])
            printf("%u 1\n", stroke.held[i]);
    printf("%u 1\n%u 0\n", stroke.code, stroke.code);
    for (int i = 1; i >= 0; i--)
        if (stroke.held[i])
            printf("%u 0\n", stroke.held[i]);
}

static int strokes(struct typewriter *typewriter)
{
    wint_t character;

    while ((character = fgetwc(stdin)) != WEOF) {
        struct stroke found[2];

        if (!find_strokes(typewriter, character, found)) {
            fprintf(stderr, "xkbtext: the layout has no U+%04X\n", (unsigned)character);
            return 1;
        }
        print_stroke(found[0]);
        print_stroke(found[1]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct typewriter typewriter = {0};
    int rc;

    if (argc < 3 || (strcmp(argv[1], "decode") && strcmp(argv[1], "strokes"))) {
        fprintf(stderr, "usage: xkbtext decode|strokes LAYOUT [VARIANT]\n");
        return 2;
    }
    if (!setlocale(LC_CTYPE, "C.UTF-8") ||
        !typewriter_open(&typewriter, argv[2], argc > 3 ? argv[3] : NULL)) {
        fprintf(stderr, "xkbtext: no such layout, or no locale C.UTF-8\n");
        return 1;
    }
    rc = !strcmp(argv[1], "decode") ? decode(&typewriter) : strokes(&typewriter);
    typewriter_close(&typewriter);
    return rc;
}
