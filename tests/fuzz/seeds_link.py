# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of the two sides of the link."""
import struct

from seed_words import Operations, constants, number, numbers, offset


def link_message(op, types, name, *values, head=0, flags=0, generation=None, words=None,
                 size=None):
    values = list(values) + [0] * (4 - len(values))
    if generation is not None:
        flags |= 1
    if words is not None:
        flags |= 2
    if size is not None:
        flags |= 4
    message = bytes([types[name], head, flags]) + numbers(*values)
    if generation is not None:
        message += number(generation)
    if words is not None:
        message += bytes([len(words) - 1]) + b''.join(numbers(*one) for one in words)
    if size is not None:
        message += number(size)
    return op.MESSAGE(message)


def link_core():
    op = Operations('link_core')
    types = constants('net/link.h', 'LINK_')

    def say(name, *values, **more):
        return link_message(op, types, name, *values, **more)

    hello = say('HELLO')
    watch = hello + say('SUBSCRIBE') + op.READ(2) + op.READ(3)
    viewer = say('VIEWER', 1, 1) + say('VIEWER', 2, 0, 1, head=1)
    draw = b''.join(op.DRAW(what, 90, 80) + op.CLOCK(3) + op.READ(3) for what in (0, 2, 4, 3, 1, 6))
    large = op.DRAW(0, 254, 254) + op.DRAW(2, 9, 9) + op.CLOCK(20) + op.JOB() + op.READ(3) + \
    op.JOB()
    yield hello + op.READ(0)
    yield watch + draw + say('UNSUBSCRIBE') + say('SUBSCRIBE', head=1) + op.READ(3) + draw
    yield watch + large + op.READ(0) + large + say('TAKEN', 9) + op.JOB()
    yield watch + large + op.READ(2) + op.CLOCK(30) + op.DRAW(2, 3, 4) + op.CLOCK(30) + op.READ(1)
    yield watch + op.DRAW(0, 20, 20) + op.DRAW(0, 30, 30) + op.CLOCK(3) + op.READ(3) + op.READ(3)
    yield hello + viewer + say('KEY', 1, 1, 0x61, 1) + say('KEY', 1, 2, 30, 1) + \
        say('KEY', 1, 3, 30, 0) + say('KEY', 2, 1, 0x1008ff11, 1) + say('KEY', 1, 2, 0xe01d, 1) + \
        say('POINTER', 1, 10, 20, 1) + say('POINTER', 2, -5, 9999, 3, head=1) + \
        say('POINTER', 1, 10, 20, 0, words=[(1, 1), (5, 120), (6, -120)]) + \
        say('TEXT', 1, 9, 0x41) + \
        op.CLOCK(40) + op.TURN() * 9 + say('VIEWER_GONE', 1) + say('VIEWER_GONE', 2)
    yield hello + viewer + say('TEXT', 1, 60000, 0x41) + say('TEXT', 1, 5000, 0x42) + \
        say('TEXT', 1, 4, 0xc3) + op.CLOCK(9) + op.TURN() + say('VIEWER', 1, 0, 2)
    yield hello + viewer + op.SEAT() + op.READ(0) + op.END() + op.TURN() * 3 + op.CLOCK(60) + \
        op.TURN() + hello + op.READ(0)
    yield op.END() + op.TURN() * 2 + (op.CLOCK(255) + op.TURN() + op.END() + op.TURN() * 2) * 4
    yield hello + say('ENCODINGS', 3) + say('ANSWER', 1) + say('SANDBOXED', 7)
    yield hello + say('ENCODINGS', 33)
    yield hello + viewer + op.ASK() + op.READ(0) + say('VIEWER', 1, 1) + say('ENCODINGS', 2) + \
        say('ANSWER', 1) + op.TURN() + op.ASK() + say('ANSWER', 7) + op.ASK() + op.END()
    yield hello + viewer + op.CHANGE(0) + op.READ(0) + op.CHANGE(5) + op.CHANGE(1) + \
        op.CHANGE(2) + \
        op.CHANGE(6) + op.READ(0) + op.CHANGE(2) + op.CHANGE(6) + op.READ(0) + op.CHANGE(4) + \
        op.TURN() * 3
    # Who asks a program that is about to end is answered all the same.
    yield hello + op.CHANGE(4) + op.ASK() + op.TURN() * 3
    # A program that hangs: it is asked, and then killed.
    yield watch + large + op.READ(2) + (op.CLOCK(255) + op.TURN()) * 25
    yield watch + large + (op.CLOCK(255) + op.TURN() + op.ASK() + op.READ(0) + \
        say('ANSWER', 1)) * 25
    yield hello + say('ENCODINGS', 2, words=[(2, 0x22222222)])
    # Each of these is the end.
    for bad in (hello, say('SUBSCRIBE', head=2), say('SUBSCRIBE', head=20),
                say('UNSUBSCRIBE'), say('SUBSCRIBE') * 2, say('CREDIT', 0), say('CREDIT', 3),
                say('SUBSCRIBE') + say('TAKEN', 77), say('VIEWER', 1, 2), say('VIEWER_GONE', 5),
                say('VIEWER', 1, words=[(2, 0x01010101)]), say('KEY', 5, 1, 1, 1),
                viewer + say('KEY', 1, 9, 1, 1), viewer + say('KEY', 1, 1, 1, 2),
                viewer + say('POINTER', 1, 1, 1, 0xff), viewer + \
                say('POINTER', 1, 1, 1, 0, words=[(1, 2)]),
                viewer + say('POINTER', 1, words=[(7, 1)]), say('TEXT', 1, 0), say('TEXT', 1,
                70000),
                say('TEXT', 1, 8, size=9), say('SETTINGS'), say('HELLO', size=3), say('HELLO',
                flags=16),
                op.PACKET(3, b'abc'), op.PACKET(16, struct.pack('<IIII', 65, 0, 0, 4)),
                op.MESSAGE(200, 0, 0, bytes(4))):
        yield hello + bad + op.TURN() * 2 + op.CLOCK(99) + op.TURN()
    yield say('SUBSCRIBE') + op.TURN()
    yield say('HELLO', words=[(0, 9)]) + op.TURN()


def link_vnc():
    op = Operations('link_vnc')
    types = constants('net/link.h', 'LINK_')
    well, badly = b'\1', b'\0'

    def say(name, *values, **more):
        return link_message(op, types, name, *values, **more)

    watch = op.VIEWER(0) + op.RESIZE(0, 63, 47) + op.JOB() + op.REQUEST(0) + op.JOB() + \
    op.REQUEST(0)
    update = op.JOB() * 2 + op.REQUEST(0) + op.JOB()
    yield well + watch
    yield well + watch + say('FRAME', 1, 2, 30, 20) + update + \
        say('FRAME', 0x8003, 1, 20, 20) + update
    yield well + watch + say('CURSOR', 16, 16, 5, 5) + update + say('CURSOR_MOVE', 9, 9, 1) + \
        update + say('CURSOR', 0, 0) + say('CURSOR', 64, 64, -9, 60) + update + \
        say('CURSOR_MOVE', 0, 0, 0)
    yield well + watch + op.RESIZE(0, 9, 9) + update + op.RESIZE(0, 90, 90) + update
    yield well + watch + say('FRAME', 0, 0, 64, 48) + say('FRAME', 0, 0, 64, 48) + update
    yield well + watch + say('FRAME', 0, 0, 64, 48) + op.RESIZE(0, 20, 20) + op.JOB() + update
    yield well + watch + say('FRAME', 0, 0, 64, 48, words=[(0, 9)]) + update
    yield well + watch + say('FRAME', 1, 1, 5, 5, words=[(2, 1)]) + update
    yield well + watch + op.VIEWER(1) + op.VIEWER(2) + say('FRAME', 0, 0, 9, 9) + update + \
        say('SEAT', 7, 1) + say('DISCONNECT', 1) + say('ASK', 3) + op.LISTEN()
    yield well + watch + say('PASSWORD') + op.VIEWER(1) + say('PASSWORD', flags=8) + \
        op.VIEWER(2) + \
        say('PASSWORD', flags=16) + op.VIEWER(3)
    yield well + say('LISTENER_GONE', 1) + say('LISTENER', 2, head=1) + op.VIEWER(0) + \
        op.RESIZE(1, 9, 9) + update + say('LISTENER_GONE', 9)
    yield well + say('VIEW_PASSWORD') + say('POLICY', 2, 1) + op.VIEWER(0) + op.VIEWER(1) + \
        say('POLICY', 3, 9) + op.VIEWER(1)
    yield well + say('LISTENER', 3, 1) + op.VIEWER(0) + op.RESIZE(0, 9, 9) + \
        op.RESIZE(1, 9, 9) + update
    yield well + say('SETTINGS', words=[(2, 100)]) + op.VIEWER(0) + op.CLOCK(10) + op.TURN() + \
        op.LISTEN()
    yield badly + say('SETTINGS', words=[(2, 100)]) + say('READY') + op.CLOCK(10) + op.TURN()
    sandbox = offset('net/link.h', 'link_settings', 'sandbox') // 4
    for value in (1, 2, 3):
        yield badly + say('SETTINGS', words=[(sandbox, value)]) + say('LISTENER', 1) + \
            say('READY') + op.JOB() + op.VIEWER(0)
    yield badly + say('READY')
    yield badly + say('SETTINGS') + say('LISTENER', 1) + say('READY') + op.VIEWER(0) + \
        say('HEAD', 9, 9)
    for bad in (say('SETTINGS', words=[(0, 9)]), say('SETTINGS', words=[(1, 17)]),
                say('SETTINGS', words=[(3, 9)]), say('POLICY', 9, 1), say('POLICY', 1, 0),
                say('HEAD', 0, 5), say('HEAD', 20000, 5), say('HEAD', 9, 9, words=[(2, 1)]),
                say('HEAD', 100, 3000), say('HEAD', 9, 9, flags=16), say('HEAD', 9, 9, flags=8),
                say('FRAME', 60, 0, 5, 5), say('FRAME', 60, 43, 20, 5), say('FRAME', 0, 0, 0, 5),
                say('FRAME', 0x8000, 44, 9, 9),
                say('FRAME', 0, 0, 1, 1, words=[(2, 2)]), say('FRAME', 0, 0, 1, 1, words=[(3,
                5000)]),
                say('FRAME', 0, 0, 1, 1, generation=99), say('CURSOR', 5, 0), say('CURSOR', 129, 1),
                say('CURSOR', 5, 5, words=[(3, 9)]), say('CURSOR', 5, 5, words=[(2, 2)]),
                say('CURSOR_MOVE', 1, 1, 2), say('SEAT', 1, 2), say('LISTENER', 5, flags=16),
                say('LISTENER', 5, words=[(0, 9)]), say('LISTENER', 5, head=9), say('HELLO'),
                say('SUBSCRIBE'), say('FRAME', 1, 1, 1, 1, head=16), op.PACKET(3, b'abc'),
                op.MESSAGE(99, 0, 0, bytes(4))):
        yield well + watch + bad + update
