// SPDX-License-Identifier: GPL-2.0-or-later
/* A core that says wrong things: the program ends cleanly, with an exit code
 * that tells, and never crashes. */
#include "tests/protocol/lib/vnc_world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct vnc_world world;
static struct fake_core *const core = &world.core;

static void start_silent(void)
{
    struct fake_core_options options = {.keep_silent = true};
    vnc_world_start(&world, &options);
    world.may_end = true;
}

static void expect_end(void)
{
    int status = fake_core_wait(core, 0, 5000 * oriel_patience());
    assert_int_equal(status, 1);
    fake_core_finish(core);
}

/* The program is running, a viewer watches, frames flow. */
static struct rfb_client *start_running(void)
{
    vnc_world_start(&world, NULL);
    fake_head_fill_pattern(&core->heads[0], 0, 0, 320, 200, 1);
    struct rfb_client *client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    WORLD_WAIT(&world, core->heads[0].credit > 0);
    world.may_end = true;
    return client;
}

static void end_running(void)
{
    expect_end();
    while (world.nclients > 0)
        rfb_client_close(&world.clients[--world.nclients]);
}

static void settings_must_come_first(void **state)
{
    (void)state;
    static const uint32_t types[] = {LINK_READY, LINK_CURSOR, LINK_FRAME};
    static const uint8_t zeros[sizeof(struct link_cursor)];
    for (int i = 0; i < 3; i++) {
        start_silent();
        fake_core_send(core, types[i], 0, 0, zeros,
                       types[i] == LINK_READY    ? 0
                       : types[i] == LINK_CURSOR ? sizeof(struct link_cursor)
                                                 : sizeof(struct link_frame),
                       -1);
        expect_end();
    }
    start_silent();
    fake_core_send_password(core, "secret");
    expect_end();
}

static void bad_settings_are_refused(void **state)
{
    (void)state;
    const struct link_settings good = {.version = LINK_VERSION, .heads = 1, .log_level = 0};
    for (int i = 0; i < 6; i++) {
        struct link_settings bad = good;
        if (i == 0)
            bad.version = LINK_VERSION + 1;
        if (i == 1)
            bad.heads = 0;
        if (i == 2)
            bad.heads = LINK_MAX_HEADS + 1;
        if (i == 3)
            bad.log_level = 4;
        if (i == 4)
            memset(bad.name, 'x', sizeof(bad.name));
        if (i == 5)
            bad.heads = 0xffffffff;
        start_silent();
        fake_core_send(core, LINK_SETTINGS, 0, 0, &bad, sizeof(bad), -1);
        expect_end();
    }
}

/* Of what may come again some parts must stay. */
static void bad_reloads_are_refused(void **state)
{
    (void)state;
    const struct link_settings good = {
        .version = LINK_VERSION, .heads = 1, .log_level = 1, .sandbox = LINK_SANDBOX_ON};
    for (int i = 0; i < 7; i++) {
        struct link_settings bad = good;
        if (i == 0)
            bad.heads = 2;
        if (i == 1)
            bad.sandbox = LINK_SANDBOX_OFF;
        if (i == 2)
            bad.log_format = 2;
        if (i == 3)
            memset(bad.log_modules, 'x', sizeof(bad.log_modules));
        if (i == 4)
            snprintf(bad.log_modules, sizeof(bad.log_modules), "vnc:loud");
        if (i == 5)
            snprintf(bad.trace, sizeof(bad.trace), "nothing_like_that");
        if (i == 6)
            memset(bad.name, 'x', sizeof(bad.name));
        start_running();
        fake_core_send(core, LINK_SETTINGS, 0, 0, &good, sizeof(good), -1);
        fake_core_send(core, LINK_SETTINGS, 0, 0, &bad, sizeof(bad), -1);
        end_running();
    }
    for (int i = 0; i < 2; i++) {
        struct link_policy bad = {.share = (uint32_t)(i == 0 ? 0 : 4), .handshake_timeout_ms = 1,
                                  .max_viewers = 1, .max_viewers_per_address = 1, .max_bytes = 1};
        start_running();
        fake_core_send(core, LINK_POLICY, 0, 0, &bad, sizeof(bad), -1);
        end_running();
    }
    start_running();
    fake_core_send(core, LINK_READY, 0, 0, NULL, 0, -1);
    end_running();
}

static void bad_listeners_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct link_listener listener = {.kind = LINK_LISTENER_VNC, .address = "tcp:x"};
        int fd, file = -1;
        start_silent();
        fake_core_send_settings(core);
        fd = core->listeners[0];
        if (i == 0)
            listener.kind = 2;
        if (i == 1)
            memset(listener.address, 'x', sizeof(listener.address));
        if (i == 3) /* connects, but does not listen */
            fd = file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (i == 4)
            fd = file = memfd_create("file", MFD_CLOEXEC);
        fake_core_send(core, LINK_LISTENER, i == 2 ? 1 : 0, 0, &listener, sizeof(listener), fd);
        if (file >= 0)
            close(file);
        expect_end();
    }
}

static void send_head(uint32_t width, uint32_t height, uint32_t stride, off_t bytes,
                      uint32_t generation)
{
    struct link_head head = {.width = width, .height = height, .stride = stride, .name = "h"};
    int fd = memfd_create("canvas", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, bytes) == 0, "canvas");
    fake_core_send(core, LINK_HEAD, 0, generation, &head, sizeof(head), fd);
    close(fd);
}

static void bad_canvases_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, stride;
        off_t bytes;
    } bad[] = {
        {0, 10, 64, 1 << 20},
        {10, 0, 64, 1 << 20},
        {CANVAS_MAX_SIZE + 1, 10, (CANVAS_MAX_SIZE + 16) * 4, 8 << 20},
        {10, 0xffffffff, 64, 1 << 20},
        {10, 10, 40, 1 << 20},                        /* stride */
        {10, 10, 128, 1 << 20},
        {10, 10, 64, CANVAS_PIXELS_OFFSET + 639},     /* a byte too short */
        {16384, 16384, 65536, 1 << 20},
        {10, 10, 64, 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start_running();
        send_head(bad[i].width, bad[i].height, bad[i].stride, bad[i].bytes, 1000);
        end_running();
    }
    /* A generation that was used, and something that is no file. */
    start_running();
    send_head(10, 10, 64, 1 << 20, core->heads[0].generation);
    end_running();
    int pair[2];
    struct link_head head = {.width = 10, .height = 10, .stride = 64};
    start_running();
    CHECK(pipe2(pair, O_CLOEXEC) == 0, "pipe");
    fake_core_send(core, LINK_HEAD, 0, 1000, &head, sizeof(head), pair[0]);
    close(pair[0]);
    close(pair[1]);
    end_running();
}

static void send_frame(struct link_frame frame, const struct link_move *move,
                       const struct link_rect *rect)
{
    uint8_t message[128];
    size_t size = sizeof(frame);
    frame.sequence = 5;
    frame.nmoves = move != NULL;
    frame.nrects = rect != NULL;
    memcpy(message, &frame, sizeof(frame));
    if (move)
        memcpy(message + size, move, sizeof(*move));
    size += move ? sizeof(*move) : 0;
    if (rect)
        memcpy(message + size, rect, sizeof(*rect));
    size += rect ? sizeof(*rect) : 0;
    fake_core_send(core, LINK_FRAME, 0, core->heads[0].generation, message, size, -1);
}

static void frames_outside_of_the_head_are_refused(void **state)
{
    (void)state;
    static const struct link_rect rects[] = {
        {320, 0, 1, 1}, {0, 200, 1, 1}, {319, 0, 2, 1}, {0, 199, 1, 2}, {0, 0, 0, 1},
        {0, 0, 1, 0}, {65535, 65535, 65535, 65535},
    };
    for (size_t i = 0; i < sizeof(rects) / sizeof(rects[0]); i++) {
        start_running();
        send_frame((struct link_frame){0}, NULL, &rects[i]);
        end_running();
    }
    static const struct link_move moves[] = {
        {0, 0, 320, 0, 1, 1}, {320, 0, 0, 0, 1, 1}, {0, 200, 0, 0, 1, 1}, {0, 0, 0, 150, 10, 51},
        {0, 150, 0, 0, 10, 51}, {0, 0, 0, 0, 0, 5}, {65535, 65535, 65535, 65535, 65535, 65535},
    };
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        start_running();
        send_frame((struct link_frame){0}, &moves[i], NULL);
        end_running();
    }
    start_running();
    send_frame((struct link_frame){.whole = 2}, NULL, NULL);
    end_running();
}

static void frames_without_credit_are_refused(void **state)
{
    (void)state;
    static const struct link_rect rect = {0, 0, 320, 200};
    start_running();
    for (int i = 0; i < 3; i++)
        send_frame((struct link_frame){0}, NULL, &rect);
    end_running();
}

static void bad_cursors_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct {
            struct link_cursor cursor;
            uint32_t pixels[4];
        } message = {.cursor = {.visible = 1, .width = 2, .height = 2}};
        size_t size = sizeof(message);
        if (i == 0)
            message.cursor.visible = 2;
        if (i == 1)
            message.cursor.hot_x = 2;
        if (i == 2)
            message.cursor.hot_y = 0xffffffff;
        if (i >= 3) {
            message.cursor.width = i == 3 ? 0 : 5;
            message.cursor.height = i == 3 ? 5 : 0;
            size = sizeof(message.cursor);
        }
        start_running();
        fake_core_send(core, LINK_CURSOR, 0, 0, &message, size, -1);
        end_running();
    }
    struct link_cursor_move move = {.visible = 2};
    start_running();
    fake_core_send(core, LINK_CURSOR_MOVE, 0, 0, &move, sizeof(move), -1);
    end_running();
}

/* Cursors at the edge of what numbers can say. */
static void far_away_cursors_are_harmless(void **state)
{
    (void)state;
    static const int32_t far[] = {INT32_MIN, INT32_MAX, -1, 100000, -100000, 0};
    struct rfb_client *client = start_running();
    uint32_t pixels[4] = {0xff112233, 0xff112233, 0xff112233, 0xff112233};
    for (size_t i = 0; i < 36; i++) {
        struct link_cursor cursor = {.x = far[i / 6], .y = far[i % 6], .visible = 1,
                                     .hot_x = 1, .hot_y = 1, .width = 2, .height = 2};
        fake_head_set_cursor(&core->heads[0], &cursor, pixels);
        vnc_world_step(&world, 1);
        fake_head_move_cursor(&core->heads[0], far[i % 6], far[i / 6], true);
        vnc_world_step(&world, 1);
    }
    fake_head_move_cursor(&core->heads[0], -1, -1, false);
    assert_true(vnc_world_agrees(&world, client, &core->heads[0]));
    vnc_world_finish(&world);
}

/* What was on its way for an older canvas, or for a head that nobody watches
 * any more, is no offence. */
static void late_messages_are_ignored(void **state)
{
    (void)state;
    static const struct link_rect rect = {0, 0, 320, 200};
    struct fake_head *head = &core->heads[0];
    struct rfb_client *client = start_running();
    uint32_t generation = head->generation;
    head->generation = generation + 5000;
    send_frame((struct link_frame){0}, NULL, &rect);
    head->generation = generation;
    fake_head_fill_pattern(head, 0, 0, 320, 200, 4);
    assert_true(vnc_world_agrees(&world, client, head));
    rfb_client_close(client);
    WORLD_WAIT(&world, head->unsubscriptions == 1);
    send_frame((struct link_frame){0}, NULL, &rect);
    send_head(10, 10, 64, 1 << 20, 999);
    world.nclients = 0;
    client = vnc_world_connect(&world, 0, NULL);
    assert_true(vnc_world_agrees(&world, client, head));
    vnc_world_finish(&world);
}

static int run_alone(const char *argument, bool with_socket)
{
    int status, pair[2] = {-1, -1};
    char path[512];
    const char *bin = getenv("ORIEL_BIN_DIR");
    snprintf(path, sizeof(path), "%s/oriel-vnc", bin ? bin : ".");
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (with_socket)
            dup2(pair[0], LINK_OUTPUT_FD);
        else
            close(LINK_OUTPUT_FD);
        execl(path, path, argument, (char *)NULL);
        _exit(127);
    }
    close(pair[0]);
    close(pair[1]);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "waitpid");
    return WEXITSTATUS(status);
}

static void alone_it_says_why_it_cannot_run(void **state)
{
    (void)state;
    assert_int_equal(run_alone("--version", false), 0);
    assert_int_equal(run_alone("--help", false), 0);
    assert_int_equal(run_alone("--nonsense", false), 2);
    assert_int_equal(run_alone("argument", false), 2);
    assert_int_equal(run_alone("--stall-timeout=0", false), 2);
    assert_int_equal(run_alone("--stall-timeout=-5", false), 2);
    assert_int_equal(run_alone(NULL, false), 2);
    assert_int_equal(run_alone(NULL, true), 2); /* of the wrong kind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_must_come_first),
        cmocka_unit_test(bad_settings_are_refused),
        cmocka_unit_test(bad_reloads_are_refused),
        cmocka_unit_test(bad_listeners_are_refused),
        cmocka_unit_test(bad_canvases_are_refused),
        cmocka_unit_test(frames_outside_of_the_head_are_refused),
        cmocka_unit_test(frames_without_credit_are_refused),
        cmocka_unit_test(bad_cursors_are_refused),
        cmocka_unit_test(far_away_cursors_are_harmless),
        cmocka_unit_test(late_messages_are_ignored),
        cmocka_unit_test(alone_it_says_why_it_cannot_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
