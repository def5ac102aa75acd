// SPDX-License-Identifier: GPL-2.0-or-later
#include "device/edid_displayid.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK_SIZE 128
#define TAG 0x70
#define VERSION_1_3 0x13
#define EXTENSION_SECTION 0x00
#define DESKTOP_MONITOR 0x03 /* "standalone display device" */

/* The section begins behind the tag: version, length, product type, number of
 * further sections, the data blocks, a checksum of its own. */
#define SECTION 1
#define SECTION_HEADER 4
#define SECTION_DATA (BLOCK_SIZE - SECTION - SECTION_HEADER - 2)

#define DATA_HEADER 3
#define PRODUCT_IDENTIFICATION 0x00
#define PRODUCT_SIZE 12
#define MODEL_YEAR_WEEK 0xff /* the year is one of the model */
#define DISPLAY_PARAMETERS 0x01
#define PARAMETERS_SIZE 12
#define DISPLAY_INTERFACE 0x0f
#define INTERFACE_SIZE 10
#define TYPE_1_TIMINGS 0x03
#define TIMING_SIZE 20
#define TIMING_PREFERRED 0x80u
#define POSITIVE 0x8000u

_Static_assert(DATA_HEADER + EDID_DISPLAYID_TIMINGS * TIMING_SIZE <= SECTION_DATA,
               "the timings fit into a section");
_Static_assert(4 * DATA_HEADER + PRODUCT_SIZE + PARAMETERS_SIZE + INTERFACE_SIZE +
                       EDID_DISPLAYID_FIRST_TIMINGS * TIMING_SIZE <=
                   SECTION_DATA,
               "the timings fit into the first section");

static void write_16(uint8_t *out, uint32_t value)
{
    out[0] = value & 0xff;
    out[1] = (uint8_t)(value >> 8);
}

/* Codes of table 4-22; others have to be said to be unknown, which is 8. */
static uint8_t aspect_code(const struct edid_timing *timing)
{
    static const struct {
        uint32_t width, height;
    } aspects[] = {{1, 1}, {5, 4}, {4, 3}, {15, 9}, {16, 9}, {16, 10}, {64, 27}, {256, 135}};

    for (uint8_t i = 0; i < sizeof(aspects) / sizeof(aspects[0]); i++) {
        if ((uint64_t)timing->width * aspects[i].height ==
            (uint64_t)timing->height * aspects[i].width)
            return i;
    }
    return 8;
}

/* All numbers are stored less one. Reduced blanking has a positive horizontal
 * and a negative vertical sync. */
static void write_timing(uint8_t *out, const struct edid_timing *timing, bool preferred)
{
    uint32_t clock = timing->clock_10khz - 1;

    write_16(out, clock & 0xffff);
    out[2] = (uint8_t)(clock >> 16);
    out[3] = (uint8_t)((preferred ? TIMING_PREFERRED : 0) | aspect_code(timing));
    write_16(out + 4, timing->width - 1);
    write_16(out + 6, timing->h_blank - 1);
    write_16(out + 8, (timing->h_front - 1) | POSITIVE);
    write_16(out + 10, timing->h_sync - 1);
    write_16(out + 12, timing->height - 1);
    write_16(out + 14, timing->v_blank - 1);
    write_16(out + 16, timing->v_front - 1);
    write_16(out + 18, timing->v_sync - 1);
}

/* Section 4.2. Returns the first byte behind it, as those below. */
static uint8_t *write_product(uint8_t *out, const struct edid_displayid_first *first)
{
    out[0] = PRODUCT_IDENTIFICATION;
    out[2] = PRODUCT_SIZE;
    memcpy(out + DATA_HEADER, first->manufacturer, 3);
    write_16(out + DATA_HEADER + 3, first->product);
    write_16(out + DATA_HEADER + 5, first->serial & 0xffff);
    write_16(out + DATA_HEADER + 7, first->serial >> 16);
    out[DATA_HEADER + 9] = MODEL_YEAR_WEEK;
    out[DATA_HEADER + 10] = (uint8_t)(first->model_year - 2000);
    out[DATA_HEADER + 11] = 0; /* no name: the EDID has it */
    return out + DATA_HEADER + PRODUCT_SIZE;
}

/* Section 4.3. */
static uint8_t *write_parameters(uint8_t *out, const struct edid_displayid_first *first)
{
    uint32_t longer = first->width > first->height ? first->width : first->height;
    uint32_t shorter = first->width > first->height ? first->height : first->width;
    uint32_t aspect = longer * 100 / shorter - 100;

    out[0] = DISPLAY_PARAMETERS;
    out[2] = PARAMETERS_SIZE;
    write_16(out + DATA_HEADER, first->width_mm * 10);
    write_16(out + DATA_HEADER + 2, first->height_mm * 10);
    write_16(out + DATA_HEADER + 4, first->width);
    write_16(out + DATA_HEADER + 6, first->height);
    out[DATA_HEADER + 8] = 0; /* no audio, nothing that scales or turns */
    out[DATA_HEADER + 9] = 120; /* gamma 2.2 */
    out[DATA_HEADER + 10] = (uint8_t)(aspect < 255 ? aspect : 255);
    out[DATA_HEADER + 11] = 0x77; /* 8 bits a colour, less one, twice */
    return out + DATA_HEADER + PARAMETERS_SIZE;
}

/* Section 4.15: no plug that a standard knows, 8 bits a colour, RGB. */
static uint8_t *write_interface(uint8_t *out)
{
    out[0] = DISPLAY_INTERFACE;
    out[2] = INTERFACE_SIZE;
    out[DATA_HEADER] = 0xb << 4; /* proprietary digital */
    out[DATA_HEADER + 2] = 0x02;
    return out + DATA_HEADER + INTERFACE_SIZE;
}

void edid_displayid_write(uint8_t *block, const struct edid_displayid_first *first,
                          const struct edid_timing *timings, size_t count)
{
    uint8_t *section = block + SECTION, *data = section + SECTION_HEADER, sum = 0;

    memset(block, 0, BLOCK_SIZE);
    block[0] = TAG;
    section[0] = VERSION_1_3;
    section[1] = SECTION_DATA;
    section[2] = first != NULL ? DESKTOP_MONITOR : EXTENSION_SECTION;
    section[3] = first != NULL ? first->nfollowing : 0;
    if (first != NULL)
        data = write_interface(write_parameters(write_product(data, first), first));
    data[0] = TYPE_1_TIMINGS;
    data[1] = 0;
    data[2] = (uint8_t)(count * TIMING_SIZE);
    for (size_t i = 0; i < count; i++)
        write_timing(data + DATA_HEADER + i * TIMING_SIZE, &timings[i],
                     first != NULL && i == 0);
    for (size_t i = 0; i < SECTION_HEADER + SECTION_DATA; i++)
        sum = (uint8_t)(sum + section[i]);
    section[SECTION_HEADER + SECTION_DATA] = (uint8_t)-sum;
}
