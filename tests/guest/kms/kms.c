// SPDX-License-Identifier: GPL-2.0-or-later
#include "kms.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int kms_ioctl(const struct kms *kms, unsigned long request, void *arg)
{
    int rc;

    do {
        rc = ioctl(kms->fd, request, arg);
    } while (rc < 0 && (errno == EINTR || errno == EAGAIN));
    return rc < 0 ? -errno : 0;
}

int kms_buffer_create(struct kms *kms, struct kms_buffer *buffer, uint32_t width, uint32_t height,
                      uint32_t fourcc)
{
    struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
    struct drm_mode_fb_cmd2 fb = {.width = width, .height = height, .pixel_format = fourcc};
    struct drm_mode_map_dumb map = {0};
    void *pixels;
    int rc;

    memset(buffer, 0, sizeof(*buffer));
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_CREATE_DUMB, &create);
    if (rc)
        return rc;
    *buffer = (struct kms_buffer){.width = width,
                                  .height = height,
                                  .stride = create.pitch,
                                  .handle = create.handle,
                                  .size = create.size};
    fb.handles[0] = create.handle;
    fb.pitches[0] = create.pitch;
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_ADDFB2, &fb);
    if (rc)
        goto fail;
    buffer->fb = fb.fb_id;
    map.handle = create.handle;
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_MAP_DUMB, &map);
    if (rc)
        goto fail;
    pixels =
        mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, kms->fd, (off_t)map.offset);
    rc = pixels == MAP_FAILED ? -errno : 0;
    if (rc)
        goto fail;
    buffer->pixels = pixels;
    return 0;
fail:
    kms_buffer_destroy(kms, buffer);
    return rc;
}

void kms_buffer_destroy(struct kms *kms, struct kms_buffer *buffer)
{
    struct drm_mode_destroy_dumb destroy = {.handle = buffer->handle};

    if (buffer->pixels)
        munmap(buffer->pixels, buffer->size);
    if (buffer->fb)
        kms_ioctl(kms, DRM_IOCTL_MODE_RMFB, &buffer->fb);
    if (buffer->handle)
        kms_ioctl(kms, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
    memset(buffer, 0, sizeof(*buffer));
}

/* Reads the connector's modes; -ENODEV when no monitor is connected. */
static int kms_head_init(struct kms *kms, struct kms_head *head, uint32_t connector, uint32_t crtc)
{
    struct drm_mode_get_connector get = {.connector_id = connector};
    uint32_t nmodes;
    int rc;

    /* The first call counts, and makes the kernel read the EDID. */
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_GETCONNECTOR, &get);
    if (rc)
        return rc;
    if (get.connection != 1 || !get.count_modes)
        return -ENODEV;
    nmodes = get.count_modes < KMS_MAX_MODES ? get.count_modes : KMS_MAX_MODES;
    get = (struct drm_mode_get_connector){
        .connector_id = connector, .count_modes = nmodes, .modes_ptr = (uintptr_t)head->modes};
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_GETCONNECTOR, &get);
    if (rc)
        return rc;
    head->nmodes = get.count_modes < nmodes ? get.count_modes : nmodes;
    head->connector = connector;
    head->crtc = crtc;
    return 0;
}

int kms_open(struct kms *kms, const char *path)
{
    uint32_t connectors[KMS_MAX_HEADS], crtcs[KMS_MAX_HEADS];
    struct drm_mode_card_res res = {.count_connectors = KMS_MAX_HEADS,
                                    .count_crtcs = KMS_MAX_HEADS,
                                    .connector_id_ptr = (uintptr_t)connectors,
                                    .crtc_id_ptr = (uintptr_t)crtcs};
    int rc;

    memset(kms, 0, sizeof(*kms));
    kms->fd = open(path, O_RDWR | O_CLOEXEC);
    if (kms->fd < 0)
        return -errno;
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_GETRESOURCES, &res);
    if (rc)
        goto fail;
    /* virtio-gpu has one CRTC per connector, in the same order. */
    for (uint32_t i = 0; i < res.count_connectors && i < res.count_crtcs && i < KMS_MAX_HEADS; i++)
        if (!kms_head_init(kms, &kms->heads[kms->nheads], connectors[i], crtcs[i]))
            kms->nheads++;
    if (kms->nheads)
        return 0;
    rc = -ENODEV;
fail:
    close(kms->fd);
    kms->fd = -1;
    return rc;
}

static void kms_head_release(struct kms *kms, struct kms_head *head)
{
    if (head->cursor.handle)
        kms_cursor_hide(kms, head);
    kms_buffer_destroy(kms, &head->cursor);
    kms_buffer_destroy(kms, &head->buffers[0]);
    kms_buffer_destroy(kms, &head->buffers[1]);
}

void kms_close(struct kms *kms)
{
    for (uint32_t i = 0; i < kms->nheads; i++)
        kms_head_release(kms, &kms->heads[i]);
    close(kms->fd);
    kms->fd = -1;
}

/* virtio-gpu has no real timings: any that are in order will do. */
static void kms_invent_mode(struct drm_mode_modeinfo *mode, uint32_t width, uint32_t height)
{
    memset(mode, 0, sizeof(*mode));
    mode->hdisplay = (uint16_t)width;
    mode->hsync_start = (uint16_t)(width + 16);
    mode->hsync_end = (uint16_t)(width + 48);
    mode->htotal = (uint16_t)(width + 160);
    mode->vdisplay = (uint16_t)height;
    mode->vsync_start = (uint16_t)(height + 3);
    mode->vsync_end = (uint16_t)(height + 9);
    mode->vtotal = (uint16_t)(height + 30);
    mode->clock = (uint32_t)mode->htotal * mode->vtotal * 60 / 1000;
    mode->vrefresh = 60;
    mode->type = DRM_MODE_TYPE_USERDEF;
    snprintf(mode->name, sizeof(mode->name), "%ux%u", width, height);
}

static void kms_choose_mode(const struct kms_head *head, uint32_t width, uint32_t height,
                            struct drm_mode_modeinfo *mode)
{
    for (uint32_t i = 0; i < head->nmodes; i++) {
        const struct drm_mode_modeinfo *m = &head->modes[i];

        if (width ? m->hdisplay == width && m->vdisplay == height
                  : (m->type & DRM_MODE_TYPE_PREFERRED) != 0) {
            *mode = *m;
            return;
        }
    }
    if (width)
        kms_invent_mode(mode, width, height);
    else
        *mode = head->modes[0];
}

int kms_set_mode(struct kms *kms, struct kms_head *head, uint32_t width, uint32_t height)
{
    struct kms_buffer old[2] = {head->buffers[0], head->buffers[1]};
    struct drm_mode_crtc set = {.crtc_id = head->crtc,
                                .count_connectors = 1,
                                .mode_valid = 1,
                                .set_connectors_ptr = (uintptr_t)&head->connector};
    int rc;

    kms_choose_mode(head, width, height, &head->mode);
    memset(head->buffers, 0, sizeof(head->buffers));
    for (int i = 0; i < 2; i++) {
        rc = kms_buffer_create(kms, &head->buffers[i], head->mode.hdisplay, head->mode.vdisplay,
                               DRM_FORMAT_XRGB8888);
        if (rc)
            goto fail;
    }
    set.mode = head->mode;
    set.fb_id = head->buffers[0].fb;
    rc = kms_ioctl(kms, DRM_IOCTL_MODE_SETCRTC, &set);
    if (rc)
        goto fail;
    head->shown = 0;
    kms_buffer_destroy(kms, &old[0]);
    kms_buffer_destroy(kms, &old[1]);
    return 0;
fail:
    kms_buffer_destroy(kms, &head->buffers[0]);
    kms_buffer_destroy(kms, &head->buffers[1]);
    head->buffers[0] = old[0];
    head->buffers[1] = old[1];
    return rc;
}

struct kms_buffer *kms_back(struct kms_head *head)
{
    return &head->buffers[1 - head->shown];
}

int kms_flip(struct kms *kms, struct kms_head *head)
{
    struct drm_mode_crtc_page_flip flip = {
        .crtc_id = head->crtc, .fb_id = kms_back(head)->fb, .flags = DRM_MODE_PAGE_FLIP_EVENT};
    char event[256];
    int rc = kms_ioctl(kms, DRM_IOCTL_MODE_PAGE_FLIP, &flip);

    if (rc)
        return rc;
    if (read(kms->fd, event, sizeof(event)) < 0)
        return -errno;
    head->shown = 1 - head->shown;
    return 0;
}

int kms_wait_device(struct kms *kms, struct kms_head *head)
{
    int rc = 0;

    if (!head->cursor.handle) {
        rc = kms_cursor_create(kms, head, KMS_CURSOR_SIZE);
        if (!rc)
            rc = kms_cursor_move(kms, head, head->mode.hdisplay, head->mode.vdisplay);
    }
    /* Every call makes a new framebuffer of it, which is transferred anew. */
    return rc ? rc : kms_cursor_show(kms, head, 0, 0);
}

int kms_dirty(struct kms *kms, struct kms_head *head, uint32_t x, uint32_t y, uint32_t width,
              uint32_t height)
{
    struct drm_clip_rect clip = {.x1 = (uint16_t)x,
                                 .y1 = (uint16_t)y,
                                 .x2 = (uint16_t)(x + width),
                                 .y2 = (uint16_t)(y + height)};
    struct drm_mode_fb_dirty_cmd dirty = {
        .fb_id = head->buffers[head->shown].fb, .num_clips = 1, .clips_ptr = (uintptr_t)&clip};

    return kms_ioctl(kms, DRM_IOCTL_MODE_DIRTYFB, &dirty);
}

int kms_cursor_create(struct kms *kms, struct kms_head *head, uint32_t size)
{
    kms_buffer_destroy(kms, &head->cursor);
    return kms_buffer_create(kms, &head->cursor, size, size, DRM_FORMAT_ARGB8888);
}

int kms_cursor_show(struct kms *kms, struct kms_head *head, int32_t hot_x, int32_t hot_y)
{
    struct drm_mode_cursor2 cursor = {.flags = DRM_MODE_CURSOR_BO,
                                      .crtc_id = head->crtc,
                                      .width = head->cursor.width,
                                      .height = head->cursor.height,
                                      .handle = head->cursor.handle,
                                      .hot_x = hot_x,
                                      .hot_y = hot_y};

    return kms_ioctl(kms, DRM_IOCTL_MODE_CURSOR2, &cursor);
}

int kms_cursor_move(struct kms *kms, struct kms_head *head, int32_t x, int32_t y)
{
    struct drm_mode_cursor cursor = {
        .flags = DRM_MODE_CURSOR_MOVE, .crtc_id = head->crtc, .x = x, .y = y};

    return kms_ioctl(kms, DRM_IOCTL_MODE_CURSOR, &cursor);
}

int kms_cursor_hide(struct kms *kms, struct kms_head *head)
{
    struct drm_mode_cursor2 cursor = {.flags = DRM_MODE_CURSOR_BO, .crtc_id = head->crtc};

    return kms_ioctl(kms, DRM_IOCTL_MODE_CURSOR2, &cursor);
}
