// SPDX-License-Identifier: GPL-2.0-or-later
/* The cursor of the old interface. */
#include "kmscheck.h"

#include "pattern.h"

#include <drm_fourcc.h>
#include <stddef.h>

static int cursor_of(struct kms *kms, uint32_t crtc, uint32_t handle, uint32_t size, uint32_t flags)
{
    struct drm_mode_cursor2 cursor = {
        .flags = flags, .crtc_id = crtc, .width = size, .height = size, .handle = handle};

    return kms_ioctl(kms, DRM_IOCTL_MODE_CURSOR2, &cursor);
}

static void check_wrong_cursors(struct kms *kms, struct kms_head *head)
{
    uint32_t handle = head->cursor.handle;
    struct kms_buffer small = {0};

    kms_buffer_create(kms, &small, 16, 16, DRM_FORMAT_ARGB8888);
    check_result("cursor without flags", cursor_of(kms, head->crtc, handle, 64, 0));
    check_result("cursor with unknown flags", cursor_of(kms, head->crtc, handle, 64, 0x10));
    check_result("cursor on an unknown crtc",
                 cursor_of(kms, 0x12345, handle, 64, DRM_MODE_CURSOR_BO));
    check_result("cursor of an unknown buffer",
                 cursor_of(kms, head->crtc, 0x1234, 64, DRM_MODE_CURSOR_BO));
    check_result("cursor without a size",
                 cursor_of(kms, head->crtc, handle, 0, DRM_MODE_CURSOR_BO));
    check_result("cursor larger than its buffer",
                 cursor_of(kms, head->crtc, small.handle, 64, DRM_MODE_CURSOR_BO));
    check_result("cursor of 16x16",
                 cursor_of(kms, head->crtc, small.handle, 16, DRM_MODE_CURSOR_BO));
    check_result("hide it", kms_cursor_hide(kms, head));
    kms_buffer_destroy(kms, &small);
}

static void check_cursor_moves(struct kms *kms, struct kms_head *head)
{
    static const int32_t places[][2] = {
        {0, 0},      {1, 1},     {-63, -63},  {-64, -64},      {1023, 767},
        {1024, 768}, {5000, 10}, {-5000, 10}, {2000000000, 0}, {INT32_MAX, INT32_MAX},
        {500, 300}};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        check_result("cursor move", kms_cursor_move(kms, head, places[i][0], places[i][1]));
    for (int32_t i = 0; i < 200; i++)
        kms_cursor_move(kms, head, i * 5, i * 3);
}

/* Leaves the cursor at 300,200 with the hotspot 7,9 over the still picture. */
int check_cursor(struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    if (rc)
        return rc;
    check_draw(kms_back(head), 64);
    rc = kms_flip(kms, head);
    if (!rc)
        rc = kms_cursor_create(kms, head, PATTERN_CURSOR_SIZE);
    if (rc)
        return rc;
    for (uint32_t y = 0; y < PATTERN_CURSOR_SIZE; y++)
        for (uint32_t x = 0; x < PATTERN_CURSOR_SIZE; x++)
            head->cursor.pixels[y * (head->cursor.stride / 4) + x] = pattern_cursor_pixel(x, y);
    check_wrong_cursors(kms, head);
    check_result("cursor", kms_cursor_show(kms, head, 1, 2));
    check_cursor_moves(kms, head);
    check_result("hide", kms_cursor_hide(kms, head));
    check_result("hide again", kms_cursor_hide(kms, head));
    check_result("move while hidden", kms_cursor_move(kms, head, 300, 200));
    check_result("show again", kms_cursor_show(kms, head, 7, 9));
    return rc;
}
