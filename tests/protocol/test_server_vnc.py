#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The core with the real oriel-vnc: started by a viewer, killed, idle, and
the picture of a viewer against the one of a screenshot."""
import base64
import os
import signal
import struct
import unittest

from oriel_server import ServerTest, has_ended, wait_until
from read_png import decode_png

RAW = 0


class Viewer:
    """The least viewer that there is: RFB 3.8, no security, Raw."""

    def __init__(self, stream):
        self.file = stream.makefile('rwb')
        self.greeting = self.file.read(12)
        self.write(b'RFB 003.008\n')
        count = self.file.read(1)[0]
        assert 1 in self.file.read(count)
        self.write(b'\1')
        assert self.file.read(4) == b'\0\0\0\0'
        self.write(b'\1')
        self.width, self.height = struct.unpack('>HH', self.file.read(4))
        self.file.read(16)
        self.name = self.file.read(struct.unpack('>I', self.file.read(4))[0])

    def write(self, data):
        self.file.write(data)
        self.file.flush()

    def picture(self):
        """The whole screen as RGB bytes."""
        depth24 = struct.pack('>BBBBHHHBBBxxx', 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        self.write(b'\0\0\0\0' + depth24 + struct.pack('>BxHi', 2, 1, RAW) +
                   struct.pack('>BBHHHH', 3, 0, 0, 0, self.width, self.height))
        kind, count = struct.unpack('>BxH', self.file.read(4))
        assert kind == 0
        pixels = bytearray(self.width * self.height * 3)
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack('>HHHHi', self.file.read(12))
            assert encoding == RAW
            for row in range(y, y + height):
                line = self.file.read(width * 4)
                at = (row * self.width + x) * 3
                for i, part in enumerate((line[2::4], line[1::4], line[0::4])):
                    pixels[at + i:at + width * 3:3] = part
        return bytes(pixels)


class RealProgram(ServerTest):
    def pid(self):
        return self.status()['outputs'][0]['pid']

    def test_viewer_and_screenshot_agree(self):
        self.start('-o', 'gpu.name=Test machine', '-o', 'head.0.mode=399x201')
        viewer = Viewer(self.view())
        self.assertEqual((viewer.width, viewer.height), (399, 201))
        self.assertIn(b'Test machine', viewer.name)
        reply = self.connect().ask('screenshot')
        self.assertEqual(decode_png(base64.b64decode(reply['png'])),
                         (399, 201, viewer.picture()))
        [seen] = self.status()['viewers']
        self.assertEqual((seen['kind'], seen['head']), ('vnc', 0))
        self.assertRegex(seen['address'], r'127\.0\.0\.1:\d+')
        self.stop()

    def test_killed_program_lets_viewers_in_again_at_once(self):
        self.start('-o', 'gpu.heads=2')
        for round_ in range(3):
            viewer = Viewer(self.view(round_ % 2))
            pid = self.pid()
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(viewer.file.read(1), b'')
            again = Viewer(self.view())
            self.assertEqual(len(again.picture()), 1280 * 800 * 3)
            self.assertNotEqual(self.pid(), pid)
        self.assertEqual(self.status()['heads'][0]['frames_published'], 1)
        self.stop()

    def test_idle_program_ends_and_comes_again(self):
        self.start('-o', 'vnc.idle-timeout=1')
        stream = self.view()
        viewer = Viewer(stream)
        pid = self.pid()
        viewer.file.close()
        stream.close()
        self.wait_for_log('oriel-vnc has ended')
        self.assertTrue(has_ended(pid))
        self.assertIsNone(self.pid())
        self.assertEqual(Viewer(self.view()).greeting, b'RFB 003.008\n')
        self.stop()

    def test_program_ends_with_a_killed_core(self):
        self.start()
        Viewer(self.view())
        pid = self.pid()
        self.oriel.kill()
        self.oriel.wait()
        wait_until(lambda: has_ended(pid), 'oriel-vnc ends by itself')


if __name__ == '__main__':
    unittest.main()
