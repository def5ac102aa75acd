// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thin layer over the kernel's input devices for static guest programs: raw
 * ioctls, no libevdev. Single threaded. Functions return 0 or a negative errno.
 */
#ifndef ORIEL_TESTS_GUEST_EVDEV_H
#define ORIEL_TESTS_GUEST_EVDEV_H

#include <linux/input.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the largest bitmap, the one of keys. */
#define EVDEV_BITMAP_SIZE (KEY_CNT / 8)

struct evdev {
    int fd;
    char name[128], uniq[128];
    struct input_id id;
};

int evdev_open(struct evdev *device, const char *path);
void evdev_close(struct evdev *device);

/* The codes that the device has of a type (type 0: the types themselves), bit
 * by bit; all zero when there are none. */
void evdev_bits(const struct evdev *device, unsigned type, uint8_t bits[EVDEV_BITMAP_SIZE]);
int evdev_abs_info(const struct evdev *device, unsigned axis, struct input_absinfo *info);
/* From now on nobody else, the console included, gets its events. */
int evdev_grab(const struct evdev *device);
/* Sends an event to the device: an LED, usually, with its SYN. */
int evdev_write(const struct evdev *device, unsigned type, unsigned code, int32_t value);
/* Reads what is there, at most `max` events; returns how many, 0 for none. */
int evdev_read(const struct evdev *device, struct input_event *events, size_t max);

#endif
