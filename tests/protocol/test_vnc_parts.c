// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of oriel-vnc by themselves: what is hard to provoke from outside. */
#include "net/vnc/cursor.h"
#include "net/vnc/encodings.h"
#include "net/vnc/framing.h"
#include "net/vnc/gate.h"
#include "net/vnc/out_queue.h"
#include "net/vnc/pixel_format.h"
#include "net/vnc/vnc_auth.h"
#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes come out as they went in, whatever the pieces and the socket. */
static void a_queue_keeps_its_bytes(void **state)
{
    (void)state;
    struct out_queue queue = {0};
    static uint8_t piece[100000], read_back[100000];
    uint64_t random = 5;
    uint8_t next_in = 0, next_out = 0;
    size_t total_in = 0, total_out = 0;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    for (int i = 0; i < 2000; i++) {
        size_t size = check_random_below(&random, i % 7 ? 3000 : sizeof(piece));
        for (size_t k = 0; k < size; k++)
            piece[k] = next_in++;
        if (i % 2) {
            assert_int_equal(out_queue_append(&queue, piece, size), 0);
        } else {
            for (size_t done = 0; done < size;) {
                size_t space, n;
                uint8_t *to = out_queue_reserve(&queue, &space);
                assert_true(to && space > 0);
                n = space < size - done ? space : size - done;
                memcpy(to, piece + done, n);
                out_queue_commit(&queue, n);
                done += n;
            }
        }
        total_in += size;
        ptrdiff_t written = out_queue_write(&queue, pair[0], check_random_below(&random, 200000));
        assert_true(written >= 0 || written == -EAGAIN);
        ssize_t n = recv(pair[1], read_back, check_random_below(&random, sizeof(read_back)), 0);
        for (ssize_t k = 0; k < n; k++)
            assert_int_equal(read_back[k], next_out++);
        total_out += n > 0 ? (size_t)n : 0;
    }
    while (queue.size > 0 || total_out < total_in) {
        out_queue_write(&queue, pair[0], SIZE_MAX);
        ssize_t n = recv(pair[1], read_back, sizeof(read_back), 0);
        assert_true(n > 0);
        for (ssize_t k = 0; k < n; k++)
            assert_int_equal(read_back[k], next_out++);
        total_out += (size_t)n;
    }
    assert_int_equal(total_out, total_in);
    assert_null(queue.first);
    close(pair[1]);
    assert_int_equal(out_queue_append(&queue, "x", 1), 0);
    assert_int_equal(out_queue_write(&queue, pair[0], SIZE_MAX), -EPIPE);
    out_queue_free(&queue);
    close(pair[0]);
}

static struct gate gate;
static struct waiting {
    struct gate_waiter waiter;
    int order;
} waiting[5];
static int admitted;

static void on_admitted(struct gate_waiter *waiter)
{
    ((struct waiting *)waiter)->order = ++admitted;
}

static void on_admitted_in_vain(struct gate_waiter *waiter)
{
    on_admitted(waiter);
    gate_leave(&gate);
}

static void a_gate_lets_in_by_order(void **state)
{
    (void)state;
    gate = (struct gate){.limit = 2};
    admitted = 0;
    for (int i = 0; i < 5; i++) {
        waiting[i] = (struct waiting){.waiter = {.admitted = on_admitted}};
        assert_int_equal(gate_enter(&gate, &waiting[i].waiter), i < 2);
        assert_false(i >= 2 && gate_enter(&gate, &waiting[i].waiter)); /* not twice */
    }
    gate_cancel(&gate, &waiting[3].waiter);
    gate_cancel(&gate, &waiting[3].waiter);
    gate_cancel(&gate, &waiting[0].waiter);
    gate_leave(&gate);
    assert_int_equal(waiting[2].order, 1);
    assert_int_equal(gate.running, 2);
    gate_leave(&gate);
    assert_int_equal(waiting[4].order, 2);
    assert_int_equal(waiting[3].order, 0);
    gate_leave(&gate);
    gate_leave(&gate);
    assert_int_equal(gate.running, 0);
    assert_null(gate.first);
    assert_null(gate.last);
}

/* Who does not need its place any more hands it on. */
static void a_place_in_vain_is_handed_on(void **state)
{
    (void)state;
    gate = (struct gate){.limit = 1};
    admitted = 0;
    for (int i = 0; i < 5; i++) {
        waiting[i] = (struct waiting){
            .waiter = {.admitted = i < 4 ? on_admitted_in_vain : on_admitted}};
        gate_enter(&gate, &waiting[i].waiter);
    }
    gate_leave(&gate);
    assert_int_equal(waiting[4].order, 4);
    assert_int_equal(gate.running, 1);
    gate_leave(&gate);
    assert_int_equal(gate.running, 0);
}

/* DES of FIPS 46's example, with the key's bits turned as RFB has them. */
static void the_cipher_is_des(void **state)
{
    (void)state;
    static const uint8_t key[8] = {0xc8, 0x2c, 0xea, 0x9e, 0xd9, 0x3d, 0xfb, 0x8f};
    static const uint8_t plain[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                      0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    static const uint8_t cipher[8] = {0x85, 0xe8, 0x13, 0x54, 0x0f, 0x0a, 0xb4, 0x05};
    uint8_t response[16], other[16];
    vnc_auth_response(key, plain, response);
    assert_memory_equal(response, cipher, 8);
    assert_memory_equal(response + 8, cipher, 8);
    assert_true(vnc_auth_check(key, plain, response));
    for (int i = 0; i < 16; i++) {
        memcpy(other, response, 16);
        other[i] ^= 0x10;
        assert_false(vnc_auth_check(key, plain, other));
    }
    assert_int_equal(vnc_auth_challenge(response), 0);
    assert_int_equal(vnc_auth_challenge(other), 0);
    assert_memory_not_equal(response, other, 16);
}

static uint8_t *list(const int32_t *encodings, uint32_t count)
{
    static uint8_t data[4096];
    for (uint32_t i = 0; i < count; i++)
        put_u32(data + 4 * i, (uint32_t)encodings[i]);
    return data;
}

/* What the encoder library is told is made of known words only. */
static void encodings_are_a_white_list(void **state)
{
    (void)state;
    static const int32_t asked[] = {-260, 0x574d5664, ENCODING_COPY_RECT, 15, ENCODING_ZRLE,
                                    ENCODING_TIGHT, -25, -250, -232, -239, -480, -767, -224, -308,
                                    -223, -309, 0x7fffffff, INT32_MIN, -1063131698};
    static const uint8_t written[] = {2,    0,    0,    6,    0,    0,    0,    16,   0xff, 0xff,
                                      0xff, 0x20, 0xff, 0xff, 0xff, 6,    0xff, 0xff, 0xff, 0xe7,
                                      0xff, 0xff, 0xfe, 0x20, 0xff, 0xff, 0xfd, 1};
    struct encodings encodings;
    struct bytes out = {0};
    uint32_t count = sizeof(asked) / sizeof(asked[0]);
    encodings_parse(&encodings, list(asked, count), count);
    assert_int_equal(encodings.preferred, ENCODING_ZRLE);
    assert_true(encodings.copy_rect && encodings.last_rect && encodings.cursor);
    assert_true(encodings.desktop_size && encodings.extended_desktop_size);
    assert_false(encodings.alpha_cursor);
    encodings_write(&encodings, &out);
    assert_int_equal(out.size, sizeof(written));
    assert_memory_equal(out.data, written, sizeof(written));
    bytes_free(&out);
    encodings_parse(&encodings, NULL, 0);
    assert_int_equal(encodings.preferred, ENCODING_RAW);
}

/* Each length is found from the first byte on, and never guessed. */
static void lengths_need_their_bytes(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[12];
        size_t needed;
        int64_t length;
    } messages[] = {
        {{0}, 1, 20},
        {{2, 0, 0, 3}, 4, 16},
        {{2, 0, 4, 1}, 4, -EPROTO},
        {{3}, 1, 10},
        {{6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, 8, 8 + (int64_t)0x7fffffff},
        {{6, 0, 0, 0, 0x80, 0, 0, 0}, 8, 8 + (int64_t)0x80000000},
        {{11, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc}, 8, 8 + (int64_t)0xfffffffc},
        {{251, 0, 0, 0, 0, 0, 255, 0}, 8, 8 + 16 * 255},
        {{248, 0, 0, 0, 0, 0, 0, 0, 255}, 9, 9 + 255},
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        for (size_t size = 1; size <= messages[i].needed; size++)
            assert_int_equal(client_message_length(messages[i].bytes, size),
                             size < messages[i].needed ? 0 : messages[i].length);
    }
}

/* A composed cursor against the definition, for every alpha. */
static void blending_is_exact(void **state)
{
    (void)state;
    static struct cursor cursor = {.visible = true, .x = 3, .y = 2, .hot_x = 3, .hot_y = 2,
                                   .width = 128, .height = 2};
    static uint32_t below[256], patch[256];
    for (uint32_t i = 0; i < 256; i++) {
        cursor.pixels[i] = i << 24 | i << 16 | (i / 2) << 8;
        below[i] = 0xaa000000 | (255 - i) << 16 | 0x00ff00 | (i * 7 & 0xff);
    }
    pixman_box32_t box = cursor_box(&cursor);
    assert_int_equal(box.x1, 0);
    assert_int_equal(box.x2, 128);
    cursor_compose(&cursor, &box, (const uint8_t *)below, 128 * 4, patch);
    for (uint32_t i = 0; i < 256; i++) {
        double inverse = (255.0 - i) / 255.0;
        double red = i + (255 - i) * inverse, green = i / 2 + 255 * inverse;
        double blue = (i * 7 & 0xff) * inverse;
        assert_true(abs((int)(patch[i] >> 16 & 0xff) - (int)(red + 0.5)) <= 1);
        green = green > 255 ? 255 : green;
        assert_true(abs((int)(patch[i] >> 8 & 0xff) - (int)(green + 0.5)) <= 1);
        assert_true(abs((int)(patch[i] & 0xff) - (int)(blue + 0.5)) <= 1);
    }
    assert_int_equal(patch[0] & 0xffffff, below[0] & 0xffffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_keeps_its_bytes),
        cmocka_unit_test(a_gate_lets_in_by_order),
        cmocka_unit_test(a_place_in_vain_is_handed_on),
        cmocka_unit_test(the_cipher_is_des),
        cmocka_unit_test(encodings_are_a_white_list),
        cmocka_unit_test(lengths_need_their_bytes),
        cmocka_unit_test(blending_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
