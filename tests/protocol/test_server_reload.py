#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reload: what may change does, the rest is named, errors change nothing, and
an output program is told of what has changed and nothing else. The tests play
the program."""
import os
import re
import signal
import socket
import subprocess
import unittest

import link_peer
from link_peer import (LISTENER, LISTENER_GONE, PASSWORD, POLICY, SETTINGS, VIEW_PASSWORD)
from oriel_server import BIN, PATIENCE, ServerTest, wait_until


class ReloadTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.listener = link_peer.install(self)

    def begin(self, text, *arguments):
        self.file = self.write('o.ini', text)
        self.start('-c', self.file, *arguments, port0=False)

    def start(self, *arguments, **options):
        super().start(*arguments, **options)
        self.control = self.connect()

    def ask(self, command):
        return self.control.ask(command)

    def status(self):
        return self.ask('status')

    def peer(self, listener=0):
        self.viewer = self.view(listener)
        peer = link_peer.Peer(self.listener)
        self.addCleanup(peer.close)
        self.told = peer.setup()
        for message in sum(self.told.values(), []):
            message.close()
        peer.hello()
        return peer

    def reload(self, text):
        """Returns the reply, which comes after everything is done."""
        self.write('o.ini', text)
        return self.ask('reload')

    def expect_changes(self, text, changed, restart=()):
        reply = self.reload(text)
        self.assertTrue(reply['ok'], reply)
        self.assertEqual((reply['changed'], reply['restart']), (list(changed), list(restart)))

    def expect_errors(self, text, *errors):
        before = self.status()
        reply = self.reload(text)
        self.assertEqual((reply['ok'], reply['error']),
                         (False, 'the configuration is wrong; nothing has changed'))
        self.assertEqual(len(reply['errors']), len(errors), reply)
        for line, error in zip(reply['errors'], errors):
            self.assertIn(error, line)
            self.assertIn('oriel: error: config: ' + line, self.log())
        after = self.status()
        self.assertEqual(after['listeners'], before['listeners'])
        self.assertEqual(after['name'], before['name'])

    def expect_silence(self, peer):
        """Nothing is on its way: what is asked for next comes next."""
        canvas, _ = peer.subscribe()
        canvas.close()
        peer.send(link_peer.UNSUBSCRIBE)

    def addresses(self):
        return [l['address'] for l in self.status()['listeners'] if l['kind'] == 'vnc']

    def refused(self, address):
        _, host, port = address.split(':')
        try:
            socket.create_connection((host, int(port)), PATIENCE).close()
        except ConnectionRefusedError:
            return True
        return False

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            return probe.getsockname()[1]


class Keys(ReloadTest):
    LISTEN = '[vnc]\nlisten = tcp:127.0.0.1:0\n'

    def test_sighup_and_orielctl_do_the_same(self):
        self.begin(self.LISTEN)
        self.write('o.ini', self.LISTEN + 'share = force-shared\n')
        self.oriel.send_signal(signal.SIGHUP)
        self.wait_for_log(r'oriel: info: config: read again, changed: \[vnc\].share')
        self.write('o.ini', self.LISTEN)
        run = subprocess.run([os.path.join(BIN, 'orielctl'), 'reload'], capture_output=True,
                             text=True, check=False, env=self.environment, timeout=PATIENCE)
        self.assertEqual((run.returncode, run.stdout), (0, 'changed: [vnc].share\n'), run.stderr)
        run = subprocess.run([os.path.join(BIN, 'orielctl'), 'reload'], capture_output=True,
                             text=True, check=False, env=self.environment, timeout=PATIENCE)
        self.assertEqual(run.stdout, 'nothing has changed\n')
        self.wait_for_log('read again: nothing has changed')
        self.stop()

    def test_sighup_with_an_error(self):
        self.begin(self.LISTEN)
        address = self.addresses()
        self.write('o.ini', '[vnc]\nlisten = tcp:127.0.0.1:0\nshare = maybe\n[gpu]\nheads = 0\n')
        self.oriel.send_signal(signal.SIGHUP)
        self.wait_for_log(r'o\.ini:3: \[vnc\]\.share: maybe: expected ignore or allow-exclusive')
        self.wait_for_log(r'o\.ini:5: \[gpu\]\.heads: 0: expected')
        self.wait_for_log('read again, with errors: nothing changes')
        self.assertEqual(self.addresses(), address)
        run = subprocess.run([os.path.join(BIN, 'orielctl'), 'reload'], capture_output=True,
                             text=True, check=False, env=self.environment, timeout=PATIENCE)
        self.assertEqual((run.returncode, run.stdout), (1, ''))
        self.assertRegex(run.stderr, r'orielctl: the configuration is wrong; nothing has changed\n'
                                     r'.*o\.ini:3: .*\n.*o\.ini:5: .*\n$')
        self.stop()

    def test_what_needs_a_restart_is_named_and_stays(self):
        self.begin(self.LISTEN)
        self.expect_changes(self.LISTEN + 'heads = all\nmax-viewers = 3\n[gpu]\nheads = 2\n'
                            '[head.0]\nmode = 800x600\nmax-fps = 5\n[head.1]\nmax-fps = 7\n',
                            ['[head.0].max-fps', '[vnc].max-viewers'],
                            ['[gpu].heads', '[head.0].mode', '[vnc].heads'])
        self.assertEqual(len(re.findall('these need a restart of oriel: ', self.log())), 1)
        status = self.status()
        self.assertEqual([(h['width'], h['height']) for h in status['heads']], [(1280, 800)])
        # They are named as long as the file differs.
        self.assertEqual(self.ask('reload')['restart'],
                         ['[gpu].heads', '[head.0].mode', '[vnc].heads'])
        self.stop()

    def test_a_file_that_is_gone(self):
        self.begin(self.LISTEN)
        os.unlink(self.file)
        reply = self.ask('reload')
        self.assertFalse(reply['ok'])
        self.assertIn('cannot be read: No such file', reply['errors'][0])
        self.stop()

    def test_a_file_that_appears(self):
        self.start()
        os.makedirs(self.path('oriel'), exist_ok=True)
        self.write('oriel/oriel.ini', '[gpu]\nname = new\n')
        self.assertEqual(self.ask('reload')['changed'], ['[gpu].name'])
        self.assertEqual(self.status()['name'], 'new')
        self.stop()

    def test_the_command_line_still_wins(self):
        self.begin(self.LISTEN, '-o', 'gpu.name=A')
        self.expect_changes(self.LISTEN + '[gpu]\nname = B\n', [])
        self.assertEqual(self.status()['name'], 'A')
        self.stop()

    def test_log(self):
        self.begin(self.LISTEN)
        self.expect_changes(self.LISTEN + '[log]\nformat = json\nlevel = error config:info\n'
                            'trace = gpu_*\n', ['[log].level', '[log].format', '[log].trace'])
        self.assertIn('"level":"info","module":"config"', self.log())
        points = {p['name'] for p in self.ask('trace')['points'] if p['enabled']}
        self.assertEqual(points, {'gpu_command', 'gpu_answer', 'gpu_transfer'})
        self.expect_changes(self.LISTEN, ['[log].level', '[log].format', '[log].trace'])
        self.stop()
        self.assertIn('oriel: info: core: ending after SIGTERM', self.log())

    def test_counted(self):
        self.begin(self.LISTEN)
        self.expect_changes(self.LISTEN, [])
        self.reload('[nonsense]\n')
        metrics = {m['name']: m['values'] for m in self.ask('stats')['metrics']}
        self.assertEqual(metrics['reloads_total'], [{'label': 'done', 'value': 1},
                                                    {'label': 'failed', 'value': 1}])
        self.stop()

    def test_often(self):
        """No descriptor stays behind, of files, sockets or passwords."""
        self.write('secret', 'x')
        self.begin(self.LISTEN)
        texts = (self.LISTEN, '[vnc]\nlisten = tcp:127.0.0.1:0 unix:%t/v.sock\npassword-file = ' +
                 self.path('secret') + '\n', '[vnc]\nlisten = tcp:192.0.2.1:0\n', '[x]\n')
        def fds():
            return len(os.listdir('/proc/%d/fd' % self.oriel.pid))
        self.reload(self.LISTEN)
        before = fds()
        for i in range(60):
            self.reload(texts[i % len(texts)])
        self.reload(self.LISTEN)
        wait_until(lambda: fds() == before, 'as many descriptors as before')
        self.stop()


class Listeners(ReloadTest):
    def test_new_ones_open_old_ones_close_others_stay(self):
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:0 unix:%t/a.sock\n')
        tcp, path = self.addresses()
        peer = self.peer()
        told = {m.unpack('II256s')[1]: m.unpack('IIII256s')[4].rstrip(b'\0').decode()
                for m in self.told[LISTENER]}
        self.assertEqual(list(told.values()), [tcp, path])
        inode = os.stat(self.path('oriel/a.sock')).st_ino
        self.expect_changes('[vnc]\nlisten = unix:%t/b.sock unix:%t/a.sock\n', ['[vnc].listen'])
        gone, new = [peer.receive(), peer.receive()]
        if gone.type != LISTENER_GONE:
            gone, new = new, gone
        self.assertEqual((gone.type, new.type), (LISTENER_GONE, LISTENER))
        self.assertEqual(told[gone.unpack('I')[0]], tcp)
        kind, number, _, _, text = new.unpack('IIII256s')
        self.assertEqual((kind, text.rstrip(b'\0').decode()),
                         (1, 'unix:' + self.path('oriel/b.sock')))
        self.assertNotIn(number, told)
        self.expect_silence(peer)
        self.assertTrue(self.refused(tcp))
        self.assertEqual(self.addresses(), [path, 'unix:' + self.path('oriel/b.sock')])
        # The one that stayed was not opened again, and the new one works.
        self.assertEqual(os.stat(self.path('oriel/a.sock')).st_ino, inode)
        with socket.socket(socket.AF_UNIX) as viewer, socket.socket(fileno=new.fds[0]) as server:
            viewer.connect(self.path('oriel/b.sock'))
            server.accept()[0].close()
        self.stop()
        self.assertFalse(os.path.exists(self.path('oriel/b.sock')))

    def test_a_closed_address_is_free_at_once(self):
        """Also while a program still holds its copy, as one that hangs does."""
        port = self.free_port()
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:%d\n' % port)
        self.peer()
        # From one host to all, on the same port: the two exclude each other.
        self.expect_changes('[vnc]\nlisten = tcp:0.0.0.0:%d\n' % port, ['[vnc].listen'])
        self.assertEqual(self.addresses(), ['tcp:0.0.0.0:%d' % port])
        self.expect_changes('[vnc]\nlisten = unix:%t/a.sock\n', ['[vnc].listen'])
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(('127.0.0.1', port))
            other.listen()
        self.stop()

    def test_an_address_that_cannot_be_opened_changes_nothing(self):
        port = self.free_port()
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:%d\n' % port)
        peer = self.peer()
        self.expect_errors('[gpu]\nname = other\n[vnc]\nlisten = unix:%t/a.sock tcp:192.0.2.1:0\n',
                           'cannot listen on tcp:192.0.2.1:0: Cannot assign requested address')
        self.assertFalse(os.path.exists(self.path('oriel/a.sock')))
        self.expect_silence(peer)
        self.assertFalse(self.refused('tcp:127.0.0.1:%d' % port))
        self.stop()

    def test_an_address_in_use_changes_nothing(self):
        """It may be one of ours that goes, so ours are closed first; they come
        back when it is not."""
        port = self.free_port()
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:%d\n' % port)
        with socket.create_server(('127.0.0.1', 0)) as other:
            self.expect_errors('[vnc]\nlisten = tcp:127.0.0.1:%d\n' % other.getsockname()[1],
                               'another program listens there')
        self.assertEqual(self.addresses(), ['tcp:127.0.0.1:%d' % port])
        self.assertFalse(self.refused(self.addresses()[0]))
        self.peer()
        self.stop()

    def test_without_a_program(self):
        """While nobody looks, a new address starts one as the first did."""
        self.begin('[vnc]\nlisten = tcp:127.0.0.1:0\n')
        self.expect_changes('[vnc]\nlisten = unix:%t/a.sock\n', ['[vnc].listen'])
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.connect(self.path('oriel/a.sock'))
            peer = link_peer.Peer(self.listener)
            self.addCleanup(peer.close)
            [message] = peer.setup()[LISTENER]
            self.assertIn(b'a.sock', message.payload)
            message.close()
            self.assertEqual(self.status()['outputs'][0]['starts'], 1)
        self.stop()

    def test_from_nothing_to_something_and_back(self):
        self.begin('[vnc]\nlisten =\n')
        self.assertEqual(self.addresses(), [])
        self.expect_changes('[vnc]\nlisten = tcp:127.0.0.1:0\n', ['[vnc].listen'])
        [address] = self.addresses()
        self.ready = self.status()
        peer = self.peer()
        self.expect_changes('[vnc]\nlisten =\n', ['[vnc].listen'])
        peer.expect(LISTENER_GONE)
        self.assertEqual(self.addresses(), [])
        self.assertTrue(self.refused(address))
        peer.exit()
        self.wait_for_log('oriel-vnc has ended')
        self.expect_changes('[vnc]\nlisten = tcp:127.0.0.1:0\n', ['[vnc].listen'])
        self.ready = self.status()
        self.peer()
        self.stop()

    def test_each_head_has_its_own(self):
        self.begin('[gpu]\nheads = 3\n[vnc]\nlisten = unix:%t/%h.sock\n')
        peer = self.peer_of(self.path('oriel/2.sock'))
        self.expect_changes('[gpu]\nheads = 3\n[vnc]\nlisten = unix:%t/%h.sock tcp:127.0.0.1:0\n',
                            ['[vnc].listen'])
        heads = []
        for _ in range(3):
            message = peer.expect(LISTENER)
            heads.append(message.head)
            message.close()
        self.assertEqual(heads, [0, 1, 2])
        self.assertEqual(len(self.addresses()), 6)
        self.stop()

    def peer_of(self, path):
        self.viewer = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.viewer.close)
        self.viewer.connect(path)
        peer = link_peer.Peer(self.listener)
        self.addCleanup(peer.close)
        for message in sum(peer.setup().values(), []):
            message.close()
        peer.hello()
        return peer

    def test_a_socket_that_was_handed_over_goes_for_good(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            fd = server.fileno()
            self.file = self.write('o.ini', '[vnc]\nlisten = fd:%d\n' % fd)
            self.start('-c', self.file, port0=False, pass_fds=(fd,))
            self.expect_changes('[vnc]\nlisten = tcp:127.0.0.1:0\n', ['[vnc].listen'])
            # The number is not given out again: it would be another socket.
            self.assertEqual(os.readlink('/proc/%d/fd/%d' % (self.oriel.pid, fd)), '/dev/null')
            self.expect_errors('[vnc]\nlisten = fd:%d\n' % fd, 'no such descriptor was handed over')
            # Who handed it over still has it.
            self.assertEqual(server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1)
        self.stop()


class Programs(ReloadTest):
    LISTEN = '[vnc]\nlisten = tcp:127.0.0.1:0\n'

    def test_only_what_changed_is_told(self):
        self.begin(self.LISTEN)
        peer = self.peer()
        self.expect_changes(self.LISTEN, [])
        self.expect_silence(peer)
        self.expect_changes(self.LISTEN + 'max-bytes = 9M\n', ['[vnc].max-bytes'])
        self.assertEqual(peer.expect(POLICY).unpack('IIIIIIQ')[6], 9 << 20)
        self.expect_silence(peer)
        self.expect_changes(self.LISTEN + 'max-bytes = 9M\nidle-timeout = 3\n[gpu]\nname = N\n',
                            ['[gpu].name', '[vnc].idle-timeout'])
        settings = peer.expect(SETTINGS).unpack('IIII256s')
        self.assertEqual((settings[2], settings[4].rstrip(b'\0')), (3000, b'N'))
        self.expect_silence(peer)
        self.stop()

    def test_passwords_come_change_and_go(self):
        for key, kind in (('password-file', PASSWORD), ('view-only-password-file', VIEW_PASSWORD)):
            with self.subTest(key):
                self.write('secret', 'first')
                text = self.LISTEN + '%s = %s\n' % (key, self.path('secret'))
                self.begin(self.LISTEN)
                peer = self.peer()
                self.assertNotIn(kind, self.told)
                self.expect_changes(text, ['[vnc].' + key])
                self.assertEqual(self.read(peer.expect(kind)), 'first')
                # The same file with something else in it.
                self.write('secret', 'second')
                self.expect_changes(text, [])
                self.assertEqual(self.read(peer.expect(kind)), 'second')
                self.expect_changes(self.LISTEN, ['[vnc].' + key])
                self.assertEqual(peer.expect(kind).fds, [])
                self.expect_silence(peer)
                self.stop()

    @staticmethod
    def read(message):
        with os.fdopen(message.fds[0]) as file:
            return file.read()

    def test_a_password_file_that_is_not_there_changes_nothing(self):
        self.begin(self.LISTEN)
        peer = self.peer()
        self.expect_errors(self.LISTEN + 'share = force-shared\npassword-file = /none\n',
                           'cannot open the password file /none: No such file')
        self.expect_silence(peer)
        self.stop()

    def test_who_does_not_read_gets_the_newest(self):
        """A full socket queues nothing: of a thousand policies the last comes."""
        self.begin(self.LISTEN)
        peer = self.peer()
        for i in range(1000):
            self.reload(self.LISTEN + 'handshake-timeout = %d\n' % (i % 500 + 1))
        self.reload(self.LISTEN + 'handshake-timeout = 599\n')
        last = None
        count = 0
        while last != 599000:
            message = peer.receive()
            self.assertEqual(message.type, POLICY)
            last = message.unpack('II')[1]
            count += 1
        self.assertLess(count, 1000)
        self.stop()


if __name__ == '__main__':
    unittest.main()
