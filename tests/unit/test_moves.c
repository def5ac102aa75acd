// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves: what is found is true to the last bit, and scrolls are found. */
#include "encoders/moves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct picture {
    uint32_t width, height;
    uint32_t *pixels;
};

static uint32_t random_state = 12345;

static uint32_t random_number(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static struct picture make_picture(uint32_t width, uint32_t height)
{
    struct picture picture = { width, height, calloc((size_t)width * height, 4) };
    assert_non_null(picture.pixels);
    return picture;
}

/* Lines of 16 rows with random glyphs of 8x12, some lines empty. */
static void draw_lines(struct picture *picture, uint32_t from, uint32_t to)
{
    for (uint32_t line = from / 16; line < to / 16; line++)
        for (uint32_t column = 0; column + 8 <= picture->width; column += 8) {
            uint32_t glyph = random_number(9) == 0 ? 0 : random_number(0xffffff);
            for (uint32_t y = 0; y < 12; y++)
                for (uint32_t x = 0; x < 8; x++)
                    picture->pixels[(line * 16 + 2 + y) * picture->width + column + x] =
                        (glyph >> (x + y) % 24 & 1) ? 0x00e0d0c0 : 0x00102030;
        }
}

static void scroll(struct picture *picture, uint32_t x, uint32_t y, uint32_t width,
                   uint32_t height, int32_t by)
{
    struct damage_move move = {
        .x = x, .y = by > 0 ? y : y + (uint32_t)-by,
        .source_x = x, .source_y = by > 0 ? y + (uint32_t)by : y,
        .width = width, .height = height - (uint32_t)abs(by),
    };
    moves_apply((uint8_t *)picture->pixels, (size_t)picture->width * 4, &move);
}

static struct damage_source source_of(const struct picture *picture)
{
    return (struct damage_source){ .pixels = (const uint8_t *)picture->pixels,
                                   .stride = (size_t)picture->width * 4,
                                   .format = PIXMAN_x8r8g8b8 };
}

/* Finds, checks pixel by pixel that the move tells the truth, applies it and
 * publishes the rest. Returns the pixels of damage that were left. */
static uint64_t publish(struct picture *canvas, const struct picture *now, bool *moved,
                        struct damage_move *move)
{
    struct damage_source source = source_of(now);
    size_t stride = (size_t)canvas->width * 4;
    pixman_box32_t area = { 0, 0, (int32_t)canvas->width, (int32_t)canvas->height };
    pixman_region32_t region, damage;
    uint64_t left = 0;
    memset(move, 0, sizeof *move);
    *moved = moves_find((uint8_t *)canvas->pixels, stride, &source, &area, move);
    if (*moved) {
        assert_true(move->x + move->width <= canvas->width);
        assert_true(move->y + move->height <= canvas->height);
        assert_true(move->source_y + move->height <= canvas->height);
        for (uint32_t y = 0; y < move->height; y++)
            assert_memory_equal(
                now->pixels + (move->y + y) * now->width + move->x,
                canvas->pixels + (move->source_y + y) * canvas->width + move->source_x,
                move->width * 4);
        moves_apply((uint8_t *)canvas->pixels, stride, move);
    }
    pixman_region32_init_rect(&region, 0, 0, canvas->width, canvas->height);
    pixman_region32_init(&damage);
    damage_publish((uint8_t *)canvas->pixels, stride, &source, &region, &damage);
    int n;
    const pixman_box32_t *boxes = pixman_region32_rectangles(&damage, &n);
    for (int i = 0; i < n; i++)
        left += (uint64_t)(boxes[i].x2 - boxes[i].x1) * (uint64_t)(boxes[i].y2 - boxes[i].y1);
    assert_memory_equal(canvas->pixels, now->pixels, stride * canvas->height);
    pixman_region32_fini(&region);
    pixman_region32_fini(&damage);
    return left;
}

static void copy_picture(struct picture *to, const struct picture *from)
{
    memcpy(to->pixels, from->pixels, (size_t)from->width * from->height * 4);
}

static void a_console_scrolls_by_lines(void **state)
{
    (void)state;
    static const int32_t steps[] = { 16, 32, 160, -16, -48, 3 };
    struct picture canvas = make_picture(1280, 800), now = make_picture(1280, 800);
    draw_lines(&now, 0, 800);
    copy_picture(&canvas, &now);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool moved;
        struct damage_move move;
        uint32_t by = (uint32_t)abs(steps[i]);
        scroll(&now, 0, 0, 1280, 800, steps[i]);
        if (steps[i] > 0)
            memset(now.pixels + (800 - by) * 1280, 0, (size_t)by * 1280 * 4);
        else
            memset(now.pixels, 0, (size_t)by * 1280 * 4);
        uint64_t left = publish(&canvas, &now, &moved, &move);
        assert_true(moved);
        assert_int_equal((int32_t)move.source_y - (int32_t)move.y, steps[i]);
        assert_true(left <= (uint64_t)by * 1280);
        draw_lines(&now, 0, 800);
        copy_picture(&canvas, &now);
    }
    free(canvas.pixels);
    free(now.pixels);
}

/* A terminal beside a bar that stands still, with odd edges. */
static void a_part_of_the_picture_scrolls(void **state)
{
    (void)state;
    struct picture canvas = make_picture(1366, 768), now = make_picture(1366, 768);
    draw_lines(&now, 0, 768);
    copy_picture(&canvas, &now);
    scroll(&now, 203, 51, 901, 640, 17);
    bool moved;
    struct damage_move move;
    uint64_t left = publish(&canvas, &now, &moved, &move);
    assert_true(moved);
    assert_true(move.x <= 203 + 128 && move.width >= 901 - 256);
    assert_int_equal(move.source_y - move.y, 17);
    assert_true(left < 901 * 640 / 3);
    free(canvas.pixels);
    free(now.pixels);
}

static void nothing_is_found_where_nothing_moved(void **state)
{
    (void)state;
    struct picture canvas = make_picture(640, 480), now = make_picture(640, 480);
    bool moved;
    struct damage_move move;
    publish(&canvas, &now, &moved, &move);
    assert_false(moved);
    for (size_t i = 0; i < 640 * 480; i++)
        now.pixels[i] = random_number(0xffffff);
    publish(&canvas, &now, &moved, &move);
    assert_false(moved);
    /* One glyph; a flat colour; stripes, of which every shift fits. */
    now.pixels[200 * 640 + 100] ^= 0xff;
    publish(&canvas, &now, &moved, &move);
    assert_false(moved);
    for (size_t i = 0; i < 640 * 480; i++)
        now.pixels[i] = i / 640 / 8 % 2 ? 0xffffff : 0;
    publish(&canvas, &now, &moved, &move);
    assert_false(moved);
    free(canvas.pixels);
    free(now.pixels);
}

/* Other formats and small areas are left alone. */
static void only_its_own_format_is_searched(void **state)
{
    (void)state;
    struct picture canvas = make_picture(320, 240), now = make_picture(320, 240);
    draw_lines(&now, 0, 240);
    copy_picture(&canvas, &now);
    scroll(&now, 0, 0, 320, 240, 16);
    struct damage_source source = source_of(&now);
    struct damage_move move;
    pixman_box32_t all = { 0, 0, 320, 240 }, small = { 0, 0, 320, 20 }, narrow = { 0, 0, 40, 240 };
    assert_true(moves_find((uint8_t *)canvas.pixels, 1280, &source, &all, &move));
    assert_false(moves_find((uint8_t *)canvas.pixels, 1280, &source, &small, &move));
    assert_false(moves_find((uint8_t *)canvas.pixels, 1280, &source, &narrow, &move));
    source.format = PIXMAN_x8b8g8r8;
    assert_false(moves_find((uint8_t *)canvas.pixels, 1280, &source, &all, &move));
    free(canvas.pixels);
    free(now.pixels);
}

/* Whatever happens to a picture, the canvas ends up equal (publish checks). */
static void any_change_is_published_exactly(void **state)
{
    (void)state;
    struct picture canvas = make_picture(531, 402), now = make_picture(531, 402);
    draw_lines(&now, 0, 400);
    copy_picture(&canvas, &now);
    unsigned found = 0;
    for (int i = 0; i < 400; i++) {
        uint32_t x = random_number(400), y = random_number(300);
        uint32_t width = 1 + random_number(531 - x), height = 1 + random_number(402 - y);
        switch (random_number(4)) {
        case 0:
            scroll(&now, x, y, width, height, (int32_t)random_number(height));
            break;
        case 1:
            scroll(&now, x, y, width, height, -(int32_t)random_number(height));
            break;
        case 2:
            for (uint32_t n = 0; n < 300; n++)
                now.pixels[random_number(531 * 402)] = random_number(0xffffff);
            break;
        default:
            draw_lines(&now, y, y + height);
            break;
        }
        bool moved;
        struct damage_move move;
        publish(&canvas, &now, &moved, &move);
        found += moved;
    }
    assert_true(found > 20);
    free(canvas.pixels);
    free(now.pixels);
}

/* The fourth byte of a pixel means nothing, whatever guests write there. */
static void the_unused_byte_makes_no_difference(void **state)
{
    (void)state;
    struct picture canvas = make_picture(320, 240), now = make_picture(320, 240);
    draw_lines(&now, 0, 240);
    copy_picture(&canvas, &now);
    scroll(&now, 0, 0, 320, 240, 16);
    for (size_t i = 0; i < 320 * 240; i++)
        now.pixels[i] ^= random_number(256) << 24;
    struct damage_source source = source_of(&now);
    struct damage_move move;
    pixman_box32_t all = { 0, 0, 320, 240 };
    assert_true(moves_find((uint8_t *)canvas.pixels, 1280, &source, &all, &move));
    assert_int_equal(move.source_y - move.y, 16);
    free(canvas.pixels);
    free(now.pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_console_scrolls_by_lines),
        cmocka_unit_test(a_part_of_the_picture_scrolls),
        cmocka_unit_test(nothing_is_found_where_nothing_moved),
        cmocka_unit_test(only_its_own_format_is_searched),
        cmocka_unit_test(the_unused_byte_makes_no_difference),
        cmocka_unit_test(any_change_is_published_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
