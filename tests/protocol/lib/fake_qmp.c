// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/protocol/lib/fake_qmp.h"

#include "tests/protocol/lib/guest_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INPUT_SIZE (256u * 1024)

static const char greeting[] =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 0, \"major\": 10}, "
    "\"package\": \"test\"}, \"capabilities\": [\"oob\"]}}\r\n";

void fake_qmp_start(struct fake_qmp *qmp, bool listen_now)
{
    *qmp = (struct fake_qmp){.listener = -1, .fd = -1};
    strcpy(qmp->dir, "/tmp/oriel-fake-qmp-XXXXXX");
    CHECK(mkdtemp(qmp->dir) != NULL, "mkdtemp");
    snprintf(qmp->path, sizeof(qmp->path), "%s/qmp", qmp->dir);
    qmp->input = malloc(INPUT_SIZE);
    qmp->events = malloc(FAKE_QMP_EVENTS * sizeof(qmp->events[0]));
    CHECK(qmp->input != NULL && qmp->events != NULL, "memory");
    if (listen_now)
        fake_qmp_listen(qmp);
}

void fake_qmp_listen(struct fake_qmp *qmp)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, qmp->path, strlen(qmp->path) + 1);
    qmp->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(qmp->listener >= 0 &&
              bind(qmp->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(qmp->listener, 4) == 0,
          "listen on %s", qmp->path);
}

void fake_qmp_hang_up(struct fake_qmp *qmp)
{
    if (qmp->fd >= 0)
        close(qmp->fd);
    qmp->fd = -1;
    qmp->size = 0;
    qmp->negotiated = false;
    qmp->unanswered = 0;
}

void fake_qmp_finish(struct fake_qmp *qmp)
{
    fake_qmp_hang_up(qmp);
    if (qmp->listener >= 0)
        close(qmp->listener);
    unlink(qmp->path);
    rmdir(qmp->dir);
    free(qmp->input);
    free(qmp->events);
    *qmp = (struct fake_qmp){.listener = -1, .fd = -1};
}

void fake_qmp_say(struct fake_qmp *qmp, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(qmp->fd, text, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            usleep(1000);
            continue;
        }
        if (n <= 0)
            return; /* a client that hung up is noticed by its end of file */
        text += n;
        size -= (size_t)n;
    }
}

static void answer(struct fake_qmp *qmp, const char *text)
{
    fake_qmp_say(qmp, text, strlen(text));
}

static struct fake_qmp_event *add_event(struct fake_qmp *qmp)
{
    CHECK(qmp->nevents < FAKE_QMP_EVENTS, "events");
    struct fake_qmp_event *event = &qmp->events[qmp->nevents++];

    *event = (struct fake_qmp_event){.command = qmp->input_commands};
    return event;
}

static void take_event(struct fake_qmp *qmp, const json_t *json)
{
    struct fake_qmp_event *event = add_event(qmp);
    const json_t *data = json_object_get(json, "data"), *key = json_object_get(data, "key");
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *name = json_string_value(json_object_get(data, "button"));

    CHECK(type != NULL && json_is_object(data), "event");
    event->down = json_is_true(json_object_get(data, "down"));
    event->value = (long)json_integer_value(json_object_get(data, "value"));
    if (strcmp(type, "key") == 0) {
        event->type = FAKE_QMP_KEY;
        CHECK(json_is_boolean(json_object_get(data, "down")) &&
                  strcmp(json_string_value(json_object_get(key, "type")), "number") == 0,
              "key");
        event->code = (long)json_integer_value(json_object_get(key, "data"));
        return;
    }
    event->type = strcmp(type, "btn") == 0   ? FAKE_QMP_BUTTON
                  : strcmp(type, "abs") == 0 ? FAKE_QMP_ABS
                                             : FAKE_QMP_REL;
    if (name == NULL)
        name = json_string_value(json_object_get(data, "axis"));
    CHECK(name != NULL, "a name");
    snprintf(event->name, sizeof(event->name), "%s", name);
}

static void take_input(struct fake_qmp *qmp, const json_t *arguments)
{
    const json_t *events = json_object_get(arguments, "events");
    size_t i;
    json_t *event;

    CHECK(json_array_size(events) > 0, "input-send-event without events");
    json_array_foreach(events, i, event) take_event(qmp, event);
    qmp->input_commands++;
    qmp->unanswered++;
    if (!qmp->silent)
        fake_qmp_answer(qmp);
}

void fake_qmp_answer(struct fake_qmp *qmp)
{
    for (; qmp->unanswered > 0; qmp->unanswered--)
        answer(qmp, qmp->refuses ? "{\"error\": {\"class\": \"GenericError\", "
                                   "\"desc\": \"no such device\"}}\r\n"
                                 : "{\"return\": {}}\r\n");
}

static void take_command(struct fake_qmp *qmp, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "execute"));

    CHECK(name != NULL, "a command without a name");
    qmp->commands++;
    if (strcmp(name, "qmp_capabilities") == 0) {
        qmp->negotiated = true;
        answer(qmp, "{\"return\": {}}\r\n");
        return;
    }
    CHECK(qmp->negotiated, "%s comes before the negotiation", name);
    if (strcmp(name, "query-status") == 0)
        answer(qmp, qmp->guest_stands
                        ? "{\"return\": {\"status\": \"paused\", \"running\": false}}\r\n"
                        : "{\"return\": {\"status\": \"running\", \"running\": true}}\r\n");
    else if (strcmp(name, "input-send-event") == 0)
        take_input(qmp, json_object_get(json, "arguments"));
    else
        CHECK(false, "command %s", name);
}

/* Commands need no line ends between them. */
static void take_commands(struct fake_qmp *qmp)
{
    size_t at = 0;

    while (at < qmp->size) {
        json_error_t error;
        json_t *json = json_loadb(qmp->input + at, qmp->size - at, JSON_DISABLE_EOF_CHECK, &error);

        if (json == NULL) {
            CHECK(json_error_code(&error) == json_error_premature_end_of_input ||
                      qmp->size - at < 3,
                  "not JSON: %s", error.text);
            break;
        }
        at += (size_t)error.position;
        take_command(qmp, json);
        json_decref(json);
    }
    qmp->size -= at;
    memmove(qmp->input, qmp->input + at, qmp->size);
}

void fake_qmp_step(struct fake_qmp *qmp)
{
    if (qmp->fd < 0 && qmp->listener >= 0) {
        qmp->fd = accept4(qmp->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (qmp->fd >= 0) {
            qmp->connections++;
            if (!qmp->mute)
                answer(qmp, greeting);
        }
    }
    while (qmp->fd >= 0) {
        ssize_t n = recv(qmp->fd, qmp->input + qmp->size, INPUT_SIZE - qmp->size, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            fake_qmp_hang_up(qmp);
            return;
        }
        qmp->size += (size_t)n;
        take_commands(qmp);
    }
}
