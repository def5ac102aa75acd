// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's text scrolls: viewers that know CopyRect get a move and the new
 * lines, the others the pixels, and both end with the guest's picture.
 */
#include "net/vnc/encodings.h"
#include "tests/protocol/lib/guest_check.h"
#include "tests/protocol/lib/guest_machine.h"
#include "tests/protocol/lib/guest_surface.h"
#include "tests/protocol/lib/rfb_client.h"

#include <poll.h>
#include <string.h>

#define WIDTH 640u
#define HEIGHT 480u
#define LINE 16u
#define STEPS 20u

static struct guest_machine machine;
static struct guest_surface screen;
static struct guest_image text;

/* Every row of the endless text is another one. */
static void draw_text(uint32_t scrolled)
{
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            text.pixels[y * WIDTH + x] =
                ((y + scrolled) * 2654435761u ^ (x / 8 + 1) * 40503u) & 0xffffff;
}

static bool shows_text(const struct rfb_client *client)
{
    if (client->width != WIDTH || client->height != HEIGHT)
        return false;
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        if ((client->pixels[i] ^ text.pixels[i]) & 0xffffff)
            return false;
    return true;
}

static void wait_for_text(struct rfb_client *client, const char *what)
{
    uint64_t until = check_now_us() + 20000000;
    while (!shows_text(client)) {
        struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
        CHECK(check_now_us() < until, "%s: the text does not come", what);
        poll(&poll_fd, 1, 20);
        rfb_client_step(client);
    }
}

static void connect_viewer(struct rfb_client *client, const int32_t *encodings)
{
    struct rfb_client_options options = {.version = NULL};
    for (unsigned i = 0; encodings[i] != 0; i++)
        options.encodings[i] = encodings[i];
    rfb_client_connect_unix(client, machine.oriel.vnc_socket, &options);
    client->auto_request = true;
}

static void scrolls_are_copied(void **state)
{
    /* A viewer that cannot draw cursors may have one in its picture, which
     * must not be copied along: it gets no moves. */
    static const int32_t with[] = {ENCODING_COPY_RECT, ENCODING_CURSOR, ENCODING_DESKTOP_SIZE, 0};
    static const int32_t without[] = {ENCODING_DESKTOP_SIZE, 0};
    const struct guest_machine_options options = {
        .oriel = {.settings = {"vnc.start=eager"}, .vnc = true}};
    static struct rfb_client copies, pixels;

    (void)state;
    guest_machine_start(&machine, &options);
    guest_image_init(&text, WIDTH, HEIGHT);
    guest_surface_init(&screen, &machine.gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH, HEIGHT,
                       GUEST_SCATTER_PAGES);
    guest_surface_create(&screen);
    draw_text(0);
    guest_surface_present(&screen, 0, &text);
    connect_viewer(&copies, with);
    connect_viewer(&pixels, without);
    wait_for_text(&copies, "first picture with CopyRect");
    wait_for_text(&pixels, "first picture without");
    uint64_t before = copies.pixels_received;
    for (uint32_t step = 1; step <= STEPS; step++) {
        draw_text(step * LINE);
        guest_surface_present(&screen, 0, &text);
        wait_for_text(&copies, "with CopyRect");
        wait_for_text(&pixels, "without");
    }
    CHECK(copies.copy_rects >= STEPS, "%lu moves in %u steps", (unsigned long)copies.copy_rects,
          STEPS);
    uint64_t sent = copies.pixels_received - before;
    CHECK(sent <= (uint64_t)STEPS * WIDTH * LINE, "%lu pixels beside the moves",
          (unsigned long)sent);
    assert_int_equal(pixels.copy_rects, 0);
    guest_machine_expect(&machine, 0, &text, "the canvas after all the moves");

    rfb_client_close(&copies);
    rfb_client_close(&pixels);
    guest_surface_finish(&screen);
    guest_image_finish(&text);
    guest_machine_finish(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(scrolls_are_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
