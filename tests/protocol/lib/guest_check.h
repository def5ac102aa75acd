// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CHECK: what the test library expects of the program under test and of its
 * own host. A failure ends the running cmocka test with the reason.
 */
#ifndef ORIEL_TESTS_GUEST_CHECK_H
#define ORIEL_TESTS_GUEST_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("%s:%d: (%s) is false: ", __FILE__, __LINE__, #condition);                 \
            print_error(__VA_ARGS__);                                                              \
            print_error(" (errno %d)\n", errno);                                                   \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

static inline uint64_t check_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* xorshift64*: reproducible on every host. `state` must not be 0. */
static inline uint32_t check_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545f4914f6cdd1dull) >> 32);
}

static inline uint32_t check_random_below(uint64_t *state, uint32_t limit)
{
    return limit == 0 ? 0 : check_random(state) % limit;
}

#endif
