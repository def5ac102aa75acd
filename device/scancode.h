// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XT scancodes (set 1), as the QEMU extended key event of RFB and SPICE's
 * inputs channel send them, to evdev key codes. Pure.
 */
#ifndef ORIEL_DEVICE_SCANCODE_H
#define ORIEL_DEVICE_SCANCODE_H

#include <stdint.h>

/* `scancode`: one byte, or 0xe0 or 0xe1 and one byte as 0xe0xx, or QEMU's
 * short form of the former, 0x80 | xx. Returns 0 for codes no key has. */
uint16_t scancode_to_evdev(uint32_t scancode);
/* The other way round, in QEMU's short form; 0 when there is none. */
uint32_t scancode_from_evdev(uint16_t code);

#endif
