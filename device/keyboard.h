// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's keyboard as its layout has it: which keys, with which modifiers,
 * make a keysym. Keeps a model of the guest's own keyboard state (locks, held
 * modifiers), fed with every key event that goes to the guest.
 *
 * libxkbcommon behind it. Loop thread. Key codes are evdev's
 * (<linux/input-event-codes.h>), keysyms X11's.
 */
#ifndef ORIEL_DEVICE_KEYBOARD_H
#define ORIEL_DEVICE_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names as in setxkbmap(1) and [input] of the INI file; NULL or empty: the
 * default ("pc105", "us", none, none). */
struct keyboard_names {
    const char *model, *layout, *variant, *options;
};

/* Modifiers that choose a level of a key; a set of bits. */
#define KEYBOARD_SHIFT 1u
#define KEYBOARD_LEVEL3 2u /* AltGr */
#define KEYBOARD_LEVEL5 4u
#define KEYBOARD_MODIFIERS 3

/* A key to press while exactly these modifiers are held. */
struct keyboard_stroke {
    uint16_t code;
    uint8_t modifiers;
};

/* A dead key and the one it changes make two. */
#define KEYBOARD_MAX_STROKES 2

struct keyboard;

/* NULL with errno EINVAL when there is no such layout, or ENOMEM. */
struct keyboard *keyboard_create(const struct keyboard_names *names);
void keyboard_destroy(struct keyboard *keyboard); /* NULL is fine */

/* A key event went to the guest. */
void keyboard_key(struct keyboard *keyboard, uint16_t code, bool down);
/* The guest told its LEDs (bit 0 num, 1 caps, 2 scroll): its locks. */
void keyboard_set_leds(struct keyboard *keyboard, uint32_t leds);
/* The guest's keyboard starts anew: nothing held, nothing locked. */
void keyboard_reset(struct keyboard *keyboard);

/* How the guest's keyboard makes `keysym` in its present lock state; returns
 * the number of strokes, 0 when it cannot. */
size_t keyboard_find(struct keyboard *keyboard, uint32_t keysym,
                     struct keyboard_stroke strokes[KEYBOARD_MAX_STROKES]);

/* The modifier that a key is, or 0; the key to press for a modifier, or 0. */
uint8_t keyboard_modifier_of(const struct keyboard *keyboard, uint16_t code);
uint16_t keyboard_modifier_key(const struct keyboard *keyboard, uint8_t modifier);

#endif
