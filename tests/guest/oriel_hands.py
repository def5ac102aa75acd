# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of input share: a guest with a keyboard, a tablet and a mouse,
its reader of events, and the scripts that a viewer plays.

Key codes, event types and the like are those of <linux/input-event-codes.h>.
"""
import os
import re
import socket
import struct
import subprocess

from oriel_guest import PATIENCE, GuestTest, program

EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_LED = 0, 1, 2, 3, 17
SYN = (EV_SYN, 0, 0)
REL_X, REL_Y, REL_HWHEEL, REL_WHEEL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES = 0, 1, 6, 8, 11, 12
ABS_X, ABS_Y = 0, 1
ABS_RANGE = 0x8000
KEY_LEFTCTRL, KEY_A, KEY_LEFTSHIFT, KEY_F12 = 29, 30, 42, 88
BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA = 0x110, 0x111, 0x112, 0x113, 0x114

XK_RETURN, XK_TAB, XK_SHIFT_L, XK_CONTROL_L, XK_CAPS_LOCK = 0xff0d, 0xff09, 0xffe1, 0xffe3, 0xffe5
XK_ALTGR, XK_F12 = 0xfe03, 0xffc9

ASCII = ''.join(map(chr, range(0x20, 0x7f)))


def keysym(character):
    """As viewers name characters."""
    named = {'\n': XK_RETURN, '\t': XK_TAB, '€': 0x20ac}
    if character in named:
        return named[character]
    return ord(character) if ord(character) < 0x100 else 0x1000000 | ord(character)


def scancode(code):
    """The XT scancode of a key of the main block, where the two agree."""
    extended = {100: 0xb8}  # right Alt, in QEMU's short form of e0 38
    assert code in extended or code < 0x59
    return extended.get(code, code)


class Script:
    """Events for vncwatch's `play`."""

    def __init__(self):
        self.lines = []

    def add(self, line, *values):
        self.lines.append(line % values)
        return self

    def key(self, code, down):
        return self.add('key %x %d', code, down)

    def tap(self, *codes):
        """Down in order, up in the opposite one."""
        for code in codes:
            self.key(code, 1)
        for code in reversed(codes):
            self.key(code, 0)
        return self

    def wait(self, seconds):
        return self.add('wait %d', round(seconds * 1e6))

    def type(self, text, rate=30, held=lambda index, character: ()):
        """So many characters a second; `held` gives the keysyms of the
        modifiers that this viewer's person needs for one of them."""
        for index, character in enumerate(text):
            self.tap(*held(index, character), keysym(character))
            self.wait(1 / rate)
        return self

    def scan(self, code, down):
        return self.add('scan %x 0 %d', code, down)

    def pointer(self, x, y, *buttons):
        """Buttons by RFB's numbers: from 1, 4 to 7 are wheels."""
        return self.add('pointer %d %d %x', x, y, sum(1 << (button - 1) for button in buttons))

    def text(self, text):
        return self.add('text %s', text.encode('latin-1').hex(' '))


class Evwatch:
    """The guest's reader of events, in the place of the shell."""

    def __init__(self, guest):
        self.guest = guest
        guest.serial.send('evwatch grab\n')
        self.count = int(guest.serial.wait(r'<ok evwatch (\d+)>\n').group(1))

    def command(self, text):
        self.guest.serial.send(text + '\n')
        match = self.guest.serial.wait(r'(?s)(.*?)<(ok|error) %s([^>]*)>\n' % text.split()[0])
        if match.group(2) == 'error':
            raise AssertionError('%s%s; there was: %r' % (text, match.group(3),
                                                          match.group(1)[-1000:]))
        return match.group(1)

    def take(self, device, kind, code, value):
        """The events of a device up to the report that has this one; without
        the guest's own repetitions of keys that are held (value 2, and their
        SYN has a 1)."""
        listed = self.command('take %s %d %d %d' % (device, kind, code, value))
        events = [tuple(map(int, line.split())) for line in listed.splitlines()]
        return [event for event in events
                if event != (EV_SYN, 0, 1) and (event[0], event[2]) != (EV_KEY, 2)]

    def keys(self):
        """What the keyboard said until F12 went up; the tap of F12 is the
        test's own mark and cut off."""
        events = self.take('Keyboard', EV_KEY, KEY_F12, 0)
        assert events[-4:] == [(EV_KEY, KEY_F12, 1), SYN, (EV_KEY, KEY_F12, 0), SYN], events[-8:]
        return events[:-4]

    def devices(self):
        return [line[len('device '):] for line in self.command('devices').splitlines()]

    def quit(self):
        self.command('quit')
        self.guest.serial.wait(r'<done 0>\n')


def strip_syn(events):
    """Reports of one key each, without their SYN, as (code, value)."""
    if any(event != SYN for event in events[1::2]) or \
            any(event[0] != EV_KEY for event in events[0::2]):
        raise AssertionError('not reports of one key each: %r' % events)
    return [event[1:] for event in events[0::2]]


def xkbtext(mode, layout, text):
    return subprocess.run([program('xkbtext'), mode, *layout.split()], input=text, check=True,
                          stdout=subprocess.PIPE, text=True, encoding='utf-8').stdout


class RawViewer:
    """A viewer for the one extension that LibVNCClient cannot have: QEMU's
    change of the kind of pointer. Encodings: Raw, and that."""

    POINTER = -257

    def __init__(self, address):
        host, port = address[len('tcp:'):].rsplit(':', 1)
        self.socket = socket.create_connection((host, int(port)), PATIENCE)
        self.stream = self.socket.makefile('rb')
        self.read(12)
        self.socket.sendall(b'RFB 003.008\n')
        self.read(self.read(1)[0])
        self.socket.sendall(b'\1')
        assert self.read(4) == bytes(4)
        self.socket.sendall(b'\1')
        self.width, self.height, size = struct.unpack('>HH16xI', self.read(24))
        self.read(size)
        self.socket.sendall(struct.pack('>BxHii', 2, 2, self.POINTER, 0))
        self.relative = None
        self.request(0)

    def close(self):
        self.stream.close()
        self.socket.close()

    def read(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise AssertionError('the server has hung up')
        return data

    def request(self, incremental):
        self.socket.sendall(struct.pack('>BBHHHH', 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        kind, count = struct.unpack('>BxH', self.read(4))
        assert kind == 0, kind
        for _ in range(count):
            x, _, width, height, encoding = struct.unpack('>HHHHi', self.read(12))
            if encoding == self.POINTER:
                self.relative = x == 0
            else:
                self.read(width * height * 4)
        self.request(1)

    def wait_pointer(self, relative):
        """Returns once the server has said so."""
        while self.relative is not relative:
            self.update()
        return self.relative

    def pointer(self, x, y, buttons):
        self.socket.sendall(struct.pack('>BBHH', 5, buttons, x, y))


class InputTest(GuestTest):
    """A guest with a keyboard, a tablet and a mouse."""

    INPUT = ('keyboard', 'tablet', 'mouse')

    @classmethod
    def devices(cls):
        arguments = super().devices()
        for name in cls.INPUT:
            path = os.path.join(cls.screen.directory, name)
            arguments += ['-chardev', 'socket,id=%s,path=%s' % (name, path),
                          '-device', 'vhost-user-input-pci,chardev=' + name]
        return arguments

    @classmethod
    def hands(cls, head=0):
        """A viewer that can type and point."""
        return cls.watch('--input', '--encoding', 'zrle', head=head)

    def play(self, viewer, script):
        path = self.path('script')
        with open(path, 'w') as file:
            file.write('\n'.join(script.lines) + '\n')
        return viewer.do('play', path)

    def assert_qemu_well(self):
        self.assertIsNone(self.guest.process.poll(), self.guest.messages())
        wrong = re.findall(r'.*(?:rror|ssert|abort).*', self.guest.messages())
        self.assertEqual(wrong, [])
