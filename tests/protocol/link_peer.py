# SPDX-License-Identifier: GPL-2.0-or-later
"""An output program of our own, in the place of oriel-vnc: a few lines that
hand the core's link to the test, which then plays the program (net/link.h)."""
import mmap
import os
import socket
import struct

from oriel_server import PATIENCE

(SETTINGS, PASSWORD, LISTENER, HEAD, FRAME, CURSOR, CURSOR_MOVE, READY,
 SEAT, POLICY, VIEW_PASSWORD, LISTENER_GONE, DISCONNECT, ASK) = range(1, 15)
(HELLO, SUBSCRIBE, UNSUBSCRIBE, CREDIT, TAKEN, VIEWER, VIEWER_GONE, KEY, POINTER, TEXT,
 ENCODINGS, ANSWER, SANDBOXED) = range(64, 77)
VERSION = 2
PIXELS_OFFSET = 4096

PROGRAM = '''#!/usr/bin/python3
import os, signal, socket
here = os.path.dirname(os.path.abspath(__file__))
test = socket.socket(socket.AF_UNIX)
test.connect(os.path.join(here, 'test.sock'))
socket.send_fds(test, [('%d' % os.getpid()).encode()], [3])
os.close(3)
test.send(b'\\n')
while True:
    order = test.recv(1)
    if order == b'x':
        os._exit(3)
    if order == b'q' or not order:
        os._exit(0)
'''

# Dies at once, and tells how often it was started.
DYING_PROGRAM = '''#!/bin/sh
date +%s.%N >> "$(dirname "$0")/starts"
exit 3
'''


class Message:
    def __init__(self, data, fds):
        self.type, self.head, self.generation, size = struct.unpack('=IIII', data[:16])
        self.payload, self.fds = data[16:], fds
        assert size == len(self.payload)

    def unpack(self, form):
        return struct.unpack_from('=' + form, self.payload)

    def close(self):
        for fd in self.fds:
            os.close(fd)


class Peer:
    """The program's end of the link, and the process that stands for it."""

    def __init__(self, listener):
        self.channel, _ = listener.accept()
        self.channel.settimeout(PATIENCE)
        data, fds, _, _ = socket.recv_fds(self.channel, 64, 4)
        while not data.endswith(b'\n'):  # the program has let go of the link
            data += self.channel.recv(64)
        self.pid = int(data)
        self.link = socket.socket(fileno=fds[0])
        self.link.settimeout(PATIENCE)

    def send(self, kind, payload=b'', head=0, generation=0, size=None):
        size = len(payload) if size is None else size
        self.link.send(struct.pack('=IIII', kind, head, generation, size) + payload)

    def receive(self):
        """The next message, or None when the core has closed the link. What
        it says about the seat comes in between and is skipped."""
        while True:
            message = self.receive_any()
            if message is None or message.type != SEAT:
                return message

    def receive_any(self):
        try:
            data, fds, flags, _ = socket.recv_fds(self.link, 1 << 17, 4)
        except ConnectionResetError:
            return None
        assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        return Message(data, fds) if data else None

    def expect(self, kind):
        message = self.receive()
        assert message is not None, 'the link was closed'
        assert message.type == kind, 'message %d instead of %d' % (message.type, kind)
        return message

    def receive_until_end(self):
        while True:
            message = self.receive()
            if message is None:
                return
            message.close()

    def setup(self):
        """What comes first, up to READY. Returns the messages by their type."""
        messages = {}
        while READY not in messages:
            message = self.receive()
            messages.setdefault(message.type, []).append(message)
        return messages

    def hello(self, version=VERSION):
        self.send(HELLO, struct.pack('=II', version, self.pid))

    def subscribe(self, head=0):
        """Returns the canvas, mapped, and its message; the cursor is skipped."""
        self.send(SUBSCRIBE, head=head)
        message = self.expect(HEAD)
        self.expect(CURSOR)
        return self.map(message), message

    @staticmethod
    def map(message):
        width, height, stride = message.unpack('III')
        canvas = mmap.mmap(message.fds[0], PIXELS_OFFSET + stride * height, mmap.MAP_SHARED,
                           mmap.PROT_READ)
        message.close()
        return canvas

    def credit(self, generation, frames=1, head=0):
        self.send(CREDIT, struct.pack('=II', frames, 0), head, generation)

    def taken(self, generation, sequence, head=0):
        self.send(TAKEN, struct.pack('=Q', sequence), head, generation)

    def viewer(self, number, address=b'127.0.0.1:4000', encoding=b'zrle', shared=1, head=0,
               state=0, view_only=0, all_heads=0, sent=0, updates=0, queued=0):
        self.send(VIEWER, struct.pack('=II256s32sIIIIQQQ', number, shared, address, encoding,
                                      state, view_only, all_heads, 0, sent, updates, queued), head)

    def exit(self, order=b'q'):
        """Ends the process, with status 0 or (order x) 3."""
        self.channel.send(order)
        self.close()

    def close(self):
        self.link.close()
        self.channel.close()


def install(test, program=PROGRAM):
    """Puts the program beside a copy of oriel. Returns where Peers come from."""
    test.use_private_bin()
    path = os.path.join(test.bin, 'oriel-vnc')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(program)
    os.chmod(path, 0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(PATIENCE)
    listener.bind(os.path.join(test.bin, 'test.sock'))
    listener.listen()
    test.addCleanup(listener.close)
    return listener
