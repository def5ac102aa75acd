#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket and orielctl: framing, errors, slow and half clients,
screenshots."""
import base64
import json
import os
import re
import socket
import subprocess
import threading
import time
import unittest

from oriel_server import BIN, PATIENCE, ServerTest, wait_until
from read_png import decode_png


class Requests(ServerTest):
    def setUp(self):
        super().setUp()
        self.start('-o', 'vnc.listen=', '-o', 'gpu.heads=2', '-o', 'head.1.mode=200x100',
                   port0=False)

    def tearDown(self):
        self.stop()

    def test_ids_come_back_as_they_were(self):
        control = self.connect()
        for identity in (0, 1, -7, 'name', None, 1.5, [1, {'a': 2}], True):
            control.send({'id': identity, 'command': 'help'})
            reply = control.receive()
            self.assertEqual(reply['id'], identity)
            self.assertIs(reply['ok'], True)
        control.send({'command': 'help'})
        self.assertIsNone(control.receive()['id'])

    def test_errors_are_sentences_and_the_connection_goes_on(self):
        control = self.connect()
        table = [
            (b'nonsense\n', 'not JSON'),
            (b'{"command": "status"\n', 'not JSON'),
            (b'{"command": "status", "command": "quit"}\n', 'not JSON: duplicate'),
            (b'{"command": "st\xff"}\n', 'not JSON'),
            (b'{"command": "a\x00b"}\n', 'not JSON'),
            (b'[1]\n', 'a request is an object'),
            (b'7\n', 'not JSON'),
            (b'{}\n', 'a request is an object with a "command"'),
            (b'{"command": 3}\n', 'a request is an object with a "command"'),
            (b'{"command": "frobnicate"}\n', 'there is no command "frobnicate"; try help'),
            (b'{"command": "status", "head": 0}\n', 'status takes no "head"'),
            (b'{"command": "screenshot", "head": "0"}\n', '"head" of screenshot is of type integer'),
            (b'{"command": "screenshot", "head": 2}\n', 'there is no head 2; there are 2'),
            (b'{"command": "screenshot", "head": -1}\n', 'there is no head -1'),
            (b'{"command": "screenshot", "head": 4294967296}\n', 'there is no head 4294967296'),
            (b'[' * 10000 + b'\n', 'not JSON'),
        ]
        for request, error in table:
            control.send(request)
            reply = control.receive()
            self.assertIs(reply['ok'], False)
            self.assertTrue(reply['error'].startswith(error), (request, reply))
        self.assertTrue(control.ask('status')['ok'])

    def test_error_carries_the_id(self):
        control = self.connect()
        control.send({'id': 5, 'command': 'x'})
        self.assertEqual(control.receive()['id'], 5)

    def test_help_lists_commands_with_their_parameters(self):
        commands = {c['name']: c for c in self.connect().ask('help')['commands']}
        self.assertEqual(set(commands), {'status', 'screenshot', 'viewers', 'disconnect', 'stats',
                                         'trace', 'reload', 'quit', 'help'})
        self.assertEqual([(p['name'], p['type'], p['required'])
                          for p in commands['screenshot']['parameters']],
                         [('head', 'integer', False)])

    def test_requests_in_pieces_and_in_one_piece(self):
        control = self.connect()
        request = b'{"id": 1, "command": "help"}\r\n'
        for i in range(len(request)):
            control.send(request[i:i + 1])
        self.assertEqual(control.receive()['id'], 1)
        control.send(b'\n \n' + b''.join(b'{"id": %d, "command": "status"}\n' % i
                                        for i in range(100)))
        self.assertEqual([control.receive()['id'] for _ in range(100)], list(range(100)))

    def test_order_is_kept_around_a_screenshot(self):
        control = self.connect()
        control.send(b''.join(b'{"id": %d, "command": "%s"}\n' % (i, name) for i, name in
                              enumerate([b'status', b'screenshot', b'status', b'screenshot',
                                         b'help'])))
        self.assertEqual([control.receive()['id'] for _ in range(5)], [0, 1, 2, 3, 4])

    def test_longest_request(self):
        control = self.connect()
        text = b'{"command": "help", "id": "%s"}\n'
        control.send(text % (b'x' * (65536 - len(text) + 2)))
        self.assertTrue(control.receive()['ok'])

    def test_too_long_request_ends_the_connection(self):
        control = self.connect()
        try:
            control.send(b'{"command": "help", "id": "' + b'x' * 200000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertEqual(control.receive()['error'], 'the request is longer than 64 KiB')
        self.assertIsNone(control.receive())
        self.assertTrue(self.connect().ask('status')['ok'])

    def test_half_closed_client_gets_its_replies(self):
        control = self.connect()
        control.send(b'{"id": 1, "command": "screenshot"}\n{"id": 2, "command": "status"}\n')
        control.socket.shutdown(socket.SHUT_WR)
        self.assertEqual([control.receive()['id'], control.receive()['id']], [1, 2])
        self.assertIsNone(control.receive())

    def test_clients_that_leave_at_any_time(self):
        for i in range(30):
            control = self.connect()
            control.send(b'{"command": "screenshot"}\n{"command": "status"}\n'[:60 - i])
            control.close()
        self.assertTrue(self.connect().ask('status')['ok'])

    def test_many_clients_at_once(self):
        controls = [self.connect() for _ in range(100)]
        for i, control in enumerate(controls):
            control.send({'id': i, 'command': 'status'})
        for i, control in reversed(list(enumerate(controls))):
            self.assertEqual(control.receive()['id'], i)

    def test_one_client_too_many_is_hung_up_on(self):
        controls = [self.connect() for _ in range(256)]
        self.assertTrue(controls[-1].ask('help')['ok'])
        late = self.connect()
        self.assertIsNone(late.receive())
        self.assertTrue(controls[0].ask('help')['ok'])
        controls[0].close()
        wait_until(lambda: self.connect().ask('help'), 'there is room again')


class SlowReaders(ServerTest):
    def test_slow_reader_is_cut_off_and_hurts_nobody(self):
        self.start('-o', 'vnc.listen=', port0=False)
        slow = self.connect()
        slow.socket.setblocking(False)
        request = b'{"command": "help"}\n' * 1000
        sent = 0
        # It asks until nobody takes its requests any more.
        deadline = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 20:
            self.assertLess(time.monotonic(), deadline)
            try:
                sent += slow.socket.send(request)
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.01)
        self.assertLess(sent, 2 << 20)
        # Meanwhile others are answered.
        other = self.connect()

        def measure():
            begun = time.monotonic()
            self.assertTrue(other.ask('status')['ok'])
            self.assertTrue(other.ask('screenshot')['ok'])
            return time.monotonic() - begun
        self.best_of_three(measure, 1.0)
        with open('/proc/%d/status' % self.oriel.pid, encoding='utf-8') as file:
            resident = int(re.search(r'VmRSS:\s+(\d+) kB', file.read())[1])
        self.wait_for_log('a client has not read for 10 s: cut off')
        self.assertTrue(other.ask('status')['ok'])
        self.assertLess(resident, 400 << 10)
        self.stop()

    def test_slow_but_steady_reader_is_not_cut_off(self):
        # A picture that does not compress would take a guest; many replies
        # that wait do as well.
        self.start('-o', 'vnc.listen=', port0=False)
        slow = self.connect()
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = threading.Thread(target=slow.send, args=(b'{"command": "help"}\n' * 20000,))
        sender.start()
        begun = time.monotonic()
        received = 0
        while received < 20000:
            if received == 100:
                time.sleep(6)
            elif received == 200:
                time.sleep(6)
            self.assertTrue(slow.receive()['ok'])
            received += 1
        sender.join()
        self.assertGreater(time.monotonic() - begun, 12)
        self.assertNotIn('cut off', self.log())
        self.stop()


class Screenshots(ServerTest):
    def setUp(self):
        super().setUp()
        self.start('-o', 'gpu.heads=2', '-o', 'head.1.mode=200x100')

    def tearDown(self):
        self.stop()

    def test_pictures_of_the_card(self):
        control = self.connect()
        for head, width, height in ((0, 1280, 800), (1, 200, 100)):
            reply = control.ask('screenshot', head=head)
            self.assertEqual((reply['head'], reply['width'], reply['height'], reply['format']),
                             (head, width, height, 'png'))
            got = decode_png(base64.b64decode(reply['png'], validate=True))
            self.assertEqual(got[:2], (width, height))
            colours = {got[2][i:i + 3] for i in range(0, len(got[2]), 3)}
            # A ground, a frame and text, none of them grey.
            self.assertGreaterEqual(len(colours), 3)
            self.assertFalse(any(c[0] == c[1] == c[2] for c in colours))
        self.assertEqual(control.ask('screenshot')['head'], 0)

    def test_two_of_a_still_head_are_equal(self):
        control = self.connect()
        self.assertEqual(control.ask('screenshot')['png'], control.ask('screenshot')['png'])
        heads = control.ask('status')['heads']
        self.assertEqual(heads[0]['frames_published'], 1)

    def test_many_at_once(self):
        controls = [self.connect() for _ in range(20)]
        for control in controls:
            control.send({'command': 'screenshot', 'head': 1})
        pictures = {control.receive()['png'] for control in controls}
        self.assertEqual(len(pictures), 1)

    def test_end_while_screenshots_are_taken(self):
        for _ in range(10):
            self.connect().send({'command': 'screenshot'})
        # tearDown() sees that it ends in time and leaks nothing.


class Orielctl(ServerTest):
    def setUp(self):
        super().setUp()
        self.start('-o', 'gpu.heads=2', '-o', 'head.1.mode=200x100')

    def run_ctl(self, *arguments, text=True, **options):
        return subprocess.run([os.path.join(BIN, 'orielctl'), *arguments], capture_output=True,
                              text=text, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              env=self.environment, check=False, **options)

    def expect(self, code, message, *arguments):
        run = self.run_ctl(*arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertIn(message, run.stderr)
        self.assertEqual(run.stdout, '')

    def test_status_for_programs(self):
        for arguments in (['status', '--json'],
                          ['-s', self.path('oriel/control.sock'), 'status', '--json']):
            run = self.run_ctl(*arguments)
            self.assertEqual((run.returncode, run.stderr), (0, ''))
            status = json.loads(run.stdout)
            self.assertEqual(status['listeners'], self.ready['listeners'])
            self.assertEqual(status['heads'][1]['width'], 200)
            self.assertNotIn('ok', status)

    def test_status_for_people(self):
        run = self.run_ctl('status')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        for text in ('pid %d' % self.oriel.pid, 'no VMM', 'head 1    200x100 at 1280,0, no signal',
                     *self.listeners('vnc')):
            self.assertIn(text, run.stdout)

    def test_screenshot_to_a_file(self):
        os.symlink('target.png', self.path('shot.png'))
        self.write('target.png', 'what was there before')
        run = self.run_ctl('screenshot', '--head', '1', self.path('shot.png'))
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))
        with open(self.path('target.png'), 'rb') as file:
            picture = file.read()
        self.assertEqual(decode_png(picture)[:2], (200, 100))
        self.assertTrue(os.path.islink(self.path('shot.png')))
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(os.stat(self.path('target.png')).st_mode & 0o777, 0o666 & ~umask)
        self.assertEqual(sorted(os.listdir(self.directory)),
                         ['log', 'oriel', 'shot.png', 'target.png'])
        run = self.run_ctl('screenshot', '--head=1', '-', text=False)
        self.assertEqual((run.returncode, run.stdout), (0, picture))

    def test_screenshot_that_cannot_be_written(self):
        self.expect(1, 'cannot write %s: No such file' % self.path('no/a.png'), 'screenshot',
                    self.path('no/a.png'))
        self.expect(1, 'cannot write %s: Is a directory' % self.directory, 'screenshot',
                    self.directory)
        self.expect(1, 'cannot write /dev/full: No space left', 'screenshot', '/dev/full')
        self.expect(1, 'there is no head 7', 'screenshot', '--head', '7', self.path('a.png'))
        self.assertFalse(os.path.exists(self.path('a.png')))

    def test_quit(self):
        run = self.run_ctl('quit')
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))
        self.assertEqual(self.oriel.wait(PATIENCE), 0)
        self.assertEqual(os.listdir(self.path('oriel')), [])
        self.expect(1, 'no oriel runs with its control socket at ' +
                    self.path('oriel/control.sock'), 'status')

    def test_help(self):
        run = self.run_ctl('help')
        self.assertIn('screenshot', run.stdout)
        run = self.run_ctl('--help')
        self.assertTrue(run.stdout.startswith('Usage: orielctl'))
        self.assertRegex(self.run_ctl('-V').stdout, r'^orielctl \d')

    def test_wrong_usage(self):
        for arguments in ([], ['frobnicate'], ['-x'], ['status', 'x'], ['status', '--xml'],
                          ['screenshot'], ['screenshot', 'a', 'b'], ['screenshot', '--head'],
                          ['screenshot', '--head', 'x', 'a.png'], ['quit', 'now'],
                          ['screenshot', '--head', '-1', 'a.png']):
            self.expect(2, "Try 'orielctl --help'.", *arguments)

    def test_peer_that_is_no_oriel(self):
        for answer, message in ((b'', 'closed the connection without an answer'),
                                (b'hello\n', 'the answer is not JSON'),
                                (b'{}\n', 'the answer cannot be understood'),
                                (b'{"ok": true, "png": 3}\n', 'the answer holds no picture'),
                                (b'{"ok": true, "png": "***"}\n', 'the answer holds no picture')):
            path = self.path('other.sock')
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                listener.listen()

                def serve():
                    peer, _ = listener.accept()
                    with peer:
                        peer.recv(1000)
                        peer.sendall(answer)
                thread = threading.Thread(target=serve)
                thread.start()
                self.expect(1, message, '-s', path, 'screenshot', self.path('x.png'))
                thread.join()
            os.unlink(path)
        self.expect(1, 'at most 107 bytes', '-s', '/' + 'a' * 200, 'status')


if __name__ == '__main__':
    unittest.main()
