#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How the core starts, feeds, watches and replaces an output program. The
tests play the program."""
import fcntl
import mmap
import os
import signal
import socket
import struct
import time
import unittest

import link_peer
from link_peer import CREDIT, FRAME, HEAD, LISTENER, PASSWORD, PIXELS_OFFSET, READY, SETTINGS
from link_peer import HELLO, SUBSCRIBE, TAKEN, UNSUBSCRIBE, VIEWER, VIEWER_GONE
from oriel_server import PATIENCE, ServerTest, has_ended, wait_until


class OutputTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.listener = link_peer.install(self)

    def peer(self):
        peer = link_peer.Peer(self.listener)
        self.addCleanup(peer.close)
        return peer

    def ready_peer(self):
        """A program that is started by a viewer, up to its HELLO."""
        self.viewer = self.view()
        peer = self.peer()
        peer.setup()
        peer.hello()
        return peer

    def expect_cut_off(self, peer):
        peer.receive_until_end()
        self.wait_for_log(r'oriel-vnc \(pid %d\) broke the protocol' % peer.pid)
        wait_until(lambda: has_ended(peer.pid), 'the program is killed', 5)


class Start(OutputTest):
    def test_lazy_start_on_the_first_connection(self):
        self.start('-o', 'gpu.heads=2', '-o', 'vnc.idle-timeout=7', '-o', 'gpu.name=N',
                   '-L', 'debug')
        [output] = self.status()['outputs']
        self.assertEqual((output['kind'], output['pid'], output['starts']), ('vnc', None, 0))
        self.view(1)
        peer = self.peer()
        messages = peer.setup()
        version, heads, idle, level, name = messages[SETTINGS][0].unpack('IIII256s')
        self.assertEqual((version, heads, idle, level, name.rstrip(b'\0')), (link_peer.VERSION, 2, 7000, 3, b'N'))
        self.assertNotIn(PASSWORD, messages)
        listeners = [(m.head, m.unpack('IIII256s')) for m in messages[LISTENER]]
        self.assertEqual([(head, text.rstrip(b'\0').decode()) for head, (*_, text) in listeners],
                         list(enumerate(self.listeners('vnc'))))
        for message in messages[LISTENER]:
            with socket.socket(fileno=message.fds[0]) as accepter:
                self.assertEqual(accepter.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1)
                if message.head == 1:  # the viewer still waits there
                    viewer, _ = accepter.accept()
                    viewer.close()
        [output] = self.status()['outputs']
        self.assertEqual((output['pid'], output['starts']), (peer.pid, 1))
        peer.exit()
        self.stop()

    def test_eager_start(self):
        self.start('-o', 'vnc.start=eager', '-o', 'vnc.idle-timeout=7')
        peer = self.peer()
        self.assertEqual(peer.setup()[SETTINGS][0].unpack('III')[2], 0)  # never idle
        peer.exit()
        self.assertNotEqual(self.peer().pid, peer.pid)
        self.stop()

    def test_nothing_but_the_link_is_inherited(self):
        self.start('-o', 'vnc.start=eager')
        peer = self.peer()
        fds = {fd: os.readlink('/proc/%d/fd/%s' % (peer.pid, fd))
               for fd in os.listdir('/proc/%d/fd' % peer.pid)}
        # 3 was the link; the program's own connection to the test is left.
        self.assertEqual(fds.pop('0'), '/dev/null')
        sockets = [fd for fd, target in fds.items() if target.startswith('socket:')]
        self.assertEqual(len(sockets), 1, fds)
        self.assertEqual(set(fds) - set(sockets), {'1', '2'}, fds)
        self.stop()

    def test_password_file_is_opened_afresh(self):
        path = self.write('secret', 'first')
        self.start('-o', 'vnc.password-file=' + path)
        for text in ('first', 'second'):
            self.write('new', text)
            os.rename(self.path('new'), path)
            self.viewer = self.view()
            peer = self.peer()
            [message] = peer.setup()[PASSWORD]
            with os.fdopen(message.fds[0]) as file:
                self.assertEqual(file.read(), text)
                self.assertEqual(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE, os.O_RDONLY)
            self.viewer.close()
            peer.exit()
            self.wait_for_log('oriel-vnc has ended')
        # Without it nobody is let in.
        os.unlink(path)
        self.view()
        peer = self.peer()
        seen = []
        while True:
            message = peer.receive()
            if message is None:
                break
            seen.append(message.type)
        self.assertNotIn(READY, seen)
        self.assertNotIn(LISTENER, seen)
        self.wait_for_log('cannot open the password file %s: No such file' % path)
        peer.close()
        self.stop()


class Life(OutputTest):
    def test_killed_program_is_started_again_while_viewers_ask(self):
        self.start()
        first = self.ready_peer()
        canvas, _ = first.subscribe()
        os.kill(first.pid, signal.SIGKILL)
        first.close()
        second = self.peer()  # the viewer of before was never accepted
        self.wait_for_log(r'oriel-vnc was ended by signal 9 \(Killed\)')
        second.setup()
        second.hello()
        second.subscribe()
        self.assertEqual(self.status()['outputs'][0]['starts'], 2)
        canvas.close()
        self.stop()

    def test_ended_program_is_not_started_without_viewers(self):
        self.start()
        viewer = self.view()
        peer = self.peer()
        messages = peer.setup()
        with socket.socket(fileno=messages[LISTENER][0].fds[0]) as listener:
            accepted, _ = listener.accept()
        accepted.close()
        viewer.close()
        peer.exit()
        self.wait_for_log('oriel-vnc has ended')
        self.listener.settimeout(1.5)  # longer than any pause
        with self.assertRaises(TimeoutError):
            self.listener.accept()
        self.listener.settimeout(PATIENCE)
        self.assertIsNone(self.status()['outputs'][0]['pid'])
        self.view()
        self.assertNotEqual(self.peer().pid, peer.pid)
        self.stop()

    def test_exit_status_is_told(self):
        self.start()
        self.ready_peer().exit(b'x')
        self.wait_for_log('oriel-vnc ended with status 3')
        self.peer()
        self.stop()

    def test_program_that_ignores_the_end_is_killed(self):
        def measure():
            self.start()
            peer = self.ready_peer()
            os.kill(peer.pid, signal.SIGSTOP)
            took = self.stop()
            self.assertTrue(has_ended(peer.pid))
            return took
        self.best_of_three(measure, 1.0)

    def test_program_that_closes_its_link_is_replaced(self):
        self.start()
        peer = self.ready_peer()
        peer.link.close()
        self.assertNotEqual(self.peer().pid, peer.pid)
        self.assertTrue(has_ended(peer.pid))
        self.stop()

    def test_viewers_are_forgotten_with_their_program(self):
        self.start()
        peer = self.ready_peer()
        peer.viewer(1)
        wait_until(lambda: self.status()['viewers'], 'the viewer is known')
        peer.exit()
        self.peer()
        self.assertEqual(self.status()['viewers'], [])
        self.stop()


class Backoff(ServerTest):
    def test_program_that_dies_at_once_is_started_ever_more_slowly(self):
        link_peer.install(self, link_peer.DYING_PROGRAM)
        self.start()
        viewer = self.view()

        def starts():
            with open(os.path.join(self.bin, 'starts'), encoding='utf-8') as file:
                return [float(line) for line in file]
        self.wait_for_log('oriel-vnc ended with status 3', 8)
        times = starts()
        gaps = [b - a for a, b in zip(times, times[1:])]
        for gap, least in zip(gaps, (0.1, 0.2, 0.4, 0.8, 1, 1, 1)):
            self.assertGreater(gap, least - 0.02)
        self.assertLess(min(gaps[4:]), 1.8)

        def measure():
            begun = time.monotonic()
            self.assertTrue(self.connect().ask('screenshot')['ok'])
            return time.monotonic() - begun
        self.best_of_three(measure, 1.0)
        viewer.close()
        self.stop()

    def test_program_that_cannot_be_executed(self):
        link_peer.install(self, '#!/no/such/interpreter\n')
        self.start()
        self.view()
        self.wait_for_log('cannot start %s/oriel-vnc: ' % self.bin, 2)
        self.stop()


class Frames(OutputTest):
    def test_first_frame_is_the_whole_card(self):
        self.start('-o', 'gpu.heads=2', '-o', 'head.1.mode=200x100', '-o', 'head.1.name=second')
        peer = self.ready_peer()
        canvas, head = peer.subscribe(1)
        width, height, stride, x, y, _, name = head.unpack('IIIiiI256s')
        self.assertEqual((head.head, width, height, stride, x, y, name.rstrip(b'\0')),
                         (1, 200, 100, 832, 1280, 0, b'second'))
        self.assertNotEqual(head.generation, 0)
        peer.credit(head.generation, head=1)
        frame = peer.expect(FRAME)
        sequence, whole, moves, rects, _ = frame.unpack('QIIII')
        self.assertEqual((frame.head, frame.generation, whole, moves, rects),
                         (1, head.generation, 1, 0, 1))
        self.assertEqual(struct.unpack('=HHHH', frame.payload[24:]), (0, 0, 200, 100))
        self.assertEqual(struct.unpack_from('=Q', canvas)[0], sequence)
        pixels = {struct.unpack_from('=I', canvas, PIXELS_OFFSET + y * stride + x * 4)[0] & 0xffffff
                  for y in range(height) for x in range(width)}
        self.assertGreaterEqual(len(pixels), 3)
        peer.taken(head.generation, sequence, head=1)
        canvas.close()
        self.stop()

    def test_canvas_cannot_be_written_or_resized(self):
        self.start()
        peer = self.ready_peer()
        peer.send(SUBSCRIBE)
        fd = peer.expect(HEAD).fds[0]
        for size in (0, 1 << 30):
            with self.assertRaises(PermissionError):
                os.ftruncate(fd, size)
        with self.assertRaises(PermissionError):
            os.pwrite(fd, b'x', PIXELS_OFFSET)
        with self.assertRaises(PermissionError):
            mmap.mmap(fd, 8192, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        os.close(fd)
        self.stop()

    def test_subscribing_again_gives_a_new_generation(self):
        self.start()
        peer = self.ready_peer()
        generations = []
        for _ in range(3):
            canvas, head = peer.subscribe()
            canvas.close()
            generations.append(head.generation)
            peer.send(UNSUBSCRIBE)
        self.assertEqual(len(set(generations)), 3)
        canvas, head = peer.subscribe()
        # Credit of an older generation is nobody's.
        peer.credit(generations[0])
        peer.taken(generations[0], 1)
        peer.credit(head.generation)
        self.assertEqual(peer.expect(FRAME).generation, head.generation)
        canvas.close()
        self.stop()

    def test_program_that_reads_nothing_holds_up_nobody(self):
        self.start('-o', 'gpu.heads=16')
        peer = self.ready_peer()
        # Canvas and cursor (16 KiB) of each head are more than a socket holds.
        for i in range(40):
            for head in range(16):
                peer.send(SUBSCRIBE, head=head)
                if i < 39:
                    peer.send(UNSUBSCRIBE, head=head)

        def measure():
            begun = time.monotonic()
            self.assertTrue(self.connect().ask('screenshot', head=3)['ok'])
            return time.monotonic() - begun
        self.best_of_three(measure, 1.0)
        # Now it reads, and gets the last canvas of every head.
        last = {}
        while len(last) < 16:
            message = peer.receive()
            if message.type == HEAD:
                last[message.head] = message.generation
            message.close()
        for head in range(16):
            peer.credit(last[head], head=head)
        self.assertTrue(self.status()['ok'])
        self.stop()


class Viewers(OutputTest):
    def test_viewers_are_in_the_status(self):
        self.start('-o', 'gpu.heads=2')
        peer = self.ready_peer()
        peer.viewer(7, b'127.0.0.1:4000', b'', 0)
        peer.viewer(8, b'unix', b'tight', 1, head=1)
        wait_until(lambda: len(self.status()['viewers']) == 2, 'two viewers')
        peer.viewer(7, b'127.0.0.1:4000', b'zrle', 1)
        viewers = wait_until(lambda: [v for v in self.status()['viewers']
                                      if self.status()['viewers'][0]['encoding']], 'the change')
        self.assertEqual(viewers, [
            {'kind': 'vnc', 'id': 7, 'head': 0, 'address': '127.0.0.1:4000', 'encoding': 'zrle',
             'shared': True, 'view_only': False, 'state': 'idle', 'bytes_sent': 0,
             'updates_sent': 0, 'bytes_queued': 0},
            {'kind': 'vnc', 'id': 8, 'head': 1, 'address': 'unix', 'encoding': 'tight',
             'shared': True, 'view_only': False, 'state': 'idle', 'bytes_sent': 0,
             'updates_sent': 0, 'bytes_queued': 0}])
        self.assertEqual(self.status()['outputs'][0]['viewers'], 2)
        peer.send(VIEWER_GONE, struct.pack('=IIQQ', 7, 0, 1, 2))
        wait_until(lambda: len(self.status()['viewers']) == 1, 'one viewer')
        self.stop()


class BrokenProtocol(OutputTest):
    """Each of these ends the program that sent it, and nothing else."""

    def test_messages_before_hello(self):
        self.start()
        for kind, payload in ((SUBSCRIBE, b''), (CREDIT, struct.pack('=II', 1, 0))):
            self.view()
            peer = self.peer()
            peer.setup()
            peer.send(kind, payload)
            self.expect_cut_off(peer)
        self.stop()

    def test_bad_hellos(self):
        self.start()
        self.view()
        for version in (0, link_peer.VERSION - 1, link_peer.VERSION + 1, 0xffffffff):
            peer = self.peer()
            peer.setup()
            peer.hello(version)
            self.expect_cut_off(peer)
        self.stop()

    def test_bad_messages(self):
        self.start('-o', 'gpu.heads=2')
        text = b'a' * 256
        table = [
            ('second hello', HELLO, struct.pack('=II', link_peer.VERSION, 1), {}),
            ('type of the other side', SETTINGS, b'\0' * 272, {}),
            ('unknown type', 99, b'', {}),
            ('type 0', 0, b'', {}),
            ('head beyond', SUBSCRIBE, b'', {'head': 2}),
            ('head far beyond', SUBSCRIBE, b'', {'head': 0xffffffff}),
            ('unsubscribe of nothing', UNSUBSCRIBE, b'', {}),
            ('payload where none is', SUBSCRIBE, b'x', {}),
            ('wrong size field', SUBSCRIBE, b'', {'size': 1}),
            ('short payload', CREDIT, b'\0' * 4, {}),
            ('no credit', CREDIT, struct.pack('=II', 0, 0), {}),
            ('too much credit', CREDIT, struct.pack('=II', 3, 0), {}),
            ('all the credit', CREDIT, struct.pack('=II', 0xffffffff, 0), {}),
            ('address without end', VIEWER, struct.pack('=II256s32s', 1, 0, text, b''), {}),
            ('encoding without end', VIEWER, struct.pack('=II256s32s', 1, 0, b'a', b'e' * 32), {}),
            ('control characters', VIEWER, struct.pack('=II256s32s', 1, 0, b'\x1b[0m', b''), {}),
            ('no truth value', VIEWER, struct.pack('=II256s32s', 1, 2, b'a', b''), {}),
            ('unknown viewer', VIEWER_GONE, struct.pack('=IIQQ', 5, 0, 0, 0), {}),
        ]
        self.viewer = self.view()
        for name, kind, payload, options in table:
            with self.subTest(name):
                peer = self.peer()
                peer.setup()
                peer.hello()
                peer.send(kind, payload, **options)
                self.expect_cut_off(peer)
        self.assertTrue(self.status()['ok'])
        self.stop()

    def test_answers_to_what_was_never_asked(self):
        self.start()
        self.viewer = self.view()
        for answer in ('twice', 'frame'):
            peer = self.peer()
            peer.setup()
            peer.hello()
            canvas, head = peer.subscribe()
            canvas.close()
            if answer == 'twice':
                peer.send(SUBSCRIBE)
            else:
                peer.send(TAKEN, struct.pack('=Q', 12345), 0, head.generation)
            self.expect_cut_off(peer)
        self.stop()

    def test_short_packet_and_descriptor(self):
        self.start()
        self.viewer = self.view()
        peer = self.peer()
        peer.setup()
        peer.link.send(b'short')
        self.expect_cut_off(peer)
        peer = self.peer()
        peer.setup()
        peer.hello()
        socket.send_fds(peer.link, [struct.pack('=IIII', SUBSCRIBE, 0, 0, 0)], [0])
        self.expect_cut_off(peer)
        self.stop()

    def test_too_many_viewers(self):
        self.start()
        peer = self.ready_peer()
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for number in range(100000):
                peer.viewer(number)
        self.expect_cut_off(peer)
        self.stop()


if __name__ == '__main__':
    unittest.main()
