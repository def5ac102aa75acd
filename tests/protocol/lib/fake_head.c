// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/fake_head.h"

#include "tests/protocol/lib/guest_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void drop_canvas(struct fake_head *head)
{
    if (head->header)
        munmap(head->header, head->canvas_bytes);
    if (head->canvas_fd >= 0)
        close(head->canvas_fd);
    head->header = NULL;
    head->canvas = NULL;
    head->canvas_fd = -1;
}

static void make_canvas(struct fake_head *head)
{
    drop_canvas(head);
    head->canvas_bytes = canvas_size(head->width, head->height);
    head->canvas_fd = memfd_create("canvas", MFD_CLOEXEC);
    CHECK(head->canvas_fd >= 0 && ftruncate(head->canvas_fd, (off_t)head->canvas_bytes) == 0,
          "canvas");
    void *map = mmap(NULL, head->canvas_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                     head->canvas_fd, 0);
    CHECK(map != MAP_FAILED, "mmap");
    head->header = map;
    head->canvas = (uint8_t *)map + CANVAS_PIXELS_OFFSET;
}

void fake_head_init(struct fake_head *head, struct fake_core *core, uint32_t id, uint32_t width,
                    uint32_t height)
{
    memset(head, 0, sizeof(*head));
    head->core = core;
    head->id = id;
    head->canvas_fd = -1;
    pixman_region32_init(&head->damage);
    fake_head_resize(head, width, height);
}

void fake_head_finish(struct fake_head *head)
{
    drop_canvas(head);
    free(head->image);
    head->image = NULL;
    pixman_region32_fini(&head->damage);
    pixman_region32_init(&head->damage);
}

void fake_head_forget(struct fake_head *head)
{
    head->subscribed = head->taking = head->canvas_unanswered = false;
    head->credit = 0;
}

void fake_head_resize(struct fake_head *head, uint32_t width, uint32_t height)
{
    free(head->image);
    head->width = width;
    head->height = height;
    head->image = calloc((size_t)width * height, sizeof(uint32_t));
    CHECK(head->image, "memory");
    pixman_region32_clear(&head->damage);
    head->nmoves = 0;
    head->whole = true;
    head->canvas_due = true;
}

void fake_head_place(struct fake_head *head, int32_t x, int32_t y)
{
    head->x = x;
    head->y = y;
    head->canvas_due = true;
    head->whole = true;
}

void fake_head_damage(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                      uint32_t height)
{
    CHECK(x + width <= head->width && y + height <= head->height, "outside of the head");
    pixman_region32_union_rect(&head->damage, &head->damage, (int)x, (int)y, width, height);
}

void fake_head_fill(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                    uint32_t height, uint32_t colour)
{
    fake_head_damage(head, x, y, width, height);
    for (uint32_t row = y; row < y + height; row++) {
        for (uint32_t column = x; column < x + width; column++)
            head->image[(size_t)row * head->width + column] = colour;
    }
}

void fake_head_fill_pattern(struct fake_head *head, uint32_t x, uint32_t y, uint32_t width,
                            uint32_t height, uint32_t seed)
{
    fake_head_damage(head, x, y, width, height);
    for (uint32_t row = y; row < y + height; row++) {
        for (uint32_t column = x; column < x + width; column++) {
            uint32_t red = (column * 3 + seed * 17 + 1) & 0xff;
            uint32_t green = (row * 5 + seed * 29 + 85) & 0xff;
            uint32_t blue = ((column ^ row) * 7 + seed * 43 + 170) & 0xff;
            uint32_t rubbish = (column * row + seed) & 0xff;
            head->image[(size_t)row * head->width + column] =
                rubbish << 24 | red << 16 | green << 8 | blue;
        }
    }
}

void fake_head_move(struct fake_head *head, uint32_t source_x, uint32_t source_y, uint32_t x,
                    uint32_t y, uint32_t width, uint32_t height)
{
    uint32_t *copy = malloc((size_t)width * height * sizeof(*copy));
    CHECK(copy && head->nmoves < LINK_MAX_MOVES, "move");
    for (uint32_t row = 0; row < height; row++)
        memcpy(copy + (size_t)row * width,
               head->image + (size_t)(source_y + row) * head->width + source_x, width * 4u);
    for (uint32_t row = 0; row < height; row++)
        memcpy(head->image + (size_t)(y + row) * head->width + x, copy + (size_t)row * width,
               width * 4u);
    free(copy);
    head->moves[head->nmoves++] =
        (struct link_move){(uint16_t)source_x, (uint16_t)source_y, (uint16_t)x, (uint16_t)y,
                           (uint16_t)width,    (uint16_t)height};
}

static void send_cursor(struct fake_head *head)
{
    struct {
        struct link_cursor cursor;
        uint32_t pixels[LINK_MAX_CURSOR_SIZE * LINK_MAX_CURSOR_SIZE];
    } message = {.cursor = head->cursor};
    size_t bytes = (size_t)head->cursor.width * head->cursor.height * 4;
    memcpy(message.pixels, head->cursor_pixels, bytes);
    fake_core_send(head->core, LINK_CURSOR, head->id, head->generation, &message,
                   sizeof(message.cursor) + bytes, -1);
}

void fake_head_set_cursor(struct fake_head *head, const struct link_cursor *cursor,
                          const uint32_t *pixels)
{
    head->cursor = *cursor;
    memcpy(head->cursor_pixels, pixels, (size_t)cursor->width * cursor->height * 4);
    if (head->subscribed)
        send_cursor(head);
}

void fake_head_move_cursor(struct fake_head *head, int32_t x, int32_t y, bool visible)
{
    struct link_cursor_move move = {.x = x, .y = y, .visible = visible};
    head->cursor.x = x;
    head->cursor.y = y;
    head->cursor.visible = visible;
    if (head->subscribed)
        fake_core_send(head->core, LINK_CURSOR_MOVE, head->id, head->generation, &move,
                       sizeof(move), -1);
}

void fake_head_subscribe(struct fake_head *head)
{
    CHECK(!head->subscribed, "head %u is subscribed already", head->id);
    head->subscribed = true;
    head->subscriptions++;
    head->canvas_due = true;
    head->whole = true;
    head->canvas_unanswered = head->taking = false;
    head->credit = 0;
    send_cursor(head);
}

void fake_head_unsubscribe(struct fake_head *head)
{
    CHECK(head->subscribed, "head %u is not subscribed", head->id);
    head->subscribed = head->taking = head->canvas_unanswered = false;
    head->unsubscriptions++;
    head->credit = 0;
}

void fake_head_credit(struct fake_head *head, uint32_t generation, uint32_t frames)
{
    CHECK(frames >= 1 && frames <= 2, "credit of %u", frames);
    if (!head->subscribed || generation != head->generation)
        return;
    head->canvas_unanswered = false;
    head->credit += frames;
    head->credits += frames;
    CHECK(head->credit <= 2, "credit for %u frames", head->credit);
}

void fake_head_taken(struct fake_head *head, uint32_t generation, uint64_t sequence)
{
    if (!head->subscribed || generation != head->generation)
        return;
    CHECK(head->taking && sequence == head->sequence, "frame %lu was not sent",
          (unsigned long)sequence);
    head->taking = false;
    head->taken++;
    /* What the core does about a frame that it had to call stale. */
    if (head->torn)
        head->whole = true;
}

static void send_canvas(struct fake_head *head)
{
    struct link_head message = {.width = head->width,
                                .height = head->height,
                                .stride = (uint32_t)canvas_stride(head->width),
                                .x = head->x,
                                .y = head->y,
                                .name = "head"};
    make_canvas(head);
    head->generation = ++head->core->last_generation;
    head->canvas_due = false;
    head->canvas_unanswered = true;
    head->taking = false;
    head->credit = 0;
    head->whole = true;
    fake_core_send(head->core, LINK_HEAD, head->id, head->generation, &message, sizeof(message),
                   head->canvas_fd);
}

static void write_canvas(struct fake_head *head, const pixman_box32_t *box)
{
    size_t stride = canvas_stride(head->width);
    for (int32_t y = box->y1; y < box->y2; y++)
        memcpy(head->canvas + (size_t)y * stride + (size_t)box->x1 * 4,
               head->image + (size_t)y * head->width + box->x1,
               (size_t)(box->x2 - box->x1) * 4);
}

/* The canvas has gone on before the program has copied it: what a core does
 * when 50 ms were not enough. Done before the frame is sent, so that there is
 * no race about it. */
static void tear(struct fake_head *head)
{
    canvas_sequence_before_write(head->header, ++head->sequence);
    memset(head->canvas, 0x5a, canvas_stride(head->width) * head->height);
    head->sequence--; /* of the frame that was sent; the next one skips it */
}

static void send_frame(struct fake_head *head)
{
    static struct {
        struct link_frame frame;
        uint8_t rest[LINK_MAX_PAYLOAD - sizeof(struct link_frame)];
    } message;
    if (head->whole) {
        head->nmoves = 0;
        fake_head_damage(head, 0, 0, head->width, head->height);
    }
    int count;
    const pixman_box32_t *boxes = pixman_region32_rectangles(&head->damage, &count);
    CHECK(count <= LINK_MAX_RECTS, "%d rectangles", count);
    head->sequence += 2;
    canvas_sequence_before_write(head->header, head->sequence);
    struct link_move *moves = (struct link_move *)message.rest;
    struct link_rect *rects = (struct link_rect *)(moves + head->nmoves);
    for (uint32_t i = 0; i < head->nmoves; i++) {
        const struct link_move *m = &head->moves[i];
        pixman_box32_t box = {m->x, m->y, m->x + m->width, m->y + m->height};
        moves[i] = *m;
        write_canvas(head, &box);
    }
    for (int i = 0; i < count; i++) {
        const pixman_box32_t *b = &boxes[i];
        rects[i] = (struct link_rect){(uint16_t)b->x1, (uint16_t)b->y1,
                                      (uint16_t)(b->x2 - b->x1), (uint16_t)(b->y2 - b->y1)};
        write_canvas(head, b);
    }
    message.frame = (struct link_frame){.sequence = head->sequence,
                                        .whole = head->whole,
                                        .nmoves = head->nmoves,
                                        .nrects = (uint32_t)count};
    head->torn = head->tear;
    if (head->torn)
        tear(head);
    fake_core_send(head->core, LINK_FRAME, head->id, head->generation, &message,
                   sizeof(message.frame) + head->nmoves * sizeof(*moves) +
                       (size_t)count * sizeof(*rects),
                   -1);
    head->taking = true;
    head->credit--;
    head->frames++;
    head->whole = false;
    head->nmoves = 0;
    pixman_region32_clear(&head->damage);
}

static bool frame_due(struct fake_head *head)
{
    return head->whole || head->nmoves > 0 || pixman_region32_not_empty(&head->damage);
}

void fake_head_send_due(struct fake_head *head)
{
    if (!head->subscribed)
        return;
    if (head->canvas_due && !head->canvas_unanswered && !head->hidden)
        send_canvas(head);
    if (!head->canvas_due && head->credit > 0 && !head->taking && !head->paused && frame_due(head))
        send_frame(head);
}

bool fake_head_quiet(const struct fake_head *head)
{
    return !head->canvas_due && !head->canvas_unanswered && !head->taking &&
           !frame_due((struct fake_head *)head);
}
