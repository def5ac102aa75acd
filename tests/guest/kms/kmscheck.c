// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmscheck SECTION: runs one section's checks (see kmscheck.h), prints
 * `<shown SECTION>`, keeps the picture until a line comes on standard input,
 * and ends. Exit code 1: something that has to work for the checks to mean
 * anything did not.
 */
#define _GNU_SOURCE /* strerrorname_np() */
#include "kmscheck.h"

#include "pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVENT_WAIT_MS 20000

void check_result(const char *name, int rc)
{
    printf("%s: %s\n", name, rc ? strerrorname_np(-rc) : "ok");
}

void check_value(const char *name, uint64_t value)
{
    printf("%s: %llu\n", name, (unsigned long long)value);
}

void check_draw(struct kms_buffer *buffer, uint32_t seed)
{
    for (uint32_t y = 0; y < buffer->height; y++)
        for (uint32_t x = 0; x < buffer->width; x++)
            buffer->pixels[(size_t)y * (buffer->stride / 4) + x] = pattern_pixel(x, y, seed);
}

static bool event_waits(const struct kms *kms, int wait_ms)
{
    struct pollfd fd = {.fd = kms->fd, .events = POLLIN};

    return poll(&fd, 1, wait_ms) > 0;
}

int check_event_read(struct kms *kms, struct check_events *events, uint64_t data)
{
    struct drm_event_vblank event = {0};
    uint64_t time;
    ssize_t size;

    if (!event_waits(kms, EVENT_WAIT_MS))
        return -ETIMEDOUT;
    size = read(kms->fd, &event, sizeof(event));
    if (size < 0)
        return -errno;
    time = (uint64_t)event.tv_sec * 1000000 + event.tv_usec;
    if (size != sizeof(event) || event.base.type != DRM_EVENT_FLIP_COMPLETE)
        events->wrong_type = true;
    if (event.crtc_id != events->crtc)
        events->wrong_crtc = true;
    if (event.user_data != data)
        events->wrong_data = true;
    if (events->count && event.sequence < events->sequence)
        events->sequence_back = true;
    if (events->count && time < events->time)
        events->time_back = true;
    events->time = time;
    events->sequence = event.sequence;
    events->count++;
    return 0;
}

void check_events_print(const char *name, const struct check_events *events)
{
    printf("%s events: %u\n", name, events->count);
    printf("%s types: %s\n", name, events->wrong_type ? "wrong" : "right");
    printf("%s crtcs: %s\n", name, events->wrong_crtc ? "wrong" : "right");
    printf("%s user data: %s\n", name, events->wrong_data ? "wrong" : "right");
    printf("%s sequence numbers: %s, the last is %u\n", name,
           events->sequence_back ? "go back" : "never go back", events->sequence);
    printf("%s times: %s\n", name, events->time_back ? "go back" : "never go back");
}

void check_no_event(struct kms *kms, const char *name)
{
    printf("%s: %s\n", name, event_waits(kms, 0) ? "an event waits" : "no event waits");
}

static const struct section {
    const char *name;
    int (*run)(struct kms *kms);
} sections[] = {
    {"driver", check_driver},       {"framebuffers", check_framebuffers},
    {"oversized", check_oversized}, {"flips", check_flips},
    {"cursor", check_cursor},       {"modes", check_modes},
    {"atomic", check_atomic},
};

static const struct section *section_find(const char *name)
{
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (!strcmp(sections[i].name, name))
            return &sections[i];
    return NULL;
}

int main(int argc, char **argv)
{
    static struct kms kms;
    const struct section *section = argc == 2 ? section_find(argv[1]) : NULL;
    int rc;

    if (!section) {
        fprintf(stderr, "usage: kmscheck SECTION\n");
        return 2;
    }
    rc = kms_open(&kms, "/dev/dri/card0");
    if (rc) {
        check_result("open", rc);
        return 1;
    }
    rc = section->run(&kms);
    if (rc)
        check_result("section", rc);
    printf("<shown %s>\n", section->name);
    while (getchar() != '\n' && !feof(stdin))
        ;
    kms_close(&kms);
    return rc ? 1 : 0;
}
