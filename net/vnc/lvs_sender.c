// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The update sender that uses LibVNCServer, and the only file that includes
 * its headers.
 *
 * LibVNCServer is given one end of a socketpair as "the viewer", with a screen
 * of its own, so that viewers share nothing. It does ServerInit, parses
 * SetPixelFormat and SetEncodings, translates pixels and encodes rectangles.
 * Creating, closing and parsing happen on the loop thread, where every byte
 * that it will read has been written before, so that it never waits.
 * Encoding happens in a job, which writes to the socketpair while the loop
 * reads the other end. The two never overlap for one viewer.
 */
#include "net/vnc/update_sender.h"

#include "server/jobs.h"
#include "server/log.h"

#include <errno.h>
#include <rfb/rfb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes taken from the socketpair per turn of the loop. */
#define DRAIN_PER_TURN (256 * 1024)
/* What LibVNCServer says before ServerInit: version, the list of one security
 * type, the security result. The viewer has had its own from us. */
#define HANDSHAKE_SIZE (12 + 2 + 4)
#define SERVER_INIT_SIZE 24

struct update_sender {
    struct update_sender_config config;
    rfbScreenInfoPtr screen;
    rfbClientPtr client;
    int fd; /* our end of the socketpair */
    uv_poll_t poll;
    bool cancelled;
    int drain_error;
    struct job job;
    const struct update *update; /* lent; with screen and client the job's while it runs */
    bool sent;                   /* written by the job */
    void (*destroyed)(void *user);
    void *destroyed_user;
};

/* How LibVNCServer encodes one rectangle, and how large it may be. */
struct encoder {
    int32_t encoding;
    rfbBool (*send)(rfbClientPtr client, int x, int y, int width, int height);
    int max_width, max_height;
    int max_pixels; /* 0: any */
};

static const struct encoder encoders[] = {
    /* A row must fit the library's buffer of 32 KiB with a header. */
    {ENCODING_RAW, rfbSendRectEncodingRaw, 4096, 16384, 0},
    /* It looks at each pixel as often as there are rectangles over it. */
    {ENCODING_RRE, rfbSendRectEncodingRRE, 512, 64, 0},
    /* The library would cut it so itself, into rectangles that count. */
    {ENCODING_CORRE, rfbSendRectEncodingCoRRE, 48, 48, 0},
    {ENCODING_HEXTILE, rfbSendRectEncodingHextile, 16384, 16384, 0},
    /* The library would cut it so itself, into rectangles that count. */
    {ENCODING_ZLIB, rfbSendRectEncodingZlib, 16384, 16384, ZLIB_MAX_RECT_SIZE},
    /* The rectangle's output is kept in memory; whole tiles high. */
    {ENCODING_ZRLE, rfbSendRectEncodingZRLE, 16384, 256, 0},
    {ENCODING_TIGHT, rfbSendRectEncodingTight, 16384, 16384, 0},
};

static const struct encoder *find_encoder(int32_t encoding)
{
    for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
        if (encoders[i].encoding == encoding)
            return &encoders[i];
    }
    return &encoders[0];
}

static struct update_rect first_piece(const struct encoder *encoder, const struct update_rect *rect)
{
    struct update_rect piece = *rect;
    if (piece.width > encoder->max_width)
        piece.width = (uint16_t)encoder->max_width;
    int rows = encoder->max_height;
    if (encoder->max_pixels && encoder->max_pixels / piece.width < rows)
        rows = encoder->max_pixels / piece.width;
    if (piece.height > rows)
        piece.height = (uint16_t)rows;
    return piece;
}

/* Moves to the next piece, in columns of pieces; false after the last. */
static bool next_piece(const struct encoder *encoder, const struct update_rect *rect,
                       struct update_rect *piece)
{
    struct update_rect rest = *rect;
    uint32_t bottom = (uint32_t)piece->y + piece->height;
    uint32_t right = (uint32_t)piece->x + piece->width;
    uint32_t rect_bottom = (uint32_t)rect->y + rect->height;
    uint32_t rect_right = (uint32_t)rect->x + rect->width;
    if (bottom < rect_bottom) {
        rest.x = piece->x;
        rest.y = (uint16_t)bottom;
    } else if (right < rect_right) {
        rest.x = (uint16_t)right;
    } else {
        return false;
    }
    rest.width = (uint16_t)(rect_right - rest.x);
    rest.height = (uint16_t)(rect_bottom - rest.y);
    rest.pixels = rect->pixels + (size_t)(rest.y - rect->y) * rect->stride +
                  (size_t)(rest.x - rect->x) * 4;
    *piece = first_piece(encoder, &rest);
    return true;
}

/* The number for the update's header: RFB_UNTIL_LAST when Tight cannot say
 * beforehand into how many rectangles it will cut, or -1 for too many. */
#define RFB_UNTIL_LAST 0xffff
static int count_rects(struct update_sender *sender, const struct encoder *encoder)
{
    const struct update *update = sender->update;
    uint32_t count = update->nprefix;
    for (uint32_t i = 0; i < update->nrects; i++) {
        struct update_rect piece = first_piece(encoder, &update->rects[i]);
        do {
            int n = 1;
            if (encoder->encoding == ENCODING_TIGHT)
                n = rfbNumCodedRectsTight(sender->client, piece.x, piece.y, piece.width,
                                          piece.height);
            if (n == 0)
                return RFB_UNTIL_LAST;
            count += (uint32_t)n;
        } while (next_piece(encoder, &update->rects[i], &piece));
    }
    return count < RFB_UNTIL_LAST ? (int)count : -1;
}

static bool send_piece(struct update_sender *sender, const struct encoder *encoder,
                       const struct update_rect *piece)
{
    /* The library addresses pixels from the framebuffer's origin, so it is
     * told of an origin from which this piece lies where it should; it never
     * looks outside of the piece. */
    uintptr_t origin = (uintptr_t)piece->pixels - piece->y * piece->stride - piece->x * (size_t)4;
    sender->screen->frameBuffer = (char *)origin;
    sender->screen->paddedWidthInBytes = (int)piece->stride;
    /* RRE takes memory for the whole screen, and looks one pixel beyond. */
    sender->screen->width = piece->width;
    sender->screen->height = piece->height + 1;
    return encoder->send(sender->client, piece->x, piece->y, piece->width, piece->height);
}

static bool send_update(struct update_sender *sender)
{
    rfbClientPtr client = sender->client;
    const struct update *update = sender->update;
    const struct encoder *encoder = find_encoder(client->preferredEncoding);
    int count = count_rects(sender, encoder);
    if (client->sock < 0 || count < 0)
        return false;

    uint8_t header[4] = {rfbFramebufferUpdate, 0};
    put_u16(header + 2, (uint16_t)count);
    if (rfbWriteExact(client, (char *)header, sizeof(header)) < 0 ||
        rfbWriteExact(client, (char *)update->prefix.data, (int)update->prefix.size) < 0)
        return false;
    client->ublen = 0;
    for (uint32_t i = 0; i < update->nrects; i++) {
        struct update_rect piece = first_piece(encoder, &update->rects[i]);
        do {
            if (!send_piece(sender, encoder, &piece))
                return false;
        } while (next_piece(encoder, &update->rects[i], &piece));
    }
    if (count == RFB_UNTIL_LAST && !rfbSendLastRectMarker(client))
        return false;
    return rfbSendUpdateBuf(client);
}

static void work(struct job *job)
{
    struct update_sender *sender =
        (struct update_sender *)((char *)job - offsetof(struct update_sender, job));
    sender->sent = send_update(sender);
}

/* Reads what LibVNCServer wrote; 0 when there is no more now. */
static int drain(struct update_sender *sender, size_t limit)
{
    size_t total = 0;
    while (total < limit) {
        size_t space;
        uint8_t *to = out_queue_reserve(sender->config.out, &space);
        if (!to)
            return -ENOMEM;
        ssize_t n = read(sender->fd, to, space);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        if (n == 0)
            return -EPIPE;
        out_queue_commit(sender->config.out, (size_t)n);
        total += (size_t)n;
    }
    return 0;
}

static void lvs_cancel(struct update_sender *sender)
{
    /* The job's next write fails. A job that waits for room, with select(),
     * does not notice that, so it is given room. */
    char scrap[4096];
    sender->cancelled = true;
    uv_poll_stop(&sender->poll);
    shutdown(sender->fd, SHUT_RDWR);
    while (read(sender->fd, scrap, sizeof(scrap)) > 0)
        ;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct update_sender *sender = poll->data;
    (void)events;
    int rc = status < 0 ? status : drain(sender, DRAIN_PER_TURN);
    if (rc < 0) {
        sender->drain_error = rc;
        lvs_cancel(sender);
        return;
    }
    sender->config.progress(sender->config.user);
}

static void work_done(struct job *job)
{
    struct update_sender *sender =
        (struct update_sender *)((char *)job - offsetof(struct update_sender, job));
    int error = sender->cancelled ? -ECANCELED : 0;
    uv_poll_stop(&sender->poll);
    if (sender->drain_error < 0)
        error = sender->drain_error;
    else if (!error && !sender->sent)
        error = -EIO;
    else if (!error)
        error = drain(sender, SIZE_MAX);
    sender->update = NULL;
    sender->config.done(sender->config.user, error);
}

static void lvs_send(struct update_sender *sender, const struct update *update)
{
    sender->update = update;
    /* It cannot fail on an open handle. */
    uv_poll_start(&sender->poll, UV_READABLE, on_readable);
    job_submit(sender->config.loop, &sender->job);
}

__attribute__((format(printf, 1, 2))) static void lvs_log(const char *format, ...)
{
    char line[256];
    va_list arguments;
    if (!log_wants(LOG_DEBUG))
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    line[strcspn(line, "\n")] = '\0';
    log_debug("libvncserver", "%s", line);
}

/* Lets LibVNCServer read what stands in the socketpair: one whole message. */
static int process(struct update_sender *sender, const void *message, size_t size)
{
    ssize_t n = send(sender->fd, message, size, MSG_NOSIGNAL);
    if (n != (ssize_t)size)
        return n < 0 ? -errno : -EIO;
    rfbProcessClientMessage(sender->client);
    return sender->client->sock < 0 ? -EIO : drain(sender, SIZE_MAX);
}

static int lvs_set_pixel_format(struct update_sender *sender, const uint8_t message[20])
{
    return process(sender, message, 20);
}

static int lvs_set_encodings(struct update_sender *sender, const struct encodings *encodings)
{
    struct bytes message = {0};
    encodings_write(encodings, &message);
    int rc = message.failed ? -ENOMEM : process(sender, message.data, message.size);
    bytes_free(&message);
    return rc;
}

static void lvs_resize(struct update_sender *sender, uint16_t width, uint16_t height)
{
    /* The encoders get the size of each piece as that of the screen, see
     * send_piece(). rfbNewFramebuffer() would also reset the pixel format and
     * schedule an update of its own. */
    (void)sender;
    (void)width;
    (void)height;
}

static rfbScreenInfoPtr create_screen(const struct update_sender_config *config)
{
    rfbScreenInfoPtr screen = rfbGetScreen(NULL, NULL, config->width, config->height, 8, 3, 4);
    if (!screen)
        return NULL;
    /* Read during ServerInit only, which is over before we return. */
    screen->desktopName = config->name;
    screen->cursor = NULL;
    screen->port = screen->ipv6port = 0;
    screen->alwaysShared = TRUE;
    screen->deferUpdateTime = 0;
    screen->depth = 24;
    screen->serverFormat.depth = 24;
    screen->serverFormat.trueColour = 1; /* TRUE is -1 there */
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    return screen;
}

/* Speaks the viewer's part of the handshake, so that ServerInit comes out. */
static int shake_hands(struct update_sender *sender, int fd)
{
    static const char hello[] = "RFB 003.008\n" /* version */
                                "\001"          /* security type None */
                                "\001";         /* ClientInit: shared */
    struct bytes greeting = {0};
    ssize_t n = send(sender->fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
    if (n != (ssize_t)sizeof(hello) - 1) {
        close(fd);
        return -EIO;
    }
    sender->client = rfbNewClient(sender->screen, fd);
    for (int i = 0; i < 3 && sender->client && sender->client->sock >= 0; i++)
        rfbProcessClientMessage(sender->client);
    uint8_t *to = bytes_extend(&greeting, HANDSHAKE_SIZE + SERVER_INIT_SIZE + 256);
    int rc = to ? -EIO : -ENOMEM;
    if (to && sender->client && sender->client->state == RFB_NORMAL) {
        n = read(sender->fd, to, greeting.size);
        if (n >= HANDSHAKE_SIZE + SERVER_INIT_SIZE &&
            (size_t)n == HANDSHAKE_SIZE + SERVER_INIT_SIZE + get_u32(to + HANDSHAKE_SIZE + 20))
            rc = out_queue_append(sender->config.out, to + HANDSHAKE_SIZE,
                                  (size_t)n - HANDSHAKE_SIZE);
    }
    bytes_free(&greeting);
    return rc;
}

static int open_pair(struct update_sender *sender, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -errno;
    /* The library aborts on a descriptor that select() cannot hold. */
    int rc = pair[1] < FD_SETSIZE ? 0 : -EMFILE;
    if (rc == 0)
        rc = uv_poll_init(sender->config.loop, &sender->poll, pair[0]);
    if (rc < 0) {
        close(pair[0]);
        close(pair[1]);
        return rc;
    }
    sender->poll.data = sender;
    sender->fd = pair[0];
    *theirs = pair[1];
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct update_sender *sender = handle->data;
    if (sender->destroyed)
        sender->destroyed(sender->destroyed_user);
    free(sender);
}

static void lvs_destroy(struct update_sender *sender, void (*destroyed)(void *user), void *user)
{
    if (!sender) {
        if (destroyed)
            destroyed(user);
        return;
    }
    sender->destroyed = destroyed;
    sender->destroyed_user = user;
    /* The screen's own cleaning-up forgets a client whose socket is closed. */
    if (sender->client)
        rfbClientConnectionGone(sender->client);
    rfbScreenCleanup(sender->screen);
    uv_close((uv_handle_t *)&sender->poll, on_poll_closed);
    close(sender->fd);
}

static int lvs_create(struct update_sender **created, const struct update_sender_config *config)
{
    rfbLog = lvs_log;
    rfbErr = lvs_log;
    struct update_sender *sender = calloc(1, sizeof(*sender));
    if (!sender)
        return -ENOMEM;
    sender->config = *config;
    sender->job = (struct job){.work = work, .done = work_done};
    int theirs = -1, rc = -ENOMEM;
    sender->screen = create_screen(config);
    if (!sender->screen)
        goto screen_failure;
    rc = open_pair(sender, &theirs);
    if (rc < 0)
        goto pair_failure;
    rc = shake_hands(sender, theirs);
    if (rc < 0) {
        lvs_destroy(sender, NULL, NULL);
        return rc;
    }
    sender->config.name = NULL; /* it was lent for this call */
    *created = sender;
    return 0;

pair_failure:
    rfbScreenCleanup(sender->screen);
screen_failure:
    free(sender);
    return rc;
}

const struct update_sender_ops lvs_sender_ops = {
    .create = lvs_create,
    .set_pixel_format = lvs_set_pixel_format,
    .set_encodings = lvs_set_encodings,
    .resize = lvs_resize,
    .send = lvs_send,
    .cancel = lvs_cancel,
    .destroy = lvs_destroy,
};
