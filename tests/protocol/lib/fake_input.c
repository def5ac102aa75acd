// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/fake_input.h"

#include "tests/protocol/lib/fake_core.h"
#include "tests/protocol/lib/guest_check.h"

#include <stdlib.h>
#include <string.h>

static struct fake_input *append(struct fake_inputs *inputs)
{
    if (inputs->count == inputs->capacity) {
        inputs->capacity = inputs->capacity * 2 + 64;
        inputs->list = realloc(inputs->list, inputs->capacity * sizeof(inputs->list[0]));
        CHECK(inputs->list, "memory");
    }
    inputs->list[inputs->count] = (struct fake_input){0};
    return &inputs->list[inputs->count++];
}

static void take_key(struct fake_input *input, const struct link_key *key)
{
    CHECK(key->down <= 1 && key->kind >= LINK_KEY_KEYSYM && key->kind <= LINK_KEY_EVDEV &&
              key->code != 0,
          "key of kind %u, code %u, down %u", key->kind, key->code, key->down);
    input->key = *key;
}

static void take_pointer(struct fake_input *input, const struct link_pointer *pointer)
{
    CHECK(pointer->relative <= 1 && (pointer->buttons & ~LINK_BUTTONS) == 0 && pointer->unused == 0,
          "pointer: relative %u, buttons %x", pointer->relative, pointer->buttons);
    input->pointer = *pointer;
}

static void take_text(struct fake_input *input, const struct link_header *header,
                      const struct link_text *text)
{
    CHECK(text->size >= 1 && text->size <= LINK_MAX_TEXT &&
              header->size == sizeof(*text) + text->size,
          "text of %u bytes", text->size);
    input->text_size = text->size;
    input->text = malloc(text->size + 1);
    CHECK(input->text, "memory");
    memcpy(input->text, text + 1, text->size);
    input->text[text->size] = '\0';
}

static void check_viewer(const struct fake_core *core, uint32_t id, uint32_t head)
{
    for (uint32_t i = 0; i < core->nviewers; i++) {
        const struct fake_viewer *viewer = &core->viewers[i];
        if (viewer->id != id)
            continue;
        CHECK(!viewer->gone && (viewer->head == head || viewer->told.all_heads),
              "input of viewer %u on head %u", id, head);
        return;
    }
    CHECK(false, "input of viewer %u, who was not announced", id);
}

void fake_input_take(struct fake_core *core, const struct link_header *header, const void *payload)
{
    struct fake_input *input = append(&core->inputs);
    input->type = header->type;
    input->head = header->head;
    memcpy(&input->viewer, payload, sizeof(input->viewer));
    check_viewer(core, input->viewer, header->head);
    CHECK(header->generation == 0, "generation %u", header->generation);
    if (header->type == LINK_KEY)
        take_key(input, payload);
    else if (header->type == LINK_POINTER)
        take_pointer(input, payload);
    else
        take_text(input, header, payload);
}

void fake_inputs_clear(struct fake_inputs *inputs)
{
    for (unsigned i = 0; i < inputs->count; i++)
        free(inputs->list[i].text);
    free(inputs->list);
    *inputs = (struct fake_inputs){0};
}
