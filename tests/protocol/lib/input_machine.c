// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/input_machine.h"

#include <poll.h>
#include <string.h>

static struct input_machine *running;

void input_machine_add_device(struct input_machine *machine, enum input_machine_device device,
                              const struct guest_input_options *options)
{
    static const char *const names[] = {"keyboard", "tablet", "mouse"};
    char path[128];

    /* Beside the GPU's socket and named like it, by default. */
    snprintf(path, sizeof(path), "%s/%s", machine->machine.oriel.dir, names[device]);
    guest_input_start(&machine->devices[device], &machine->machine.ram, path, options);
    machine->has[device] = true;
}

void input_machine_start(struct input_machine *machine, const struct input_machine_options *options)
{
    struct input_machine_options wanted = {0};

    if (options != NULL)
        wanted = *options;
    wanted.machine.oriel.vnc = true;
    memset(machine, 0, sizeof(*machine));
    running = machine;
    guest_machine_start(&machine->machine, &wanted.machine);
    for (int i = 0; i < INPUT_DEVICES_COUNT; i++)
        if (!wanted.without[i])
            input_machine_add_device(machine, (enum input_machine_device)i, &wanted.input);
}

static void release_parts(struct input_machine *machine)
{
    running = NULL;
    for (unsigned i = 0; i < machine->nviewers; i++)
        rfb_client_close(&machine->viewers[i]);
    machine->nviewers = 0;
    for (int i = 0; i < INPUT_DEVICES_COUNT; i++)
        if (machine->has[i])
            guest_input_finish(&machine->devices[i]);
    memset(machine->has, 0, sizeof(machine->has));
}

void input_machine_finish(struct input_machine *machine)
{
    release_parts(machine);
    guest_machine_finish(&machine->machine);
}

int input_machine_teardown(void **state)
{
    if (running != NULL)
        release_parts(running);
    return guest_machine_teardown(state);
}

struct rfb_client *input_machine_connect(struct input_machine *machine, unsigned head,
                                         const int32_t *encodings)
{
    struct rfb_client_options options = {0};
    char path[128];

    CHECK(machine->nviewers < INPUT_MACHINE_VIEWERS, "viewers");
    for (int i = 0; encodings != NULL && encodings[i] != 0; i++)
        options.encodings[i] = encodings[i];
    snprintf(path, sizeof(path), "%s/vnc-%u", machine->machine.oriel.dir, head);
    struct rfb_client *viewer = &machine->viewers[machine->nviewers++];
    rfb_client_connect_unix(viewer, path, &options);
    INPUT_WAIT(machine, viewer->updates > 0 && !viewer->in_update);
    return viewer;
}

void input_machine_step(struct input_machine *machine, int timeout_ms)
{
    struct pollfd fds[2 * INPUT_DEVICES_COUNT + INPUT_MACHINE_VIEWERS];
    unsigned n = 0;

    for (int i = 0; i < INPUT_DEVICES_COUNT; i++) {
        struct front_end_queue *queue = &machine->devices[i].front_end.queues[GUEST_INPUT_EVENTS];

        if (!machine->has[i] || !machine->devices[i].front_end.running)
            continue;
        fds[n++] = (struct pollfd){.fd = queue->call, .events = POLLIN};
        fds[n++] = (struct pollfd){.fd = queue->masked, .events = POLLIN};
    }
    for (unsigned i = 0; i < machine->nviewers; i++)
        if (machine->viewers[i].state != RFB_CLIENT_CLOSED && !machine->viewers[i].stalled)
            fds[n++] = (struct pollfd){.fd = machine->viewers[i].fd, .events = POLLIN};
    poll(fds, n, timeout_ms);
    for (int i = 0; i < INPUT_DEVICES_COUNT; i++) {
        struct guest_transport *transport = &machine->devices[i].front_end.transport;

        if (!machine->has[i] || !machine->devices[i].front_end.running)
            continue;
        transport->ops->wait(transport, GUEST_INPUT_EVENTS, 0); /* empties the eventfd */
        guest_input_collect(&machine->devices[i]);
    }
    for (unsigned i = 0; i < machine->nviewers; i++)
        rfb_client_step(&machine->viewers[i]);
}

/* The core's state comes after all that the link brought before it. */
void input_machine_settle(struct input_machine *machine, struct rfb_client *viewer)
{
    uint64_t updates = viewer->updates;

    rfb_client_request_all(viewer, false);
    INPUT_WAIT(machine, viewer->updates > updates && !viewer->in_update);
    for (int i = 0; i < 2; i++) {
        json_decref(oriel_process_request(&machine->machine.oriel, "status", NULL));
        input_machine_step(machine, 0);
    }
}
