// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/guest_viewer.h"

#include "tests/protocol/lib/guest_check.h"

#include <poll.h>
#include <string.h>

#define ENCODING_DESKTOP_SIZE (-223)
#define ENCODING_LAST_RECT (-224)

void guest_viewer_turn(struct rfb_client *client)
{
    struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};

    CHECK(client->state != RFB_CLIENT_CLOSED, "the viewer was cut off");
    if (poll(&poll_fd, 1, 0) > 0)
        rfb_client_step(client);
}

void guest_viewer_connect(struct guest_machine *machine, struct rfb_client *client, bool slow)
{
    const struct rfb_client_options options = {
        .small_buffer = slow, .encodings = {ENCODING_DESKTOP_SIZE, ENCODING_LAST_RECT}};
    uint64_t until = check_now_us() + 10000000ull * oriel_patience();

    rfb_client_connect_unix(client, machine->oriel.vnc_socket, &options);
    while (client->updates == 0) {
        struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};

        CHECK(check_now_us() < until, "no update comes");
        poll(&poll_fd, 1, 20);
        guest_viewer_turn(client);
    }
}

int guest_viewer_program(const struct guest_machine *machine)
{
    json_t *status = oriel_process_request(&machine->oriel, "status", NULL);
    json_t *output = json_array_get(json_object_get(status, "outputs"), 0);
    int pid = (int)json_integer_value(json_object_get(output, "pid"));

    json_decref(status);
    return pid;
}

long guest_viewer_rss_mib(int pid, const char *field)
{
    char path[64], line[256], format[64];
    long kib = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    snprintf(format, sizeof(format), "%s: %%ld kB", field);
    file = fopen(path, "r");
    CHECK(file != NULL, "%s", path);
    while (fgets(line, sizeof(line), file) != NULL)
        sscanf(line, format, &kib);
    fclose(file);
    CHECK(kib >= 0, "%s of %d", field, pid);
    return kib / 1024;
}
