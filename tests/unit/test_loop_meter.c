// SPDX-License-Identifier: GPL-2.0-or-later
/* The histogram of the loop's turns, and the loop that fills it. */
#include "server/loop_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static struct loop_meter meter;
static struct loop_figures figures;

static void reads_nothing_of_no_turns(void **state)
{
    (void)state;
    meter = (struct loop_meter){0};
    loop_meter_read(&meter, &figures);
    assert_int_equal(figures.turns, 0);
    assert_int_equal(figures.p99_us, 0);
    assert_int_equal(figures.max_us, 0);
}

/* Whatever the length: the figure is not below it and at most a quarter
 * above. */
static void rounds_up_by_a_quarter_at_most(void **state)
{
    (void)state;
    for (uint64_t us = 1; us < 4000000000u; us = us * 5 / 4 + 1) {
        meter = (struct loop_meter){0};
        loop_meter_add(&meter, us * 1000 + 999);
        loop_meter_add(&meter, 2 * us * 1000); /* so that the largest is not the answer */
        loop_meter_read(&meter, &figures);
        assert_in_range(figures.p50_us, us, 2 * us);
        meter.steps[0] += 98;
        meter.turns += 98;
        loop_meter_read(&meter, &figures);
        assert_in_range(figures.p99_us, us, us + us / 4 + 1);
        assert_int_equal(figures.max_us, 2 * us);
    }
    meter = (struct loop_meter){0};
    loop_meter_add(&meter, UINT64_MAX);
    loop_meter_read(&meter, &figures);
    assert_true(figures.p99_us > 3600000000u);
}

static void tells_one_in_a_hundred(void **state)
{
    (void)state;
    meter = (struct loop_meter){0};
    for (unsigned i = 0; i < 989; i++)
        loop_meter_add(&meter, 100000);
    for (unsigned i = 0; i < 11; i++)
        loop_meter_add(&meter, 8000000);
    loop_meter_read(&meter, &figures);
    assert_int_equal(figures.turns, 1000);
    assert_in_range(figures.p50_us, 100, 128);
    assert_in_range(figures.p99_us, 8000, 8000);
    loop_meter_add(&meter, 100000);
    for (unsigned i = 0; i < 100; i++)
        loop_meter_add(&meter, 100000);
    loop_meter_read(&meter, &figures);
    assert_in_range(figures.p99_us, 100, 128);
}

static void burn_ms(unsigned ms)
{
    struct timespec start, now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

static void on_timer(uv_timer_t *timer)
{
    unsigned *left = timer->data;
    /* The fifth takes its time; the others sleep before it and after. */
    if (*left == 5)
        burn_ms(30);
    if (--*left == 0)
        uv_close((uv_handle_t *)timer, NULL);
}

/* Processor time counts and sleep does not; and the meter keeps no loop. */
static void measures_turns_of_a_loop(void **state)
{
    uv_loop_t loop;
    uv_timer_t timer;
    unsigned left = 10;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(loop_meter_start(&meter, &loop), 0);
    uv_timer_init(&loop, &timer);
    timer.data = &left;
    uv_timer_start(&timer, on_timer, 20, 20);
    uv_run(&loop, UV_RUN_DEFAULT);
    loop_meter_read(&meter, &figures);
    assert_in_range(figures.turns, 9, 30);
    assert_in_range(figures.max_us, 30000, 200000);
    assert_true(figures.p50_us < 10000);
    loop_meter_stop(&meter);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_nothing_of_no_turns),
        cmocka_unit_test(rounds_up_by_a_quarter_at_most),
        cmocka_unit_test(tells_one_in_a_hundred),
        cmocka_unit_test(measures_turns_of_a_loop),
    };
    return cmocka_run_group_tests_name("loop_meter", tests, NULL, NULL);
}
