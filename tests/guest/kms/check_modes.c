// SPDX-License-Identifier: GPL-2.0-or-later
/* Modes set, refused and taken away, and a monitor's power. */
#include "kmscheck.h"

#include <stddef.h>
#include <stdio.h>

static int set_crtc(struct kms *kms, struct kms_head *head, uint32_t fb, uint32_t valid,
                    uint32_t connectors)
{
    struct drm_mode_crtc set = {.crtc_id = head->crtc,
                                .fb_id = fb,
                                .mode_valid = valid,
                                .mode = head->mode,
                                .count_connectors = connectors,
                                .set_connectors_ptr = (uintptr_t)&head->connector};

    return kms_ioctl(kms, DRM_IOCTL_MODE_SETCRTC, &set);
}

static void check_wrong_modes(struct kms *kms, struct kms_head *head)
{
    struct kms_head wrong = *head;
    uint32_t fb = head->buffers[head->shown].fb;

    check_result("mode without a connector", set_crtc(kms, head, fb, 1, 0));
    check_result("connector without a mode", set_crtc(kms, head, 0, 0, 1));
    check_result("mode without a framebuffer", set_crtc(kms, head, 0, 1, 1));
    check_result("mode with an unknown framebuffer", set_crtc(kms, head, 0x12345, 1, 1));
    wrong.connector = 0x12345;
    check_result("mode on an unknown connector", set_crtc(kms, &wrong, fb, 1, 1));
    wrong = *head;
    wrong.crtc = 0x12345;
    check_result("mode on an unknown crtc", set_crtc(kms, &wrong, fb, 1, 1));
    wrong = *head;
    wrong.mode.hdisplay = CHECK_WIDTH + 8;
    check_result("mode larger than its framebuffer", set_crtc(kms, &wrong, fb, 1, 1));
    wrong = *head;
    wrong.mode.htotal = wrong.mode.hdisplay - 1;
    check_result("mode with impossible timings", set_crtc(kms, &wrong, fb, 1, 1));
    wrong = *head;
    wrong.mode.clock = 0;
    check_result("mode without a clock", set_crtc(kms, &wrong, fb, 1, 1));
}

/* Each mode is set and shown: what the monitor lists, what it does not list,
 * and one smaller than the driver takes. */
static int check_sizes(struct kms *kms, struct kms_head *head)
{
    static const uint16_t sizes[][2] = {{640, 480}, {800, 600},  {641, 479},   {1366, 768}, {8, 8},
                                        {32, 2000}, {1280, 800}, {1919, 1079}, {1920, 1080}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char name[32];
        int rc = kms_set_mode(kms, head, sizes[i][0], sizes[i][1]);

        snprintf(name, sizeof(name), "mode %ux%u", sizes[i][0], sizes[i][1]);
        check_result(name, rc);
        if (rc)
            continue;
        check_draw(kms_back(head), 80);
        check_result("flip", kms_flip(kms, head));
    }
    return kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);
}

static int set_dpms(struct kms *kms, struct kms_head *head, uint64_t value)
{
    struct drm_mode_connector_set_property set = {.value = value, .connector_id = head->connector};
    int rc = check_property_find(kms, head->connector, "DPMS", &set.prop_id, NULL);

    return rc ? rc : kms_ioctl(kms, DRM_IOCTL_MODE_SETPROPERTY, &set);
}

static int flip_to_back(struct kms *kms, struct kms_head *head)
{
    struct drm_mode_crtc_page_flip flip = {.crtc_id = head->crtc, .fb_id = kms_back(head)->fb};

    return kms_ioctl(kms, DRM_IOCTL_MODE_PAGE_FLIP, &flip);
}

int check_modes(struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    if (!rc)
        rc = check_sizes(kms, head);
    if (rc)
        return rc;
    check_wrong_modes(kms, head);
    check_result("crtc off", set_crtc(kms, head, 0, 0, 0));
    check_result("crtc off again", set_crtc(kms, head, 0, 0, 0));
    check_result("flip while off", flip_to_back(kms, head));
    check_result("crtc on", set_crtc(kms, head, head->buffers[head->shown].fb, 1, 1));
    check_result("power off", set_dpms(kms, head, DRM_MODE_DPMS_OFF));
    check_result("flip without power", flip_to_back(kms, head));
    check_result("power on", set_dpms(kms, head, DRM_MODE_DPMS_ON));
    check_result("standby", set_dpms(kms, head, DRM_MODE_DPMS_STANDBY));
    check_result("power on", set_dpms(kms, head, DRM_MODE_DPMS_ON));
    check_result("power of an unknown kind", set_dpms(kms, head, 17));
    check_result("power on", set_dpms(kms, head, DRM_MODE_DPMS_ON));
    check_draw(kms_back(head), 65);
    return kms_flip(kms, head);
}
