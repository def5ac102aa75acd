// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/typist.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <xkbcommon/xkbcommon.h>

/* 50 characters a second: what openQA types at most is 30, and text consoles
 * take in much more. */
#define PACE_MS 20

struct typist {
    struct seat_viewer *hands;
    uv_timer_t pace;
    uint32_t *waiting; /* characters, UTF-32 */
    size_t next, count;
    void (*done)(void *user);
    void *user;
};

static uint32_t character_keysym(uint32_t character)
{
    switch (character) {
    case '\n':
    case '\r':
        return XKB_KEY_Return;
    case '\t':
        return XKB_KEY_Tab;
    case '\b':
        return XKB_KEY_BackSpace;
    case 0x1b:
        return XKB_KEY_Escape;
    default:
        return xkb_utf32_to_keysym(character);
    }
}

static void type_next(uv_timer_t *timer)
{
    struct typist *typist = timer->data;
    uint32_t keysym = character_keysym(typist->waiting[typist->next++]);
    /* What the layout does not have has been logged. */
    if (seat_keysym(typist->hands, keysym, true) == 0)
        seat_keysym(typist->hands, keysym, false);
    if (typist->next < typist->count)
        return;
    typist->next = typist->count = 0;
    uv_timer_stop(timer);
}

struct typist *typist_create(uv_loop_t *loop, struct seat *seat)
{
    struct typist *typist = calloc(1, sizeof *typist);
    if (!typist)
        return NULL;
    typist->waiting = calloc(TYPIST_MAX_WAITING, sizeof typist->waiting[0]);
    typist->hands = seat_viewer_add(seat);
    if (!typist->waiting || !typist->hands) {
        seat_viewer_remove(typist->hands);
        free(typist->waiting);
        free(typist);
        errno = ENOMEM;
        return NULL;
    }
    uv_timer_init(loop, &typist->pace);
    typist->pace.data = typist;
    return typist;
}

/* A line end of two characters is one key. */
static size_t drop_carriage_returns(uint32_t *text, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\r' || i + 1 == n || text[i + 1] != '\n')
            text[kept++] = text[i];
    return kept;
}

/* Appends to `out`, which has room for `room` characters. Returns how many, or
 * a negative errno. */
static ssize_t decode(const char *text, size_t size, uint32_t *out, size_t room)
{
    _Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "WCHAR_T is UTF-32 here");
    iconv_t converter = iconv_open("WCHAR_T", "UTF-8");
    if (converter == (iconv_t)-1)
        return -errno;
    char *from = (char *)text, *to = (char *)out;
    size_t from_left = size, to_left = room * sizeof out[0];
    size_t result = iconv(converter, &from, &from_left, &to, &to_left);
    int error = result == (size_t)-1 ? errno : 0;
    iconv_close(converter);
    if (error == E2BIG)
        return -ENOBUFS;
    if (error != 0)
        return -EILSEQ;
    return (ssize_t)drop_carriage_returns(out, room - to_left / sizeof out[0]);
}

int typist_type(struct typist *typist, const char *text, size_t size)
{
    ssize_t n = decode(text, size, typist->waiting + typist->count,
                       TYPIST_MAX_WAITING - typist->count);
    if (n < 0)
        return (int)n;
    typist->count += (size_t)n;
    if (n > 0 && !uv_is_active((uv_handle_t *)&typist->pace))
        uv_timer_start(&typist->pace, type_next, 0, PACE_MS);
    return 0;
}

static void handle_closed(uv_handle_t *handle)
{
    struct typist *typist = handle->data;
    void (*done)(void *user) = typist->done;
    void *user = typist->user;
    free(typist->waiting);
    free(typist);
    if (done)
        done(user);
}

void typist_destroy(struct typist *typist, void (*done)(void *user), void *user)
{
    typist->done = done;
    typist->user = user;
    seat_viewer_remove(typist->hands);
    uv_close((uv_handle_t *)&typist->pace, handle_closed);
}
