// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/clients/lib/viewer.h"

#include "tests/clients/lib/viewer_cursor.h"
#include "tests/clients/lib/viewer_input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where LibVNCClient keeps our pointer. */
static char viewer_tag;

static struct viewer *viewer_of(rfbClient *client)
{
    return rfbClientGetClientData(client, &viewer_tag);
}

uint64_t viewer_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_nothing(const char *format, ...)
{
    (void)format;
}

static const char *parse_cursor(struct viewer_options *options, const char *value)
{
    static const char *const names[] = {"none", "rich", "alpha"};

    for (int i = 0; i < 3; i++) {
        if (!strcmp(value, names[i])) {
            options->cursor = (enum viewer_cursor_kind)i;
            return NULL;
        }
    }
    return "--cursor: none, rich or alpha";
}

/* Takes one option; *used says how many words of argv it was, 0: not ours. */
static const char *parse_option(struct viewer_options *options, char **argv, int *used)
{
    const char *value = argv[1];

    *used = 1;
    if (!strcmp(argv[0], "--no-jpeg")) {
        options->quality = -1;
        return NULL;
    }
    if (!strcmp(argv[0], "--input")) {
        options->input = true;
        return NULL;
    }
    if (!strcmp(argv[0], "--verbose")) {
        options->verbose = true;
        return NULL;
    }
    *used = 2;
    if (!strcmp(argv[0], "--encoding"))
        options->encoding = value;
    else if (!strcmp(argv[0], "--password"))
        options->password = value;
    else if (!strcmp(argv[0], "--quality"))
        options->quality = value ? atoi(value) : 0;
    else if (!strcmp(argv[0], "--timeout"))
        options->timeout_ms = value ? atoi(value) : 0;
    else if (!strcmp(argv[0], "--cursor"))
        return value ? parse_cursor(options, value) : "--cursor: a value is missing";
    else
        *used = 0;
    return *used && !value ? "an option's value is missing" : NULL;
}

const char *viewer_options_parse(struct viewer_options *options, int *argc, char **argv)
{
    int kept = 1;

    *options = (struct viewer_options){.encoding = "raw", .quality = -1, .timeout_ms = 10000};
    for (int i = 1; i < *argc;) {
        int used;
        const char *error = parse_option(options, argv + i, &used);

        if (error)
            return error;
        if (!used && argv[i][0] != '-' && !options->address) {
            options->address = argv[i];
            used = 1;
        }
        if (!used)
            argv[kept++] = argv[i++];
        i += used;
    }
    argv[kept] = NULL;
    *argc = kept;
    return options->address ? NULL : "an address is missing";
}

static void handle_rectangle(rfbClient *client, int x, int y, int width, int height)
{
    (void)x, (void)y, (void)width, (void)height;
    viewer_of(client)->updated = true;
}

static void handle_update_end(rfbClient *client)
{
    struct viewer *viewer = viewer_of(client);

    if (!viewer->updated)
        return;
    viewer->updated = false;
    viewer->updates++;
    viewer->last_update_ms = viewer_now_ms();
}

static rfbBool handle_size(rfbClient *client)
{
    size_t size = (size_t)client->width * (size_t)client->height * 4;
    uint8_t *pixels = calloc(1, size ? size : 1);

    if (!pixels)
        return FALSE;
    free(client->frameBuffer);
    client->frameBuffer = pixels;
    viewer_of(client)->resizes++;
    return TRUE;
}

static char *handle_password(rfbClient *client)
{
    const char *password = viewer_of(client)->options.password;

    return strdup(password ? password : "");
}

/* LibVNCClient takes the path of a unix socket as a host. */
static int set_address(rfbClient *client, const char *address)
{
    const char *colon;

    free(client->serverHost);
    client->serverHost = NULL;
    if (!strncmp(address, "unix:", 5)) {
        client->serverHost = strdup(address + 5);
        return client->serverHost ? 0 : -ENOMEM;
    }
    if (!strncmp(address, "tcp:", 4))
        address += 4;
    colon = strrchr(address, ':');
    if (!colon)
        return -EINVAL;
    client->serverPort = atoi(colon + 1);
    client->serverHost = strndup(address, (size_t)(colon - address));
    return client->serverHost ? 0 : -ENOMEM;
}

static void set_up_client(struct viewer *viewer, rfbClient *client)
{
    client->format.redShift = 16;
    client->format.greenShift = 8;
    client->format.blueShift = 0;
    client->appData.encodingsString = viewer->options.encoding;
    client->appData.enableJPEG = viewer->options.quality >= 0;
    client->appData.qualityLevel = viewer->options.quality >= 0 ? viewer->options.quality : 9;
    client->appData.compressLevel = 1;
    client->canHandleNewFBSize = TRUE;
    client->readTimeout = (unsigned int)(viewer->options.timeout_ms + 999) / 1000;
    client->MallocFrameBuffer = handle_size;
    client->GotFrameBufferUpdate = handle_rectangle;
    client->FinishedFrameBufferUpdate = handle_update_end;
    client->GetPassword = handle_password;
    viewer_cursor_set_up(viewer, client);
    if (viewer->options.input)
        viewer_input_set_up(viewer, client);
}

int viewer_open(struct viewer *viewer, const struct viewer_options *options)
{
    rfbClient *client;
    int rc;

    memset(viewer, 0, sizeof(*viewer));
    viewer->options = *options;
    if (!options->verbose)
        rfbClientLog = rfbClientErr = log_nothing;
    client = rfbGetClient(8, 3, 4);
    if (!client)
        return -ENOMEM;
    rfbClientSetClientData(client, &viewer_tag, viewer);
    set_up_client(viewer, client);
    rc = set_address(client, options->address);
    if (rc) {
        rfbClientCleanup(client);
        return rc;
    }
    /* On failure it has freed the client. */
    if (!rfbInitClient(client, NULL, NULL))
        return -ECONNRESET;
    viewer->client = client;
    return 0;
}

void viewer_close(struct viewer *viewer)
{
    if (!viewer->client)
        return;
    /* LibVNCClient leaves these to its user. */
    free(viewer->client->frameBuffer);
    free(viewer->client->rcSource);
    free(viewer->client->rcMask);
    viewer->client->frameBuffer = NULL;
    viewer->client->rcSource = viewer->client->rcMask = NULL;
    rfbClientCleanup(viewer->client);
    viewer->client = NULL;
}

int viewer_step(struct viewer *viewer, int wait_ms)
{
    /* What LibVNCClient has read ahead is no longer in the socket. */
    int rc =
        viewer->client->buffered ? 1 : WaitForMessage(viewer->client, (unsigned int)wait_ms * 1000);

    if (rc < 0)
        return -ECONNRESET;
    if (rc == 0)
        return 0;
    return HandleRFBServerMessage(viewer->client) ? 1 : -ECONNRESET;
}

/* Steps until the deadline at most; -ETIMEDOUT when it has passed. */
static int step_until(struct viewer *viewer, uint64_t deadline)
{
    uint64_t now = viewer_now_ms();

    if (now >= deadline)
        return -ETIMEDOUT;
    return viewer_step(viewer, deadline - now < 1000 ? (int)(deadline - now) : 1000);
}

int viewer_wait_stable(struct viewer *viewer, int quiet_ms)
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;
    uint64_t since = viewer->updates;

    while (viewer_now_ms() < deadline) {
        uint64_t quiet = viewer_now_ms() - viewer->last_update_ms;
        int wait = quiet < (uint64_t)quiet_ms ? (int)((uint64_t)quiet_ms - quiet) : quiet_ms;
        int rc = viewer_step(viewer, wait);

        if (rc < 0)
            return rc;
        /* A picture that was complete before this call counts as well. */
        if (rc == 0 && (viewer->updates > since || viewer->last_update_ms) &&
            viewer_now_ms() - viewer->last_update_ms >= (uint64_t)quiet_ms)
            return 0;
    }
    return -ETIMEDOUT;
}

int viewer_wait_updates(struct viewer *viewer, uint64_t count)
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;
    uint64_t wanted = viewer->updates + count;
    int rc = 0;

    while (rc >= 0 && viewer->updates < wanted)
        rc = step_until(viewer, deadline);
    return rc < 0 ? rc : 0;
}

static uint64_t count_differing(const struct viewer *viewer, const uint32_t *pixels, uint32_t width,
                                uint32_t height)
{
    const uint32_t *have = viewer_pixels(viewer);
    uint64_t differing = 0;

    if ((uint32_t)viewer->client->width != width || (uint32_t)viewer->client->height != height)
        return (uint64_t)width * height;
    for (size_t i = 0; i < (size_t)width * height; i++)
        differing += (have[i] ^ pixels[i]) << 8 != 0;
    return differing;
}

int viewer_wait_picture(struct viewer *viewer, const uint32_t *pixels, uint32_t width,
                        uint32_t height, uint64_t *differing)
{
    uint64_t deadline = viewer_now_ms() + (uint64_t)viewer->options.timeout_ms;
    int rc = 1;

    for (;;) {
        if (rc > 0)
            *differing = count_differing(viewer, pixels, width, height);
        if (!*differing)
            return 0;
        rc = step_until(viewer, deadline);
        if (rc < 0)
            return rc;
    }
}

static bool is_flat(const struct viewer *viewer)
{
    const uint32_t *pixels = viewer_pixels(viewer);
    size_t count = (size_t)viewer->client->width * (size_t)viewer->client->height;

    for (size_t i = 1; i < count; i++)
        if ((pixels[i] ^ pixels[0]) << 8)
            return false;
    return true;
}

int viewer_check_flat(struct viewer *viewer, uint64_t count, int pause_ms, uint64_t *torn)
{
    struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000L};
    int rc;

    *torn = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (pause_ms)
            nanosleep(&pause, NULL);
        rc = viewer_wait_updates(viewer, 1);
        if (rc)
            return rc;
        if (!is_flat(viewer))
            ++*torn;
    }
    return 0;
}

int viewer_check_idle(struct viewer *viewer, int duration_ms)
{
    struct pollfd fd = {.fd = viewer->client->sock, .events = POLLIN};

    if (viewer->client->buffered)
        return 1;
    return poll(&fd, 1, duration_ms) > 0;
}
