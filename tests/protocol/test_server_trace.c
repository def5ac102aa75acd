// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest does, as trace points tell it and as metrics count it. */
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"

#include <string.h>

static struct guest_machine machine;

/* One picture, one command that is wrong. */
static void draw(void)
{
    struct guest_surface surface;
    struct guest_image image;

    guest_surface_init(&surface, &machine.gpu, 7, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 320, 200,
                       GUEST_SCATTER_NONE);
    guest_image_init(&image, 320, 200);
    guest_image_fill_pattern(&image, 3);
    guest_surface_create(&surface);
    guest_surface_present(&surface, 0, &image);
    guest_machine_expect(&machine, 0, &image, "the picture");
    guest_gpu_refused(&machine.gpu, gpu_unref(99));
    guest_image_finish(&image);
    guest_surface_finish(&surface);
}

static const char *const points[] = {
    "trace: vhost_user_request: ", "trace: vhost_user_ring: ", "trace: gpu_command: ",
    "trace: gpu_answer: ",         "trace: gpu_transfer: ",    "trace: head_canvas: ",
    "trace: head_flush: ",         "trace: head_publish: ",
};
#define POINTS (sizeof(points) / sizeof(points[0]))

static unsigned lines(const char *text)
{
    return oriel_process_log_lines(&machine.oriel, text);
}

static void every_step_of_a_guest_is_told(void **state)
{
    static const struct guest_machine_options options = {.oriel.settings = {"log.trace=*"}};
    (void)state;
    guest_machine_start(&machine, &options);
    draw();
    for (size_t i = 0; i < POINTS; i++)
        CHECK(lines(points[i]) > 0, "%s", points[i]);
    /* Each command of the control queue and its answer, by name. */
    CHECK(lines(" name=RESOURCE_CREATE_2D type=0x101 ") == 1, "one command");
    CHECK(lines(" name=RESOURCE_CREATE_2D answer=0x1100 ") == 1, "one answer");
    CHECK(lines(" name=RESOURCE_UNREF answer=0x1203 ") == 1, "one error");
    CHECK(lines("head_canvas: ") >= 1 && lines(" size=320x200") >= 1, "the new size");
    guest_machine_finish(&machine);
}

static void nothing_is_told_by_itself(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    draw();
    CHECK(lines("trace: ") == 0, "no line");
    guest_machine_finish(&machine);
}

/* Of a metric, the value with that label (NULL: of one without). */
static json_int_t value_of(const json_t *reply, const char *name, const char *label)
{
    size_t i, k;
    const json_t *metric, *value;
    json_array_foreach(json_object_get(reply, "metrics"), i, metric)
    {
        if (strcmp(json_string_value(json_object_get(metric, "name")), name) != 0)
            continue;
        json_array_foreach(json_object_get(metric, "values"), k, value)
        {
            const char *text = json_string_value(json_object_get(value, "label"));
            if (label == NULL || (text != NULL && strcmp(text, label) == 0))
                return json_integer_value(json_object_get(value, "value"));
        }
    }
    fail_msg("no metric %s", name);
    return -1;
}

static void what_a_guest_does_is_counted(void **state)
{
    (void)state;
    guest_machine_start(&machine, NULL);
    draw();
    json_t *reply = oriel_process_request(&machine.oriel, "stats", NULL);
    CHECK(value_of(reply, "guest_commands_total", NULL) >= 6, "commands");
    assert_int_equal(value_of(reply, "guest_errors_total", "invalid_resource_id"), 1);
    assert_int_equal(value_of(reply, "guest_errors_total", "invalid_parameter"), 0);
    assert_int_equal(value_of(reply, "guest_resources", NULL), 1);
    CHECK(value_of(reply, "guest_resource_bytes", NULL) >= 320 * 200 * 4, "their memory");
    assert_int_equal(value_of(reply, "head_pixels", "0"), 320 * 200);
    CHECK(value_of(reply, "head_frames_total", "0") >= 1, "frames");
    CHECK(value_of(reply, "loop_turns_total", NULL) > 10, "turns");
    json_decref(reply);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(every_step_of_a_guest_is_told),
        GUEST_TEST(nothing_is_told_by_itself),
        GUEST_TEST(what_a_guest_does_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
