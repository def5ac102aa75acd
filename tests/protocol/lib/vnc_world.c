// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/vnc_world.h"

#include <dirent.h>
#include <poll.h>
#include <string.h>

void vnc_world_start(struct vnc_world *world, const struct fake_core_options *options)
{
    world->nclients = 0;
    world->may_end = false;
    fake_core_start(&world->core, options);
}

void vnc_world_finish(struct vnc_world *world)
{
    for (unsigned i = 0; i < world->nclients; i++)
        rfb_client_close(&world->clients[i]);
    int status = fake_core_finish(&world->core);
    CHECK(status == 0, "oriel-vnc ended with %d", status);
}

struct rfb_client *vnc_world_connect(struct vnc_world *world, uint32_t head,
                                     const struct rfb_client_options *options)
{
    CHECK(world->nclients < VNC_WORLD_CLIENTS, "clients");
    struct rfb_client *client = &world->clients[world->nclients++];
    rfb_client_connect(client, world->core.ports[head], options);
    return client;
}

void vnc_world_step(struct vnc_world *world, int timeout_ms)
{
    struct pollfd fds[1 + VNC_WORLD_CLIENTS];
    /* What was painted since goes out before anything is waited for. */
    fake_core_step(&world->core);
    bool link = world->core.link >= 0 && !world->core.over;
    fds[0] = (struct pollfd){.fd = link ? world->core.link : -1, .events = POLLIN};
    for (unsigned i = 0; i < world->nclients; i++) {
        const struct rfb_client *c = &world->clients[i];
        bool poll_it = c->state != RFB_CLIENT_CLOSED && !c->stalled;
        fds[1 + i] = (struct pollfd){.fd = poll_it ? c->fd : -1, .events = POLLIN};
    }
    poll(fds, 1 + world->nclients, timeout_ms);
    fake_core_step(&world->core);
    for (unsigned i = 0; i < world->nclients; i++)
        rfb_client_step(&world->clients[i]);
    fake_core_step(&world->core);
    CHECK(!world->core.over || world->may_end, "oriel-vnc has ended");
}

void vnc_world_run(struct vnc_world *world, unsigned ms)
{
    uint64_t end = check_now_us() + ms * 1000ull, now;
    while ((now = check_now_us()) < end)
        vnc_world_step(world, (int)((end - now) / 1000 + 1));
}

uint64_t vnc_world_differing(const struct rfb_client *client, const struct fake_head *head)
{
    uint64_t differing = 0;
    size_t count = (size_t)head->width * head->height;
    if (client->width != head->width || client->height != head->height || !client->pixels)
        return UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        differing += ((client->pixels[i] ^ head->image[i]) & 0xffffff) != 0;
    return differing;
}

bool vnc_world_agrees(struct vnc_world *world, struct rfb_client *client, struct fake_head *head)
{
    uint64_t end = check_now_us() + 10000000ull * oriel_patience();
    while (!fake_head_quiet(head) || client->in_update || vnc_world_differing(client, head) != 0) {
        if (check_now_us() > end)
            return false;
        vnc_world_step(world, 50);
    }
    return true;
}

static uint64_t switches_of(const char *path)
{
    char line[256];
    uint64_t total = 0;
    unsigned long value;
    FILE *file = fopen(path, "re");
    CHECK(file, "%s", path);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %lu", &value) == 1)
            total += value;
    }
    fclose(file);
    return total;
}

uint64_t vnc_world_switches(const struct vnc_world *world)
{
    char path[512];
    uint64_t total = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", world->core.pid);
    DIR *dir = opendir(path);
    CHECK(dir, "%s", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", world->core.pid, entry->d_name);
        total += switches_of(path);
    }
    closedir(dir);
    return total;
}
