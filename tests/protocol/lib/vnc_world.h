// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fake core, the program that it has started and some viewers, driven
 * together on one thread: what the tests of oriel-vnc are written with.
 */
#ifndef ORIEL_TESTS_VNC_WORLD_H
#define ORIEL_TESTS_VNC_WORLD_H

#include "tests/protocol/lib/fake_core.h"
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/oriel_process.h"
#include "tests/protocol/lib/rfb_client.h"

#define VNC_WORLD_CLIENTS 8

struct vnc_world {
    struct fake_core core;
    struct rfb_client clients[VNC_WORLD_CLIENTS];
    unsigned nclients;
    bool may_end; /* the program may end while the world turns */
};

void vnc_world_start(struct vnc_world *world, const struct fake_core_options *options);
/* Closes the clients; the program must end well. */
void vnc_world_finish(struct vnc_world *world);
struct rfb_client *vnc_world_connect(struct vnc_world *world, uint32_t head,
                                     const struct rfb_client_options *options);
/* Waits at most that long for something to do, and does it. */
void vnc_world_step(struct vnc_world *world, int timeout_ms);
/* A fixed time passes. */
void vnc_world_run(struct vnc_world *world, unsigned ms);

/* Compares with what the head shows, bits of colour only. Returns the number
 * of pixels that differ. */
uint64_t vnc_world_differing(const struct rfb_client *client, const struct fake_head *head);
/* The client's picture becomes what the head shows. */
bool vnc_world_agrees(struct vnc_world *world, struct rfb_client *client, struct fake_head *head);

/* Context switches of all threads of the program so far. */
uint64_t vnc_world_switches(const struct vnc_world *world);

#define WORLD_WAIT(world, condition)                                                         \
    do {                                                                                     \
        uint64_t end_ = check_now_us() + 20000000ull * oriel_patience();                 \
        while (!(condition)) {                                                               \
            CHECK(check_now_us() < end_, "waited in vain");                                  \
            vnc_world_step((world), 100);                                                    \
        }                                                                                    \
    } while (0)

#endif
