// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of values that configuration keys take (see struct config_type).
 * Pure, any thread. Beside each: the field it fills and the params it wants.
 */
#ifndef ORIEL_SERVER_CONFIG_TYPES_H
#define ORIEL_SERVER_CONFIG_TYPES_H

#include "server/config_table.h"

extern const struct config_type config_type_choice;   /* uint32_t, struct config_choice[] */
extern const struct config_type config_type_number;   /* uint32_t, struct config_range */
extern const struct config_type config_type_bytes;    /* uint64_t, struct config_bytes_range */
extern const struct config_type config_type_text;     /* char[], struct config_text */
extern const struct config_type config_type_path;     /* char[], struct config_text */
extern const struct config_type config_type_mode;     /* struct mode */
extern const struct config_type config_type_modes;    /* struct config_modes */
extern const struct config_type config_type_position; /* struct config_position */
extern const struct config_type config_type_size_mm;  /* struct config_size_mm */
extern const struct config_type config_type_listen;   /* struct config_listen */
extern const struct config_type config_type_heads;    /* struct config_heads */
/* config_types_log.c: */
extern const struct config_type config_type_levels;   /* struct config_levels */
extern const struct config_type config_type_trace;    /* char[CONFIG_TRACE_SIZE] */

#endif
