# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of the RFB front end."""
import os
import re
import struct
import zlib

from seed_words import SOURCE, Operations, constants


def rfb():
    op = Operations('rfb')
    encodings = constants('net/vnc/encodings.h', 'ENCODING_')
    text = open(os.path.join(SOURCE, 'net/vnc/encodings.h')).read()
    encodings = {name: int(value, 0) for name, value in
                 re.findall(r'ENCODING_(\w+) = (-?\d+|0x[0-9a-f]+)', text)}
    hello = b'RFB 003.008\n\1\1'
    ask = b'\3\0' + struct.pack('>HHHH', 0, 0, 96, 96)
    again = b'\3\1' + struct.pack('>HHHH', 0, 0, 96, 96)
    part = b'\3\1' + struct.pack('>HHHH', 8, 8, 40, 20)

    def send(data, viewer=0):
        if len(data) < 256:
            return op.SEND(viewer, len(data), data)
        return op.MESSAGE(viewer, struct.pack('<H', len(data)), data)

    def wants(*names):
        values = [encodings[name] if isinstance(name, str) else name for name in names]
        return struct.pack('>BBH', 2, 0, len(values)) + b''.join(
            struct.pack('>i', value) for value in values)

    def pixel_format(*fields):
        return b'\0\0\0\0' + struct.pack('>BBBBHHHBBB', *fields) + bytes(3)

    def clip(flags, data=b''):
        body = struct.pack('>I', flags) + data
        return b'\6\0\0\0' + struct.pack('>i', -len(body)) + body

    picture = op.RESIZE(0, 79, 59) + op.JOB()
    update = op.JOB() + op.READ(0) + op.FRAME(0, 2, 3, 50, 30) + op.JOB() * 2 + op.READ(0)
    move = op.FRAME(0, b'\xf0\x05\x80', 1, 30, 20) + op.JOB() * 2 + op.READ(0)
    start = send(hello) + picture
    for first in ('RAW', 'HEXTILE', 'ZLIB', 'ZRLE', 'TIGHT', 'RRE', 'CORRE'):
        if first in encodings:
            yield start + send(wants(first, 'COPY_RECT', 'CURSOR', 'LAST_RECT') + ask) + update + \
                send(again) + update + send(again) + move + op.CURSOR(0, 9, 9, 5, 5) + \
                send(again) + update
    yield start + send(wants('TIGHT', -23, -247, -500, -766) + ask) + update + send(again) + update
    yield start + send(wants(*[name for name in encodings]) + ask) + update + \
        op.CURSOR(0, 20, 9, 3, 3) + \
        send(again) + update + op.RESIZE(0, 20, 30) + op.JOB() + send(ask) + update + \
        op.SEAT(5, 1) + send(again) + update + op.LISTEN()
    yield start + send(wants('RAW', 'DESKTOP_SIZE') + ask) + update + op.RESIZE(0, 40, 90) + \
        op.JOB() + \
        send(again) + update
    yield start + send(ask) + update + op.RESIZE(0, 40, 90) + op.JOB() + send(ask) + update + \
        op.CURSOR(0, 16, 16, 4, 4) + send(part) + update
    for one in ((8, 8, 0, 1, 7, 7, 3, 0, 3, 6), (16, 16, 1, 1, 31, 63, 31, 11, 5, 0), (8, 8, 0, 0,
        0, 0, 0, 0, 0, 0),
                (32, 30, 0, 1, 1023, 1023, 1023, 20, 10, 0), (32, 24, 0, 1, 255, 255, 255, 16, 8,
                0),
                (24, 24, 0, 1, 255, 255, 255, 16, 8, 0), (32, 24, 0, 1, 255, 255, 254, 16, 8, 0),
                (32, 24, 0, 1, 255, 255, 255, 25, 8, 0), (32, 24, 0, 0, 255, 255, 255, 16, 8, 0)):
        yield start + send(pixel_format(*one) + wants('ZRLE', 'CURSOR') + ask) + \
            op.CURSOR(0, 9, 9, 1, 1) + \
            update + send(again) + update + send(pixel_format(*one)) + update
    # Handshakes. The challenge is the same each time (lib/vnc_run.c), and so is
    # the right answer.
    answer = bytes.fromhex('494db89470482efc494db89470482efc')
    for version in (b'RFB 003.003\n', b'RFB 003.007\n', b'RFB 003.008\n', b'RFB 003.889\n',
        b'RFB 004.001\n',
                    b'GET / HTTP/1.1\r\n', b'RFB 003.00'):
        yield send(version) + send(b'\1') + send(b'\1') + picture
        yield op.PASSWORD(1) + send(version) + send(b'\2') + send(answer) + send(b'\1') + picture
        yield op.PASSWORD(2) + send(version) + send(b'\1') + picture
    yield send(b'RFB 003.008\n') + send(b'\x13') + picture
    yield op.PASSWORD(2) + send(b'RFB 003.008\n\2' + answer + b'\0') + picture + \
        send(ask + b'\4\1\0\0' + struct.pack('>I', 0x61)) + op.JOB() + op.PASSWORD(0) + op.LISTEN()
    yield send(b'RFB') + op.CLOCK(255) + op.CLOCK(255) + op.TURN() + send(b' 003.008\n')
    for byte in hello:
        picture += send(bytes([byte]), 1)
    yield picture + send(ask, 1) + op.JOB() + op.READ(1)
    # Messages of every kind, also of many in one piece and of one in many.
    key = b'\4\1\0\0' + struct.pack('>I', 0x61)
    pointer = b'\5\1' + struct.pack('>HH', 10, 20) + b'\5\x88' + struct.pack('>HH', 90, 90) + \
        b'\5\0' + struct.pack('>HH', 0, 0)
    yield start + send(key + pointer + key[:4] + b'\0\0\xff\x0d') + op.LISTEN()
    yield start + send(wants('RAW', *[name for name in encodings if name.startswith('QEMU') or
                                     'LED' in name or 'BUTTON' in name or 'CLIP' in name]) + \
                                     ask) + \
        update + op.SEAT(3, 1) + \
        send(b'\xff\0\0\1' + struct.pack('>II', 0x61, 0x1e) + pointer + b'\xff\0\0\0' +
             struct.pack('>II', 0x61, 0xe01d) + b'\5\x80\0\5\0\5\1') + update + \
             op.SEAT(0, 0) + op.LISTEN()
    yield start + send(b'\6\0\0\0' + struct.pack('>I', 5) + b'hello') + \
        send(b'\6\0\0\0' + struct.pack('>I', 100000)) + send(bytes(5000)) * 3 + op.LISTEN()
    yield start + send(wants('RAW', -1063131698) + ask) + update + \
        send(clip(0x0100001f, struct.pack('>IIIII', 0, 0, 0, 0, 0))) + send(clip(0x08000001)) + \
        send(clip(0x02000001)) + \
        send(clip(0x10000001, bytes.fromhex('789c63606060e04a4c4a0600') + bytes(9))) + \
        send(clip(0x01000001, struct.pack('>I', 10000000))) + send(clip(0x04000000)) + op.LISTEN()
    yield start + send(wants('RAW', -1063131698) + ask) + update + \
        send(clip(0x10000001, zlib.compress(struct.pack('>I', 6) + b'hello\0'))) + \
        send(clip(0x10000003, zlib.compress(struct.pack('>I', 1 << 30) + bytes(60000)))) + \
        op.LISTEN()
    yield start + send(b'\xfb\0' + struct.pack('>HHBB', 100, 100, 1, 0) + bytes(16)) + \
        send(wants('RAW', 'EXTENDED_DESKTOP_SIZE') + ask) + update + \
        send(b'\xfb\0' + struct.pack('>HHBB', 100, 100, 1, 0) + bytes(16)) + update
    for message in (b'\1\0' + struct.pack('>HH', 0, 2) + bytes(12), b'\x08\1\0\0', b'\x09\1\0\0',
                    b'\x0a\1' + bytes(4), b'\x0b\0\0\0' + struct.pack('>I', 0xfffffffd),
                    b'\x0b\0\0\0' + struct.pack('>I', 3) + b'abc', b'\x0f\1\0\0', b'\x96' + \
                    bytes(9),
                    b'\xf8\0\0\0' + bytes(4) + b'\3abc', b'\xfa\0\1\2', b'\xfd\x81\0\4abcd',
                    b'\xfd\1\4\0abcd', b'\xff\1\0\0', b'\xff\1\0\2' + \
                    bytes(6), b'\xff\7\0\0', b'\7', b'\x63',
                    b'\2\0\xff\xff', b'\6\0\0\0\x80\0\0\0', b'\6\0\0\0\xff\xff\xff\xfe\0\0'):
        yield start + send(message + ask) + update
        yield start + b''.join(send(message[i:i + 1]) for i in range(len(message))) + \
            send(ask) + update
    # Who may come, and how they share.
    alone = hello[:-1] + b'\0'
    for share in (0, 1, 2):
        yield op.POLICY(share, 9) + start + send(ask) + op.JOB() + send(alone, 1) + send(ask, 1) + \
            op.JOB() * 2 + send(hello, 2) + send(hello, 0) + op.LISTEN()
    yield op.POLICY(0, 0) + start + send(hello, 1) + op.CONNECT(2) + op.CONNECT(0) + op.TURN()
    yield start + send(hello, 1) + send(hello, 2) + op.DISCONNECT(1) + op.DISCONNECT(2) + \
        op.DISCONNECT(9) + op.TURN() + send(ask, 2) + op.JOB()
    # Wrong passwords from one address wait for each other.
    wrong = b'RFB 003.008\n\2' + bytes(16)
    yield op.PASSWORD(1) + op.PASSWORD(2) + (send(wrong) + send(wrong, 1) + send(wrong, 2) +
                                             op.CLOCK(8) + op.TURN()) * 3 + op.CLOCK(200) + \
                                             op.TURN()
    yield op.PASSWORD(1) + send(wrong) + op.CONNECT(0) + send(wrong) + op.PASSWORD(0) + op.CLOCK(90)
    yield start + op.FLOOD(0, 120) + op.LISTEN() + op.TURN() * 3 + op.LISTEN() + send(ask) + \
        op.JOB()
    yield start + op.FLOOD(0, 90) + op.CONNECT(0) + op.CONNECT(1) + op.LISTEN() + op.TURN() * 2
    # The whole layout in one connection.
    both = op.RESIZE(0, 39, 29) + op.JOB() + op.RESIZE(1, 50, 40) + op.JOB()
    for first in ('RAW', 'ZRLE', 'TIGHT'):
        yield op.LAYOUT() + send(hello) + both + send(wants(first, 'COPY_RECT', 'CURSOR',
            'EXTENDED_DESKTOP_SIZE', 'DESKTOP_SIZE') + ask) + update + op.FRAME(1, 1, 1, 9, 9) + \
            op.JOB() * 2 + send(again) + update + op.CURSOR(1, 9, 9, 3, 3) + send(again) + \
            update + \
            op.RESIZE(1, 20, 60) + op.JOB() + send(again) + update + send(pointer) + op.LISTEN()
    yield op.LAYOUT() + send(hello) + both + send(ask) + update + op.CURSOR(1, 9, 9, 45, 3) + \
        send(ask) + update + op.RESIZE(0, 90, 90) + op.JOB() * 2 + send(ask) + update
    yield start + op.LAYOUT() + op.TURN() + send(hello, 1) + op.LAYOUT() + op.TURN() + \
        send(hello, 2)
    yield start + send(ask + again * 60) + update + send(wants('ZRLE') + wants('TIGHT') * 3) + \
        update
    yield start + send(ask) + op.FRAME(0, 0, 0, 80, 60) + op.CONNECT(0) + op.JOB() * 2
    # One that reads nothing more, first for a while and then for ever.
    stall = op.RESIZE(0, 95, 95) + op.JOB() + (send(ask) + op.JOB()) * 14
    yield send(hello) + stall + op.CLOCK(20) + op.TURN() + op.LISTEN() + op.READ(0) + op.TURN() + \
        op.READ(0) + send(ask) + op.JOB() + stall + (op.CLOCK(200) + op.TURN()) * 6
    yield start + send(wants('RAW', 'COPY_RECT', 'CURSOR') + ask) + update + send(hello, 1) + \
        send(hello, 2) + send(ask, 1) + send(ask, 2) + op.JOB() * 4 + move + send(again) + move + \
        send(part, 1) + op.CONNECT(1) + op.JOB() * 3 + op.LISTEN()
