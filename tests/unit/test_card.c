// SPDX-License-Identifier: GPL-2.0-or-later
/* The card that a head without a guest shows, and its font. */
#include "encoders/card.h"
#include "encoders/font.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GUARD 0xa5a5a5a5u
#define PADDING 3 /* pixels behind each row that nobody may write */

struct bounds {
    uint32_t colour, count;
    uint32_t x1, y1, x2, y2;
};

struct drawn {
    uint32_t width, height, *pixels;
    struct bounds colours[8]; /* in the order in which rows meet them */
    size_t ncolours;
};

static void count_pixel(struct drawn *d, uint32_t x, uint32_t y, uint32_t colour)
{
    struct bounds *b = d->colours;

    while (b < d->colours + d->ncolours && b->colour != colour)
        b++;
    if (b == d->colours + d->ncolours) {
        assert_true(d->ncolours++ < 8);
        *b = (struct bounds){colour, 0, x, y, x + 1, y + 1};
    }
    b->count++;
    b->x1 = x < b->x1 ? x : b->x1;
    b->x2 = x >= b->x2 ? x + 1 : b->x2;
    b->y2 = y + 1;
}

static struct drawn draw(uint32_t width, uint32_t height, const char *title, const char *detail)
{
    struct drawn d = {.width = width, .height = height};
    size_t stride = width + PADDING;

    d.pixels = malloc(stride * height * 4);
    for (size_t i = 0; i < stride * height; i++)
        d.pixels[i] = GUARD;
    card_draw((uint8_t *)d.pixels, width, height, stride * 4, title, detail);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            assert_int_not_equal(d.pixels[y * stride + x], GUARD);
            count_pixel(&d, x, y, d.pixels[y * stride + x]);
        }
        for (uint32_t x = width; x < stride; x++)
            assert_int_equal(d.pixels[y * stride + x], GUARD);
    }
    return d;
}

static void draw_and_free(uint32_t width, uint32_t height, const char *title, const char *detail)
{
    struct drawn d = draw(width, height, title, detail);
    free(d.pixels);
}

static void assert_centred(uint32_t from, uint32_t to, uint32_t size, uint32_t slack)
{
    uint32_t before = from, behind = size - to;
    assert_true(before > 0 && behind > 0);
    assert_true((before > behind ? before - behind : behind - before) <= slack);
}

/* "H" fills its cell, so that bounds are those of the text. */
static void check_layout(uint32_t width, uint32_t height)
{
    struct drawn d = draw(width, height, "HHHH", "HHHHHHHHHHHHHHHHHHHHHHHH");
    const struct bounds *title = &d.colours[2], *detail = &d.colours[3];

    /* Ground, frame, title, detail: met in this order from the top. */
    assert_int_equal(d.ncolours, 4);
    assert_true(d.colours[0].count > width * height / 4 * 3);
    assert_true(title->count > 0 && detail->count > 0);
    assert_centred(title->x1, title->x2, width, 1);
    assert_centred(detail->x1, detail->x2, width, 1);
    assert_centred(title->y1, detail->y2, height, 1);
    assert_true(title->y2 < detail->y1);
    assert_true(title->y2 - title->y1 >= detail->y2 - detail->y1);
    /* The frame does not touch the text. */
    assert_true(d.colours[1].x1 < detail->x1 && d.colours[1].x2 > detail->x2);
    assert_true(d.colours[1].y1 < title->y1 && d.colours[1].y2 > detail->y2);
    free(d.pixels);
}

static void test_layout(void **state)
{
    static const uint32_t sizes[][2] = {{640, 480},   {800, 600},   {1024, 768}, {1280, 800},
                                        {1920, 1080}, {3840, 2160}, {720, 1280}, {321, 243}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        check_layout(sizes[i][0], sizes[i][1]);
}

static void test_any_size(void **state)
{
    (void)state;
    for (uint32_t width = 1; width < 90; width++) {
        for (uint32_t height = 1; height < 90; height += width % 7 + 1)
            draw_and_free(width, height, "No signal", "Waiting for the virtual machine");
    }
    draw_and_free(16384, 1, "No signal", "detail");
    draw_and_free(1, 16384, "No signal", "detail");
    draw_and_free(16384, 64, "No signal", "detail");
}

static void test_long_text_is_clipped(void **state)
{
    static char text[300000];

    (void)state;
    memset(text, 'W', sizeof(text) - 1);
    draw_and_free(640, 480, text, text);
    draw_and_free(3, 3, text, text);
    text[500] = '\0';
    draw_and_free(640, 480, text, text);
}

static void test_text_may_be_missing(void **state)
{
    struct drawn d = draw(640, 480, "No signal", NULL);

    (void)state;
    assert_int_equal(d.ncolours, 3);
    assert_centred(d.colours[2].y1, d.colours[2].y2, 480, 2 * 9);
    free(d.pixels);
    d = draw(640, 480, "", "");
    assert_int_equal(d.ncolours, 2);
    free(d.pixels);
}

static void test_font(void **state)
{
    static const uint8_t blank[FONT_HEIGHT];

    (void)state;
    for (char c = ' '; c <= '~'; c++) {
        const uint8_t *rows = font_glyph(c);
        for (int row = 0; row < FONT_HEIGHT; row++)
            assert_true(rows[row] < 1 << FONT_WIDTH);
        assert_true((memcmp(rows, blank, FONT_HEIGHT) == 0) == (c == ' '));
        for (char other = ' '; other < c; other++)
            assert_memory_not_equal(rows, font_glyph(other), FONT_HEIGHT);
    }
    assert_ptr_equal(font_glyph('\n'), font_glyph('?'));
    assert_ptr_equal(font_glyph('\x7f'), font_glyph('?'));
    assert_ptr_equal(font_glyph((char)0xe4), font_glyph('?'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_long_text_is_clipped),
        cmocka_unit_test(test_text_may_be_missing),
        cmocka_unit_test(test_font),
    };
    return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
