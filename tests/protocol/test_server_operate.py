#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Operation of a running oriel: viewers and their figures, disconnect, stats,
trace points, logs, programs that hang. The tests play the output program."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
import unittest

import link_peer
from link_peer import (ANSWER, ASK, DISCONNECT, ENCODINGS, FRAME, KEY, POLICY, SANDBOXED,
                       SETTINGS, VIEWER_GONE, VIEW_PASSWORD)
from oriel_server import PATIENCE, SOURCE, ServerTest, has_ended, wait_until


class OperateTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.listener = link_peer.install(self)

    def ready_peer(self):
        self.viewer = self.view()
        peer = link_peer.Peer(self.listener)
        self.addCleanup(peer.close)
        self.told = peer.setup()
        peer.hello()
        return peer

    def ctl(self, *arguments):
        return subprocess.run([os.path.join(self.bin_of_ctl(), 'orielctl'), *arguments],
                              capture_output=True, text=True, timeout=PATIENCE, check=False,
                              stdin=subprocess.DEVNULL, env=self.environment)

    @staticmethod
    def bin_of_ctl():
        from oriel_server import BIN
        return BIN

    def answer(self, peer, encodings=()):
        """Waits for ASK and answers it."""
        [number, _] = peer.expect(ASK).unpack('II')
        peer.send(ENCODINGS, struct.pack('=II', len(encodings), 0) + b''.join(
            struct.pack('=32sQQ', name, updates, size) for name, updates, size in encodings))
        peer.send(ANSWER, struct.pack('=II', number, 0))


class Viewers(OperateTest):
    def test_viewers_have_newest_figures(self):
        self.start('-o', 'gpu.heads=2')
        peer = self.ready_peer()
        peer.viewer(3, view_only=1)
        peer.viewer(4, b'[::1]:5', b'tight', all_heads=1)
        control = self.connect()
        control.send({'command': 'viewers'})
        [number, _] = peer.expect(ASK).unpack('II')
        peer.viewer(3, state=2, view_only=1, sent=1 << 40, updates=7, queued=4096)
        peer.viewer(4, b'[::1]:5', b'tight', state=1, all_heads=1, sent=5)
        peer.send(ANSWER, struct.pack('=II', number, 0))
        first, second = control.receive()['viewers']
        self.assertEqual((first['id'], first['state'], first['view_only'], first['bytes_sent'],
                          first['updates_sent'], first['bytes_queued'], first['head']),
                         (3, 'stalled', True, 1 << 40, 7, 4096, 0))
        self.assertEqual((second['id'], second['state'], second['view_only'], second['head']),
                         (4, 'busy', False, 'all'))
        self.stop()

    def test_without_a_program_there_are_none(self):
        self.start()
        self.assertEqual(self.connect().ask('viewers')['viewers'], [])
        self.start('-o', 'vnc.listen=', '--socket-path', self.path('g'), '-o',
                   'control.socket=' + self.path('c'), port0=False)
        self.assertEqual(json.loads(self.ctl('-s', self.path('c'), 'viewers', '--json').stdout), [])
        self.assertTrue(self.ctl('-s', self.path('c'), 'stats').stdout)

    def test_a_program_that_ends_instead_of_answering(self):
        self.start()
        peer = self.ready_peer()
        peer.viewer(1)
        control = self.connect()
        control.send({'command': 'viewers'})
        peer.expect(ASK)
        peer.exit()
        self.assertEqual(control.receive()['viewers'], [])
        self.viewer.close()
        self.stop()

    def test_the_end_does_not_wait_for_an_answer(self):
        self.start()
        peer = self.ready_peer()
        control = self.connect()
        control.send({'command': 'stats'})
        peer.expect(ASK)
        self.assertLess(self.stop(), 5)

    def test_disconnect(self):
        self.start()
        peer = self.ready_peer()
        peer.viewer(9)
        wait_until(lambda: self.status()['viewers'], 'the viewer')
        self.assertEqual(self.ctl('disconnect', '9').returncode, 0)
        self.assertEqual(peer.expect(DISCONNECT).unpack('II'), (9, 0))
        run = self.ctl('disconnect', '10')
        self.assertEqual((run.returncode, run.stderr), (1, 'orielctl: there is no viewer 10\n'))
        for bad in ('x', '-1', '4294967305', '99999999999999999999'):
            self.assertNotEqual(self.ctl('disconnect', '--', bad).returncode, 0, bad)
        peer.send(VIEWER_GONE, struct.pack('=IIQQ', 9, 0, 1, 2))
        wait_until(lambda: not self.status()['viewers'], 'no viewer')
        self.stop()

    def test_many_disconnects_are_refused_not_queued(self):
        """With a program that does not read, what is remembered is bounded."""
        self.start()
        peer = self.ready_peer()
        peer.viewer(1)
        wait_until(lambda: self.status()['viewers'], 'the viewer')
        control = self.connect()
        refused = 0
        for _ in range(20000):
            reply = control.ask('disconnect', viewer=1)
            if not reply['ok']:
                self.assertIn('try again', reply['error'])
                refused += 1
                break
        self.assertTrue(refused)
        self.assertTrue(self.status()['ok'])
        self.stop()

    def test_bad_figures_cut_the_program_off(self):
        def encodings(count, *parts):
            return struct.pack('=II', count, 0) + b''.join(struct.pack('=32sQQ', *p) for p in parts)
        cases = {
            'empty name': (ENCODINGS, encodings(1, (b'', 1, 1))),
            'quote in a name': (ENCODINGS, encodings(1, (b'a"b', 1, 1))),
            'no end of a name': (ENCODINGS, encodings(1, (b'a' * 32, 1, 1))),
            'one name twice': (ENCODINGS, encodings(2, (b'raw', 1, 1), (b'raw', 1, 1))),
            'answer without a question': (ANSWER, struct.pack('=II', 0, 0)),
            'part of the sandbox that is none': (SANDBOXED, struct.pack('=II', 8, 0)),
        }
        self.start()
        for name, (kind, payload) in cases.items():
            with self.subTest(name):
                peer = self.ready_peer()
                peer.send(kind, payload)
                peer.receive_until_end()
                self.wait_for_log(r'\(pid %d\) broke the protocol' % peer.pid)
                self.viewer.close()
        for name, fields in {'state': {'state': 3}, 'view-only': {'view_only': 2},
                             'all heads': {'all_heads': 2}}.items():
            with self.subTest(name):
                peer = self.ready_peer()
                peer.viewer(1, **fields)
                peer.receive_until_end()
                self.wait_for_log(r'\(pid %d\) broke the protocol' % peer.pid)
                self.viewer.close()
        self.stop()

    def test_totals_that_shrink_and_rights_that_change(self):
        self.start()
        peer = self.ready_peer()
        for size in (10, 9):
            peer.send(ENCODINGS, struct.pack('=II32sQQ', 1, 0, b'raw', 1, size))
        peer.receive_until_end()
        self.wait_for_log(r'\(pid %d\) broke the protocol' % peer.pid)
        for first, second in ((1, 0), (0, 1)):
            peer = self.ready_peer()
            peer.viewer(1, view_only=first)
            peer.viewer(1, view_only=second)
            peer.receive_until_end()
            self.wait_for_log(r'\(pid %d\) broke the protocol' % peer.pid)
        self.stop()

    def test_who_only_looks_cannot_type(self):
        self.start()
        peer = self.ready_peer()
        peer.viewer(1, view_only=1)
        peer.send(KEY, struct.pack('=IIII', 1, 1, 0x61, 1))
        peer.receive_until_end()
        self.wait_for_log(r'\(pid %d\) broke the protocol' % peer.pid)
        self.stop()


class Beginning(OperateTest):
    def test_policy_and_settings_are_those_of_the_file(self):
        self.write('look', 'look')
        path = self.write('o.ini', '''[gpu]
name = machine
[vnc]
share = force-shared
handshake-timeout = 7
login-delay = 0
max-viewers = 9
max-viewers-per-address = 3
max-bytes = 5M
view-only-password-file = %s
heads = all
[log]
level = warning vnc:debug
format = json
trace = viewer_*
[sandbox]
mode = off
''' % self.path('look'))
        self.start('-c', path)
        self.ready_peer()
        self.assertEqual(self.told[POLICY][0].unpack('IIIIIIQ'), (3, 7000, 0, 9, 3, 0, 5 << 20))
        settings = self.told[SETTINGS][0].unpack('IIII256sII256s256s')
        text = [part.rstrip(b'\0') if isinstance(part, bytes) else part for part in settings]
        self.assertEqual(text[1:], [1, 60000, 1, b'machine', 1, 0, b'vnc:debug', b'viewer_*'])
        [view] = self.told[VIEW_PASSWORD]
        with os.fdopen(view.fds[0]) as file:
            self.assertEqual(file.read(), 'look')
        [listener] = self.told[link_peer.LISTENER]
        self.assertEqual(listener.unpack('IIII')[2:], (1, 0))
        self.stop()

    def test_defaults(self):
        self.start()
        self.ready_peer()
        self.assertEqual(self.told[POLICY][0].unpack('IIIIIIQ'),
                         (1, 30000, 2000, 64, 32, 0, 256 << 20))
        sandbox = self.told[SETTINGS][0].unpack('IIII256sII')[6]
        self.assertEqual(sandbox, 0 if os.environ.get('ORIEL_SANITIZE') else 1)
        self.stop()

    def test_the_sandbox_is_in_the_status(self):
        self.start()
        peer = self.ready_peer()
        peer.send(SANDBOXED, struct.pack('=II', 5, 0))
        wait_until(lambda: self.status()['outputs'][0]['sandbox'] == ['no_new_privs', 'seccomp'],
                   'the sandbox in the status')
        peer.exit()
        self.stop()

    def test_required_sandbox(self):
        run = self.run_oriel('-C', '-o', 'sandbox.mode=require')
        if os.environ.get('ORIEL_SANITIZE'):
            self.assertEqual(run.returncode, 78)
            self.assertIn('[sandbox].mode: require: this build has a sanitizer', run.stderr)
        else:
            self.assertEqual((run.returncode, run.stderr), (0, ''))


class Inherited(OperateTest):
    def test_a_socket_that_was_handed_over(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
            fd = server.fileno()
            self.start('-o', 'vnc.listen=fd:%d' % fd, pass_fds=(fd,), port0=False)
            [address] = self.listeners('vnc')
            self.assertEqual(address, 'fd:%d' % fd)
            viewer = socket.create_connection(('127.0.0.1', port), PATIENCE)
            peer = link_peer.Peer(self.listener)
            self.addCleanup(peer.close)
            [message] = peer.setup()[link_peer.LISTENER]
            self.assertEqual(message.unpack('IIII256s')[4].rstrip(b'\0').decode(), address)
            with socket.socket(fileno=message.fds[0]) as accepter:
                accepted, _ = accepter.accept()
                accepted.close()
            viewer.close()
            self.stop()

    def test_what_is_no_such_socket(self):
        with socket.socket() as plain, socket.create_server(('127.0.0.1', 0)) as server:
            for fd, reason in ((plain.fileno(), 'the descriptor is not a listening stream socket'),
                               (999, 'no such descriptor was handed over')):
                run = self.run_oriel('-o', 'vnc.listen=fd:%d' % fd,
                                     pass_fds=(plain.fileno(), server.fileno()))
                self.assertEqual(run.returncode, 19, run.stderr)
                self.assertIn('cannot listen on fd:%d: %s' % (fd, reason), run.stderr)

    def test_numbers_of_our_own_are_not_handed_over(self):
        """Without passing any, each number below is free or one of ours."""
        for fd in range(3, 24):
            run = self.run_oriel('-o', 'vnc.listen=fd:%d' % fd)
            self.assertEqual(run.returncode, 19, run.stderr)
            self.assertIn('no such descriptor was handed over', run.stderr)


class Figures(OperateTest):
    def metrics(self, peer, encodings=()):
        control = self.connect()
        control.send({'command': 'stats'})
        self.answer(peer, encodings)
        return {metric['name']: {value.get('label'): value['value'] for value in metric['values']}
                for metric in control.receive()['metrics']}

    def test_metrics(self):
        self.start('-o', 'gpu.heads=2')
        peer = self.ready_peer()
        peer.viewer(1, queued=10)
        peer.viewer(2, queued=5)
        canvas, message = peer.subscribe()
        peer.credit(message.generation)
        peer.expect(FRAME)
        metrics = self.metrics(peer, ((b'zrle', 3, 1000), (b'raw', 1, 50)))
        self.assertEqual(metrics['viewers'], {'vnc': 2})
        self.assertEqual(metrics['viewer_queued_bytes'], {'vnc': 15})
        self.assertEqual(metrics['viewer_bytes_total'], {'zrle': 1000, 'raw': 50})
        self.assertEqual(metrics['viewer_updates_total'], {'zrle': 3, 'raw': 1})
        self.assertGreaterEqual(metrics['head_frames_total']['0'], 1)
        self.assertEqual(metrics['head_pixels'], {'0': 1280 * 800, '1': 1280 * 800})
        self.assertGreater(metrics['memory_bytes'][None], 1 << 20)
        self.assertGreater(metrics['open_files'][None], 5)
        self.assertGreater(metrics['loop_turns_total'][None], 0)
        self.assertEqual(metrics['guest_errors_total']['invalid_parameter'], 0)
        # The totals of a program are those of one life.
        canvas.close()
        peer.exit()
        self.wait_for_log('oriel-vnc has ended')
        self.viewer.close()
        peer = self.ready_peer()
        metrics = self.metrics(peer, ((b'zrle', 1, 7),))
        self.assertEqual(metrics['viewer_bytes_total'], {'zrle': 1007, 'raw': 50})
        self.assertEqual(metrics['viewers'], {'vnc': 0})
        self.assertEqual(metrics['output_starts_total'], {'vnc': 2})
        peer.exit()
        self.stop()

    def test_prometheus(self):
        self.start('-o', 'vnc.listen=', port0=False)
        run = self.ctl('stats', '--prometheus')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        names = set()
        for line in run.stdout.splitlines():
            match = re.fullmatch(r'# (HELP|TYPE) (oriel_[a-z_]+) (.+)'
                                 r'|(oriel_[a-z_]+)(\{[a-z]+="[A-Za-z0-9_.-]+"\})? \d+', line)
            self.assertTrue(match, line)
            names.add(match[2] or match[4])
            if match[1] == 'TYPE':
                self.assertIn(match[3], ('counter', 'gauge'))
                self.assertEqual(match[2].endswith('_total'), match[3] == 'counter')
        self.assertIn('oriel_loop_turns_total', names)
        self.assertIn('oriel_head_frames_total{head="0"}', run.stdout)
        text = self.ctl('stats').stdout
        self.assertIn('head_frames_total{0}', text)
        self.assertIsInstance(json.loads(self.ctl('stats', '--json').stdout), list)
        self.assertEqual(self.ctl('stats', '--xml').returncode, 2)


class Traces(OperateTest):
    def test_points_are_off_until_asked_for(self):
        self.start()
        peer = self.ready_peer()
        canvas, message = peer.subscribe()
        self.addCleanup(canvas.close)
        listing = self.ctl('trace').stdout
        self.assertGreater(len(listing.splitlines()), 10)
        self.assertNotIn('on ', ''.join(line[:3] for line in listing.splitlines()))
        run = self.ctl('trace', 'head_f*,output_*')
        self.assertEqual(run.stdout.splitlines(), ['on   head_flush', 'on   head_frame',
                                                   'on   output_message'])
        told = peer.expect(SETTINGS).unpack('IIII256sII256s256s')[8].rstrip(b'\0')
        self.assertEqual(told, b'head_f*,output_*')
        self.assertNotIn('trace:', self.log())
        peer.credit(message.generation)
        peer.expect(FRAME)
        self.wait_for_log(r'oriel: trace: output_message: \d+\.\d{6} output=vnc type=%d head=0'
                          % link_peer.CREDIT)
        self.wait_for_log(r'oriel: trace: head_frame: \d+\.\d{6} head=0 sequence=\d+ damage_rects=')
        self.assertEqual(self.ctl('trace', '').stdout, '')
        count = self.log().count('trace:')
        peer.viewer(1)
        wait_until(lambda: self.status()['viewers'], 'the viewer')
        self.assertEqual(self.log().count('trace:'), count)
        run = self.ctl('trace', 'head_x*')
        self.assertEqual(run.returncode, 1)
        self.assertIn('"head_x*" has a name that matches no trace point', run.stderr)
        self.stop()

    def test_from_the_command_line(self):
        self.start('--trace', 'head_*,vhost_user_*')
        points = self.connect().ask('trace')['points']
        self.assertEqual({p['name'] for p in points if p['enabled']},
                         {p['name'] for p in points if p['name'].startswith(('head_', 'vhost_'))})
        with socket.socket(socket.AF_UNIX) as vmm:
            vmm.connect(self.path('oriel/gpu.sock'))
            vmm.send(struct.pack('=III', 1, 1, 0))  # GET_FEATURES
            self.assertEqual(len(vmm.recv(64)), 20)
        self.wait_for_log(r'oriel: trace: vhost_user_request: [\d.]+ device=gpu request=GET_FEATURES')
        self.stop()
        run = self.run_oriel('--trace', 'gpu_*,nothing')
        self.assertEqual(run.returncode, 78)
        self.assertIn('[log].trace: gpu_*,nothing: nothing matches no trace point', run.stderr)


class Logs(ServerTest):
    def test_json(self):
        self.start('-o', 'log.format=json', '-L', 'debug', '-o', 'gpu.name=a "b" \\ é')
        self.stop()
        lines = [json.loads(line) for line in self.log().splitlines()]
        self.assertGreater(len(lines), 2)
        for line in lines:
            self.assertEqual(list(line), ['time', 'program', 'pid', 'level', 'module', 'message'])
            self.assertRegex(line['time'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$')
            self.assertEqual((line['program'], line['pid']), ('oriel', self.oriel.pid))
        self.assertIn('ending after SIGTERM', [line['message'] for line in lines])

    def test_levels_of_modules(self):
        self.start('-L', 'error core:info')
        self.stop()
        self.assertIn('oriel: info: core: ', self.log())
        run = self.run_oriel('-C', '-L', 'info nobody:debug')
        self.assertEqual(run.returncode, 78)
        self.assertIn('nobody:debug: expected MODULE:LEVEL; modules are config, control, core',
                      run.stderr)
        for bad in ('', 'info debug', 'info core:loud', 'core', 'info core:'):
            self.assertEqual(self.run_oriel('-C', '-L', bad).returncode, 78, bad)

    def test_every_module_is_in_the_table(self):
        with open(os.path.join(SOURCE, 'server/log.c'), encoding='utf-8') as file:
            table = re.search(r'modules\[\] = \{(.*?)\};', file.read(), re.S)[1]
        known = set(re.findall(r'"([a-z_-]+)"', table))
        used = set()
        for room in ('server', 'device', 'net', 'encoders'):
            for folder, _, names in os.walk(os.path.join(SOURCE, room)):
                for name in names:
                    with open(os.path.join(folder, name), encoding='utf-8') as file:
                        text = file.read()
                    used.update(re.findall(r'log_(?:error|warning|info|debug)\("([^"]+)"', text))
                    used.update(re.findall(r'_MODULE "([^"]+)"', text))
                    used.update(re.findall(r'log_warning_limited\([^"]*?, "([a-z_-]+)",', text))
        self.assertGreater(len(used), 8)
        self.assertEqual(used - known, set())


class Hangs(OperateTest):
    def test_programs_that_hang_are_killed(self):
        """Three at once, since each takes its time: one without a hello, one
        that does not answer to its canvas or when it is asked, one that
        answers but never takes its frame."""
        cases = {}
        for name in ('silent', 'stuck', 'busy'):
            directory = self.path(name)
            os.mkdir(directory)
            self.environment['XDG_RUNTIME_DIR'] = directory
            self.start('-o', 'vnc.start=eager')
            peer = link_peer.Peer(self.listener)
            self.addCleanup(peer.close)
            peer.setup()
            if name != 'silent':
                peer.hello()
                canvas, message = peer.subscribe()
                self.addCleanup(canvas.close)
            if name == 'busy':
                peer.credit(message.generation, 1)
                peer.expect(FRAME)
            cases[name] = (peer, self.oriel)
        begun = time.monotonic()
        self.serve_until_killed(cases)
        log = self.log()
        for name, what in (('silent', 'it has not said hello for 10 s'),
                           ('stuck', r'it has said nothing for (19|2\d) s'),
                           ('busy', r'it has not taken a frame for (19|2\d) s')):
            self.assertRegex(log, r'\(pid %d\) hangs: %s; it is killed'
                             % (cases[name][0].pid, what))
        self.assertLess(time.monotonic() - begun, 45)
        # Each was started again at once.
        for _ in cases:
            link_peer.Peer(self.listener).close()
        for _, oriel in cases.values():
            oriel.send_signal(signal.SIGTERM)
            self.assertEqual(oriel.wait(PATIENCE), 0)

    def serve_until_killed(self, cases):
        deadline = time.monotonic() + 45
        busy = cases['busy'][0]
        busy.link.settimeout(0.2)
        while not all(has_ended(peer.pid) for peer, _ in cases.values()):
            self.assertLess(time.monotonic(), deadline, self.log())
            try:
                message = busy.receive()
            except socket.timeout:
                continue
            if message is None:
                time.sleep(0.2)
            elif message.type == ASK:
                busy.send(ANSWER, struct.pack('=II', message.unpack('II')[0], 0))

    def test_a_program_at_rest_is_left_alone(self):
        """It owes nothing: nobody asks it, no timer runs."""
        self.start('-o', 'vnc.start=eager')
        peer = link_peer.Peer(self.listener)
        self.addCleanup(peer.close)
        peer.setup()
        peer.hello()
        canvas, message = peer.subscribe()
        self.addCleanup(canvas.close)
        peer.credit(message.generation, 2)
        frame = peer.expect(FRAME)
        peer.taken(message.generation, frame.unpack('Q')[0])
        peer.credit(message.generation, 1)
        self.assertTrue(self.status()['ok'])  # all of it has been handled
        time.sleep(0.5)
        with open('/proc/%d/status' % self.oriel.pid, encoding='utf-8') as file:
            before = re.findall(r'ctxt_switches:\s+(\d+)', file.read())
        time.sleep(12)  # longer than anything is waited for
        with open('/proc/%d/status' % self.oriel.pid, encoding='utf-8') as file:
            self.assertEqual(re.findall(r'ctxt_switches:\s+(\d+)', file.read()), before)
        peer.link.settimeout(0.1)
        with self.assertRaises(socket.timeout):
            peer.receive()
        self.stop()


if __name__ == '__main__':
    unittest.main()
