// SPDX-License-Identifier: GPL-2.0-or-later
/* Page flips and their events. */
#include "kmscheck.h"

#include <drm_fourcc.h>

#define FLIPS 60

static int flip_to(struct kms *kms, uint32_t crtc, uint32_t fb, uint32_t flags, uint64_t data)
{
    struct drm_mode_crtc_page_flip flip = {
        .crtc_id = crtc, .fb_id = fb, .flags = flags, .user_data = data};

    return kms_ioctl(kms, DRM_IOCTL_MODE_PAGE_FLIP, &flip);
}

static int check_flip_run(struct kms *kms, struct kms_head *head)
{
    struct check_events events = {.crtc = head->crtc};
    int rc = 0;

    for (uint64_t i = 0; i < FLIPS && !rc; i++) {
        uint64_t data = 0x1122334400000000 + i;

        rc = flip_to(kms, head->crtc, kms_back(head)->fb, DRM_MODE_PAGE_FLIP_EVENT, data);
        if (!rc)
            rc = check_event_read(kms, &events, data);
        head->shown = 1 - head->shown;
    }
    check_events_print("flip", &events);
    check_no_event(kms, "after the flips");
    return rc;
}

static void check_wrong_flips(struct kms *kms, struct kms_head *head)
{
    uint32_t crtc = head->crtc, fb = kms_back(head)->fb;
    struct kms_buffer small = {0}, alpha = {0};

    kms_buffer_create(kms, &small, CHECK_WIDTH, CHECK_HEIGHT - 1, DRM_FORMAT_XRGB8888);
    kms_buffer_create(kms, &alpha, CHECK_WIDTH, CHECK_HEIGHT, DRM_FORMAT_ARGB8888);
    check_result("flip to no framebuffer", flip_to(kms, crtc, 0, 0, 0));
    check_result("flip to an unknown framebuffer", flip_to(kms, crtc, 0x12345, 0, 0));
    check_result("flip on an unknown crtc", flip_to(kms, 0x12345, fb, 0, 0));
    check_result("flip on a connector", flip_to(kms, head->connector, fb, 0, 0));
    check_result("flip with unknown flags", flip_to(kms, crtc, fb, 0x8000, 0));
    check_result("flip at once", flip_to(kms, crtc, fb, DRM_MODE_PAGE_FLIP_ASYNC, 0));
    check_result("flip at an absolute time",
                 flip_to(kms, crtc, fb, DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE, 0));
    check_result("flip to one row too few", flip_to(kms, crtc, small.fb, 0, 0));
    check_result("flip to another format", flip_to(kms, crtc, alpha.fb, 0, 0));
    kms_buffer_destroy(kms, &small);
    kms_buffer_destroy(kms, &alpha);
}

static void check_vblank(struct kms *kms)
{
    union drm_wait_vblank wait = {.request = {.type = _DRM_VBLANK_RELATIVE, .sequence = 1}};
    struct drm_crtc_get_sequence get = {.crtc_id = kms->heads[0].crtc};

    check_result("wait for a vblank", kms_ioctl(kms, DRM_IOCTL_WAIT_VBLANK, &wait));
    check_result("sequence of the crtc", kms_ioctl(kms, DRM_IOCTL_CRTC_GET_SEQUENCE, &get));
}

int check_flips(struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    if (!rc)
        rc = check_flip_run(kms, head);
    if (rc)
        return rc;
    check_wrong_flips(kms, head);
    check_vblank(kms);
    check_no_event(kms, "after flips that were refused");
    rc = kms_wait_device(kms, head);
    check_draw(kms_back(head), 63);
    check_result("flip without an event", flip_to(kms, head->crtc, kms_back(head)->fb, 0, 0));
    head->shown = 1 - head->shown;
    kms_cursor_hide(kms, head);
    return rc;
}
