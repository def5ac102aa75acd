# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of the device: vhost-user, virtqueues, gpu commands."""
import struct

from seed_words import Operations, constants, number, numbers


USER = 0x7f0000000000


def vhost():
    op = Operations('vhost')
    request = constants('device/vhost_user_message.h', 'VHOST_USER_')
    ram, kick, other, socket, null = 0, 1, 2, 3, 4

    def fds(count, kind=ram):
        return count + 16 * kind

    def message(name, *longs, fd=0, flags=1):
        return op.LONGS(flags, request[name], fd, len(longs), numbers(*longs))

    def state(name, index, value=0, flags=1):
        return op.WORDS(flags, request[name], 0, 2, numbers(index, value))

    def table(*regions, fd=None):
        return message('SET_MEM_TABLE', len(regions),
                       *[value for region in regions for value in region],
                       fd=fds(len(regions)) if fd is None else fd)

    def ring(index, base=0, size=16):
        at = USER + 0x1000 * index
        return (state('SET_VRING_NUM', index, size) + state('SET_VRING_BASE', index, base) +
                message('SET_VRING_ADDR', index, at, at + 0x800, at + 0x400, 0) +
                message('SET_VRING_CALL', index, fd=fds(1, other)) +
                message('SET_VRING_ERR', index, fd=fds(1, other)) +
                message('SET_VRING_KICK', index, fd=fds(1, kick + index)) +
                state('SET_VRING_ENABLE', index, 1))

    def chain(queue, index, where, size):
        at = 0x1000 * queue
        desc = struct.pack('<QIHHQIHH', where, size, 1, 1, where + 0x800, 1100, 2, 0)
        return (op.MEMORY(number(at), len(desc), desc) +
                op.MEMORY(number(at + 0x404 + 2 * index), 2, b'\0\0') +
                op.MEMORY(number(at + 0x402), 2, struct.pack('<H', index + 1)))

    features = (message('GET_FEATURES') + message('SET_FEATURES', 0x170000000) +
                message('GET_PROTOCOL_FEATURES') +
                message('SET_PROTOCOL_FEATURES', 0x8209) + message('GET_QUEUE_NUM') +
                message('SET_OWNER') + message('GPU_SET_SOCKET', fd=fds(1, socket)))
    memory = table((0, 0x40000, USER, 0), (1 << 32, 0x40000, USER + 0x40000, 0x40000))
    config = struct.pack('<III', 0, 16, 0) + bytes(16)
    display_info = struct.pack('<IIQII', 0x100, 0, 0, 0, 0)
    run = features + memory + ring(0) + ring(1)
    ask = (op.MEMORY(number(0x4000), 24, display_info) + chain(0, 0, 0x4000, 24) + op.KICK(0) +
           op.TURN())
    yield features
    yield run
    yield run + ask
    yield run + ask + state('GET_VRING_BASE', 0) + state('GET_VRING_BASE', 1) + ring(0, 1) + \
        ring(1) + op.TURN()
    yield run + ask + state('GET_VRING_BASE', 0) + state('GET_VRING_BASE', 1) + \
        message('RESET_DEVICE') + ring(0) + ring(1)
    yield run + ask + op.MEMORY(number(0x800), 4, bytes(4)) + state('GET_VRING_BASE', 0) + \
        state('GET_VRING_BASE', 1) + op.MEMORY(number(0x802), 2, bytes(2)) + ring(0) + ring(1)
    yield run + table((0, 0x1000, USER + 0x100000, 0)) + ask
    yield features + message('GET_MAX_MEM_SLOTS') + \
        message('ADD_MEM_REG', 0, 0, 0x40000, USER, 0, fd=fds(1)) + \
        message('ADD_MEM_REG', 0, 1 << 32, 0x1000, USER + 0x40000, 0x1000, fd=fds(1)) + \
        message('ADD_MEM_REG', 0, 0x1000, 0x1000, USER, 0, fd=fds(1)) + \
        message('ADD_MEM_REG', 0, 0, 0x1000, USER, 0) + ring(0) + ask + \
        message('REM_MEM_REG', 0, 1 << 32, 0x1000, USER + 0x40000, 0x1000) + \
        message('REM_MEM_REG', 0, 5, 5, 5, 5) + op.TURN()
    yield features + op.MESSAGE(1, request['GET_CONFIG'], 0, len(config), config) + \
        op.MESSAGE(1, request['SET_CONFIG'], 0, len(config), config) + \
        op.MESSAGE(1, request['GET_CONFIG'], 0, 12, struct.pack('<III', 8, 300, 0)) + \
        op.MESSAGE(1, request['GET_CONFIG'], 0, 4, bytes(4))
    # What is refused.
    yield message('SET_FEATURES', 0x570000000) + message('SET_FEATURES', 0x370000000) + \
        message('SET_PROTOCOL_FEATURES', -1) + memory + ring(0)
    yield features + state('SET_VRING_NUM', 7, 16) + state('SET_VRING_NUM', 0, 3) + \
        state('SET_VRING_ENABLE', 9, 1) + state('SET_VRING_ENABLE', 0, 2) + \
        state('GET_VRING_BASE', 99) + message('SET_VRING_KICK', 0x100) + \
        message('SET_VRING_CALL', 0x100) + message('SET_VRING_CALL', 1) + \
        message('SET_VRING_KICK', 250, fd=fds(1, kick)) + message('SET_VRING_KICK', 0)
    yield features + table((0, 0x200000, USER, 0)) + table((0, 0, USER, 0)) + \
        table((-1, 0x1000, USER, 0)) + table((0, 0x2000, USER, 0), (0x1000, 0x1000, USER, 0)) + \
        table((0, 0x1000, USER, 0), fd=0) + table((0, 0x1000, USER, 0), fd=fds(1, null)) + \
        op.WORDS(1, request['SET_MEM_TABLE'], 0, 1, numbers(1))
    yield features + memory + state('SET_VRING_NUM', 0, 16) + \
        message('SET_VRING_ADDR', 0, USER + 1, USER + 0x801, USER + 0x401, 0) + \
        message('SET_VRING_KICK', 0, fd=fds(1, kick)) + \
        message('SET_VRING_ADDR', 0, 1, 2, 3, 0) + message('SET_VRING_KICK', 0, fd=fds(1, kick))
    yield features + memory + ring(0) + state('SET_VRING_NUM', 0, 16) + \
        message('SET_VRING_KICK', 0, fd=fds(1, null)) + op.TURN() + op.TURN() + \
        message('SET_VRING_KICK', 0, fd=fds(1, socket)) + op.TURN()
    yield run + op.TRUNCATE(1) + ask + op.TURN() + op.TRUNCATE(127) + memory
    yield run + op.RECONNECT() + op.TURN() + run + ask
    yield run + op.OUTPUT(0) + op.OUTPUT(4) + op.OUTPUT(2) + op.CLOCK(9) + op.TURN() + op.OUTPUT(0)
    # Broken framing.
    yield op.RAW(12, struct.pack('<III', 1, 1, 0)) + op.TURN() + op.RAW(4, b'\1\0\0\0') + op.TURN()
    yield op.RAW(12, struct.pack('<III', 1, 2, 0)) + op.TURN()
    yield op.RAW(12, struct.pack('<III', 2, 1, 0xffffffff)) + op.TURN() + op.RECONNECT() + features
    yield op.LONGS(5, 2, 0, 1, number(1), number(512)) + op.RAW(200, bytes(200)) + op.TURN()
    yield op.LONGS(1, 99, 0, 0) + op.LONGS(1, 0, 0, 0) + op.LONGS(1, 2, 15, 1, number(0))
    yield op.LONGS(8, 1, 0, 0) + op.RECONNECT() + op.RECONNECT() + op.TURN() + features
    yield features + message('RESET_OWNER') + message('SET_BACKEND_REQ_FD', fd=fds(1, socket))


def gpu():
    op = Operations('gpu')
    command = constants('device/virtio_gpu_abi.h', 'VIRTIO_GPU_CMD_')
    low, high = 0x10000, 1 << 32

    def send(name, *words, flags=0, kind=None):
        kind = command[name] if kind is None else kind
        short = kind - 0x100 if kind < 0x180 else 0x80 | (kind & 0x7f)
        return op.COMMAND(flags | (1 if kind >= 0x300 else 0), short, len(words), numbers(*words))

    def create(ident, width, height, form=2):
        return send('RESOURCE_CREATE_2D', ident, form, width, height)

    def attach(ident, *entries):
        words = [word for at, size in entries for word in (at & 0xffffffff, at >> 32, size, 0)]
        return send('RESOURCE_ATTACH_BACKING', ident, len(entries), *words)

    def show(ident, width, height, x=0, y=0, scanout=0):
        return send('SET_SCANOUT', x, y, width, height, scanout, ident)

    def transfer(ident, width, height, x=0, y=0, offset=0):
        return send('TRANSFER_TO_HOST_2D', x, y, width, height, offset, 0, ident, 0)

    def flush(ident, width, height, x=0, y=0):
        return send('RESOURCE_FLUSH', x, y, width, height, ident, 0)

    def cursor(ident, x=5, y=5, hot=1, name='UPDATE_CURSOR', scanout=0):
        return send(name, scanout, x, y, 0, ident, hot, hot, 0)

    picture = create(1, 64, 48) + attach(1, (low, 0x4000)) + show(1, 64, 48)
    frame = transfer(1, 64, 48) + flush(1, 64, 48)
    settle = op.CLOCK(5) + op.TURN() + op.JOB() + op.OUTPUT(2) + op.OUTPUT(4)
    yield send('GET_DISPLAY_INFO') + send('GET_EDID', 0, 0) + send('GET_EDID', 1, 0) + \
        send('GET_EDID', 2, 0)
    yield picture + frame + settle + frame + settle + transfer(1, 8, 8, 3, 3, 780) + \
        flush(1, 8, 8, 3, 3) + settle
    for form in (1, 3, 4, 67, 68, 121, 134, 5):
        yield create(1, 64, 48, form) + attach(1, (low, 0x3000)) + show(1, 64, 48) + frame + settle
    # Jobs: more than 256 KiB, more than 64 K pixels, in pieces over both parts.
    large = create(2, 270, 260) + attach(2, *[(low + 0x1000 * i, 0x8000) for i in range(6)],
                                         (high, 0x20000)) + show(2, 270, 260)
    move = transfer(2, 270, 260) + flush(2, 270, 260)
    yield large + move + op.JOB() + settle + op.JOB() + move + op.STOP(0) + op.JOB() + \
        op.START(0) + \
        op.NOTIFY(0) + op.JOB() + settle
    yield large + move + settle + op.TURN() + move + op.RESET() + op.JOB() + settle
    yield large + move + op.TABLE(2) + op.JOB() + settle + move + op.JOB() + op.TABLE(0) + move
    yield large + op.TRUNCATE(3) + move + op.JOB() + settle + op.TRUNCATE(127) + op.TABLE(1)
    yield large + move + op.JOB() + op.CLOCK(9) + op.TURN() + transfer(2, 270, 260) + op.JOB() + \
        op.JOB() + settle
    yield large + show(2, 100, 100, 50, 60) + flush(2, 270, 260) + settle + \
        show(2, 100, 100, 60, 60)
    yield create(3, 64, 64, 1) + attach(3, (low, 0x4000)) + transfer(3, 64, 64) + cursor(3) + \
        cursor(3, -3, -3, 99) + cursor(0, 9, 9, 0, 'MOVE_CURSOR') + \
        cursor(1, 2, 2, 0, 'MOVE_CURSOR') + \
        cursor(7) + cursor(3, scanout=9) + cursor(3, scanout=9, name='MOVE_CURSOR') + \
        create(4, 8, 8) + \
        cursor(4) + op.NOTIFY(1)
    yield picture + send('RESOURCE_UNREF', 1, 0) + send('RESOURCE_UNREF', 1, 0) + op.CLOCK(99) + \
        op.TURN() + settle
    yield picture + show(0, 0, 0) + op.CLOCK(80) + op.TURN() + settle + \
        show(1, 32, 32, scanout=1) + \
        op.OUTPUT(1) + op.OUTPUT(5) + frame + settle
    # What is refused.
    yield create(0, 1, 1) + create(1, 0, 1) + create(1, 1, 1) + create(1, 1, 1) + \
        create(2, 0xffffffff, 0xffffffff) + create(3, 3000, 3000) + create(4, 0x40000000, 1)
    yield picture + attach(1, (low, 1)) + send('RESOURCE_DETACH_BACKING', 1, 0) + \
        send('RESOURCE_DETACH_BACKING', 1, 0) + send('RESOURCE_DETACH_BACKING', 9, 0) + \
        transfer(1, 64, 48) + attach(9, (low, 1)) + attach(1, (high - 8, 16)) + \
        send('RESOURCE_ATTACH_BACKING', 1, 70000) + send('RESOURCE_ATTACH_BACKING', 1, 5, 0, 0) + \
        attach(1) + transfer(1, 1, 1)
    yield picture + transfer(1, 65, 48) + transfer(1, 64, 48, 1, 0) + \
        transfer(1, 64, 48, 0, 0, 0x3000) + \
        transfer(9, 1, 1) + transfer(1, 0, 0) + transfer(1, -1, 2, 1, 0) + flush(9, 1, 1) + \
        flush(1, 65, 1) + show(9, 1, 1) + show(1, 65, 48) + show(1, 0, 0) + \
        show(1, 1, 1, scanout=2) + \
        show(0, 1, 1, scanout=99)
    yield send('', kind=0x150) + send('', kind=0x310) + send('GET_EDID') + \
        send('GET_DISPLAY_INFO', flags=1) + send('GET_DISPLAY_INFO', flags=8) + \
        send('GET_EDID', 0, 0, flags=2) + send('GET_EDID', 0, 0, flags=16) + \
        send('GET_EDID', 0, 0, flags=4) + op.NOTIFY(0)
    if 'RESOURCE_ASSIGN_UUID' in command:
        yield create(1, 4, 4) + send('RESOURCE_ASSIGN_UUID', 1, 0) * 2 + \
            send('RESOURCE_ASSIGN_UUID', 2, 0)
    # Chains: empty, looping, backwards, outside, indirect, two levels.
    read, following, write, indirect = 0, 1, 2, 4

    def chain(*descriptors, flags=0):
        return op.CHAIN(flags | (len(descriptors) - 1) << 4,
                        b''.join(numbers(*one[:3], *(one[3:] or (0,))) for one in descriptors))

    command_at = op.MEMORY(number(low), 24, struct.pack('<IIQII', 0x100, 1, 7, 0, 0))
    table = struct.pack('<QIHHQIHH', low, 24, following, 1, low + 0x1000, 2048, write, 0)
    nested = struct.pack('<QIHH', low + 0x100, 32, indirect, 0)
    put = command_at + op.MEMORY(number(low + 0x100), 32, table) + \
        op.MEMORY(number(low + 0x200), 16, nested)
    yield put + chain((low, 24, following), (low + 0x1000, 2048, write)) + op.TURN()
    yield put + chain((low + 0x100, 32, indirect)) + chain((low + 0x200, 16, indirect)) + \
        chain((low + 0x100, 33, indirect)) + chain((low + 0x100, 0, indirect)) + \
        chain((low + 0x100, 32, indirect | following)) + chain((1 << 40, 32, indirect)) + \
        chain((low, 24, following), (low + 0x110, 16, indirect))
    yield chain((low, 24, write | following), (low, 24, read)) + chain((1 << 40, 4, read)) + \
        chain((0x3fff0, 64, following), (high - 1, 64, write)) + chain((low, 0, read)) + \
        chain(*[(low, 1, following)] * 16) + chain((low, -1, read))
    yield put + chain((low, 12, following, 16 - 2), (low + 12, 12, following, 1)) + \
        chain((low, 24, following, 0x7000), (low, 1, write))
    yield op.TABLE(3) + put + chain((0x3fff0, 64, read)) + chain((0x3fff8, 16, following),
                                                                 (low, 64, write))
    yield op.MEMORY(number(0x402), 2, b'\x40\0') + op.NOTIFY(0) + op.STOP(0) + op.START(0) + \
        op.NOTIFY(0)
    yield op.MEMORY(number(0x402), 4, b'\1\0\x63\0') + op.NOTIFY(0)
    yield op.MEMORY(number(0x400), 2, b'\1\0') + send('GET_DISPLAY_INFO') * 3 + \
        op.MEMORY(number(0x424), 2, b'\5\0') + send('GET_DISPLAY_INFO') * 5
    yield op.MEMORY(number(0), 16, struct.pack('<QIHH', low, 24, following, 0x4000)) + \
        op.MEMORY(number(0x402), 4, b'\1\0\0\0') + op.NOTIFY(0) + op.TURN()
    yield op.STOP(1) + op.MEMORY(number(0x1802), 2, b'\5\0') + op.START(1) + op.NOTIFY(1) + \
        op.TABLE(0) + op.START(0) + op.STOP(0) + op.START(0)
