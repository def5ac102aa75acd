// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_keyboard.h"

#include "tests/protocol/lib/guest_check.h"

#include <string.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

#define XKB_OFFSET 8u
#define XKB_KEYS 248

void guest_keyboard_init(struct guest_keyboard *keyboard, const char *layout)
{
    struct xkb_rule_names rules = {.layout = layout};
    struct xkb_compose_table *table;

    memset(keyboard, 0, sizeof(*keyboard));
    keyboard->context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    CHECK(keyboard->context, "xkb");
    keyboard->keymap =
        xkb_keymap_new_from_names(keyboard->context, &rules, XKB_KEYMAP_COMPILE_NO_FLAGS);
    CHECK(keyboard->keymap, "layout %s", layout);
    keyboard->state = xkb_state_new(keyboard->keymap);
    table = xkb_compose_table_new_from_locale(keyboard->context, "en_US.UTF-8",
                                              XKB_COMPOSE_COMPILE_NO_FLAGS);
    CHECK(table, "compose table");
    keyboard->compose = xkb_compose_state_new(table, XKB_COMPOSE_STATE_NO_FLAGS);
    xkb_compose_table_unref(table);
}

void guest_keyboard_finish(struct guest_keyboard *keyboard)
{
    xkb_compose_state_unref(keyboard->compose);
    xkb_state_unref(keyboard->state);
    xkb_keymap_unref(keyboard->keymap);
    xkb_context_unref(keyboard->context);
    memset(keyboard, 0, sizeof(*keyboard));
}

static void type_keysym(struct guest_keyboard *keyboard, xkb_keysym_t keysym)
{
    char utf8[64] = "";

    xkb_compose_state_feed(keyboard->compose, keysym);
    switch (xkb_compose_state_get_status(keyboard->compose)) {
    case XKB_COMPOSE_COMPOSED:
        xkb_compose_state_get_utf8(keyboard->compose, utf8, sizeof(utf8));
        xkb_compose_state_reset(keyboard->compose);
        break;
    case XKB_COMPOSE_NOTHING:
        xkb_keysym_to_utf8(keysym, utf8, sizeof(utf8));
        break;
    default:
        break;
    }
    strncat(keyboard->text, utf8, sizeof(keyboard->text) - strlen(keyboard->text) - 1);
}

static void feed_key(struct guest_keyboard *keyboard, const struct guest_input_event *event)
{
    CHECK(event->code < XKB_KEYS && (event->value == 0 || event->value == 1), "key %u, value %d",
          event->code, event->value);
    CHECK(keyboard->down[event->code] != event->value, "key %u is %s already", event->code,
          event->value ? "down" : "up");
    keyboard->down[event->code] = event->value;
    if (event->value)
        type_keysym(keyboard, xkb_state_key_get_one_sym(keyboard->state, event->code + XKB_OFFSET));
    xkb_state_update_key(keyboard->state, event->code + XKB_OFFSET,
                         event->value ? XKB_KEY_DOWN : XKB_KEY_UP);
}

void guest_keyboard_feed(struct guest_keyboard *keyboard, const struct guest_input_event *events,
                         unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK(events[i].type == EV_KEY ||
                  (events[i].type == EV_SYN && events[i].code == 0 && events[i].value == 0),
              "event %u: type %u, code %u, value %d", i, events[i].type, events[i].code,
              events[i].value);
        CHECK(events[i].type == EV_KEY || keyboard->in_report, "event %u: an empty report", i);
        keyboard->in_report = events[i].type == EV_KEY;
        if (events[i].type == EV_KEY)
            feed_key(keyboard, &events[i]);
    }
}

void guest_keyboard_check_idle(const struct guest_keyboard *keyboard)
{
    CHECK(!keyboard->in_report, "a report without its end");
    for (unsigned code = 0; code < KEY_CNT; code++)
        CHECK(!keyboard->down[code], "key %u is still down", code);
}
