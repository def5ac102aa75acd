// SPDX-License-Identifier: GPL-2.0-or-later
/* Atomic commits: tested only, right, and wrong in one way each. */
#include "kmscheck.h"

#include "pattern.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CHANGES 24
#define FLIPS 40
#define TEST DRM_MODE_ATOMIC_TEST_ONLY
#define MODESET DRM_MODE_ATOMIC_ALLOW_MODESET

struct atomic {
    struct kms *kms;
    struct kms_head *head;
    uint32_t plane, cursor;  /* object ids */
    uint32_t mode;           /* blob */
    struct kms_buffer small; /* smaller than the mode */
    struct kms_buffer image; /* of the cursor */
};

/* A request as the kernel takes it, one object for each change. */
struct request {
    uint32_t objects[MAX_CHANGES], counts[MAX_CHANGES], properties[MAX_CHANGES];
    uint64_t values[MAX_CHANGES];
    uint32_t count;
};

static uint32_t object_of(const struct atomic *atomic, const char *name)
{
    if (!strcmp(name, "plane"))
        return atomic->plane;
    if (!strcmp(name, "cursor"))
        return atomic->cursor;
    if (!strcmp(name, "crtc"))
        return atomic->head->crtc;
    return !strcmp(name, "connector") ? atomic->head->connector : 0x12345;
}

/* A number, or what a name stands for; a number behind `.` is 16.16 fixed. */
static uint64_t value_of(const struct atomic *atomic, const char *text)
{
    const struct {
        const char *name;
        uint64_t value;
    } names[] = {
        {"a", atomic->head->buffers[0].fb},
        {"b", atomic->head->buffers[1].fb},
        {"small", atomic->small.fb},
        {"image", atomic->image.fb},
        {"crtc", atomic->head->crtc},
        {"mode", atomic->mode},
        {"connector", atomic->head->connector},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(names[i].name, text))
            return names[i].value;
    return text[0] == '.' ? strtoull(text + 1, NULL, 0) << 16 : (uint64_t)strtoll(text, NULL, 0);
}

/* Adds `OBJECT:PROPERTY=VALUE ...`; a property that there is not gets an
 * impossible number. */
static void request_add(struct request *request, const struct atomic *atomic, const char *changes)
{
    char object[16], property[32], value[24];
    int used;

    while (request->count < MAX_CHANGES &&
           sscanf(changes, " %15[^:]:%31[^=]=%23s%n", object, property, value, &used) == 3) {
        uint32_t i = request->count++;

        request->objects[i] = object_of(atomic, object);
        request->counts[i] = 1;
        request->values[i] = value_of(atomic, value);
        if (check_property_find(atomic->kms, request->objects[i], property, &request->properties[i],
                                NULL))
            request->properties[i] = 0x54321;
        changes += used;
    }
}

static int request_commit(const struct request *request, const struct atomic *atomic,
                          uint32_t flags, uint64_t data)
{
    struct drm_mode_atomic commit = {.flags = flags,
                                     .count_objs = request->count,
                                     .objs_ptr = (uintptr_t)request->objects,
                                     .count_props_ptr = (uintptr_t)request->counts,
                                     .props_ptr = (uintptr_t)request->properties,
                                     .prop_values_ptr = (uintptr_t)request->values,
                                     .user_data = data};

    return kms_ioctl(atomic->kms, DRM_IOCTL_MODE_ATOMIC, &commit);
}

static int change(const struct atomic *atomic, const char *changes, uint32_t flags)
{
    struct request request = {0};

    request_add(&request, atomic, changes);
    return request_commit(&request, atomic, flags, 0);
}

static int set_capability(struct kms *kms, uint64_t capability, uint64_t value)
{
    struct drm_set_client_cap set = {.capability = capability, .value = value};

    return kms_ioctl(kms, DRM_IOCTL_SET_CLIENT_CAP, &set);
}

/* The planes by their type: 1 is primary, 2 is the cursor. */
static int find_planes(struct atomic *atomic)
{
    uint32_t planes[16], property;
    struct drm_mode_get_plane_res res = {.plane_id_ptr = (uintptr_t)planes, .count_planes = 16};
    int rc = kms_ioctl(atomic->kms, DRM_IOCTL_MODE_GETPLANERESOURCES, &res);

    for (uint32_t i = 0; i < res.count_planes && i < 16 && !rc; i++) {
        uint64_t type = 0;

        rc = check_property_find(atomic->kms, planes[i], "type", &property, &type);
        if (type == 1 && !atomic->plane)
            atomic->plane = planes[i];
        if (type == 2 && !atomic->cursor)
            atomic->cursor = planes[i];
    }
    return rc ? rc : atomic->plane && atomic->cursor ? 0 : -ENODEV;
}

static int atomic_init(struct atomic *atomic, struct kms *kms)
{
    struct kms_head *head = &kms->heads[0];
    struct drm_mode_create_blob blob = {.length = sizeof(head->mode)};
    int rc = kms_set_mode(kms, head, CHECK_WIDTH, CHECK_HEIGHT);

    *atomic = (struct atomic){.kms = kms, .head = head};
    if (rc)
        return rc;
    check_result("commit without the capability", change(atomic, "", 0));
    check_result("universal planes", set_capability(kms, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1));
    check_result("atomic", set_capability(kms, DRM_CLIENT_CAP_ATOMIC, 1));
    check_result("write-back", set_capability(kms, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1));
    check_result("unknown capability", set_capability(kms, 0x77, 1));
    blob.data = (uintptr_t)&head->mode;
    rc = find_planes(atomic);
    if (!rc)
        rc = kms_ioctl(kms, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob);
    atomic->mode = blob.blob_id;
    if (!rc)
        rc = kms_buffer_create(kms, &atomic->small, 800, 600, DRM_FORMAT_XRGB8888);
    if (!rc)
        rc = kms_buffer_create(kms, &atomic->image, 64, 64, DRM_FORMAT_ARGB8888);
    return rc;
}

#define PLACED                                                                                     \
    "plane:SRC_X=0 plane:SRC_Y=0 plane:SRC_W=.1024 plane:SRC_H=.768 plane:CRTC_X=0 "               \
    "plane:CRTC_Y=0 plane:CRTC_W=1024 plane:CRTC_H=768 "
#define ALL_ON "connector:CRTC_ID=crtc crtc:MODE_ID=mode crtc:ACTIVE=1 plane:CRTC_ID=crtc " PLACED
#define ALL_OFF "connector:CRTC_ID=0 crtc:MODE_ID=0 crtc:ACTIVE=0 plane:CRTC_ID=0 plane:FB_ID=0 "
#define CURSOR                                                                                     \
    "cursor:FB_ID=image cursor:CRTC_ID=crtc cursor:SRC_X=0 cursor:SRC_Y=0 "                        \
    "cursor:SRC_W=.64 cursor:SRC_H=.64 cursor:CRTC_W=64 cursor:CRTC_H=64 "

/* In this order; each begins with what those before it left. */
static const struct {
    const char *name;
    const char *changes;
    uint32_t flags;
} commits[] = {
    {"nothing", "", 0},
    {"test: nothing", "", TEST},
    {"test: everything on", ALL_ON "plane:FB_ID=a", TEST | MODESET},
    {"everything on", ALL_ON "plane:FB_ID=a", MODESET},
    {"test: another framebuffer", "plane:FB_ID=b", TEST},
    {"unknown flag", "plane:FB_ID=b", 0x8000},
    {"flip at once", "plane:FB_ID=b", DRM_MODE_PAGE_FLIP_ASYNC},
    {"test with an event", "plane:FB_ID=b", TEST | DRM_MODE_PAGE_FLIP_EVENT},
    {"event of nothing", "", DRM_MODE_PAGE_FLIP_EVENT},
    {"unknown object", "nothing:FB_ID=b", 0},
    {"unknown property", "plane:NO_SUCH=1", 0},
    {"property of another object", "plane:ACTIVE=1", 0},
    {"property that cannot change", "plane:type=2", 0},
    {"unknown framebuffer", "plane:FB_ID=74565", 0},
    {"connector for a framebuffer", "plane:FB_ID=connector", 0},
    {"connector for a crtc", "plane:CRTC_ID=connector", 0},
    {"no framebuffer, but a crtc", "plane:FB_ID=0", 0},
    {"no crtc, but a framebuffer", "plane:CRTC_ID=0", 0},
    {"plane off", "plane:FB_ID=0 plane:CRTC_ID=0", TEST | MODESET},
    {"ACTIVE=2", "crtc:ACTIVE=2", MODESET},
    {"unknown mode", "crtc:MODE_ID=74565", MODESET},
    {"no mode, but active", "crtc:MODE_ID=0", MODESET},
    {"off without leave", "crtc:ACTIVE=0", 0},
    {"test: off without leave", "crtc:ACTIVE=0", TEST},
    {"connector without its crtc", "connector:CRTC_ID=0", MODESET},
    {"smaller framebuffer", "plane:FB_ID=small", 0},
    {"smaller framebuffer, all of it", "plane:FB_ID=small plane:SRC_W=.800 plane:SRC_H=.600", 0},
    {"smaller framebuffer, unscaled",
     "plane:FB_ID=small plane:SRC_W=.800 plane:SRC_H=.600 plane:CRTC_W=800 plane:CRTC_H=600", TEST},
    {"scaled down", "plane:CRTC_W=512", TEST},
    {"scaled up", "plane:SRC_W=.512", TEST},
    {"source beyond the framebuffer", "plane:SRC_X=.1", TEST},
    {"source between pixels", "plane:SRC_X=1 plane:SRC_W=65536", TEST},
    {"plane beside the crtc", "plane:CRTC_X=1024", TEST},
    {"plane moved", "plane:CRTC_X=10", TEST},
    {"plane moved to a negative place", "plane:CRTC_Y=-10", TEST},
    {"no width", "plane:CRTC_W=0", TEST},
    {"huge width", "plane:CRTC_W=4294967295", TEST},
    {"fence that is none", "plane:FB_ID=b plane:IN_FENCE_FD=0", 0},
    {"fence of a bad fd", "plane:FB_ID=b plane:IN_FENCE_FD=999", 0},
    {"other half of the framebuffer", "plane:SRC_X=.0", TEST},
    {"test: everything off", ALL_OFF, TEST | MODESET},
    {"off", "crtc:ACTIVE=0", MODESET},
    {"framebuffer while off", "plane:FB_ID=b", 0},
    {"framebuffer with an event while off", "plane:FB_ID=a", DRM_MODE_PAGE_FLIP_EVENT},
    {"on", "crtc:ACTIVE=1", MODESET},
    {"everything off", ALL_OFF, MODESET},
    {"everything off again", ALL_OFF, MODESET},
    {"everything on again", ALL_ON "plane:FB_ID=a", MODESET},
    {"another framebuffer", "plane:FB_ID=b", 0},
    {"same framebuffer", "plane:FB_ID=b", 0},
    {"cursor", CURSOR "cursor:CRTC_X=300 cursor:CRTC_Y=200", 0},
    {"cursor moved", "cursor:CRTC_X=30", 0},
    {"cursor at a negative place", "cursor:CRTC_X=-30 cursor:CRTC_Y=-20", 0},
    {"cursor outside", "cursor:CRTC_X=5000", 0},
    {"cursor scaled", "cursor:CRTC_X=10 cursor:CRTC_W=32", TEST},
    {"cursor of the other format", "cursor:FB_ID=small", TEST},
    {"cursor and plane", "plane:FB_ID=a cursor:CRTC_X=99 cursor:CRTC_Y=98", 0},
    {"cursor off", "cursor:FB_ID=0 cursor:CRTC_ID=0", 0},
};

static void check_plane(const struct atomic *atomic, const char *when)
{
    uint32_t property;
    uint64_t fb = 0, active = 0;

    check_property_find(atomic->kms, atomic->plane, "FB_ID", &property, &fb);
    check_property_find(atomic->kms, atomic->head->crtc, "ACTIVE", &property, &active);
    printf("%s: the plane shows %s, the crtc is %s\n", when,
           fb == atomic->head->buffers[0].fb   ? "the first"
           : fb == atomic->head->buffers[1].fb ? "the second"
                                               : "none",
           active ? "on" : "off");
}

static int check_commits(struct atomic *atomic)
{
    char event[64];

    for (size_t i = 0; i < sizeof(commits) / sizeof(commits[0]); i++) {
        struct pollfd fd = {.fd = atomic->kms->fd, .events = POLLIN};

        check_result(commits[i].name, change(atomic, commits[i].changes, commits[i].flags));
        check_plane(atomic, "  now");
        if (poll(&fd, 1, 0) > 0 && read(fd.fd, event, sizeof(event)) > 0)
            printf("  an event came\n");
    }
    return 0;
}

static int check_atomic_flips(struct atomic *atomic, const char *name, uint32_t flags)
{
    struct check_events events = {.crtc = atomic->head->crtc};
    int rc = 0;

    for (uint64_t i = 0; i < FLIPS && !rc; i++) {
        struct request request = {0};
        uint64_t data = 0x5566778800000000 + i;

        request_add(&request, atomic, i % 2 ? "plane:FB_ID=a" : "plane:FB_ID=b");
        rc = request_commit(&request, atomic, DRM_MODE_PAGE_FLIP_EVENT | flags, data);
        if (!rc)
            rc = check_event_read(atomic->kms, &events, data);
    }
    check_events_print(name, &events);
    check_no_event(atomic->kms, name);
    return rc;
}

/* The fence that says when the commit is done. */
static void check_out_fence(struct atomic *atomic)
{
    int32_t fence = -1;
    struct request request = {0};
    struct pollfd fd = {.events = POLLIN};

    request_add(&request, atomic, "plane:FB_ID=b crtc:OUT_FENCE_PTR=0");
    request.values[1] = (uintptr_t)&fence;
    check_result("commit with a fence", request_commit(&request, atomic, 0, 0));
    fd.fd = fence;
    printf("fence: %s\n", fence >= 0 && poll(&fd, 1, 20000) == 1 ? "signalled" : "none");
    if (fence >= 0)
        close(fence);
}

/* Leaves the known picture in the second buffer, which a last commit shows. */
int check_atomic(struct kms *kms)
{
    struct atomic atomic;
    int rc = atomic_init(&atomic, kms);

    if (!rc)
        rc = check_commits(&atomic);
    if (!rc)
        rc = check_atomic_flips(&atomic, "atomic flip", 0);
    if (!rc)
        rc = check_atomic_flips(&atomic, "atomic flip without waiting", DRM_MODE_ATOMIC_NONBLOCK);
    if (rc)
        return rc;
    check_out_fence(&atomic);
    check_result("back to the first", change(&atomic, "plane:FB_ID=a", 0));
    kms->heads[0].shown = 0;
    check_draw(&kms->heads[0].buffers[1], 66);
    rc = change(&atomic, "plane:FB_ID=b", 0);
    kms->heads[0].shown = 1;
    kms_buffer_destroy(kms, &atomic.image);
    /* The other buffers go with the program, so that the console comes back
     * from this picture. */
    kms_buffer_destroy(kms, &atomic.small);
    return rc;
}
