// SPDX-License-Identifier: GPL-2.0-or-later
/* The EDID, read back by a parser of its own and by edid-decode. */
#include "device/edid.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the test's own parser found. */
struct parsed {
    size_t nmodes;
    struct mode modes[64]; /* of the detailed timings, the preferred first */
    double refresh;        /* of the preferred one, exactly */
    uint32_t width_mm, height_mm;
    char name[14], serial[14];
    uint32_t v_min, v_max, h_min, h_max, clock_10mhz; /* 0: no range limits */
    size_t nlarge;         /* timings in DisplayID sections */
    struct mode preferred; /* as DisplayID says; all 0: it says none */
};

static const struct {
    struct edid_params params;
} cases[] = {
    {{.name = "Oriel", .serial = 1, .preferred = {640, 480, 60}}},
    {{.name = "Oriel", .serial = 2, .preferred = {800, 600, 60}}},
    {{.name = "A", .serial = 3, .preferred = {1024, 768, 60}, .width_mm = 400, .height_mm = 300}},
    {{.name = "Thirteen chrs", .serial = 0xffffffff, .preferred = {1152, 864, 75}}},
    {{.name = "more than thirteen", .serial = 5, .preferred = {1280, 720, 60}}},
    {{.name = "Oriel", .serial = 6, .preferred = {1280, 768, 60}}},
    {{.name = "Oriel", .serial = 0xdeadbeef, .preferred = {1280, 800, 60}}},
    {{.name = "Oriel", .serial = 8, .preferred = {1280, 1024, 60}}},
    {{.name = NULL, .serial = 9, .preferred = {1366, 768, 60}}},
    {{.name = "", .serial = 10, .preferred = {1440, 900, 60}}},
    {{.name = "Oriel", .serial = 11, .preferred = {1440, 1080, 60}}},
    {{.name = "Oriel", .serial = 12, .preferred = {1600, 900, 60}}},
    {{.name = "Oriel", .serial = 13, .preferred = {1600, 1200, 75}}},
    {{.name = "Oriel", .serial = 14, .preferred = {1680, 1050, 60}}},
    {{.name = "Oriel", .serial = 15, .preferred = {1920, 1080, 60}}},
    {{.name = "Oriel", .serial = 16, .preferred = {1920, 1080, 144}}},
    {{.name = "Oriel", .serial = 17, .preferred = {1920, 1200, 60}}},
    {{.name = "Oriel", .serial = 18, .preferred = {2560, 1440, 60}}},
    {{.name = "Oriel", .serial = 19, .preferred = {2560, 1600, 60}}},
    {{.name = "Oriel", .serial = 20, .preferred = {3440, 1440, 60}}},
    {{.name = "Oriel", .serial = 21, .preferred = {3840, 2160, 60}}},
    {{.name = "Oriel", .serial = 22, .preferred = {3840, 2160, 30}, .width_mm = 1600,
      .height_mm = 900}},
    {{.name = "Oriel", .serial = 23, .preferred = {1000, 1999, 50}}},
    {{.name = "Oriel", .serial = 24, .preferred = {1279, 801, 59}}},
    {{.name = "Oriel", .serial = 25, .preferred = {1280, 720, 400}}},
    {{.name = "Oriel", .serial = 26, .preferred = {800, 600, 24}}},
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* Twenty modes from 640x480 to 8192x4320; whether only DisplayID holds them. */
static const struct {
    struct mode mode;
    bool large;
} matrix[] = {
    {{640, 480, 60}, false},    {{800, 600, 60}, false},    {{1024, 768, 60}, false},
    {{1280, 800, 60}, false},   {{1366, 768, 60}, false},   {{1920, 1080, 60}, false},
    {{1920, 1080, 240}, false}, {{1080, 1920, 60}, false},  {{2560, 1440, 144}, false},
    {{3440, 1440, 100}, false}, {{3840, 2160, 60}, false},  {{3840, 2160, 120}, true},
    {{2160, 3840, 144}, true},  {{4096, 2160, 60}, true},   {{5120, 1440, 120}, true},
    {{5120, 2880, 60}, true},   {{6016, 3384, 60}, true},   {{7680, 4320, 30}, true},
    {{7680, 4320, 60}, true},   {{8192, 4320, 60}, true},
};
#define MATRIX_COUNT (sizeof(matrix) / sizeof(matrix[0]))

static size_t generate(const struct edid_params *params, uint8_t *out)
{
    int size;

    memset(out, 0xa5, EDID_MAX_SIZE);
    size = edid_generate(params, out, EDID_MAX_SIZE);
    assert_true(size >= 128 && size <= EDID_MAX_SIZE && size % 128 == 0);
    assert_int_equal(out[126], size / 128 - 1);
    return (size_t)size;
}

static void parse_timing(struct parsed *parsed, const uint8_t *d)
{
    struct mode *mode = &parsed->modes[parsed->nmodes];
    uint32_t h_blank = (d[4] & 15u) << 8 | d[3], v_blank = (d[7] & 15u) << 8 | d[6];
    double clock = (d[0] | d[1] << 8) * 10000.0, refresh;

    mode->width = (uint32_t)(d[4] >> 4) << 8 | d[2];
    mode->height = (uint32_t)(d[7] >> 4) << 8 | d[5];
    refresh = clock / (mode->width + h_blank) / (mode->height + v_blank);
    mode->refresh = (uint32_t)(refresh + 0.5);
    assert_int_equal(h_blank, 160);
    assert_true(v_blank * 1e6 / refresh / (mode->height + v_blank) >= 459);
    assert_int_equal(d[17], 0x1a);
    if (parsed->nmodes++ == 0) {
        parsed->refresh = refresh;
        parsed->width_mm = (uint32_t)(d[14] >> 4) << 8 | d[12];
        parsed->height_mm = (d[14] & 15u) << 8 | d[13];
    }
}

static void parse_text(char *text, const uint8_t *d)
{
    size_t length = 0;

    while (length < 13 && d[5 + length] != '\n')
        length++;
    memcpy(text, d + 5, length);
    text[length] = '\0';
    for (size_t i = length + 1; i < 13; i++)
        assert_int_equal(d[5 + i], ' ');
}

static void parse_descriptor(struct parsed *parsed, const uint8_t *d)
{
    if (d[0] != 0 || d[1] != 0) {
        parse_timing(parsed, d);
    } else if (d[3] == 0xfc) {
        parse_text(parsed->name, d);
    } else if (d[3] == 0xff) {
        parse_text(parsed->serial, d);
    } else if (d[3] == 0xfd) {
        parsed->v_min = d[5] + ((d[4] & 3) == 3 ? 255u : 0);
        parsed->v_max = d[6] + ((d[4] & 2) != 0 ? 255u : 0);
        parsed->h_min = d[7] + ((d[4] & 12) == 12 ? 255u : 0);
        parsed->h_max = d[8] + ((d[4] & 8) != 0 ? 255u : 0);
        parsed->clock_10mhz = d[9];
    }
}

static void check_sums(const uint8_t *edid, size_t size)
{
    for (size_t block = 0; block < size; block += 128) {
        uint8_t sum = 0;
        for (size_t i = 0; i < 128; i++)
            sum = (uint8_t)(sum + edid[block + i]);
        assert_int_equal(sum, 0);
    }
}

static uint32_t load_16(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* A type I timing of DisplayID 1.3, table 4-21. */
static void parse_large(struct parsed *parsed, const uint8_t *t)
{
    double clock = ((load_16(t) | (uint32_t)t[2] << 16) + 1) * 10000.0;
    uint32_t width = load_16(t + 4) + 1, h_blank = load_16(t + 6) + 1;
    uint32_t height = load_16(t + 12) + 1, v_blank = load_16(t + 14) + 1;
    uint32_t h_front = (load_16(t + 8) & 0x7fff) + 1, h_sync = (load_16(t + 10) & 0x7fff) + 1;
    uint32_t v_front = (load_16(t + 16) & 0x7fff) + 1, v_sync = (load_16(t + 18) & 0x7fff) + 1;
    double refresh = clock / (width + h_blank) / (height + v_blank);
    struct mode mode = {width, height, (uint32_t)(refresh + 0.5)};

    assert_int_equal(h_blank, 160);
    assert_true(h_front + h_sync < h_blank && v_front + v_sync < v_blank);
    assert_true(t[9] & 0x80);    /* horizontal sync positive */
    assert_false(t[17] & 0x80);  /* vertical sync negative */
    parsed->nlarge++;
    /* What the EDID prefers DisplayID repeats, and nothing else. */
    if (parsed->nlarge > 1 || memcmp(&mode, &parsed->modes[0], sizeof(mode)) != 0) {
        assert_true(width > 4095 || height > 4095 || clock > 655350000);
        parsed->modes[parsed->nmodes++] = mode;
    }
    assert_int_equal(parsed->nlarge == 1, (t[3] & 0x80) != 0);
    if (t[3] & 0x80) {
        assert_int_equal(parsed->preferred.width, 0);
        parsed->preferred = mode;
        parsed->refresh = refresh;
    }
}

static void parse_displayid(struct parsed *parsed, const uint8_t *block, bool first)
{
    uint8_t sum = 0;

    assert_int_equal(block[1], 0x13);
    assert_int_equal(block[2], 121);
    for (size_t i = 1; i < 127; i++)
        sum = (uint8_t)(sum + block[i]);
    assert_int_equal(sum, 0);
    assert_int_equal(block[3] != 0, first);
    for (size_t at = 5; at + 3 < 126 && (block[at] != 0 || block[at + 2] != 0);
         at += 3u + block[at + 2]) {
        assert_true(at + 3u + block[at + 2] <= 126);
        if (block[at] != 3)
            continue;
        assert_int_equal(block[at + 2] % 20, 0);
        for (size_t t = 0; t < block[at + 2]; t += 20)
            parse_large(parsed, block + at + 3 + t);
    }
}

static struct parsed parse(const uint8_t *edid, size_t size)
{
    static const uint8_t header[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
    struct parsed parsed = {0};

    check_sums(edid, size);
    assert_memory_equal(edid, header, sizeof(header));
    for (size_t i = 0; i < 4; i++)
        parse_descriptor(&parsed, edid + 54 + 18 * i);
    for (size_t block = 128; block < size; block += 128) {
        const uint8_t *cta = edid + block;
        if (cta[0] == 0x70) {
            parse_displayid(&parsed, cta, parsed.nlarge == 0);
            continue;
        }
        assert_int_equal(cta[0], 2);
        assert_int_equal(parsed.nlarge, 0);
        for (size_t d = cta[2]; d + 18 <= 127 && (cta[d] != 0 || cta[d + 1] != 0); d += 18)
            parse_descriptor(&parsed, cta + d);
    }
    return parsed;
}

static bool lists(const struct parsed *parsed, const struct mode *mode)
{
    size_t found = 0;
    for (size_t i = 0; i < parsed->nmodes; i++)
        found += memcmp(&parsed->modes[i], mode, sizeof(*mode)) == 0;
    assert_true(found <= 1);
    return found == 1;
}

/* 100 dots per inch, or as configured. */
static void check_size(const struct edid_params *params, const uint8_t *edid,
                       const struct parsed *parsed)
{
    uint32_t width = params->width_mm, height = params->height_mm;

    if (width == 0)
        width = params->preferred.width * 254 / 1000;
    if (height == 0)
        height = params->preferred.height * 254 / 1000;
    assert_int_equal(parsed->width_mm, width);
    assert_int_equal(parsed->height_mm, height);
    assert_int_equal(edid[21], (width + 5) / 10);
    assert_int_equal(edid[22], (height + 5) / 10);
}

static void test_reads_back(void **state)
{
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct edid_params *params = &cases[i].params;
        struct parsed parsed = parse(edid, generate(params, edid));
        const char *name = params->name != NULL && params->name[0] != 0 ? params->name : "Oriel";
        uint32_t serial = edid[12] | edid[13] << 8 | edid[14] << 16 | (uint32_t)edid[15] << 24;

        assert_memory_equal(&parsed.modes[0], &params->preferred, sizeof(struct mode));
        assert_true(parsed.refresh > params->preferred.refresh - 0.5);
        assert_true(parsed.refresh < params->preferred.refresh + 0.02);
        assert_int_equal(strncmp(parsed.name, name, 13), 0);
        assert_int_equal(serial, params->serial);
        assert_int_equal(strtoul(parsed.serial, NULL, 16), params->serial);
        assert_int_equal(edid[8] << 8 | edid[9], 0x3e4c); /* ORL */
        assert_int_equal(edid[18] << 8 | edid[19], 0x0104);
        check_size(params, edid, &parsed);
        assert_true(parsed.v_min <= params->preferred.refresh);
        assert_true(parsed.v_max >= params->preferred.refresh);
    }
}

/* A console that started at some size finds a mode of at most that size. */
static void test_lists_common_modes(void **state)
{
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct mode *preferred = &cases[i].params.preferred;
        const struct mode uhd = {3840, 2160, 60};
        struct parsed parsed = parse(edid, generate(&cases[i].params, edid));
        size_t larger = 0, slots = 0;

        assert_int_equal(edid[35], 0x21);
        assert_int_equal(edid[36], 0x08);
        for (size_t slot = 38; slot < 54; slot += 2) {
            uint32_t width = (edid[slot] + 31u) * 8;
            if (edid[slot] == 1 && edid[slot + 1] == 1)
                continue;
            slots++;
            larger += width > preferred->width;
        }
        assert_true(slots >= 7);
        assert_true(larger > 0 || preferred->width >= 1920);
        assert_true(lists(&parsed, &uhd));
    }
}

static void test_further_modes(void **state)
{
    struct mode modes[32];
    struct edid_params params = {.name = "Oriel", .serial = 7, .preferred = {1280, 800, 60}};
    uint8_t edid[EDID_MAX_SIZE];
    struct parsed parsed;

    (void)state;
    for (uint32_t i = 0; i < 32; i++)
        modes[i] = (struct mode){1000 + 50 * i, 700 + 30 * i, 60 + i % 3};
    params.modes = modes;
    for (params.nmodes = 0; params.nmodes <= 32; params.nmodes++) {
        parsed = parse(edid, generate(&params, edid));
        for (size_t i = 0; i < params.nmodes; i++)
            assert_true(lists(&parsed, &modes[i]));
        assert_int_equal(parsed.nmodes, 1 + params.nmodes + 3);
    }
}

/* What is listed already, and what does not fit, is left out. */
static void test_leaves_out(void **state)
{
    static const struct mode modes[] = {{1280, 800, 60},  {1024, 768, 60},  {1920, 1080, 60},
                                        {1000, 700, 60},  {1000, 700, 60},  {640, 480, 2174},
                                        {16384, 16384, 1000}, {3840, 2160, 60}};
    struct edid_params params = {.name = "Oriel",
                                 .preferred = {1280, 800, 60},
                                 .modes = modes,
                                 .nmodes = sizeof(modes) / sizeof(modes[0])};
    uint8_t edid[EDID_MAX_SIZE];
    struct parsed parsed = parse(edid, generate(&params, edid));

    (void)state;
    assert_int_equal(parsed.nmodes, 5);
    assert_true(lists(&parsed, &modes[3]));
    assert_true(lists(&parsed, &modes[7]));
    for (size_t i = 0; i < params.nmodes; i++)
        assert_int_equal(edid_can_describe(&modes[i]), i != 5 && i != 6);
}

static void test_refuses(void **state)
{
    static const struct mode bad[] = {{0, 480, 60},         {640, 0, 60},      {640, 480, 0},
                                      {65536, 480, 1},      {640, 65536, 1},   {640, 480, 2173},
                                      {640, 480, 2174},     {640, 480, 100000},
                                      {16384, 16384, 1000}, {UINT32_MAX, 1, 1}, {1, UINT32_MAX, 1},
                                      {1, 1, UINT32_MAX}};
    struct edid_params params = {.name = "Oriel", .preferred = {1280, 800, 60}};
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    assert_int_equal(edid_generate(&params, edid, 255), -ENOSPC);
    assert_int_equal(edid_generate(&params, edid, 256), 256);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        params.preferred = bad[i];
        assert_int_equal(edid_generate(&params, edid, sizeof(edid)), -EINVAL);
        assert_false(edid_can_describe(&bad[i]));
    }
}

static void test_stable_and_unique(void **state)
{
    struct edid_params params = cases[6].params;
    uint8_t first[EDID_MAX_SIZE], again[EDID_MAX_SIZE], other[EDID_MAX_SIZE];
    size_t size = generate(&params, first);

    (void)state;
    assert_int_equal(generate(&params, again), size);
    assert_memory_equal(first, again, size);
    for (size_t i = size; i < EDID_MAX_SIZE; i++)
        assert_int_equal(again[i], 0xa5); /* not written */
    params.serial++;
    assert_int_equal(generate(&params, other), size);
    assert_memory_not_equal(first, other, size);
    assert_string_not_equal(parse(first, size).serial, parse(other, size).serial);
}

/* Foreign names: control characters and bytes beyond ASCII do not get in. */
static void test_cleans_name(void **state)
{
    struct edid_params params = {.name = "a\nb\xc3\xa4", .preferred = {1280, 800, 60}};
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    assert_string_equal(parse(edid, generate(&params, edid)).name, "a?b??");
}

/* Every mode up to 8192x4320 is listed exactly once and preferred; readers
 * that know nothing of DisplayID find a smaller one of its shape. */
static void test_large_modes(void **state)
{
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    for (size_t i = 0; i < MATRIX_COUNT; i++) {
        struct edid_params params = {.name = "Oriel", .serial = 9, .preferred = matrix[i].mode};
        struct parsed parsed = parse(edid, generate(&params, edid));
        const struct mode *base = &parsed.modes[0], *mode = &matrix[i].mode;

        assert_int_equal(parsed.nlarge, matrix[i].large);
        assert_true(lists(&parsed, mode));
        assert_true(parsed.refresh > mode->refresh - 0.5);
        assert_true(parsed.refresh < mode->refresh + 0.02);
        if (!matrix[i].large) {
            assert_memory_equal(base, mode, sizeof(*mode));
            continue;
        }
        assert_memory_equal(&parsed.preferred, mode, sizeof(*mode));
        assert_true(base->width <= mode->width && base->width * 4 >= mode->width);
        assert_true(labs((long)base->width * mode->height - (long)base->height * mode->width) <
                    (long)mode->width * 2);
    }
}

static void check_decoded(FILE *decoder, const struct mode *preferred)
{
    bool passed = false, found = false;
    char line[512];

    while (fgets(line, sizeof(line), decoder) != NULL) {
        unsigned width, height;
        double refresh;
        if (strstr(line, "FAIL") != NULL || strstr(line, "ailure") != NULL)
            fail_msg("%ux%u@%u: %s", preferred->width, preferred->height, preferred->refresh, line);
        passed |= strstr(line, "EDID conformity: PASS") != NULL;
        if (sscanf(line, " DTD 1: %ux%u %lf Hz", &width, &height, &refresh) == 3 ||
            (strstr(line, "stereo, preferred") != NULL &&
             sscanf(line, " DTD: %ux%u %lf Hz", &width, &height, &refresh) == 3))
            found = width == preferred->width && height == preferred->height &&
                    (uint32_t)(refresh + 0.5) == preferred->refresh;
    }
    assert_true(passed);
    assert_true(found);
}

static void decode(const uint8_t *edid, size_t size, const struct mode *preferred)
{
    char path[] = "/tmp/oriel-edid-XXXXXX", command[128];
    int fd = mkstemp(path);
    FILE *decoder;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, edid, size), size);
    close(fd);
    snprintf(command, sizeof(command), "edid-decode --check %s 2>&1", path);
    decoder = popen(command, "r");
    assert_non_null(decoder);
    check_decoded(decoder, preferred);
    pclose(decoder);
    unlink(path);
}

/* As many further modes as eight blocks hold, each exactly once. */
static void test_many_large_modes(void **state)
{
    struct mode modes[32];
    struct edid_params params = {.name = "Oriel", .serial = 7, .modes = modes, .nmodes = 32};
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    for (uint32_t i = 0; i < 32; i++)
        modes[i] = (struct mode){4100 + 50 * i, 2700 + 30 * i, 60};
    for (uint32_t large = 0; large < 2; large++) {
        struct parsed parsed;

        params.preferred = large ? (struct mode){8192, 8192, 60} : (struct mode){1280, 800, 60};
        assert_int_equal(generate(&params, edid), EDID_MAX_SIZE);
        parsed = parse(edid, EDID_MAX_SIZE);
        /* All seven extensions are theirs: 3 in the first, 5 in each other. */
        assert_int_equal(parsed.nlarge, 33);
        for (size_t i = 0; i < 32; i++)
            assert_true(lists(&parsed, &modes[i]));
        assert_memory_equal(&parsed.preferred, &params.preferred, sizeof(struct mode));
        assert_int_equal(parsed.nmodes, 33 + large);
        decode(edid, EDID_MAX_SIZE, &params.preferred);
    }
}

static void test_edid_decode_finds_no_failure(void **state)
{
    struct mode modes[20];
    struct edid_params params = {.name = "Oriel", .serial = 7, .preferred = {1280, 800, 60},
                                 .modes = modes, .nmodes = 20};
    uint8_t edid[EDID_MAX_SIZE];

    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        size_t size = generate(&cases[i].params, edid);
        decode(edid, size, &cases[i].params.preferred);
    }
    for (size_t i = 0; i < MATRIX_COUNT; i++) {
        params.nmodes = 0;
        params.preferred = matrix[i].mode;
        decode(edid, generate(&params, edid), &params.preferred);
    }
    params.nmodes = 20;
    params.preferred = (struct mode){1280, 800, 60};
    for (uint32_t i = 0; i < 20; i++)
        modes[i] = (struct mode){1000 + 50 * i, 700 + 30 * i, 60 + i % 3};
    decode(edid, generate(&params, edid), &params.preferred);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_lists_common_modes),
        cmocka_unit_test(test_further_modes),
        cmocka_unit_test(test_leaves_out),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_stable_and_unique),
        cmocka_unit_test(test_cleans_name),
        cmocka_unit_test(test_large_modes),
        cmocka_unit_test(test_many_large_modes),
        cmocka_unit_test(test_edid_decode_finds_no_failure),
    };
    return cmocka_run_group_tests_name("edid", tests, NULL, NULL);
}
