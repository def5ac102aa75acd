// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures as files for the tests' viewers: PPM (P6) and PNG out, PPM in, PAM
 * for a cursor with alpha. Pixels are 0xAARRGGBB, rows packed. Functions
 * return 0 or a negative errno.
 */
#ifndef ORIEL_TESTS_CLIENTS_PICTURE_FILE_H
#define ORIEL_TESTS_CLIENTS_PICTURE_FILE_H

#include <stdint.h>

/* PNG when the name ends in .png, else PPM. The alpha byte is left out. */
int picture_file_write(const char *path, const uint32_t *pixels, uint32_t width, uint32_t height);
/* Reads a PPM as written above; *pixels is malloc'ed and the caller's. */
int picture_file_read(const char *path, uint32_t **pixels, uint32_t *width, uint32_t *height);
int picture_file_write_alpha(const char *path, const uint32_t *pixels, uint32_t width,
                             uint32_t height);

#endif
