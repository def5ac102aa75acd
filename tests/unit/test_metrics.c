// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics: values, labels and their bound, from several threads. */
#include "server/metrics.h"
#include "tests/protocol/lib/guest_check.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 50000

static void counters_add_and_gauges_hold(void **state)
{
    (void)state;
    assert_int_equal(metric_get(METRIC_guest_commands_total, 0), 0);
    metric_add(METRIC_guest_commands_total, 0, 3);
    metric_add(METRIC_guest_commands_total, 0, UINT64_C(1) << 40);
    assert_int_equal(metric_get(METRIC_guest_commands_total, 0), (UINT64_C(1) << 40) + 3);
    metric_set(METRIC_guest_resources, 0, 9);
    metric_set(METRIC_guest_resources, 0, 4);
    assert_int_equal(metric_get(METRIC_guest_resources, 0), 4);
}

static void labels_are_given_out_once(void **state)
{
    (void)state;
    unsigned zrle = metric_label(METRIC_viewer_bytes_total, "zrle");
    unsigned raw = metric_label(METRIC_viewer_bytes_total, "raw");
    assert_int_not_equal(zrle, raw);
    assert_int_equal(metric_label(METRIC_viewer_bytes_total, "zrle"), zrle);
    assert_string_equal(metric_label_text(METRIC_viewer_bytes_total, raw), "raw");
    assert_null(metric_label_text(METRIC_viewer_bytes_total, raw + 1));
    /* Another metric has labels of its own. */
    assert_null(metric_label_text(METRIC_viewer_updates_total, 0));
    assert_null(metric_label_text(METRIC_viewer_bytes_total, METRIC_MAX_LABELS));
}

static void too_many_labels_share_the_last(void **state)
{
    char text[METRIC_LABEL_SIZE];
    unsigned last = 0;
    (void)state;
    for (int i = 0; i < 3 * METRIC_MAX_LABELS; i++) {
        snprintf(text, sizeof(text), "label%d", i);
        last = metric_label(METRIC_head_pixels, text);
        assert_true(last < METRIC_MAX_LABELS);
    }
    assert_int_equal(last, METRIC_MAX_LABELS - 1);
    assert_string_equal(metric_label_text(METRIC_head_pixels, last), "other");
    assert_int_equal(metric_label(METRIC_head_pixels, "label5"), 5);
}

static void long_labels_are_cut_alike(void **state)
{
    char text[3 * METRIC_LABEL_SIZE];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    unsigned label = metric_label(METRIC_viewers, text);
    assert_int_equal(metric_label(METRIC_viewers, text), label);
    assert_int_equal(strlen(metric_label_text(METRIC_viewers, label)), METRIC_LABEL_SIZE - 1);
}

static void *add_many(void *unused)
{
    for (int i = 0; i < ROUNDS; i++)
        metric_add(METRIC_head_frames_total, 1, 1);
    return unused;
}

static void threads_lose_nothing(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_get(METRIC_head_frames_total, 1), THREADS * ROUNDS);
}

/* Prometheus: counters end in _total, names and labels are lower case. */
static void the_table_keeps_the_conventions(void **state)
{
    (void)state;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *info = metric_info((enum metric)i);
        size_t length = strlen(info->name);
        bool total = length > 6 && strcmp(info->name + length - 6, "_total") == 0;
        assert_int_equal(total, info->kind == METRIC_COUNTER);
        for (const char *c = info->name; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
        assert_true(strlen(info->help) > 5);
        assert_null(strchr(info->help, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_add_and_gauges_hold),
        cmocka_unit_test(labels_are_given_out_once),
        cmocka_unit_test(too_many_labels_share_the_last),
        cmocka_unit_test(long_labels_are_cut_alike),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(the_table_keeps_the_conventions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
