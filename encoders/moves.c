// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search reads a few strips of 16 columns, one cache line wide, of which
 * each row gets a hash. Rows whose hash changed look for their new hash among
 * the old ones of the same strip and vote for the distance to it. What the
 * votes say is then checked, and widened, pixel by pixel.
 */
#include "encoders/moves.h"

#include <stdlib.h>
#include <string.h>

#define STRIP_WIDTH 16
#define MAX_STRIPS 6
/* Strips are this far apart at least. */
#define MIN_STRIP_STEP 64
/* Smaller areas cost less to send than to search. */
#define MIN_WIDTH 64
#define MIN_HEIGHT 32
/* Rows that have to match, and of them those that differ without the move. */
#define MIN_RUN 16
#define MIN_GAIN 8
#define MIN_VOTES 6
/* Rows looked at to see whether enough has changed at all. */
#define SAMPLE_STEP 8

#define NOT_UNIQUE UINT32_MAX

struct slot {
    uint32_t hash;
    uint32_t row; /* + 1; 0: free, NOT_UNIQUE: several rows have the hash */
};

struct search {
    const uint8_t *canvas, *source; /* pixel (0,0) of the area */
    size_t canvas_stride, source_stride;
    uint32_t width, height, strips, strip_step;
    uint32_t *before, *after; /* hashes of one strip, a row each */
    struct slot *slots;       /* of the same */
    size_t nslots;            /* a power of two */
    uint32_t *votes;          /* of the same, by distance + height */
};

/* What a strip's rows agree on. */
struct opinion {
    int32_t distance; /* the row at y was at y + distance */
    uint32_t votes;
};

static uint32_t hash_strip(const uint8_t *pixels)
{
    static const uint64_t factors[STRIP_WIDTH / 2] = {
        0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9, 0x27d4eb2f165667c5,
        0x85ebca77c2b2ae63, 0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53, 0xd6e8feb86659fd93,
    };
    uint64_t hash = 0;
    for (unsigned i = 0; i < STRIP_WIDTH / 2; i++) {
        uint64_t pair;
        memcpy(&pair, pixels + i * sizeof pair, sizeof pair);
        pair &= 0x00ffffff00ffffff;
        hash += (pair ^ pair >> 29) * factors[i];
    }
    return (uint32_t)(hash >> 32);
}

static uint32_t strip_left(const struct search *search, uint32_t strip)
{
    return strip * search->strip_step;
}

/* Whether so many rows differ that a scroll may be behind it. */
static bool enough_changed(const struct search *search)
{
    uint32_t changed = 0, needed = MIN_RUN / SAMPLE_STEP;
    for (uint32_t y = 0; y < search->height && changed < needed; y += SAMPLE_STEP) {
        for (uint32_t s = 0; s < search->strips; s++) {
            size_t left = (size_t)strip_left(search, s) * 4;
            if (hash_strip(search->canvas + y * search->canvas_stride + left) !=
                hash_strip(search->source + y * search->source_stride + left)) {
                changed++;
                break;
            }
        }
    }
    return changed >= needed;
}

static void hash_rows(struct search *search, uint32_t strip)
{
    size_t left = (size_t)strip_left(search, strip) * 4;
    const uint8_t *canvas = search->canvas + left, *source = search->source + left;
    for (uint32_t y = 0; y < search->height; y++) {
        search->before[y] = hash_strip(canvas);
        search->after[y] = hash_strip(source);
        canvas += search->canvas_stride;
        source += search->source_stride;
    }
}

static struct slot *find_slot(const struct search *search, uint32_t hash)
{
    size_t at = hash & (search->nslots - 1);
    while (search->slots[at].row != 0 && search->slots[at].hash != hash)
        at = (at + 1) & (search->nslots - 1);
    return &search->slots[at];
}

/* Rows that look alike say nothing about where they came from. */
static void index_rows(const struct search *search)
{
    memset(search->slots, 0, search->nslots * sizeof search->slots[0]);
    for (uint32_t y = 0; y < search->height; y++) {
        struct slot *slot = find_slot(search, search->before[y]);
        slot->row = slot->row == 0 ? y + 1 : NOT_UNIQUE;
        slot->hash = search->before[y];
    }
}

static struct opinion ask_strip(struct search *search, uint32_t strip)
{
    struct opinion opinion = { 0 };
    uint32_t voters = 0;
    hash_rows(search, strip);
    index_rows(search);
    memset(search->votes, 0, 2 * (size_t)search->height * sizeof search->votes[0]);
    for (uint32_t y = 0; y < search->height; y++) {
        if (search->before[y] == search->after[y])
            continue;
        const struct slot *slot = find_slot(search, search->after[y]);
        if (slot->row == 0 || slot->row == NOT_UNIQUE)
            continue;
        voters++;
        int32_t distance = (int32_t)(slot->row - 1) - (int32_t)y;
        uint32_t votes = ++search->votes[distance + (int32_t)search->height];
        if (votes > opinion.votes)
            opinion = (struct opinion){ distance, votes };
    }
    /* A majority, so that pictures of noise elect nobody. */
    if (opinion.votes < MIN_VOTES || opinion.votes * 2 < voters)
        opinion.votes = 0;
    return opinion;
}

/* The distance that most rows of all strips are for, and the first and last
 * strip among those that agree. */
static bool elect(struct search *search, struct opinion *winner, uint32_t *first, uint32_t *last)
{
    struct opinion opinions[MAX_STRIPS];
    *winner = (struct opinion){ 0 };
    for (uint32_t s = 0; s < search->strips; s++)
        opinions[s] = ask_strip(search, s);
    for (uint32_t s = 0; s < search->strips; s++) {
        struct opinion sum = { opinions[s].distance, 0 };
        for (uint32_t t = 0; t < search->strips && opinions[s].votes > 0; t++)
            if (opinions[t].distance == sum.distance)
                sum.votes += opinions[t].votes;
        if (sum.votes > winner->votes)
            *winner = sum;
    }
    if (winner->votes == 0)
        return false;
    *first = search->strips;
    for (uint32_t s = 0; s < search->strips; s++) {
        if (opinions[s].votes == 0 || opinions[s].distance != winner->distance)
            continue;
        *first = s < *first ? s : *first;
        *last = s;
    }
    return true;
}

/* Only the colour bits count; mostly the rest is equal, too. */
static bool pixels_equal(const uint8_t *a, const uint8_t *b, uint32_t count)
{
    if (memcmp(a, b, (size_t)count * 4) == 0)
        return true;
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t x, y;
        memcpy(&x, a + i * 4u, 4);
        memcpy(&y, b + i * 4u, 4);
        different |= (x ^ y) & 0xffffff;
    }
    return different == 0;
}

static bool row_moved(const struct search *search, uint32_t y, int32_t distance, uint32_t left,
                      uint32_t right)
{
    const uint8_t *before =
        search->canvas + (size_t)((int64_t)y + distance) * search->canvas_stride + left * 4u;
    const uint8_t *after = search->source + (size_t)y * search->source_stride + left * 4u;
    return pixels_equal(before, after, right - left);
}

/* The longest run of rows that moved so, between these columns. */
static uint32_t longest_run(const struct search *search, int32_t distance, uint32_t left,
                            uint32_t right, uint32_t *start)
{
    uint32_t best = 0, run = 0;
    for (uint32_t y = 0; y < search->height; y++) {
        int64_t from = (int64_t)y + distance;
        bool moved = from >= 0 && from < search->height &&
                     row_moved(search, y, distance, left, right);
        run = moved ? run + 1 : 0;
        if (run > best) {
            best = run;
            *start = y + 1 - run;
        }
    }
    return best;
}

static bool columns_moved(const struct search *search, int32_t distance, uint32_t start,
                          uint32_t run, uint32_t left, uint32_t right)
{
    for (uint32_t y = start; y < start + run; y++)
        if (!row_moved(search, y, distance, left, right))
            return false;
    return true;
}

/* The strips were only samples: the moved area goes on to both sides. */
static void widen(const struct search *search, int32_t distance, uint32_t start, uint32_t run,
                  uint32_t *left, uint32_t *right)
{
    if (columns_moved(search, distance, start, run, 0, *left))
        *left = 0;
    if (columns_moved(search, distance, start, run, *right, search->width))
        *right = search->width;
    for (uint32_t step = STRIP_WIDTH; step > 0; step /= 2) {
        while (*left >= step &&
               columns_moved(search, distance, start, run, *left - step, *left))
            *left -= step;
        while (*right + step <= search->width &&
               columns_moved(search, distance, start, run, *right, *right + step))
            *right += step;
    }
}

/* Rows that would have to be sent without the move. */
static uint32_t gain(const struct search *search, uint32_t start, uint32_t run, uint32_t left,
                     uint32_t right)
{
    uint32_t rows = 0;
    for (uint32_t y = start; y < start + run; y++)
        rows += !row_moved(search, y, 0, left, right);
    return rows;
}

static bool find_scroll(struct search *search, const pixman_box32_t *area,
                        struct damage_move *move)
{
    struct opinion winner;
    uint32_t first = 0, last = 0, start = 0;
    if (!elect(search, &winner, &first, &last))
        return false;
    uint32_t left = strip_left(search, first);
    uint32_t right = strip_left(search, last) + STRIP_WIDTH;
    uint32_t run = longest_run(search, winner.distance, left, right, &start);
    if (run < MIN_RUN)
        return false;
    widen(search, winner.distance, start, run, &left, &right);
    if (right - left < MIN_WIDTH || gain(search, start, run, left, right) < MIN_GAIN)
        return false;
    *move = (struct damage_move){
        .x = (uint32_t)area->x1 + left,
        .y = (uint32_t)area->y1 + start,
        .source_x = (uint32_t)area->x1 + left,
        .source_y = (uint32_t)(area->y1 + (int32_t)start + winner.distance),
        .width = right - left,
        .height = run,
    };
    return true;
}

static bool allocate(struct search *search)
{
    size_t rows = search->height;
    search->nslots = 64;
    while (search->nslots < 2 * rows)
        search->nslots *= 2;
    search->before = malloc(2 * rows * sizeof search->before[0]);
    search->after = search->before ? search->before + rows : NULL;
    search->slots = malloc(search->nslots * sizeof search->slots[0]);
    search->votes = malloc(2 * rows * sizeof search->votes[0]);
    return search->before && search->slots && search->votes;
}

static void release(struct search *search)
{
    free(search->before);
    free(search->slots);
    free(search->votes);
}

bool moves_find(const uint8_t *canvas, size_t canvas_stride, const struct damage_source *source,
                const pixman_box32_t *area, struct damage_move *move)
{
    if ((source->format != PIXMAN_x8r8g8b8 && source->format != PIXMAN_a8r8g8b8) ||
        area->x2 - area->x1 < MIN_WIDTH || area->y2 - area->y1 < MIN_HEIGHT)
        return false;
    size_t y = (size_t)area->y1, x = (size_t)area->x1 * 4;
    struct search search = {
        .canvas = canvas + y * canvas_stride + x,
        .source = source->pixels + y * source->stride + x,
        .canvas_stride = canvas_stride,
        .source_stride = source->stride,
        .width = (uint32_t)(area->x2 - area->x1),
        .height = (uint32_t)(area->y2 - area->y1),
    };
    uint32_t room = search.width - STRIP_WIDTH;
    search.strips = room / MIN_STRIP_STEP + 1 < MAX_STRIPS ? room / MIN_STRIP_STEP + 1 : MAX_STRIPS;
    search.strip_step = search.strips > 1 ? room / (search.strips - 1) : 0;
    if (!enough_changed(&search))
        return false;
    /* Without memory nothing is lost but the saving. */
    bool found = false;
    if (allocate(&search))
        found = find_scroll(&search, area, move);
    release(&search);
    return found;
}

void moves_apply(uint8_t *canvas, size_t canvas_stride, const struct damage_move *move)
{
    bool down = move->y > move->source_y;
    for (uint32_t i = 0; i < move->height; i++) {
        size_t row = down ? move->height - 1 - i : i;
        memmove(canvas + (move->y + row) * canvas_stride + (size_t)move->x * 4,
                canvas + (move->source_y + row) * canvas_stride + (size_t)move->source_x * 4,
                (size_t)move->width * 4);
    }
}
