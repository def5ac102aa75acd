// SPDX-License-Identifier: GPL-2.0-or-later
#include "evdev.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int evdev_open(struct evdev *device, const char *path)
{
    memset(device, 0, sizeof(*device));
    device->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device->fd < 0)
        return -errno;
    if (ioctl(device->fd, EVIOCGNAME(sizeof(device->name) - 1), device->name) < 0 ||
        ioctl(device->fd, EVIOCGID, &device->id) < 0) {
        int error = errno;

        close(device->fd);
        return -error;
    }
    /* A device without a serial has none to tell: ENOENT. */
    ioctl(device->fd, EVIOCGUNIQ(sizeof(device->uniq) - 1), device->uniq);
    return 0;
}

void evdev_close(struct evdev *device)
{
    close(device->fd);
    device->fd = -1;
}

void evdev_bits(const struct evdev *device, unsigned type, uint8_t bits[EVDEV_BITMAP_SIZE])
{
    memset(bits, 0, EVDEV_BITMAP_SIZE);
    ioctl(device->fd, EVIOCGBIT(type, EVDEV_BITMAP_SIZE), bits);
}

int evdev_abs_info(const struct evdev *device, unsigned axis, struct input_absinfo *info)
{
    return ioctl(device->fd, EVIOCGABS(axis), info) < 0 ? -errno : 0;
}

int evdev_grab(const struct evdev *device)
{
    return ioctl(device->fd, EVIOCGRAB, 1) < 0 ? -errno : 0;
}

int evdev_write(const struct evdev *device, unsigned type, unsigned code, int32_t value)
{
    const struct input_event events[2] = {
        {.type = (uint16_t)type, .code = (uint16_t)code, .value = value},
        {.type = EV_SYN, .code = SYN_REPORT},
    };

    if (write(device->fd, events, sizeof(events)) < 0)
        return -errno;
    return 0;
}

int evdev_read(const struct evdev *device, struct input_event *events, size_t max)
{
    ssize_t size = read(device->fd, events, max * sizeof(events[0]));

    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    return (int)((size_t)size / sizeof(events[0]));
}
