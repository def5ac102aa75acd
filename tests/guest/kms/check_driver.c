// SPDX-License-Identifier: GPL-2.0-or-later
/* What the driver says of itself and of its device. */
#include "kmscheck.h"

#include <stdio.h>
#include <string.h>
#include <virtgpu_drm.h>

/* As in the kernel's virtgpu_drm.h; libdrm's of Debian 12 is older. */
struct create_blob {
    uint32_t memory, flags, handle, resource;
    uint64_t size;
    uint32_t padding, command_size;
    uint64_t command, id;
};

struct context_init {
    uint32_t count, padding;
    uint64_t parameters;
};

#define CREATE_BLOB DRM_IOWR(DRM_COMMAND_BASE + 0x0a, struct create_blob)
#define CONTEXT_INIT DRM_IOWR(DRM_COMMAND_BASE + 0x0b, struct context_init)

static void check_version(struct kms *kms)
{
    char name[64] = "", description[64] = "";
    struct drm_version version = {.name = name,
                                  .name_len = sizeof(name) - 1,
                                  .desc = description,
                                  .desc_len = sizeof(description) - 1};
    int rc = kms_ioctl(kms, DRM_IOCTL_VERSION, &version);

    check_result("version", rc);
    if (!rc)
        printf("driver: %s %d.%d.%d, %s\n", name, version.version_major, version.version_minor,
               version.version_patchlevel, description);
}

static void check_capabilities(struct kms *kms)
{
    static const struct {
        const char *name;
        uint64_t capability;
    } capabilities[] = {
        {"dumb buffers", DRM_CAP_DUMB_BUFFER},
        {"vblank on high crtcs", DRM_CAP_VBLANK_HIGH_CRTC},
        {"preferred depth", DRM_CAP_DUMB_PREFERRED_DEPTH},
        {"shadow preferred", DRM_CAP_DUMB_PREFER_SHADOW},
        {"prime", DRM_CAP_PRIME},
        {"monotonic time", DRM_CAP_TIMESTAMP_MONOTONIC},
        {"asynchronous flips", DRM_CAP_ASYNC_PAGE_FLIP},
        {"cursor width", DRM_CAP_CURSOR_WIDTH},
        {"cursor height", DRM_CAP_CURSOR_HEIGHT},
        {"modifiers", DRM_CAP_ADDFB2_MODIFIERS},
        {"flip targets", DRM_CAP_PAGE_FLIP_TARGET},
        {"crtc in events", DRM_CAP_CRTC_IN_VBLANK_EVENT},
        {"sync objects", DRM_CAP_SYNCOBJ},
        {"unknown capability", 0x7777},
    };

    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        struct drm_get_cap get = {.capability = capabilities[i].capability};
        int rc = kms_ioctl(kms, DRM_IOCTL_GET_CAP, &get);

        if (rc)
            check_result(capabilities[i].name, rc);
        else
            check_value(capabilities[i].name, get.value);
    }
}

static void check_parameters(struct kms *kms)
{
    for (uint64_t param = 0; param <= 16; param++) {
        int value = 0;
        struct drm_virtgpu_getparam get = {.param = param, .value = (uintptr_t)&value};
        char name[32];
        int rc = kms_ioctl(kms, DRM_IOCTL_VIRTGPU_GETPARAM, &get);

        snprintf(name, sizeof(name), "parameter %u", (unsigned int)param);
        if (rc)
            check_result(name, rc);
        else
            check_value(name, (uint64_t)value);
    }
}

/* 3D commands on a device that has none. */
static void check_without_3d(struct kms *kms)
{
    struct drm_virtgpu_get_caps caps = {.cap_set_id = 1};
    struct context_init context = {0};
    struct create_blob blob = {.memory = 1, .flags = 1, .size = 4096};
    struct drm_virtgpu_execbuffer exec = {.fence_fd = -1};

    check_result("capability set", kms_ioctl(kms, DRM_IOCTL_VIRTGPU_GET_CAPS, &caps));
    check_result("context", kms_ioctl(kms, CONTEXT_INIT, &context));
    check_result("blob", kms_ioctl(kms, CREATE_BLOB, &blob));
    check_result("execute", kms_ioctl(kms, DRM_IOCTL_VIRTGPU_EXECBUFFER, &exec));
}

static void check_limits(struct kms *kms)
{
    struct drm_mode_card_res res = {0};
    int rc = kms_ioctl(kms, DRM_IOCTL_MODE_GETRESOURCES, &res);

    check_result("resources", rc);
    printf("sizes: %ux%u to %ux%u\n", res.min_width, res.min_height, res.max_width, res.max_height);
    printf("objects: %u crtcs, %u connectors, %u encoders\n", res.count_crtcs, res.count_connectors,
           res.count_encoders);
}

int check_driver(struct kms *kms)
{
    int rc = kms_set_mode(kms, &kms->heads[0], CHECK_WIDTH, CHECK_HEIGHT);

    if (rc)
        return rc;
    check_version(kms);
    check_capabilities(kms);
    check_parameters(kms);
    check_without_3d(kms);
    check_limits(kms);
    check_draw(kms_back(&kms->heads[0]), 60);
    return kms_flip(kms, &kms->heads[0]);
}
