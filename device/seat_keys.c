// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys: keysyms to keys, modifiers put right for a moment, who holds what. */
#include "device/seat_internal.h"

#include "server/log.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <string.h>

static bool viewer_holds(const struct seat_viewer *viewer, uint16_t code)
{
    return viewer->held[code / 8] & (1u << (code % 8));
}

/* Tells the guest, and the model of its keyboard. */
static void send_key(struct seat *seat, uint16_t code, bool down)
{
    struct input_event_value event = { EV_KEY, code, down };
    keyboard_key(seat->keyboard, code, down);
    seat->ops->report(seat->user, SEAT_KEYBOARD, &event, 1);
}

/* The guest sees the first viewer's press and the last one's release. */
static void hold_key(struct seat_viewer *viewer, uint16_t code)
{
    if (viewer_holds(viewer, code))
        return;
    viewer->held[code / 8] |= (uint8_t)(1u << (code % 8));
    if (viewer->seat->holders[code]++ == 0)
        send_key(viewer->seat, code, true);
}

static void release_key(struct seat_viewer *viewer, uint16_t code)
{
    if (!viewer_holds(viewer, code))
        return;
    viewer->held[code / 8] &= (uint8_t)~(1u << (code % 8));
    if (--viewer->seat->holders[code] == 0)
        send_key(viewer->seat, code, false);
}

void seat_keys_release(struct seat_viewer *viewer)
{
    for (uint16_t code = 0; code < SEAT_KEYS; code++)
        release_key(viewer, code);
    viewer->nkeysyms = 0;
}

int seat_key(struct seat_viewer *viewer, uint16_t code, bool down)
{
    if (code == 0 || code >= SEAT_KEYS - 8)
        return -EINVAL;
    if (down)
        hold_key(viewer, code);
    else
        release_key(viewer, code);
    return 0;
}

static uint8_t held_modifiers(const struct seat *seat)
{
    uint8_t modifiers = 0;
    for (uint16_t code = 1; code < SEAT_KEYS; code++)
        if (seat->holders[code] > 0)
            modifiers |= keyboard_modifier_of(seat->keyboard, code);
    return modifiers;
}

/* Makes `wanted` the modifiers that the guest sees, whoever holds what. */
static void bend_modifiers(struct seat *seat, uint8_t wanted, uint8_t held)
{
    for (uint16_t code = 1; code < SEAT_KEYS; code++) {
        uint8_t modifier = keyboard_modifier_of(seat->keyboard, code);
        if (seat->holders[code] > 0 && (modifier & ~wanted))
            send_key(seat, code, false);
    }
    for (unsigned i = 0; i < KEYBOARD_MODIFIERS; i++)
        if (wanted & ~held & (1u << i))
            send_key(seat, keyboard_modifier_key(seat->keyboard, (uint8_t)(1u << i)), true);
}

/* And back to what the viewers hold. */
static void unbend_modifiers(struct seat *seat, uint8_t wanted, uint8_t held)
{
    for (unsigned i = KEYBOARD_MODIFIERS; i-- > 0;)
        if (wanted & ~held & (1u << i))
            send_key(seat, keyboard_modifier_key(seat->keyboard, (uint8_t)(1u << i)), false);
    for (uint16_t code = 1; code < SEAT_KEYS; code++) {
        uint8_t modifier = keyboard_modifier_of(seat->keyboard, code);
        if (seat->holders[code] > 0 && (modifier & ~wanted))
            send_key(seat, code, true);
    }
}

/* Presses a key under exactly the stroke's modifiers. A key that is held for
 * another of its keysyms (or by another viewer) is pressed once more. */
static void press_stroke(struct seat_viewer *viewer, const struct keyboard_stroke *stroke,
                         bool stay)
{
    struct seat *seat = viewer->seat;
    uint16_t code = stroke->code;
    if (seat->holders[code] > 0)
        send_key(seat, code, false);
    uint8_t held = held_modifiers(seat);
    bend_modifiers(seat, stroke->modifiers, held);
    send_key(seat, code, true);
    if (!stay && seat->holders[code] == 0)
        send_key(seat, code, false);
    unbend_modifiers(seat, stroke->modifiers, held);
    if (stay && !viewer_holds(viewer, code)) {
        viewer->held[code / 8] |= (uint8_t)(1u << (code % 8));
        seat->holders[code]++;
    }
}

static void log_missing_keysym(struct seat *seat, uint32_t keysym)
{
    for (unsigned i = 0; i < seat->nlogged; i++)
        if (seat->logged[i] == keysym)
            return;
    if (seat->nlogged == SEAT_MAX_LOGGED)
        return;
    seat->logged[seat->nlogged++] = keysym;
    log_warning("seat", "keysym 0x%x cannot be typed in the guest's keyboard layout", keysym);
}

static struct seat_held_keysym *find_held(struct seat_viewer *viewer, uint32_t keysym)
{
    for (unsigned i = 0; i < viewer->nkeysyms; i++)
        if (viewer->keysyms[i].keysym == keysym)
            return &viewer->keysyms[i];
    return NULL;
}

/* Several keysyms may stand for one key, when a modifier changed between press
 * and release: the key goes up with the first of them. */
static void release_keysym(struct seat_viewer *viewer, uint32_t keysym)
{
    struct seat_held_keysym *held = find_held(viewer, keysym);
    if (!held)
        return;
    uint16_t code = held->code;
    *held = viewer->keysyms[--viewer->nkeysyms];
    release_key(viewer, code);
}

static void press_keysym(struct seat_viewer *viewer, uint32_t keysym,
                         const struct keyboard_stroke *strokes, size_t n)
{
    const struct keyboard_stroke *last = &strokes[n - 1];
    struct seat *seat = viewer->seat;
    if (keyboard_modifier_of(seat->keyboard, last->code)) {
        /* A modifier by itself is not bent. */
        hold_key(viewer, last->code);
    } else {
        if (n > 1)
            press_stroke(viewer, &strokes[0], false);
        press_stroke(viewer, last, true);
    }
    viewer->keysyms[viewer->nkeysyms++] = (struct seat_held_keysym){ keysym, last->code };
}

int seat_keysym(struct seat_viewer *viewer, uint32_t keysym, bool down)
{
    if (!down) {
        release_keysym(viewer, keysym);
        return 0;
    }
    /* Viewers repeat a key that is held; so does the guest, by itself. */
    if (find_held(viewer, keysym))
        return 0;
    struct keyboard_stroke strokes[KEYBOARD_MAX_STROKES];
    size_t n = keyboard_find(viewer->seat->keyboard, keysym, strokes);
    if (n == 0) {
        log_missing_keysym(viewer->seat, keysym);
        return -ENOENT;
    }
    if (viewer->nkeysyms == SEAT_MAX_HELD_KEYSYMS)
        return -ENOBUFS;
    press_keysym(viewer, keysym, strokes, n);
    return 0;
}
