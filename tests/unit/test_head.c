// SPDX-License-Identifier: GPL-2.0-or-later
/* A head and its outputs: credit, pace, torn copies, resizes, the card. */
#include "device/head.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_FRAMES 64

/* An output that keeps a log of what it was given, and answers by itself
 * unless it is told to hold back. */
struct fake_output {
    struct head_output output;
    unsigned canvases, frames, cursors;
    struct canvas *canvas;
    uint64_t sequence;
    pixman_region32_t damage; /* of the last frame */
    struct damage_move move;  /* width 0: none */
    bool whole;
    uint32_t top_left[MAX_FRAMES]; /* the canvas's first pixel at each frame */
    bool refuse;    /* the socket is full */
    bool hold_take; /* does not say "taken" */
    bool hold_credit;
    uv_idle_t answer;
    bool owes_taken, owes_credit;
};

struct fixture {
    uv_loop_t loop;
    struct head head;
    struct fake_output a, b;
    bool closed;
};

static void answer(uv_idle_t *idle)
{
    struct fake_output *fake = idle->data;
    uv_idle_stop(idle);
    if (!fake->output.head)
        return;
    if (fake->owes_taken && !fake->hold_take) {
        fake->owes_taken = false;
        assert_int_equal(head_output_taken(&fake->output, fake->sequence), 0);
    }
    if (fake->owes_credit && !fake->hold_credit && fake->output.head) {
        fake->owes_credit = false;
        head_output_credit(&fake->output, 1);
    }
}

static int fake_canvas(struct head_output *output, struct canvas *canvas)
{
    struct fake_output *fake = output->user;
    if (fake->refuse)
        return -EAGAIN;
    fake->canvases++;
    fake->canvas = canvas;
    fake->owes_taken = false;
    fake->owes_credit = true;
    uv_idle_start(&fake->answer, answer);
    return 0;
}

static int fake_frame(struct head_output *output, uint64_t sequence,
                      const pixman_region32_t *damage, const struct damage_move *move, bool whole)
{
    struct fake_output *fake = output->user;
    if (fake->refuse)
        return -EAGAIN;
    assert_int_equal(fake->canvas->header->sequence, sequence);
    uint32_t pixel;
    memcpy(&pixel, fake->canvas->pixels, sizeof pixel);
    fake->top_left[fake->frames++ % MAX_FRAMES] = pixel & 0xffffff;
    fake->sequence = sequence;
    fake->whole = whole;
    fake->move = move ? *move : (struct damage_move){ 0 };
    pixman_region32_copy(&fake->damage, (pixman_region32_t *)damage);
    fake->owes_taken = fake->owes_credit = true;
    uv_idle_start(&fake->answer, answer);
    return 0;
}

static void fake_cursor(struct head_output *output, const struct head_cursor *cursor, bool image)
{
    struct fake_output *fake = output->user;
    (void)cursor;
    (void)image;
    fake->cursors++;
}

static const struct head_output_ops fake_ops = { fake_canvas, fake_frame, fake_cursor };

static void fake_init(struct fixture *fixture, struct fake_output *fake)
{
    fake->output.ops = &fake_ops;
    fake->output.user = fake;
    pixman_region32_init(&fake->damage);
    uv_idle_init(&fixture->loop, &fake->answer);
    fake->answer.data = fake;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct head_config config = { .mode = { 320, 200, 60 }, .max_fps = 1000 };
    uv_loop_init(&fixture->loop);
    assert_int_equal(head_init(&fixture->head, &fixture->loop, 0, &config), 0);
    fake_init(fixture, &fixture->a);
    fake_init(fixture, &fixture->b);
    *state = fixture;
    return 0;
}

static void handle_head_closed(struct head *head)
{
    struct fixture *fixture = (struct fixture *)((char *)head - offsetof(struct fixture, head));
    fixture->closed = true;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    head_output_remove(&fixture->a.output);
    head_output_remove(&fixture->b.output);
    uv_close((uv_handle_t *)&fixture->a.answer, NULL);
    uv_close((uv_handle_t *)&fixture->b.answer, NULL);
    head_close(&fixture->head, handle_head_closed);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_true(fixture->closed);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    pixman_region32_fini(&fixture->a.damage);
    pixman_region32_fini(&fixture->b.damage);
    free(fixture);
    return 0;
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void run_for(struct fixture *fixture, uint64_t ms)
{
    uv_timer_t timer;
    uv_timer_init(&fixture->loop, &timer);
    uv_timer_start(&timer, stop_loop, ms, 0);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

/* Machines are busy: what must happen is waited for, generously. */
static void run_until(struct fixture *fixture, const unsigned *counter, unsigned value)
{
    uint64_t start = uv_hrtime();
    while (*counter < value && uv_hrtime() - start < 10000000000u)
        run_for(fixture, 1);
    assert_int_equal(*counter, value);
}

static uint64_t ms_since(uint64_t start)
{
    return (uv_hrtime() - start) / 1000000;
}

static struct picture *make_picture(struct fixture *fixture, uint32_t width, uint32_t height,
                                    uint32_t color)
{
    struct picture *picture = picture_create(&fixture->loop, width, height, PIXMAN_x8r8g8b8);
    assert_non_null(picture);
    uint32_t *pixels = (uint32_t *)(void *)picture->pixels;
    for (size_t i = 0; i < (size_t)width * height; i++)
        pixels[i] = color;
    return picture;
}

static void show(struct fixture *fixture, struct picture *picture)
{
    head_set_scanout(&fixture->head, picture, 0, 0, picture->width, picture->height);
    head_flush(&fixture->head, 0, 0, picture->width, picture->height);
}

static uint32_t last_pixel(const struct fake_output *fake)
{
    return fake->top_left[(fake->frames - 1) % MAX_FRAMES];
}

static void a_subscriber_gets_canvas_cursor_and_whole_frame(void **state)
{
    struct fixture *fixture = *state;
    head_output_add(&fixture->head, &fixture->a.output);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.canvases, 1);
    assert_int_equal(fixture->a.cursors, 1);
    assert_int_equal(fixture->a.frames, 1);
    assert_true(fixture->a.whole);
    assert_int_not_equal(last_pixel(&fixture->a), 0); /* The card is not black. */
}

static void an_unchanged_flush_sends_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 0x102030);
    head_output_add(&fixture->head, &fixture->a.output);
    show(fixture, picture);
    run_for(fixture, 30);
    unsigned frames = fixture->a.frames;
    assert_int_equal(last_pixel(&fixture->a), 0x102030);
    head_flush(&fixture->head, 0, 0, 320, 200);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.frames, frames);

    ((uint32_t *)(void *)picture->pixels)[100 * 320 + 17] = 0x405060;
    head_flush(&fixture->head, 0, 0, 320, 200);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.frames, frames + 1);
    assert_false(fixture->a.whole);
    pixman_box32_t *extents = pixman_region32_extents(&fixture->a.damage);
    assert_int_equal(extents->x1, 17);
    assert_int_equal(extents->y1, 100);
    assert_int_equal(extents->x2, 18);
    assert_int_equal(extents->y2, 101);
    picture_unref(picture);
}

static void nobody_looks_nothing_is_published(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 0x112233);
    for (int i = 0; i < 100; i++)
        show(fixture, picture);
    run_for(fixture, 80);
    assert_int_equal(fixture->head.frames_published, 0);
    head_output_add(&fixture->head, &fixture->a.output);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.frames, 1);
    assert_int_equal(last_pixel(&fixture->a), 0x112233);
    picture_unref(picture);
}

static void damage_waits_for_credit_and_is_merged(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 0);
    show(fixture, picture);
    head_output_add(&fixture->head, &fixture->a.output);
    head_output_add(&fixture->head, &fixture->b.output);
    run_for(fixture, 30);
    unsigned a_frames = fixture->a.frames, b_frames = fixture->b.frames;
    fixture->b.hold_credit = true;
    uint32_t *pixels = (uint32_t *)(void *)picture->pixels;
    for (int i = 1; i <= 5; i++) {
        pixels[i * 64] = 0x10101 * (uint32_t)i;
        head_flush(&fixture->head, 0, 0, 320, 200);
        run_for(fixture, 10);
    }
    /* B had one credit left from before, and then nothing to take with. */
    assert_int_equal(fixture->a.frames, a_frames + 5);
    assert_true(fixture->b.frames <= b_frames + 1);
    b_frames = fixture->b.frames;
    fixture->b.hold_credit = false;
    head_output_credit(&fixture->b.output, 1);
    run_for(fixture, 10);
    assert_int_equal(fixture->b.frames, b_frames + 1);
    assert_true(pixman_region32_contains_point(&fixture->b.damage, 256, 0, NULL));
    assert_true(pixman_region32_contains_point(&fixture->b.damage, 128, 0, NULL));
    picture_unref(picture);
}

static void a_slow_copy_is_left_behind_and_gets_the_whole_head(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 1);
    show(fixture, picture);
    head_output_add(&fixture->head, &fixture->a.output);
    head_output_add(&fixture->head, &fixture->b.output);
    run_for(fixture, 30);
    fixture->b.hold_take = true;
    uint32_t *pixels = (uint32_t *)(void *)picture->pixels;
    unsigned frames = fixture->a.frames;
    pixels[0] = 2;
    uint64_t start = uv_hrtime();
    head_flush(&fixture->head, 0, 0, 1, 1);
    run_until(fixture, &fixture->a.frames, frames + 1);
    uint64_t taken = fixture->b.sequence;
    pixels[0] = 3;
    head_flush(&fixture->head, 0, 0, 1, 1);
    run_until(fixture, &fixture->a.frames, frames + 2);
    assert_true(ms_since(start) >= 45); /* B's copy was waited for. */
    assert_int_equal(last_pixel(&fixture->a), 3);
    /* B can see that its copy is torn, and is made whole. */
    assert_int_not_equal(fixture->b.canvas->header->sequence, taken);
    fixture->b.hold_take = false;
    fixture->b.owes_taken = false;
    frames = fixture->b.frames;
    assert_int_equal(head_output_taken(&fixture->b.output, taken), 0);
    head_output_credit(&fixture->b.output, 1);
    run_until(fixture, &fixture->b.frames, frames + 1);
    assert_true(fixture->b.whole);
    assert_int_equal(last_pixel(&fixture->b), 3);
    picture_unref(picture);
}

static void answers_for_frames_nobody_sent_are_refused(void **state)
{
    struct fixture *fixture = *state;
    head_output_add(&fixture->head, &fixture->a.output);
    run_for(fixture, 30);
    assert_int_equal(head_output_taken(&fixture->a.output, 999), -EPROTO);
    assert_int_equal(head_output_taken(&fixture->a.output, 0), -EPROTO);
}

static void a_full_socket_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->a.refuse = true;
    head_output_add(&fixture->head, &fixture->a.output);
    struct picture *picture = make_picture(fixture, 64, 64, 5);
    show(fixture, picture);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.canvases, 0);
    fixture->a.refuse = false;
    head_output_unblock(&fixture->a.output);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.canvases, 1);
    assert_int_equal(fixture->a.canvas->width, 64);
    fixture->a.refuse = true;
    ((uint32_t *)(void *)picture->pixels)[0] = 6;
    head_flush(&fixture->head, 0, 0, 64, 64);
    run_for(fixture, 30);
    fixture->a.refuse = false;
    head_output_unblock(&fixture->a.output);
    run_for(fixture, 30);
    assert_int_equal(last_pixel(&fixture->a), 6);
    picture_unref(picture);
}

static void at_most_one_canvas_is_unanswered(void **state)
{
    struct fixture *fixture = *state;
    fixture->a.hold_credit = true;
    head_output_add(&fixture->head, &fixture->a.output);
    for (uint32_t i = 1; i <= 10; i++) {
        struct picture *picture = make_picture(fixture, 16 * i, 16 * i, i);
        show(fixture, picture);
        picture_unref(picture);
        run_for(fixture, 5);
    }
    assert_int_equal(fixture->a.canvases, 1);
    fixture->a.hold_credit = false;
    head_output_credit(&fixture->a.output, 1);
    run_for(fixture, 30);
    assert_int_equal(fixture->a.canvases, 2);
    assert_int_equal(fixture->a.canvas->width, 160);
    assert_true(fixture->a.whole);
    assert_int_equal(last_pixel(&fixture->a), 10);
}

/* Flushes a change that the pace holds back for 100 ms, and lets the guest
 * begin its next frame meanwhile. Returns the frames seen before. */
static unsigned begin_next_frame(struct fixture *fixture, struct picture *picture, uint32_t color)
{
    unsigned frames = fixture->a.frames;
    ((uint32_t *)(void *)picture->pixels)[0] = color;
    head_flush(&fixture->head, 0, 0, 320, 200);
    run_until(fixture, &fixture->a.frames, frames + 1);
    ((uint32_t *)(void *)picture->pixels)[0] = color + 1;
    head_flush(&fixture->head, 0, 0, 320, 200);
    picture->unflushed = true;
    return frames + 1;
}

static void an_unfinished_frame_is_waited_for_but_not_for_ever(void **state)
{
    struct fixture *fixture = *state;
    fixture->head.config.max_fps = 10;
    struct picture *picture = make_picture(fixture, 320, 200, 1);
    show(fixture, picture);
    head_output_add(&fixture->head, &fixture->a.output);
    run_for(fixture, 300);

    /* Due 100 ms after the one before, and 50 ms later at the latest. */
    uint64_t start = uv_hrtime();
    unsigned frames = begin_next_frame(fixture, picture, 10);
    run_until(fixture, &fixture->a.frames, frames + 1);
    assert_true(ms_since(start) >= 140);

    /* The flush ends the waiting. */
    picture->unflushed = false;
    run_for(fixture, 300);
    start = uv_hrtime();
    frames = begin_next_frame(fixture, picture, 20);
    run_for(fixture, 115); /* The pace is over by now; the frame is not. */
    if (ms_since(start) < 145)
        assert_int_equal(fixture->a.frames, frames);
    ((uint32_t *)(void *)picture->pixels)[0] = 22;
    picture->unflushed = false;
    head_flush(&fixture->head, 0, 0, 320, 200);
    assert_true(fixture->a.frames > frames);
    if (ms_since(start) < 145)
        assert_int_equal(last_pixel(&fixture->a), 22);
    picture_unref(picture);
}

static void the_card_comes_when_the_guest_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 0xabcdef);
    head_output_add(&fixture->head, &fixture->a.output);
    show(fixture, picture);
    run_for(fixture, 30);
    unsigned frames = fixture->a.frames;
    /* For a moment only: nothing is to be seen of it. */
    head_disable(&fixture->head, false);
    run_for(fixture, 50);
    show(fixture, picture);
    run_for(fixture, 300);
    assert_int_equal(fixture->a.frames, frames);
    assert_true(fixture->head.guest);

    head_disable(&fixture->head, true);
    run_for(fixture, 30);
    assert_false(fixture->head.guest);
    assert_int_equal(fixture->a.frames, frames + 1);
    assert_int_equal(fixture->a.canvases, 1); /* The viewers keep their size. */
    picture_unref(picture);
}

/* Rows that tell themselves apart, 16 pixels further up at each step. */
static void draw_text(struct picture *picture, uint32_t scrolled)
{
    uint32_t *pixels = (uint32_t *)(void *)picture->pixels;
    for (uint32_t y = 0; y < picture->height; y++)
        for (uint32_t x = 0; x < picture->width; x++)
            pixels[y * picture->width + x] = ((y + scrolled) * 2654435761u ^ x * 40503u) & 0xffffff;
}

static void a_scroll_is_a_move_and_the_new_lines(void **state)
{
    struct fixture *fixture = *state;
    struct picture *picture = make_picture(fixture, 320, 200, 0);
    draw_text(picture, 0);
    show(fixture, picture);
    head_output_add(&fixture->head, &fixture->a.output);
    head_output_add(&fixture->head, &fixture->b.output);
    run_for(fixture, 30);
    /* A takes everything at once; B has nothing to take with after one frame. */
    fixture->b.hold_credit = true;
    for (uint32_t step = 1; step <= 3; step++) {
        unsigned frames = fixture->a.frames;
        draw_text(picture, 16 * step);
        head_flush(&fixture->head, 0, 0, 320, 200);
        run_until(fixture, &fixture->a.frames, frames + 1);
        assert_int_equal(fixture->a.move.width, 320);
        assert_int_equal(fixture->a.move.height, 184);
        assert_int_equal(fixture->a.move.source_y, 16);
        assert_int_equal(fixture->a.move.y, 0);
        pixman_box32_t *rest = pixman_region32_extents(&fixture->a.damage);
        assert_int_equal(rest->y1, 184);
        assert_int_equal(rest->y2, 200);
    }
    assert_int_equal(fixture->head.moves_found, 3);
    /* What B missed is no move any more, but all of it. */
    unsigned frames = fixture->b.frames;
    fixture->b.hold_credit = false;
    head_output_credit(&fixture->b.output, 1);
    run_until(fixture, &fixture->b.frames, frames + 1);
    assert_int_equal(fixture->b.move.width, 0);
    pixman_box32_t *all = pixman_region32_extents(&fixture->b.damage);
    assert_int_equal(all->y1, 0);
    assert_int_equal(all->y2, 200);
    picture_unref(picture);
}

/* 4 MB take a job; a picture that a job reads is not given back before. */
static void a_resize_with_a_job_in_flight_shows_only_the_new_picture(void **state)
{
    struct fixture *fixture = *state;
    head_output_add(&fixture->head, &fixture->a.output);
    struct picture *big = make_picture(fixture, 1024, 1024, 0x111111);
    struct picture *small = make_picture(fixture, 640, 480, 0x222222);
    show(fixture, big);
    run_for(fixture, 5);
    for (int i = 0; i < 50; i++) {
        show(fixture, small);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
        show(fixture, big);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    show(fixture, small);
    run_for(fixture, 100);
    assert_int_equal(fixture->a.canvas->width, 640);
    assert_int_equal(last_pixel(&fixture->a), 0x222222);
    assert_int_equal(big->lent, 0);
    assert_int_equal(small->lent, 0);
    picture_unref(big);
    picture_unref(small);
}

static void frames_keep_to_the_pace(void **state)
{
    struct fixture *fixture = *state;
    fixture->head.config.max_fps = 50;
    struct picture *picture = make_picture(fixture, 64, 64, 1);
    show(fixture, picture);
    head_output_add(&fixture->head, &fixture->a.output);
    run_for(fixture, 100);
    unsigned frames = fixture->a.frames;
    uint64_t start = uv_hrtime();
    uint32_t color = 1;
    while (uv_hrtime() - start < 1000000000u) {
        ((uint32_t *)(void *)picture->pixels)[0] = ++color;
        head_flush(&fixture->head, 0, 0, 64, 64);
        run_for(fixture, 1);
    }
    /* 50 in a second; on a busy machine fewer, but never more. */
    assert_in_range(fixture->a.frames - frames, 20, 52);
    picture_unref(picture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subscriber_gets_canvas_cursor_and_whole_frame),
        TEST(an_unchanged_flush_sends_nothing),
        TEST(nobody_looks_nothing_is_published),
        TEST(damage_waits_for_credit_and_is_merged),
        TEST(a_slow_copy_is_left_behind_and_gets_the_whole_head),
        TEST(answers_for_frames_nobody_sent_are_refused),
        TEST(a_full_socket_loses_nothing),
        TEST(at_most_one_canvas_is_unanswered),
        TEST(an_unfinished_frame_is_waited_for_but_not_for_ever),
        TEST(a_scroll_is_a_move_and_the_new_lines),
        TEST(the_card_comes_when_the_guest_is_gone),
        TEST(a_resize_with_a_job_in_flight_shows_only_the_new_picture),
        TEST(frames_keep_to_the_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
