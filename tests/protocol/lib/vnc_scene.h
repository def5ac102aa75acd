// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A picture with parts that are flat, of two colours, of few, smooth, and
 * noise: all that encoders tell apart. And the drawing of one such picture
 * over another bit by bit, while a viewer looks on that is a program.
 */
#ifndef ORIEL_TESTS_VNC_SCENE_H
#define ORIEL_TESTS_VNC_SCENE_H

#include "tests/protocol/lib/vnc_world.h"

/* The pixel of the scene with that number, 0x00RRGGBB. */
uint32_t vnc_scene_pixel(uint32_t x, uint32_t y, uint32_t seed);
void vnc_scene_paint(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                     uint32_t height, uint32_t seed);
/* As a PPM. */
void vnc_scene_write(const char *path, uint32_t width, uint32_t height, uint32_t seed);
/* Scene 1 is there and becomes scene 2, in strokes that overlap. */
void vnc_scene_change(struct vnc_world *world, struct fake_head *head, unsigned strokes);
/* Starts a program of the tests; `arguments` end with NULL. */
pid_t vnc_scene_start_viewer(const char *program, char *const *arguments);
/* Its exit code, 128 when a signal ended it; the world turns meanwhile. */
int vnc_scene_wait_viewer(struct vnc_world *world, pid_t pid);

#endif
