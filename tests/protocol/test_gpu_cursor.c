// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's cursor, as viewers get it: as a shape, and composed into the
 * picture of a viewer that cannot draw one.
 */
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"
#include "tests/protocol/lib/rfb_client.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define EDGE 64u
#define CURSOR_ID 50u

static struct guest_machine machine;
static struct guest_surface screen;
static struct guest_image image;
static uint32_t cursor_pixels[EDGE * EDGE]; /* premultiplied 0xAARRGGBB */
static uint64_t cursor_gpa;

/* Opaque, transparent and half transparent pixels. */
static void draw_cursor(uint32_t seed)
{
    for (uint32_t y = 0; y < EDGE; y++) {
        for (uint32_t x = 0; x < EDGE; x++) {
            uint32_t colour = guest_image_colour(seed, x, y), *pixel = &cursor_pixels[y * EDGE + x];

            if ((x + y) % 3 == 0)
                *pixel = 0;
            else if ((x + y) % 3 == 1)
                *pixel = 0xff000000u | colour;
            else
                *pixel = 0x80000000u | ((colour >> 1) & 0x7f7f7f);
        }
    }
    guest_ram_write(&machine.ram, cursor_gpa, cursor_pixels, sizeof(cursor_pixels));
}

static void start(const char *heads)
{
    const struct guest_machine_options options = {
        .oriel = {.settings = {heads, "vnc.start=eager"}, .vnc = true}};
    struct virtio_gpu_mem_entry entry = {.length = sizeof(cursor_pixels)};

    guest_machine_start(&machine, &options);
    guest_image_init(&image, 300, 200);
    guest_image_fill_pattern(&image, 8);
    guest_surface_init(&screen, &machine.gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 300, 200,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&screen);
    guest_surface_present(&screen, 0, &image);
    cursor_gpa = entry.addr = guest_ram_alloc(&machine.ram, sizeof(cursor_pixels), 4096);
    guest_gpu_ok(&machine.gpu,
                 gpu_create_2d(CURSOR_ID, VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, EDGE, EDGE));
    guest_gpu_ok(&machine.gpu, gpu_attach(CURSOR_ID, &entry, 1));
}

static void finish(void)
{
    guest_surface_finish(&screen);
    guest_image_finish(&image);
    guest_machine_finish(&machine);
}

static void transfer_cursor(uint32_t seed)
{
    draw_cursor(seed);
    guest_gpu_ok(&machine.gpu, gpu_transfer(CURSOR_ID, (struct gpu_rect){0, 0, EDGE, EDGE}, 0));
}

/* On the cursor queue nobody waits for answers; the ledger does. */
static void send(struct gpu_command command)
{
    guest_gpu_send(&machine.gpu, &command, GPU_ANY_RESPONSE);
    guest_gpu_settle(&machine.gpu);
}

static void connect_viewer(struct rfb_client *client, const int32_t *encodings)
{
    struct rfb_client_options options = {.version = NULL};

    for (unsigned i = 0; encodings[i] != 0; i++)
        options.encodings[i] = encodings[i];
    rfb_client_connect_unix(client, machine.oriel.vnc_socket, &options);
}

/* Runs the viewer until the condition holds; false after three seconds. */
static bool run_until(struct rfb_client *client, bool (*condition)(struct rfb_client *client))
{
    uint64_t until = check_now_us() + 3000000 * oriel_patience();

    while (!condition(client)) {
        struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};

        if (check_now_us() > until || client->state == RFB_CLIENT_CLOSED)
            return false;
        poll(&poll_fd, 1, 20);
        rfb_client_step(client);
    }
    return true;
}

/* The shape is exactly cursor_pixels, as premultiplied RGBA bytes. */
static bool has_shape(struct rfb_client *client)
{
    const struct rfb_cursor *cursor = &client->cursor;

    if (cursor->encoding != ENCODING_ALPHA_CURSOR || cursor->width != EDGE ||
        cursor->height != EDGE)
        return false;
    for (uint32_t i = 0; i < EDGE * EDGE; i++) {
        const uint8_t *byte = cursor->data + 4 + 4 * i;
        uint32_t pixel =
            (uint32_t)byte[3] << 24 | (uint32_t)byte[0] << 16 | (uint32_t)byte[1] << 8 | byte[2];

        if (pixel != cursor_pixels[i])
            return false;
    }
    return true;
}

static bool has_no_shape(struct rfb_client *client)
{
    return client->cursor.shapes > 0 && client->cursor.width == 0;
}

static const int32_t draws_cursors[] = {ENCODING_ALPHA_CURSOR, ENCODING_DESKTOP_SIZE, 0};
static const int32_t draws_none[] = {ENCODING_DESKTOP_SIZE, 0};

static void the_shape_reaches_a_viewer(void **state)
{
    struct rfb_client client;

    (void)state;
    start("gpu.heads=1");
    connect_viewer(&client, draws_cursors);
    for (uint32_t i = 0; i < 5; i++) {
        transfer_cursor(i);
        send(gpu_update_cursor(0, CURSOR_ID, 100, 50, 7 + i, 9));
        CHECK(run_until(&client, has_shape), "shape %u", i);
        assert_int_equal(client.cursor.hot_x, 7 + i);
        assert_int_equal(client.cursor.hot_y, 9);
    }
    /* What is transferred later shows at the next UPDATE_CURSOR alone. */
    transfer_cursor(99);
    send(gpu_move_cursor(0, CURSOR_ID, 101, 50));
    assert_false(has_shape(&client));
    send(gpu_update_cursor(0, CURSOR_ID, 100, 50, 0, 0));
    CHECK(run_until(&client, has_shape), "shape");
    rfb_client_close(&client);
    finish();
}

static void the_cursor_hides_and_comes_back(void **state)
{
    struct rfb_client client;

    (void)state;
    start("gpu.heads=1");
    connect_viewer(&client, draws_cursors);
    transfer_cursor(1);
    send(gpu_update_cursor(0, CURSOR_ID, 100, 50, 3, 4));
    CHECK(run_until(&client, has_shape), "shape");
    send(gpu_update_cursor(0, 0, 0, 0, 0, 0));
    CHECK(run_until(&client, has_no_shape), "hidden by UPDATE_CURSOR");
    send(gpu_move_cursor(0, CURSOR_ID, 10, 10));
    CHECK(run_until(&client, has_shape), "shown by MOVE_CURSOR");
    send(gpu_move_cursor(0, 0, 10, 10));
    CHECK(run_until(&client, has_no_shape), "hidden by MOVE_CURSOR");
    send(gpu_update_cursor(0, CURSOR_ID, 100, 50, 3, 4));
    CHECK(run_until(&client, has_shape), "shown by UPDATE_CURSOR");
    /* The image is the head's: the resource may go. */
    guest_gpu_ok(&machine.gpu, gpu_unref(CURSOR_ID));
    send(gpu_move_cursor(0, CURSOR_ID, 20, 10));
    usleep(50000);
    CHECK(run_until(&client, has_shape), "after UNREF");
    guest_machine_reset(&machine);
    CHECK(run_until(&client, has_no_shape), "hidden by a reset");
    rfb_client_close(&client);
    finish();
}

/* Guests may say anything; viewers get a hotspot inside of the image. */
static void the_hotspot_is_inside(void **state)
{
    static const uint32_t bad[] = {64, 65, 1000, 0x7fffffff, 0x80000000u, UINT32_MAX};
    struct rfb_client client;

    (void)state;
    start("gpu.heads=1");
    connect_viewer(&client, draws_cursors);
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        transfer_cursor(i);
        send(gpu_update_cursor(0, CURSOR_ID, 5, 5, bad[i], i % 2 ? 0 : bad[i]));
        CHECK(run_until(&client, has_shape), "shape %u", i);
        assert_true(client.cursor.hot_x < EDGE && client.cursor.hot_y < EDGE);
    }
    rfb_client_close(&client);
    finish();
}

static int32_t place_x, place_y;
static bool shown;

static uint32_t channel(uint32_t pixel, unsigned shift)
{
    return pixel >> shift & 0xff;
}

/* Premultiplied OVER; rounding may differ by one. */
static bool is_blended(uint32_t got, uint32_t cursor, uint32_t below)
{
    for (unsigned shift = 0; shift < 24; shift += 8) {
        uint32_t rest = channel(below, shift) * (255 - (cursor >> 24));
        int expected = (int)(channel(cursor, shift) + (rest + 127) / 255);
        int difference = expected - (int)channel(got, shift);
        int tolerance = cursor >> 24 == 0 || cursor >> 24 == 255 ? 0 : 1;

        if (difference < -tolerance || difference > tolerance)
            return false;
    }
    return true;
}

/* The picture with the cursor, whose corner is at place_x, place_y, in it. */
static bool is_composed(struct rfb_client *client)
{
    if (client->state != RFB_CLIENT_RUNNING || client->updates == 0 ||
        client->width != image.width || client->height != image.height)
        return false;
    for (int32_t y = 0; y < (int32_t)image.height; y++) {
        for (int32_t x = 0; x < (int32_t)image.width; x++) {
            size_t at = (size_t)y * image.width + (size_t)x;
            int64_t inner_x = (int64_t)x - place_x, inner_y = (int64_t)y - place_y;
            bool inside = shown && inner_x >= 0 && inner_x < EDGE && inner_y >= 0 && inner_y < EDGE;
            uint32_t cursor = inside ? cursor_pixels[inner_y * EDGE + inner_x] : 0;

            if (!is_blended(client->pixels[at], cursor, image.pixels[at]))
                return false;
        }
    }
    return true;
}

static void expect_composed(struct rfb_client *client, int32_t x, int32_t y, bool visible)
{
    place_x = x;
    place_y = y;
    shown = visible;
    CHECK(run_until(client, is_composed), "cursor at %d,%d (%d)", x, y, visible);
}

/* Also where it hangs over an edge, and far outside. */
static void composed_for_those_who_cannot_draw_it(void **state)
{
    static const int32_t places[][2] = {
        {10, 20},
        {11, 20},
        {250, 150},
        {299, 199},
        {-1, -1},
        {-63, 10},
        {10, -63},
        {-64, 0},
        {400, 50},
        {INT32_MAX, INT32_MAX},
        {INT32_MIN, INT32_MIN},
        {0, 0},
    };
    struct rfb_client client;

    (void)state;
    start("gpu.heads=1");
    connect_viewer(&client, draws_none);
    expect_composed(&client, 0, 0, false);
    transfer_cursor(3);
    send(gpu_update_cursor(0, CURSOR_ID, 30, 40, 5, 6));
    expect_composed(&client, 30, 40, true);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        send(gpu_move_cursor(0, CURSOR_ID, (uint32_t)places[i][0], (uint32_t)places[i][1]));
        expect_composed(&client, places[i][0], places[i][1],
                        places[i][0] != INT32_MAX && places[i][0] != INT32_MIN);
    }
    guest_image_fill_pattern(&image, 71);
    guest_surface_present(&screen, 0, &image);
    expect_composed(&client, 0, 0, true);
    guest_machine_expect(&machine, 0, &image, "never in the canvas");
    send(gpu_update_cursor(0, 0, 0, 0, 0, 0));
    expect_composed(&client, 0, 0, false);
    rfb_client_close(&client);
    finish();
}

/* A cursor of another head is none of this head's. */
static void heads_have_cursors_of_their_own(void **state)
{
    struct rfb_client client;

    (void)state;
    start("gpu.heads=2");
    connect_viewer(&client, draws_none);
    transfer_cursor(3);
    send(gpu_update_cursor(1, CURSOR_ID, 30, 40, 5, 6));
    expect_composed(&client, 0, 0, false);
    send(gpu_update_cursor(0, CURSOR_ID, 30, 40, 5, 6));
    send(gpu_update_cursor(1, 0, 0, 0, 0, 0));
    expect_composed(&client, 30, 40, true);
    rfb_client_close(&client);
    finish();
}

/* Anything, fast, while viewers look: nothing piles up, and the last one
 * counts. */
static void a_storm_of_cursors(void **state)
{
    struct rfb_client client;
    long before = 0;

    (void)state;
    start("gpu.heads=2");
    connect_viewer(&client, draws_cursors);
    transfer_cursor(4);
    for (uint32_t i = 0; i < 20000; i++) {
        static const uint32_t ids[] = {CURSOR_ID, 0, 1, 4711, CURSOR_ID, UINT32_MAX};
        uint64_t *random = &machine.gpu.random;
        struct gpu_command command = gpu_update_cursor(
            check_random_below(random, 4), ids[check_random_below(random, 6)], check_random(random),
            check_random(random), check_random_below(random, 100), check_random(random));

        if (check_random_below(random, 2))
            command.u.hdr.type = VIRTIO_GPU_CMD_MOVE_CURSOR;
        guest_gpu_send(&machine.gpu, &command, GPU_ANY_RESPONSE);
        if (i % 100 == 0)
            rfb_client_step(&client);
        if (i == 5000)
            before = oriel_process_memory_kib(&machine.oriel);
    }
    guest_gpu_settle(&machine.gpu);
    CHECK(oriel_process_memory_kib(&machine.oriel) < before + 4096, "%ld KiB, %ld before",
          oriel_process_memory_kib(&machine.oriel), before);
    transfer_cursor(5);
    send(gpu_update_cursor(0, CURSOR_ID, 1, 1, 1, 1));
    CHECK(run_until(&client, has_shape), "shape after the storm");
    rfb_client_close(&client);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(the_shape_reaches_a_viewer),
        GUEST_TEST(the_cursor_hides_and_comes_back),
        GUEST_TEST(the_hotspot_is_inside),
        GUEST_TEST(composed_for_those_who_cannot_draw_it),
        GUEST_TEST(heads_have_cursors_of_their_own),
        GUEST_TEST(a_storm_of_cursors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
