// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evwatch [grab]: the guest's input devices, for a test on the other end of
 * the serial line. It remembers every event of every device and reads commands
 * from standard input, one per line, each answered with `<ok COMMAND>` or
 * `<error COMMAND: reason>`:
 *   devices                    lists what each device says of itself
 *   take DEVICE TYPE CODE VALUE [MS]
 *                              waits for that event, then lists and forgets
 *                              the device's events up to the end of its report
 *   led CODE VALUE             sets an LED of the first device that has it
 *   write FILE TEXT            for files of the kernel that change devices
 *   quit
 * DEVICE is a part of its name. Events are listed as TYPE CODE VALUE. With
 * `grab` the console does not see what is typed.
 */
#include "evdev.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEVICES 8
#define MAX_EVENTS 65536
#define DEFAULT_WAIT_MS 20000

struct record {
    uint16_t type, code;
    int32_t value;
};

/* All that a device said and nobody took yet. */
struct watched {
    struct evdev device;
    struct record *events;
    size_t count;
};

static struct watched devices[MAX_DEVICES];
static int ndevices;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int record_events(struct watched *watched)
{
    struct input_event events[64];
    int n = evdev_read(&watched->device, events, 64);

    for (int i = 0; i < n; i++) {
        if (watched->count == MAX_EVENTS)
            return -ENOSPC;
        watched->events[watched->count++] =
            (struct record){events[i].type, events[i].code, events[i].value};
    }
    return n < 0 ? n : 0;
}

/* Records what comes until something is on standard input, or for so long.
 * Returns 1 when there is a command, 0 when an event came or time is up. */
static int watch(bool commands, int wait_ms)
{
    struct pollfd fds[1 + MAX_DEVICES] = {{.fd = commands ? STDIN_FILENO : -1, .events = POLLIN}};
    int rc;

    for (int i = 0; i < ndevices; i++)
        fds[1 + i] = (struct pollfd){.fd = devices[i].device.fd, .events = POLLIN};
    if (poll(fds, 1 + (nfds_t)ndevices, wait_ms) < 0 && errno != EINTR)
        return -errno;
    for (int i = 0; i < ndevices; i++) {
        /* A device that has gone is only forgotten at the end. */
        if (!(fds[1 + i].revents & POLLIN))
            continue;
        rc = record_events(&devices[i]);
        if (rc < 0 && rc != -ENODEV)
            return rc;
    }
    return fds[0].revents != 0;
}

static struct watched *find_device(const char *name)
{
    for (int i = 0; i < ndevices; i++)
        if (strstr(devices[i].device.name, name))
            return &devices[i];
    return NULL;
}

static void print_bits(const struct evdev *device, const char *name, unsigned type)
{
    uint8_t bits[EVDEV_BITMAP_SIZE];

    evdev_bits(device, type, bits);
    printf(" %s=", name);
    for (unsigned code = 0, first = 1; code < EVDEV_BITMAP_SIZE * 8; code++) {
        unsigned end = code;

        if (!(bits[code / 8] & 1u << code % 8))
            continue;
        while (end + 1 < EVDEV_BITMAP_SIZE * 8 && bits[(end + 1) / 8] & 1u << (end + 1) % 8)
            end++;
        printf(end > code ? "%s%u-%u" : "%s%u", first ? "" : ",", code, end);
        first = 0;
        code = end;
    }
}

static int run_devices(char **args)
{
    (void)args;
    for (int i = 0; i < ndevices; i++) {
        const struct evdev *device = &devices[i].device;
        struct input_absinfo info;

        printf("device %s|%s|%04x:%04x:%04x:%04x|", device->name, device->uniq,
               device->id.bustype, device->id.vendor, device->id.product, device->id.version);
        print_bits(device, "types", 0);
        print_bits(device, "keys", EV_KEY);
        print_bits(device, "rel", EV_REL);
        print_bits(device, "abs", EV_ABS);
        print_bits(device, "leds", EV_LED);
        for (unsigned axis = ABS_X; axis <= ABS_Y; axis++)
            if (evdev_abs_info(device, axis, &info) == 0 && info.maximum != 0)
                printf(" axis%u=%d..%d/%d/%d/%d", axis, info.minimum, info.maximum, info.fuzz,
                       info.flat, info.resolution);
        printf("\n");
    }
    return 0;
}

/* How many events there are up to the end of the report that has this one; 0
 * when it is not there yet. */
static size_t find_event(const struct watched *watched, const struct record *wanted)
{
    bool found = false;

    for (size_t i = 0; i < watched->count; i++) {
        const struct record *event = &watched->events[i];

        found |= event->type == wanted->type && event->code == wanted->code &&
                 event->value == wanted->value;
        if (found && event->type == EV_SYN)
            return i + 1;
    }
    return 0;
}

static void list_events(struct watched *watched, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%u %u %d\n", watched->events[i].type, watched->events[i].code,
               watched->events[i].value);
    watched->count -= count;
    memmove(watched->events, watched->events + count, watched->count * sizeof(struct record));
}

static int run_take(char **args)
{
    struct watched *watched = find_device(args[0]);
    struct record wanted = {(uint16_t)atoi(args[1]), (uint16_t)atoi(args[2]), atoi(args[3])};
    int64_t deadline = now_ms() + (args[4] ? atoi(args[4]) : DEFAULT_WAIT_MS);
    size_t count;

    if (!watched)
        return -ENODEV;
    while (!(count = find_event(watched, &wanted))) {
        int64_t left = deadline - now_ms();
        int rc = left > 0 ? watch(false, (int)left) : -ETIMEDOUT;

        if (rc < 0) {
            /* What came instead helps who reads the test's failure. */
            list_events(watched, watched->count);
            return rc;
        }
    }
    list_events(watched, count);
    return 0;
}

static int run_led(char **args)
{
    unsigned code = (unsigned)atoi(args[0]);

    for (int i = 0; i < ndevices && code < LED_CNT; i++) {
        uint8_t bits[EVDEV_BITMAP_SIZE];

        evdev_bits(&devices[i].device, EV_LED, bits);
        if (bits[code / 8] & 1u << code % 8)
            return evdev_write(&devices[i].device, EV_LED, code, atoi(args[1]));
    }
    return -ENODEV;
}

static int run_write(char **args)
{
    FILE *file = fopen(args[0], "w");
    int rc;

    if (!file)
        return -errno;
    rc = fputs(args[1], file) < 0 ? -errno : 0;
    return fclose(file) && !rc ? -errno : rc;
}

static const struct command {
    const char *name;
    int (*run)(char **args);
    int args;
} commands[] = {{"devices", run_devices, 0},
                {"take", run_take, 4},
                {"led", run_led, 2},
                {"write", run_write, 2}};

static void run_line(char *line)
{
    char *save = NULL, *args[5] = {NULL};
    char *name = strtok_r(line, " \r\n", &save);
    int rc = -EINVAL;

    for (int i = 0; i < 5; i++)
        args[i] = strtok_r(NULL, " \r\n", &save);
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(commands[i].name, name) && (!commands[i].args || args[commands[i].args - 1]))
            rc = commands[i].run(args);
    if (rc < 0)
        printf("<error %s: %s>\n", name ? name : "", strerror(-rc));
    else
        printf("<ok %s>\n", name);
}

/* Takes all devices that are Oriel's; the machine has others. */
static int open_devices(bool grab)
{
    for (int i = 0; i < 32 && ndevices < MAX_DEVICES; i++) {
        struct watched *watched = &devices[ndevices];
        char path[32];

        snprintf(path, sizeof(path), "/dev/input/event%d", i);
        if (evdev_open(&watched->device, path))
            continue;
        if (!strstr(watched->device.name, "Virtio") || (grab && evdev_grab(&watched->device))) {
            evdev_close(&watched->device);
            continue;
        }
        watched->events = calloc(MAX_EVENTS, sizeof(watched->events[0]));
        if (!watched->events)
            return -ENOMEM;
        ndevices++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    char line[256];
    int rc = open_devices(argc > 1 && !strcmp(argv[1], "grab"));

    /* poll() watches standard input: none of it may wait in a buffer. */
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOFBF, 65536);
    printf("<ok evwatch %d>\n", ndevices);
    fflush(stdout);
    while (rc >= 0) {
        rc = watch(true, -1);
        if (rc <= 0)
            continue;
        if (!fgets(line, sizeof(line), stdin) || !strncmp(line, "quit", 4))
            break;
        run_line(line);
        fflush(stdout);
    }
    if (rc < 0)
        printf("<error evwatch: %s>\n", strerror(-rc));
    printf("<ok quit>\n");
    return rc < 0;
}
