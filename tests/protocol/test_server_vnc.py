#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The core with the real oriel-vnc: started by a viewer, killed, idle, and
the picture of a viewer against the one of a screenshot."""
import base64
import os
import signal
import socket
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


class Operation(ServerTest):
    """What is done to viewers from outside, with the real program."""

    def begin(self, text):
        self.write('o.ini', text)
        self.start('-c', self.path('o.ini'), port0=False)
        self.control = self.connect()

    def reload(self, text, *changed):
        self.write('o.ini', text)
        reply = self.control.ask('reload')
        self.assertEqual((reply['ok'], reply.get('changed')), (True, list(changed)), reply)

    def viewers(self):
        return self.control.ask('viewers')['viewers']

    def expect_gone(self, viewer):
        self.assertEqual(viewer.file.read(), b'')

    def test_figures_and_disconnect(self):
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:0\n')
        first, second = Viewer(self.view()), Viewer(self.view())
        pixels = len(first.picture()) // 3
        one, other = self.viewers()
        if one['updates_sent'] == 0:
            one, other = other, one
        self.assertEqual((one['updates_sent'], other['updates_sent']), (1, 0))
        self.assertGreater(one['bytes_sent'], 4 * pixels)
        self.assertLess(other['bytes_sent'], 1000)
        self.assertEqual([v['bytes_queued'] for v in (one, other)], [0, 0])
        metrics = {m['name']: {v.get('label'): v['value'] for v in m['values']}
                   for m in self.control.ask('stats')['metrics']}
        self.assertGreater(metrics['viewer_bytes_total']['raw'], 4 * pixels)
        self.assertEqual(metrics['viewer_updates_total']['raw'], 1)
        self.assertEqual(metrics['viewers_total'], {'vnc': 2})
        self.assertTrue(self.control.ask('disconnect', viewer=one['id'])['ok'])
        self.expect_gone(first)
        self.assertEqual(len(second.picture()), 3 * pixels)
        self.assertEqual([v['id'] for v in self.viewers()], [other['id']])
        self.stop()

    def test_who_stays_at_a_reload(self):
        """Exactly who would be let in again as he came."""
        two = '[vnc]\nlisten = tcp:127.0.0.1:0 tcp:[::1]:0\n'
        self.begin(two)
        first = Viewer(self.view())
        pid = self.control.ask('status')['outputs'][0]['pid']
        [address] = [a for a in self.listeners('vnc') if '[' in a]
        stream = socket.create_connection(('::1', int(address.rpartition(':')[2])))
        self.addCleanup(stream.close)
        second = Viewer(stream)
        self.assertEqual(sorted('[::1]' in v['address'] for v in self.viewers()), [False, True])
        # Neither of these is a rule of theirs.
        self.reload(two + 'max-viewers = 1\nshare = force-shared\nlogin-delay = 9\n[gpu]\n'
                    'name = N\n[log]\nlevel = debug\n', '[gpu].name', '[vnc].share',
                    '[vnc].login-delay', '[vnc].max-viewers', '[log].level')
        self.reload(two, '[gpu].name', '[vnc].share', '[vnc].login-delay', '[vnc].max-viewers',
                    '[log].level')
        self.assertEqual(len(self.viewers()), 2)
        # The listener of one goes.
        one = '[vnc]\nlisten = tcp:127.0.0.1:0\n'
        self.reload(one, '[vnc].listen')
        self.expect_gone(second)
        self.assertTrue(first.picture())
        # A password that was not asked for.
        self.write('secret', 'secret\n')
        self.reload(one + 'password-file = %s\n' % self.path('secret'), '[vnc].password-file')
        self.expect_gone(first)
        with self.assertRaises(AssertionError):  # there is no door without one
            Viewer(self.view())
        self.reload(one, '[vnc].password-file')
        self.assertTrue(Viewer(self.view()).picture())
        self.assertEqual(self.control.ask('status')['outputs'][0]['pid'], pid)
        self.stop()

    def test_trace_and_log_of_the_program(self):
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:0\n')
        viewer = Viewer(self.view())
        viewer.picture()
        self.assertNotIn('trace', self.log())
        self.assertTrue(self.control.ask('trace', pattern='viewer_*')['ok'])
        viewer.picture()
        self.wait_for_log(r'oriel-vnc: trace: viewer_request: \d+\.\d{6} viewer=1 incremental=0')
        self.wait_for_log(r'oriel-vnc: trace: viewer_update_begin: ')
        self.wait_for_log(r'oriel-vnc: trace: viewer_update_end: .*encoding=raw bytes=')
        self.reload('[vnc]\nlisten = tcp:127.0.0.1:0\n[log]\nformat = json\n'
                    'level = error viewer:debug vnc:debug\n', '[log].level', '[log].format',
                    '[log].trace')
        viewer.file.close()
        self.view()
        self.wait_for_log(r'"program":"oriel-vnc","pid":\d+,"level":"debug","module":"')
        self.stop()

    def test_a_program_that_is_stopped_is_replaced(self):
        """SIGSTOP: its link stays open, and nothing comes."""
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:0\n')
        viewer = Viewer(self.view())
        viewer.picture()
        pid = self.control.ask('status')['outputs'][0]['pid']
        os.kill(pid, signal.SIGSTOP)
        # Somebody wants to know something, and is told in the end.
        self.control.socket.settimeout(60)
        self.assertEqual(self.viewers(), [])
        self.wait_for_log(r'oriel-vnc \(pid %d\) hangs: it has said nothing for 10 s' % pid)
        self.assertTrue(Viewer(self.view()).picture())
        self.stop()


if __name__ == '__main__':
    unittest.main()
