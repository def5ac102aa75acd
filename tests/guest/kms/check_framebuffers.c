// SPDX-License-Identifier: GPL-2.0-or-later
/* Framebuffers that are right, and those that are wrong in one way each. */
#include "kmscheck.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SIDE 256 /* of the buffer that the framebuffers are made of, pixels */

enum which_handle { HANDLE_GOOD, HANDLE_NONE, HANDLE_BAD };

struct fb_case {
    const char *name;
    uint32_t width, height, fourcc, pitch, offset, flags;
    enum which_handle handle;
    uint64_t modifier;
};

#define XR24 DRM_FORMAT_XRGB8888
#define PITCH (SIDE * 4)

static const struct fb_case fb_cases[] = {
    {"addfb2 exact", SIDE, SIDE, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 smaller", 100, 77, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 1x1", 1, 1, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 second half", SIDE, SIDE / 2, XR24, PITCH, PITCH *SIDE / 2, 0, HANDLE_GOOD, 0},
    {"addfb2 no width", 0, SIDE, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 no height", SIDE, 0, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 far too wide", 100000, SIDE, XR24, 400000, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 far too high", SIDE, 100000, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 one row too many", SIDE, SIDE + 1, XR24, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 twice as wide", SIDE * 2, SIDE, XR24, PITCH * 2, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 offset too large", SIDE, SIDE, XR24, PITCH, PITCH, 0, HANDLE_GOOD, 0},
    {"addfb2 offset not aligned", SIDE, 1, XR24, PITCH, 1, 0, HANDLE_GOOD, 0},
    {"addfb2 no pitch", SIDE, SIDE, XR24, 0, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 pitch too small", SIDE, SIDE, XR24, PITCH - 4, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 pitch not aligned", SIDE - 1, 1, XR24, PITCH - 1, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 pitch that overflows", SIDE, SIDE, XR24, UINT32_MAX, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 no handle", SIDE, SIDE, XR24, PITCH, 0, 0, HANDLE_NONE, 0},
    {"addfb2 bad handle", SIDE, SIDE, XR24, PITCH, 0, 0, HANDLE_BAD, 0},
    {"addfb2 no format", SIDE, SIDE, 0, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 unknown format", SIDE, SIDE, 0x21212121, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 AR24", SIDE, SIDE, DRM_FORMAT_ARGB8888, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 XB24", SIDE, SIDE, DRM_FORMAT_XBGR8888, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 AB24", SIDE, SIDE, DRM_FORMAT_ABGR8888, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 RX24", SIDE, SIDE, DRM_FORMAT_RGBX8888, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 BX24", SIDE, SIDE, DRM_FORMAT_BGRX8888, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 RG16", SIDE, SIDE, DRM_FORMAT_RGB565, SIDE * 2, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 RG24", SIDE, SIDE, DRM_FORMAT_RGB888, SIDE * 3, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 C8", SIDE, SIDE, DRM_FORMAT_C8, SIDE, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 XR30", SIDE, SIDE, DRM_FORMAT_XRGB2101010, PITCH, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 NV12 of one plane", SIDE, SIDE, DRM_FORMAT_NV12, SIDE, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 YUYV", SIDE, SIDE, DRM_FORMAT_YUYV, SIDE * 2, 0, 0, HANDLE_GOOD, 0},
    {"addfb2 interlaced", SIDE, SIDE, XR24, PITCH, 0, DRM_MODE_FB_INTERLACED, HANDLE_GOOD, 0},
    {"addfb2 unknown flag", SIDE, SIDE, XR24, PITCH, 0, 0x80, HANDLE_GOOD, 0},
    {"addfb2 linear modifier", SIDE, SIDE, XR24, PITCH, 0, DRM_MODE_FB_MODIFIERS, HANDLE_GOOD,
     DRM_FORMAT_MOD_LINEAR},
    {"addfb2 tiled modifier", SIDE, SIDE, XR24, PITCH, 0, DRM_MODE_FB_MODIFIERS, HANDLE_GOOD,
     I915_FORMAT_MOD_X_TILED},
    {"addfb2 modifier without flag", SIDE, SIDE, XR24, PITCH, 0, 0, HANDLE_GOOD,
     I915_FORMAT_MOD_X_TILED},
};

static const struct {
    const char *name;
    uint32_t width, height, pitch, bpp, depth;
} legacy_cases[] = {
    {"addfb 32/24", SIDE, SIDE, PITCH, 32, 24},
    {"addfb 32/32", SIDE, SIDE, PITCH, 32, 32},
    {"addfb 32/30", SIDE, SIDE, PITCH, 32, 30},
    {"addfb 24/24", SIDE, SIDE, SIDE * 3, 24, 24},
    {"addfb 16/16", SIDE, SIDE, SIDE * 2, 16, 16},
    {"addfb 16/15", SIDE, SIDE, SIDE * 2, 16, 15},
    {"addfb 8/8", SIDE, SIDE, SIDE, 8, 8},
    {"addfb 32/16", SIDE, SIDE, PITCH, 32, 16},
    {"addfb pitch too small", SIDE, SIDE, PITCH - 4, 32, 24},
    {"addfb no size", 0, 0, PITCH, 32, 24},
};

static uint32_t handle_of(enum which_handle which, const struct kms_buffer *buffer)
{
    return which == HANDLE_GOOD ? buffer->handle : which == HANDLE_NONE ? 0 : 0x1234;
}

static void check_addfb2(struct kms *kms, const struct kms_buffer *buffer)
{
    for (size_t i = 0; i < sizeof(fb_cases) / sizeof(fb_cases[0]); i++) {
        const struct fb_case *c = &fb_cases[i];
        struct drm_mode_fb_cmd2 fb = {.width = c->width,
                                      .height = c->height,
                                      .pixel_format = c->fourcc,
                                      .flags = c->flags,
                                      .handles = {handle_of(c->handle, buffer)},
                                      .pitches = {c->pitch},
                                      .offsets = {c->offset},
                                      .modifier = {c->modifier}};
        int rc = kms_ioctl(kms, DRM_IOCTL_MODE_ADDFB2, &fb);

        check_result(c->name, rc);
        if (!rc)
            kms_ioctl(kms, DRM_IOCTL_MODE_RMFB, &fb.fb_id);
    }
}

static void check_addfb(struct kms *kms, const struct kms_buffer *buffer)
{
    for (size_t i = 0; i < sizeof(legacy_cases) / sizeof(legacy_cases[0]); i++) {
        struct drm_mode_fb_cmd fb = {.width = legacy_cases[i].width,
                                     .height = legacy_cases[i].height,
                                     .pitch = legacy_cases[i].pitch,
                                     .bpp = legacy_cases[i].bpp,
                                     .depth = legacy_cases[i].depth,
                                     .handle = buffer->handle};
        int rc = kms_ioctl(kms, DRM_IOCTL_MODE_ADDFB, &fb);

        check_result(legacy_cases[i].name, rc);
        if (!rc)
            kms_ioctl(kms, DRM_IOCTL_MODE_RMFB, &fb.fb_id);
    }
}

static void check_dumb(struct kms *kms)
{
    static const struct {
        const char *name;
        uint32_t width, height, bpp;
    } cases[] = {
        {"dumb 1x1x32", 1, 1, 32},           {"dumb 641x479x32", 641, 479, 32},
        {"dumb 64x64x16", 64, 64, 16},       {"dumb 64x64x8", 64, 64, 8},
        {"dumb without width", 0, 8, 32},    {"dumb without bits", 8, 8, 0},
        {"dumb 100000 wide", 100000, 8, 32}, {"dumb that overflows", 1u << 30, 1u << 30, 32},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct drm_mode_create_dumb create = {
            .width = cases[i].width, .height = cases[i].height, .bpp = cases[i].bpp};
        int rc = kms_ioctl(kms, DRM_IOCTL_MODE_CREATE_DUMB, &create);
        struct drm_mode_destroy_dumb destroy = {.handle = create.handle};

        check_result(cases[i].name, rc);
        if (rc)
            continue;
        printf("%s: pitch %u, size %llu\n", cases[i].name, create.pitch,
               (unsigned long long)create.size);
        kms_ioctl(kms, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
    }
}

static void check_removal(struct kms *kms)
{
    struct drm_mode_destroy_dumb destroy = {.handle = 0x1234};
    struct drm_mode_map_dumb map = {.handle = 0x1234};
    struct drm_mode_fb_cmd get = {.fb_id = 0x12345};
    uint32_t fb = 0x12345;

    check_result("remove an unknown framebuffer", kms_ioctl(kms, DRM_IOCTL_MODE_RMFB, &fb));
    check_result("destroy an unknown buffer",
                 kms_ioctl(kms, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy));
    check_result("map an unknown buffer", kms_ioctl(kms, DRM_IOCTL_MODE_MAP_DUMB, &map));
    check_result("get an unknown framebuffer", kms_ioctl(kms, DRM_IOCTL_MODE_GETFB, &get));
}

int check_framebuffers(struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    struct kms_buffer buffer;
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    if (!rc)
        rc = kms_buffer_create(kms, &buffer, SIDE, SIDE, DRM_FORMAT_XRGB8888);
    if (rc)
        return rc;
    check_addfb2(kms, &buffer);
    check_addfb(kms, &buffer);
    check_dumb(kms);
    check_removal(kms);
    kms_buffer_destroy(kms, &buffer);
    check_draw(kms_back(head), 61);
    return kms_flip(kms, head);
}

/* A framebuffer that its buffer is too small for: Linux lets some through, and
 * then it is the device that has to refuse the transfers and flips from it. */
static void show_oversized(struct kms *kms, const char *name, uint32_t width, uint32_t height,
                           uint32_t offset)
{
    struct kms_head *head = &kms->heads[0];
    struct kms_buffer *back = kms_back(head), small;
    uint32_t back_fb = back->fb;
    struct drm_mode_fb_cmd2 fb = {.width = width,
                                  .height = height,
                                  .pixel_format = XR24,
                                  .pitches = {CHECK_WIDTH * 4},
                                  .offsets = {offset}};
    int rc = kms_buffer_create(kms, &small, CHECK_WIDTH, CHECK_HEIGHT / 2, XR24);

    check_result("small buffer", rc);
    if (rc)
        return;
    fb.handles[0] = small.handle;
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_ADDFB2, &fb);
    check_result(name, rc);
    if (!rc) {
        check_draw(&small, 70);
        back->fb = fb.fb_id;
        check_result("flip to it", kms_flip(kms, head));
        back->fb = back_fb;
        /* So that the device has refused before the buffer goes. */
        check_result("wait for the device", kms_wait_device(kms, head));
        check_draw(kms_back(head), 71);
        check_result("flip back", kms_flip(kms, head));
        kms_ioctl(kms, DRM_IOCTL_MODE_RMFB, &fb.fb_id);
    }
    kms_buffer_destroy(kms, &small);
}

int check_oversized(struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    if (rc)
        return rc;
    show_oversized(kms, "framebuffer higher than its buffer", CHECK_WIDTH, CHECK_HEIGHT, 0);
    show_oversized(kms, "framebuffer beyond its buffer", CHECK_WIDTH, CHECK_HEIGHT,
                   CHECK_WIDTH * CHECK_HEIGHT * 2);
    check_draw(kms_back(head), 62);
    return kms_flip(kms, head);
}
