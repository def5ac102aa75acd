// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control commands for whoever runs oriel: viewers, disconnect, stats, trace,
 * reload. Loop thread.
 */
#ifndef ORIEL_SERVER_CONTROL_OPERATE_H
#define ORIEL_SERVER_CONTROL_OPERATE_H

struct control_request;

void operate_viewers(struct control_request *request);
void operate_disconnect(struct control_request *request);
void operate_stats(struct control_request *request);
void operate_trace(struct control_request *request);
void operate_reload(struct control_request *request);

#endif
