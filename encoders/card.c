// SPDX-License-Identifier: GPL-2.0-or-later
#include "encoders/card.h"

#include "encoders/font.h"

#include <string.h>

/* Colours, 0x00RRGGBB. */
#define GROUND 0x001d242bu
#define FRAME 0x00354049u
#define TITLE 0x00d8dee4u
#define DETAIL 0x008a97a3u

/* One pixel of the title's font for so many pixels of the card. */
#define PIXELS_PER_TITLE_PIXEL 170u
/* Below this a frame would only be in the way of the text. */
#define FRAME_MIN_SIZE 64u

struct card {
    uint8_t *pixels;
    uint32_t width, height;
    size_t stride;
};

/* A line of text in `scale` card pixels for each pixel of the font. */
struct line {
    const char *text;
    uint32_t scale, colour;
    uint32_t width, height; /* card pixels, of what is drawn */
};

/* Fills the part of the rectangle that lies on the card. */
static void fill(struct card *card, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                 uint32_t colour)
{
    if (x >= card->width || y >= card->height)
        return;
    width = width < card->width - x ? width : card->width - x;
    height = height < card->height - y ? height : card->height - y;
    for (; height > 0; height--, y++) {
        uint8_t *row = card->pixels + y * card->stride + (size_t)x * 4;
        for (uint32_t i = 0; i < width; i++)
            memcpy(row + (size_t)i * 4, &colour, 4);
    }
}

static void draw_frame(struct card *card)
{
    uint32_t least = card->width < card->height ? card->width : card->height;
    uint32_t inset = least / 32, thickness = least / 480 + 1;
    uint32_t width = card->width - 2 * inset, height = card->height - 2 * inset;

    if (least < FRAME_MIN_SIZE)
        return;
    fill(card, inset, inset, width, thickness, FRAME);
    fill(card, inset, inset + height - thickness, width, thickness, FRAME);
    fill(card, inset, inset, thickness, height, FRAME);
    fill(card, inset + width - thickness, inset, thickness, height, FRAME);
}

static void draw_glyph(struct card *card, const uint8_t *rows, uint32_t x, uint32_t y,
                       const struct line *line)
{
    for (uint32_t row = 0; row < FONT_HEIGHT; row++) {
        for (uint32_t column = 0; column < FONT_WIDTH; column++) {
            if (rows[row] >> (FONT_WIDTH - 1 - column) & 1)
                fill(card, x + column * line->scale, y + row * line->scale, line->scale,
                     line->scale, line->colour);
        }
    }
}

/* Centred; text that is too long keeps its beginning. */
static void draw_line(struct card *card, const struct line *line, uint32_t y)
{
    uint32_t x = line->width < card->width ? (card->width - line->width) / 2 : 0;

    for (const char *c = line->text; *c != '\0' && x < card->width; c++) {
        draw_glyph(card, font_glyph(*c), x, y, line);
        x += FONT_ADVANCE * line->scale;
    }
}

/* `text` as large as `scale` says, or as large as the card is wide. */
static struct line make_line(const struct card *card, const char *text, uint32_t scale,
                             uint32_t colour)
{
    struct line line = {.text = text, .scale = scale, .colour = colour};
    size_t columns = text != NULL ? strlen(text) * FONT_ADVANCE : 0;

    if (columns == 0)
        return (struct line){.text = ""};
    columns--; /* no space behind the last glyph */
    /* What is wider than any card is clipped in any case. */
    columns = columns < UINT16_MAX ? columns : UINT16_MAX;
    /* A tenth of the width stays free for the frame. */
    if (columns * line.scale > card->width - card->width / 10)
        line.scale = (card->width - card->width / 10) / (uint32_t)columns;
    if (line.scale == 0)
        line.scale = 1;
    line.width = (uint32_t)columns * line.scale;
    line.height = FONT_BASELINE * line.scale;
    return line;
}

void card_draw(uint8_t *pixels, uint32_t width, uint32_t height, size_t stride, const char *title,
               const char *detail)
{
    struct card card = {.pixels = pixels, .width = width, .height = height, .stride = stride};
    uint32_t least = width < height ? width : height;
    uint32_t scale = least / PIXELS_PER_TITLE_PIXEL + 1;
    struct line first = make_line(&card, title, scale, TITLE);
    struct line second = make_line(&card, detail, (scale + 1) / 2, DETAIL);
    /* Room for the descenders, and some air. */
    uint32_t gap = second.height > 0 ? (FONT_HEIGHT + 4) * second.scale : 0;
    uint32_t text_height = first.height + gap + second.height;
    uint32_t y = text_height < height ? (height - text_height) / 2 : 0;

    fill(&card, 0, 0, width, height, GROUND);
    draw_frame(&card);
    draw_line(&card, &first, y);
    draw_line(&card, &second, y + first.height + gap);
}
