// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thin layer over the kernel's mode setting for static guest programs: raw
 * ioctls with the kernel's own structs, dumb buffers, no libdrm. Single
 * threaded. Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef ORIEL_TESTS_GUEST_KMS_H
#define ORIEL_TESTS_GUEST_KMS_H

#include <drm.h>
#include <drm_mode.h>
#include <stdint.h>

#define KMS_MAX_HEADS 16
#define KMS_MAX_MODES 128
#define KMS_CURSOR_SIZE 64 /* the only one that virtio-gpu takes */

/* A dumb buffer and its framebuffer object; owned by who created it. */
struct kms_buffer {
    uint32_t width, height; /* pixels */
    uint32_t stride;        /* bytes */
    uint32_t handle, fb;
    uint64_t size;
    uint32_t *pixels; /* mapped, 0xAARRGGBB */
};

struct kms_head {
    uint32_t connector, crtc;
    struct drm_mode_modeinfo modes[KMS_MAX_MODES]; /* the connector's list */
    uint32_t nmodes;
    struct drm_mode_modeinfo mode; /* set by kms_set_mode() */
    struct kms_buffer buffers[2];
    int shown; /* index of the buffer that is scanned out */
    struct kms_buffer cursor;
};

struct kms {
    int fd;
    struct kms_head heads[KMS_MAX_HEADS];
    uint32_t nheads; /* connected ones, in connector order */
};

/* ioctl(2) until it was not interrupted. */
int kms_ioctl(const struct kms *kms, unsigned long request, void *arg);

/* Opens the card and takes its connected connectors. */
int kms_open(struct kms *kms, const char *path);
/* Hides cursors, frees buffers, closes: the kernel brings its console back. */
void kms_close(struct kms *kms);

/* Sets a mode of the head's list, or one made up when the list has none of
 * that size, with two black buffers of which the first is shown; 0x0 is the
 * preferred mode. */
int kms_set_mode(struct kms *kms, struct kms_head *head, uint32_t width, uint32_t height);
/* The buffer that is not shown. */
struct kms_buffer *kms_back(struct kms_head *head);
/* Shows the back buffer and waits until the kernel says that it is shown. */
int kms_flip(struct kms *kms, struct kms_head *head);
/* Waits until the device has done all that it was told. Linux fences neither
 * the transfers nor the flips of dumb buffers, so that who draws into a buffer
 * that was shown before may overtake its transfer and tear the frame; a new
 * cursor's transfer is the one that it waits for. Where there is no cursor, a
 * transparent one is set for this, beyond the lower right corner. */
int kms_wait_device(struct kms *kms, struct kms_head *head);
/* Tells the kernel that a rectangle of the shown buffer was drawn into. */
int kms_dirty(struct kms *kms, struct kms_head *head, uint32_t x, uint32_t y, uint32_t width,
              uint32_t height);

/* Shows `head->cursor` with that hotspot; kms_cursor_create() comes first. */
int kms_cursor_create(struct kms *kms, struct kms_head *head, uint32_t size);
int kms_cursor_show(struct kms *kms, struct kms_head *head, int32_t hot_x, int32_t hot_y);
int kms_cursor_move(struct kms *kms, struct kms_head *head, int32_t x, int32_t y);
int kms_cursor_hide(struct kms *kms, struct kms_head *head);

/* Creates a dumb buffer with a framebuffer of that fourcc. */
int kms_buffer_create(struct kms *kms, struct kms_buffer *buffer, uint32_t width, uint32_t height,
                      uint32_t fourcc);
void kms_buffer_destroy(struct kms *kms, struct kms_buffer *buffer);

#endif
