// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_machine.h"

#include "tests/protocol/lib/guest_check.h"

#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

static struct guest_machine *machines; /* that have not been finished */

void guest_machine_probe(struct guest_machine *machine, const struct guest_machine_options *options)
{
    struct guest_transport *transport = machine->transport;
    uint16_t control = options != NULL && options->control_size != 0 ? options->control_size : 64;
    uint16_t cursor = options != NULL && options->cursor_size != 0 ? options->cursor_size : 16;

    if (options != NULL)
        transport->driver_features &= ~options->refuse_features;
    guest_gpu_init(&machine->gpu, transport, control, cursor);
    machine->has_gpu = true;
    CHECK(transport->ops->start(transport) == 0, "start");
}

void guest_machine_start(struct guest_machine *machine, const struct guest_machine_options *options)
{
    static const struct guest_machine_options defaults;

    options = options != NULL ? options : &defaults;
    *machine = (struct guest_machine){.next = machines, .running = true};
    machines = machine;
    guest_ram_init(&machine->ram);
    (options->lay_out != NULL ? options->lay_out : guest_ram_lay_out_pc)(&machine->ram);
    front_end_init(&machine->front_end, &machine->ram, &options->front_end);
    machine->transport = &machine->front_end.transport;
    oriel_process_start(&machine->oriel, &options->oriel);
    CHECK(front_end_connect(&machine->front_end, machine->oriel.gpu_socket) == 0, "connect");
    if (options->unrealized)
        return;
    CHECK(front_end_realize(&machine->front_end) == 0, "realize");
    guest_machine_probe(machine, options);
}

/* Everything goes whatever happens; returns the program's exit code. */
static int machine_release(struct guest_machine *machine)
{
    struct guest_machine **link = &machines;

    while (*link != machine)
        link = &(*link)->next;
    *link = machine->next;
    machine->running = false;
    front_end_finish(&machine->front_end);
    if (machine->has_gpu)
        guest_gpu_finish(&machine->gpu);
    guest_ram_finish(&machine->ram);
    return oriel_process_stop(&machine->oriel, NULL);
}

void guest_machine_finish(struct guest_machine *machine)
{
    bool alive = oriel_process_alive(&machine->oriel);
    int code = machine_release(machine);

    CHECK(alive, "oriel ended before it was told to");
    CHECK(code == 0, "oriel ended with %d", code);
}

int guest_machine_teardown(void **state)
{
    (void)state;
    while (machines != NULL)
        machine_release(machines);
    return 0;
}

void guest_machine_reset(struct guest_machine *machine)
{
    struct guest_transport *transport = machine->transport;

    CHECK(transport->ops->reset(transport) == 0, "reset");
    guest_gpu_clear(&machine->gpu);
    CHECK(transport->ops->start(transport) == 0, "start after a reset");
}

static uint8_t *decode_base64(const char *text, size_t *size)
{
    struct base64_decode_ctx context;
    size_t length = strlen(text);
    uint8_t *bytes = malloc(BASE64_DECODE_LENGTH(length));

    CHECK(bytes != NULL, "memory");
    base64_decode_init(&context);
    CHECK(base64_decode_update(&context, size, bytes, length, text) &&
              base64_decode_final(&context),
          "base64");
    return bytes;
}

void guest_machine_screenshot(struct guest_machine *machine, unsigned head,
                              struct guest_image *image)
{
    json_t *reply =
        oriel_process_request(&machine->oriel, "screenshot", json_pack("{s:i}", "head", (int)head));
    const char *text = json_string_value(json_object_get(reply, "png"));
    uint8_t *png;
    size_t size;

    CHECK(json_is_true(json_object_get(reply, "ok")) && text != NULL, "screenshot: %s",
          json_string_value(json_object_get(reply, "error")));
    png = decode_base64(text, &size);
    guest_image_read_png(image, png, size);
    free(png);
    json_decref(reply);
}

void guest_machine_expect(struct guest_machine *machine, unsigned head,
                          const struct guest_image *expected, const char *what)
{
    struct guest_image image;
    bool equal;

    guest_machine_screenshot(machine, head, &image);
    equal = guest_image_equal(&image, expected, what);
    guest_image_finish(&image);
    CHECK(equal, "%s: head %u", what, head);
}

bool guest_machine_head_is_guest(struct guest_machine *machine, unsigned head)
{
    json_t *reply = oriel_process_request(&machine->oriel, "status", NULL);
    json_t *heads = json_object_get(reply, "heads");
    json_t *guest;
    bool answer;

    guest = json_object_get(json_array_get(heads, head), "guest");
    CHECK(json_is_boolean(guest), "status says of head %u whether a guest has it", head);
    answer = json_is_true(guest);
    json_decref(reply);
    return answer;
}

void guest_machine_ping(struct guest_machine *machine)
{
    guest_gpu_expect(&machine->gpu, gpu_display_info(), VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}
