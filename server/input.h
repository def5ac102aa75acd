// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's input, put together: the seat, the virtio-input devices with
 * their sockets, and the way through QMP for guests that have no driver for
 * them. Loop thread.
 */
#ifndef ORIEL_SERVER_INPUT_H
#define ORIEL_SERVER_INPUT_H

#include "device/head.h"
#include "device/keyboard.h"
#include "device/seat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define INPUT_DEVICES 3 /* enum seat_device counts them */

struct input_config {
    struct keyboard_names keyboard;
    const char *serial;     /* of the devices, "oriel" if NULL */
    int fds[INPUT_DEVICES]; /* vhost-user sockets by enum seat_device, -1: none; they
                             * become ours */
    const char *qmp;        /* path, or NULL */
    bool paste;             /* text of viewers is typed */
    struct head *heads;
    unsigned nheads;
    /* Viewers should hear of other LEDs, or another kind of pointer. */
    void (*changed)(void *user);
    void *user;
};

struct input_state {
    uint32_t leds;  /* bit 0 num, 1 caps, 2 scroll lock */
    bool relative;  /* the guest has no absolute pointer */
};

struct input;

/* NULL with errno: EINVAL for an unknown keyboard layout, or what failed. The
 * fds are ours in any case. */
struct input *input_create(uv_loop_t *loop, const struct input_config *config);
struct seat *input_seat(struct input *input);
struct input_state input_state(const struct input *input);
/* A VMM has connected to the GPU, or left it. */
void input_vmm_connected(struct input *input, bool connected);
/* A viewer's text for the guest. Returns 0, or a negative errno: -EPERM when
 * that is off, else as typist_type(). */
int input_paste(struct input *input, const char *text, size_t size);
/* Where input goes now, for status: "virtio", "qmp" or "none". */
const char *input_route(const struct input *input, enum seat_device device);

/* Two phases; all viewers have left the seat before. */
void input_destroy(struct input *input, void (*done)(void *user), void *user);

#endif
