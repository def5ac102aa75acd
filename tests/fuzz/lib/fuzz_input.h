// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer's bytes, read as operations and their parameters. After the end
 * everything reads as zero. One thread.
 */
#ifndef ORIEL_TESTS_FUZZ_INPUT_H
#define ORIEL_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline bool fuzz_input_ended(const struct fuzz_input *input)
{
    return input->left == 0;
}

static inline uint8_t fuzz_u8(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *input)
{
    uint16_t low = fuzz_u8(input);
    return (uint16_t)(low | fuzz_u8(input) << 8);
}

static inline uint32_t fuzz_u32(struct fuzz_input *input)
{
    uint32_t low = fuzz_u16(input);
    return low | (uint32_t)fuzz_u16(input) << 16;
}

/*
 * A number of any size in as few bytes as it needs, so that most fields cost
 * one: below 0xf0 the byte itself; 0xf0: 16 bits follow, 0xf1: 32, 0xf2: 64;
 * 0xf3 to 0xff: -13 to -1, the values next to every wrap-around.
 */
static inline uint64_t fuzz_number(struct fuzz_input *input)
{
    uint8_t first = fuzz_u8(input);
    if (first < 0xf0)
        return first;
    if (first == 0xf0)
        return fuzz_u16(input);
    if (first == 0xf1)
        return fuzz_u32(input);
    if (first == 0xf2) {
        uint64_t low = fuzz_u32(input);
        return low | (uint64_t)fuzz_u32(input) << 32;
    }
    return (uint64_t)((int64_t)first - 0x100);
}

/* At most `size` of the next bytes, in place; *got says how many there are. */
static inline const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t size, size_t *got)
{
    const uint8_t *at = input->at;
    *got = size < input->left ? size : input->left;
    input->at += *got;
    input->left -= *got;
    return at;
}

/* Fills `count` little-endian words, each written as a number. */
static inline void fuzz_words(struct fuzz_input *input, uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)fuzz_number(input);
}

#endif
