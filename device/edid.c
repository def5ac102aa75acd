// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/edid.h"

#include "device/edid_displayid.h"
#include "device/edid_timing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE 128
#define BLOCK_COUNT (EDID_MAX_SIZE / BLOCK_SIZE)

/* "ORL", five bits a letter, the first one highest; big-endian. */
#define MANUFACTURER (15u << 10 | 18u << 5 | 12u)
#define PRODUCT 0x0001u
#define MODEL_YEAR 2025u

/* Offsets in the base block. */
#define ESTABLISHED 35
#define STANDARD 38
#define STANDARD_COUNT 8
#define DESCRIPTORS 54
#define EXTENSION_COUNT 126

#define DESCRIPTOR_SERIAL 0xff
#define DESCRIPTOR_NAME 0xfc
#define DESCRIPTOR_RANGE 0xfd
#define DESCRIPTOR_DUMMY 0x10
#define DESCRIPTOR_TEXT_SIZE 13

/* CTA-861: four bytes of header, in the first block the video capability data
 * block, timings and the checksum. */
#define CTA_TAG 0x02
#define CTA_REVISION 3
#define CTA_UNDERSCAN 0x80u
#define CTA_DATA 4
#define CTA_DATA_SIZE 3
#define CTA_TIMINGS ((BLOCK_SIZE - CTA_DATA - CTA_DATA_SIZE - 1) / EDID_TIMING_SIZE)
/* One more than there is room for, to be found too many. */
#define MAX_TIMINGS ((BLOCK_COUNT - 1) * CTA_TIMINGS + 1)
#define MAX_LARGE                                                                       \
    (EDID_DISPLAYID_FIRST_TIMINGS + (BLOCK_COUNT - 2) * EDID_DISPLAYID_TIMINGS + 1)

/* A length that one byte of centimetres holds. */
#define MAX_SIDE_MM 2550u

/*
 * Modes that every monitor of ours takes, whatever is preferred. A text
 * console keeps the size that it started with: it stays visible after the
 * preferred mode has changed only if a mode of at most its size is listed.
 * The larger ones are there for guests that let their user choose.
 */
static const struct {
    struct mode mode;
    uint8_t aspect; /* code of a standard timing */
} standard_modes[STANDARD_COUNT] = {
    {{1280, 720, 60}, 3}, {{1280, 800, 60}, 0},  {{1280, 1024, 60}, 2}, {{1440, 900, 60}, 0},
    {{1600, 900, 60}, 3}, {{1680, 1050, 60}, 0}, {{1920, 1080, 60}, 3}, {{1920, 1200, 60}, 0},
};

/* Listed by the established bits 640x480, 800x600 and 1024x768 at 60 Hz. */
static const uint8_t established_bits[3] = {0x21, 0x08, 0x00};
static const struct mode established_modes[] = {{640, 480, 60}, {800, 600, 60}, {1024, 768, 60}};

/* Larger than a standard timing can say. */
static const struct mode large_modes[] = {{2560, 1440, 60}, {2560, 1600, 60}, {3840, 2160, 60}};

/* What the range limits say: all timings that are listed. The first values
 * are those of the established and standard modes, from VESA DMT. */
struct limits {
    uint32_t v_min, v_max; /* Hz */
    uint32_t h_min, h_max; /* kHz */
    uint32_t clock_10mhz;
};
static const struct limits standard_limits = {59, 61, 31, 75, 20};

struct edid {
    const struct edid_params *params;
    struct edid_timing preferred; /* as the base block says it */
    struct edid_timing timings[MAX_TIMINGS]; /* of CTA-861 */
    size_t ntimings;
    struct edid_timing large[MAX_LARGE]; /* of DisplayID, the preferred one first */
    size_t nlarge;
    uint32_t width_mm, height_mm;
};

bool edid_can_describe(const struct mode *mode)
{
    struct edid_timing timing;
    return edid_timing_init(&timing, mode) == 0;
}

static bool mode_equals(const struct mode *a, const struct mode *b)
{
    return a->width == b->width && a->height == b->height && a->refresh == b->refresh;
}

static bool is_common(const struct mode *mode)
{
    for (size_t i = 0; i < STANDARD_COUNT; i++) {
        if (mode_equals(mode, &standard_modes[i].mode))
            return true;
    }
    for (size_t i = 0; i < sizeof(established_modes) / sizeof(established_modes[0]); i++) {
        if (mode_equals(mode, &established_modes[i]))
            return true;
    }
    return false;
}

/* True when one of the first `count` modes of the parameters is `mode`. */
static bool is_listed(const struct edid_params *params, const struct mode *mode, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mode_equals(mode, &params->modes[i]))
            return true;
    }
    return mode_equals(mode, &params->preferred);
}

static size_t blocks_of(size_t timings, size_t per_block)
{
    return (timings + per_block - 1) / per_block;
}

static size_t cta_blocks(const struct edid *edid)
{
    return blocks_of(edid->ntimings, CTA_TIMINGS);
}

static size_t displayid_blocks(const struct edid *edid)
{
    if (edid->nlarge <= EDID_DISPLAYID_FIRST_TIMINGS)
        return edid->nlarge > 0;
    return 1 + blocks_of(edid->nlarge - EDID_DISPLAYID_FIRST_TIMINGS, EDID_DISPLAYID_TIMINGS);
}

/* Adds what fits: the guest has room for so many blocks, and no more. */
static void add_timing(struct edid *edid, const struct mode *mode)
{
    struct edid_timing timing;
    struct edid before;

    if (edid_timing_init(&timing, mode) != 0)
        return;
    before = *edid;
    if (edid_timing_is_detailed(&timing)) {
        edid->timings[edid->ntimings++] = timing;
    } else {
        /* DisplayID has to know a preferred one, too. */
        if (edid->nlarge == 0)
            edid->large[edid->nlarge++] = edid->preferred;
        edid->large[edid->nlarge++] = timing;
    }
    if (cta_blocks(edid) + displayid_blocks(edid) > BLOCK_COUNT - 1)
        *edid = before;
}

/* Half the size and 60 Hz until 18 bytes hold it: 3840x2160 for 7680x4320. */
static int set_preferred(struct edid *edid)
{
    struct mode mode = edid->params->preferred;

    if (edid_timing_init(&edid->preferred, &mode) != 0)
        return -EINVAL;
    while (!edid_timing_is_detailed(&edid->preferred)) {
        if (edid->nlarge == 0)
            edid->large[edid->nlarge++] = edid->preferred;
        if (mode.refresh > 60) {
            mode.refresh = 60;
        } else {
            mode.width = (mode.width + 1) / 2;
            mode.height = (mode.height + 1) / 2;
        }
        if (edid_timing_init(&edid->preferred, &mode) != 0)
            return -EINVAL;
    }
    return 0;
}

/* What neither the preferred timing nor the base block's lists say. */
static void collect_timings(struct edid *edid)
{
    const struct edid_params *params = edid->params;

    for (size_t i = 0; i < params->nmodes; i++) {
        if (!is_listed(params, &params->modes[i], i) && !is_common(&params->modes[i]))
            add_timing(edid, &params->modes[i]);
    }
    for (size_t i = 0; i < sizeof(large_modes) / sizeof(large_modes[0]); i++) {
        if (!is_listed(params, &large_modes[i], params->nmodes))
            add_timing(edid, &large_modes[i]);
    }
}

/* Millimetres of a side; 100 dots per inch where nothing was configured. A
 * centimetre is the least that the base block can say. */
static uint32_t side_mm(uint32_t configured, uint32_t pixels)
{
    uint32_t mm = configured != 0 ? configured : pixels * 254 / 1000;
    return mm > 10 ? mm : 10;
}

static void set_size(struct edid *edid)
{
    const struct edid_params *params = edid->params;

    edid->width_mm = side_mm(params->width_mm, params->preferred.width);
    edid->height_mm = side_mm(params->height_mm, params->preferred.height);
    /* A wall that cannot be described is said to have no known size. */
    if (edid->width_mm > MAX_SIDE_MM || edid->height_mm > MAX_SIDE_MM)
        edid->width_mm = edid->height_mm = 0;
}

static void write_checksum(uint8_t *block)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < BLOCK_SIZE - 1; i++)
        sum = (uint8_t)(sum + block[i]);
    block[BLOCK_SIZE - 1] = (uint8_t)-sum;
}

static void write_identity(uint8_t *block, uint32_t serial)
{
    static const uint8_t header[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};

    memcpy(block, header, sizeof(header));
    block[8] = MANUFACTURER >> 8;
    block[9] = MANUFACTURER & 0xff;
    block[10] = PRODUCT & 0xff;
    block[11] = PRODUCT >> 8;
    for (int i = 0; i < 4; i++)
        block[12 + i] = (uint8_t)(serial >> 8 * i);
    block[16] = 0xff; /* the next byte is a model year */
    block[17] = MODEL_YEAR - 1990;
    block[18] = 1; /* EDID 1.4 */
    block[19] = 4;
}

static void write_display(uint8_t *block, const struct edid *edid)
{
    /* The primaries and the white point of sRGB, IEC 61966-2-1. */
    static const uint8_t srgb[] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};

    block[20] = 0xa0; /* digital, 8 bits per colour, kind of plug not said */
    block[21] = (uint8_t)((edid->width_mm + 5) / 10);
    block[22] = (uint8_t)((edid->height_mm + 5) / 10);
    block[23] = 120; /* gamma 2.2 */
    /* RGB; sRGB is the default; the preferred timing is the native one; only
     * the listed timings are taken. */
    block[24] = 0x06;
    memcpy(block + 25, srgb, sizeof(srgb));
}

static void write_common_modes(uint8_t *block, const struct edid_params *params)
{
    uint8_t *slot = block + STANDARD;

    memcpy(block + ESTABLISHED, established_bits, sizeof(established_bits));
    memset(slot, 0x01, 2 * STANDARD_COUNT); /* unused */
    for (size_t i = 0; i < STANDARD_COUNT; i++) {
        const struct mode *mode = &standard_modes[i].mode;
        if (mode_equals(mode, &params->preferred))
            continue;
        slot[0] = (uint8_t)(mode->width / 8 - 31);
        slot[1] = (uint8_t)(standard_modes[i].aspect << 6 | (mode->refresh - 60));
        slot += 2;
    }
}

static void write_descriptor(uint8_t *out, uint8_t tag)
{
    memset(out, 0, EDID_TIMING_SIZE);
    out[3] = tag;
}

/* Text ends with a line feed unless it fills the field; then come blanks. */
static void write_text(uint8_t *out, uint8_t tag, const char *text)
{
    size_t length = strnlen(text, DESCRIPTOR_TEXT_SIZE);

    write_descriptor(out, tag);
    memset(out + 5, ' ', DESCRIPTOR_TEXT_SIZE);
    for (size_t i = 0; i < length; i++)
        out[5 + i] = text[i] >= ' ' && text[i] <= '~' ? (uint8_t)text[i] : '?';
    if (length < DESCRIPTOR_TEXT_SIZE)
        out[5 + length] = '\n';
}

static void extend_limits(struct limits *limits, const struct edid_timing *timing)
{
    uint32_t v_hz = edid_timing_v_hz(timing), h_hz = edid_timing_h_hz(timing);
    uint32_t clock = (timing->clock_10khz + 999) / 1000;

    limits->v_min = v_hz < limits->v_min ? v_hz : limits->v_min;
    limits->v_max = v_hz + 1 > limits->v_max ? v_hz + 1 : limits->v_max;
    limits->h_min = h_hz / 1000 < limits->h_min ? h_hz / 1000 : limits->h_min;
    limits->h_max = h_hz / 1000 + 1 > limits->h_max ? h_hz / 1000 + 1 : limits->h_max;
    limits->clock_10mhz = clock > limits->clock_10mhz ? clock : limits->clock_10mhz;
}

/* A byte holds 1 to 255, with 255 added where the flag says so. Returns the
 * two flag bits for a pair. */
static uint8_t write_range(uint8_t *out, uint32_t least, uint32_t most)
{
    uint8_t flags = most > 255 ? (least > 255 ? 3 : 2) : 0;
    out[0] = (uint8_t)(flags == 3 ? least - 255 : least);
    out[1] = (uint8_t)(flags != 0 ? most - 255 : most);
    return flags;
}

static void write_limits(uint8_t *out, const struct edid *edid)
{
    struct limits limits = standard_limits;

    extend_limits(&limits, &edid->preferred);
    for (size_t i = 0; i < edid->ntimings; i++)
        extend_limits(&limits, &edid->timings[i]);
    for (size_t i = 0; i < edid->nlarge; i++)
        extend_limits(&limits, &edid->large[i]);
    /* The limits may be left out, since only listed timings are taken. */
    if (limits.v_min == 0 || limits.h_min == 0 || limits.v_max > 510 || limits.h_max > 510 ||
        limits.clock_10mhz > 255) {
        write_descriptor(out, DESCRIPTOR_DUMMY);
        return;
    }
    write_text(out, DESCRIPTOR_RANGE, "");
    out[4] = write_range(out + 5, limits.v_min, limits.v_max);
    out[4] |= (uint8_t)(write_range(out + 7, limits.h_min, limits.h_max) << 2);
    out[9] = (uint8_t)limits.clock_10mhz;
    out[10] = 0x01; /* no formula for further timings */
    out[11] = '\n';
    memset(out + 12, ' ', 6);
}

static void write_base(uint8_t *block, const struct edid *edid, uint8_t extensions)
{
    const struct edid_params *params = edid->params;
    const char *name = params->name != NULL && params->name[0] != '\0' ? params->name : "Oriel";
    uint8_t *descriptor = block + DESCRIPTORS;
    char serial[DESCRIPTOR_TEXT_SIZE + 1];

    write_identity(block, params->serial);
    write_display(block, edid);
    write_common_modes(block, params);
    edid_timing_write(&edid->preferred, edid->width_mm, edid->height_mm, descriptor);
    write_text(descriptor + EDID_TIMING_SIZE, DESCRIPTOR_NAME, name);
    snprintf(serial, sizeof(serial), "%08X", params->serial);
    write_text(descriptor + 2 * EDID_TIMING_SIZE, DESCRIPTOR_SERIAL, serial);
    write_limits(descriptor + 3 * EDID_TIMING_SIZE, edid);
    block[EXTENSION_COUNT] = extensions;
    write_checksum(block);
}

/*
 * Writes the first extension's data block, and returns where its timings
 * begin: two bytes of the extended block 0; the range of RGB may be selected,
 * pictures are underscanned. Without it a source may send the colour range of
 * television, 16 to 235.
 */
static size_t write_cta_data(uint8_t *block, bool first)
{
    static const uint8_t video_capability[CTA_DATA_SIZE] = {0xe2, 0x00, 0x4a};

    if (!first)
        return CTA_DATA;
    memcpy(block + CTA_DATA, video_capability, CTA_DATA_SIZE);
    return CTA_DATA + CTA_DATA_SIZE;
}

/* An extension block with the timings from `first` on, as many as fit;
 * returns how many. */
static size_t write_cta(uint8_t *block, const struct edid *edid, size_t first)
{
    size_t count = edid->ntimings - first, offset = write_cta_data(block, first == 0);

    count = count < CTA_TIMINGS ? count : CTA_TIMINGS;
    block[0] = CTA_TAG;
    block[1] = CTA_REVISION;
    block[2] = (uint8_t)offset;
    block[3] = CTA_UNDERSCAN; /* no audio, and no timing is native */
    for (size_t i = 0; i < count; i++)
        edid_timing_write(&edid->timings[first + i], edid->width_mm, edid->height_mm,
                          block + offset + i * EDID_TIMING_SIZE);
    write_checksum(block);
    return count;
}

/* As write_cta(), with the large timings. */
static size_t write_displayid(uint8_t *block, const struct edid *edid, size_t first)
{
    size_t most = first == 0 ? EDID_DISPLAYID_FIRST_TIMINGS : EDID_DISPLAYID_TIMINGS;
    size_t count = edid->nlarge - first < most ? edid->nlarge - first : most;
    const struct edid_displayid_first identity = {
        .manufacturer = {'O', 'R', 'L'},
        .product = PRODUCT,
        .model_year = MODEL_YEAR,
        .serial = edid->params->serial,
        .width = edid->params->preferred.width,
        .height = edid->params->preferred.height,
        .width_mm = edid->width_mm,
        .height_mm = edid->height_mm,
        .nfollowing = (uint8_t)(displayid_blocks(edid) - 1),
    };
    edid_displayid_write(block, first == 0 ? &identity : NULL, &edid->large[first], count);
    write_checksum(block);
    return count;
}

int edid_generate(const struct edid_params *params, uint8_t *out, size_t cap)
{
    struct edid edid = {.params = params};
    size_t cta, extensions, size, written = 0;

    if (set_preferred(&edid) != 0)
        return -EINVAL;
    set_size(&edid);
    collect_timings(&edid);
    cta = cta_blocks(&edid);
    extensions = cta + displayid_blocks(&edid);
    size = (1 + extensions) * BLOCK_SIZE;
    if (size > cap)
        return -ENOSPC;
    memset(out, 0, size);
    write_base(out, &edid, (uint8_t)extensions);
    for (size_t i = 1; i <= cta; i++)
        written += write_cta(out + i * BLOCK_SIZE, &edid, written);
    written = 0;
    for (size_t i = 1 + cta; i <= extensions; i++)
        written += write_displayid(out + i * BLOCK_SIZE, &edid, written);
    return (int)size;
}
