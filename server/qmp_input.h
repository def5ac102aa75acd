// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input for guests that have no virtio-input driver (firmware, boot loaders,
 * installers): evdev reports through QMP's input-send-event to whatever PS/2
 * or USB devices QEMU has. Loop thread.
 */
#ifndef ORIEL_SERVER_QMP_INPUT_H
#define ORIEL_SERVER_QMP_INPUT_H

#include "device/input_event.h"
#include "server/qmp.h"

#include <stddef.h>
#include <uv.h>

struct qmp_input;

/* `qmp` stays the caller's and must outlive it. NULL: out of memory. */
struct qmp_input *qmp_input_create(uv_loop_t *loop, struct qmp *qmp);
/* One report, without SYN. What a PS/2 keyboard cannot take at once waits in a
 * bounded queue; -ENOBUFS when that is full (releases always find room). */
int qmp_input_report(struct qmp_input *input, const struct input_event_value *events, size_t n);
/* Releases the keys from `first` to `last` that are pressed: from now on they
 * go to another device. */
void qmp_input_release(struct qmp_input *input, uint16_t first, uint16_t last);
/* Drops what waits: the connection is gone. */
void qmp_input_clear(struct qmp_input *input);
/* Two phases. */
void qmp_input_destroy(struct qmp_input *input, void (*done)(void *user), void *user);

#endif
