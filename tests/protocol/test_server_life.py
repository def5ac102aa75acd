#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How oriel begins and ends: readiness, sockets, signals, failures."""
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import time
import unittest

from oriel_server import PATIENCE, SOURCE, ServerTest, read_line, wait_until


class Readiness(ServerTest):
    def test_ready_line_is_the_status(self):
        self.start('-o', 'gpu.heads=2', '-o', 'gpu.name=Test machine', '-o', 'head.1.mode=640x480')
        status = self.status()
        for key in ('id', 'ok'):
            del status[key]
        self.assertEqual(status.keys(), self.ready.keys())
        self.assertEqual(status['listeners'], self.ready['listeners'])
        self.assertEqual(status['pid'], self.oriel.pid)
        self.assertEqual(status['name'], 'Test machine')
        self.assertGreaterEqual(status['uptime_ms'], self.ready['uptime_ms'])
        self.assertEqual([(h['id'], h['width'], h['height'], h['x'], h['guest'])
                          for h in status['heads']],
                         [(0, 1280, 800, 0, False), (1, 640, 480, 1280, False)])
        self.assertEqual(status['viewers'], [])
        self.stop()

    def test_all_sockets_are_open_when_ready(self):
        self.start('-o', 'gpu.heads=2')
        kinds = [(l['kind'], l['head']) for l in self.ready['listeners']]
        self.assertEqual(sorted(kinds), [('control', 0), ('gpu', 0), ('keyboard', 0), ('mouse', 0),
                                         ('tablet', 0), ('vnc', 0), ('vnc', 1)])
        for listener in self.ready['listeners']:
            scheme, address = listener['address'].split(':', 1)
            if scheme == 'unix':
                self.assertEqual(stat.S_IMODE(os.stat(address).st_mode), 0o600)
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(address)
        first, second = self.listeners('vnc')
        self.assertNotEqual(first, second)
        self.assertNotIn(':0', (first[-2:], second[-2:]))
        self.stop()

    def test_ready_on_standard_output(self):
        reader, writer = os.pipe()
        with open(self.path('log'), 'w', encoding='utf-8') as log:
            process = subprocess.Popen(
                [os.path.join(self.bin, 'oriel'), '--ready-fd', '1', '-o', 'vnc.listen='],
                stdin=subprocess.DEVNULL, stdout=writer, stderr=log, env=self.environment)
        self.processes.append(process)
        os.close(writer)
        with os.fdopen(reader) as lines:
            self.assertIn('heads', json.loads(lines.readline()))
            self.assertEqual(lines.read(), '')  # it is closed, oriel goes on
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_ready_descriptor_that_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.start('--ready-fd', str(writer), pass_fds=[writer], wait=False)
        os.close(writer)
        self.wait_for_log('cannot write to the ready descriptor: Broken pipe')
        self.stop()


class Listeners(ServerTest):
    def test_unix_listeners_per_head(self):
        self.start('-o', 'gpu.heads=2', '-o', 'vnc.listen=unix:%t/vnc.%h.sock tcp:[::1]:0',
                   port0=False)
        self.assertEqual([a for a in self.listeners('vnc') if a.startswith('unix')],
                         ['unix:' + self.path('oriel/vnc.0.sock'),
                          'unix:' + self.path('oriel/vnc.1.sock')])
        self.stop()
        self.assertEqual(os.listdir(self.path('oriel')), [])

    def test_ports_count_up_with_the_heads(self):
        with socket.create_server(('127.0.0.1', 0)) as probe:
            base = probe.getsockname()[1]
        if base > 65000:
            self.skipTest('the machine hands out ports at the very end')
        self.start('-o', 'gpu.heads=2', '-o', 'vnc.listen=tcp:127.0.0.1:%d' % base, port0=False)
        self.assertEqual(self.listeners('vnc'), ['tcp:127.0.0.1:%d' % base,
                                                 'tcp:127.0.0.1:%d' % (base + 1)])
        self.stop()

    def test_one_head_alone_is_served_on_the_port_itself(self):
        self.start('-o', 'gpu.heads=3', '-o', 'vnc.heads=2', '-o', 'vnc.listen=unix:%t/v.sock',
                   port0=False)
        [listener] = [l for l in self.ready['listeners'] if l['kind'] == 'vnc']
        self.assertEqual((listener['head'], listener['address']),
                         (2, 'unix:' + self.path('oriel/v.sock')))
        self.stop()

    def test_no_vnc_and_no_control_socket(self):
        self.start('-o', 'vnc.listen=', '-o', 'control.socket=', port0=False)
        self.assertFalse({'vnc', 'control'} & {l['kind'] for l in self.ready['listeners']})
        self.assertFalse(os.path.exists(self.path('oriel/control.sock')))
        self.stop()

    def test_stale_sockets_are_replaced(self):
        self.start()
        self.oriel.kill()
        self.oriel.wait()
        self.assertTrue(os.path.exists(self.path('oriel/gpu.sock')))
        self.start()
        self.assertEqual(self.status()['pid'], self.oriel.pid)
        self.stop()

    def test_paths_that_are_not_ours_any_more_stay(self):
        self.start()
        os.unlink(self.path('oriel/gpu.sock'))
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path('oriel/gpu.sock'))
            self.stop()
            self.assertEqual(os.listdir(self.path('oriel')), ['gpu.sock'])


class Failures(ServerTest):
    """Every failure of the start has its own sentence and exit code (oriel(1)),
    and leaves nothing behind."""

    def expect_failure(self, code, message, *arguments):
        run = self.run_oriel('-o', 'vnc.listen=tcp:127.0.0.1:0', *arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertIn(message, run.stderr)
        self.assertNotIn('left open', run.stderr)
        self.assertNotIn('Sanitizer', run.stderr)
        return run

    def test_second_oriel_with_the_same_sockets(self):
        self.start()
        for code, name, *arguments in (
                (12, 'gpu.sock'),
                (15, 'keyboard.sock', '--socket-path', self.path('other.sock'),
                 '-o', 'input.keyboard=%t/keyboard.sock'),
                (21, 'control.sock', '--socket-path', self.path('other.sock'))):
            self.expect_failure(code, 'cannot listen on unix:%s: another program listens there'
                                % self.path('oriel/' + name), *arguments)
        self.assertFalse(os.path.exists(self.path('other.sock')))
        self.assertEqual(self.status()['pid'], self.oriel.pid)
        self.stop()

    def test_port_in_use(self):
        with socket.create_server(('127.0.0.1', 0)) as other:
            address = 'tcp:127.0.0.1:%d' % other.getsockname()[1]
            self.expect_failure(19, 'cannot listen on %s: another program listens there' % address,
                                '-o', 'vnc.listen=' + address)

    def test_address_of_another_host(self):
        self.expect_failure(19, 'cannot listen on tcp:192.0.2.1:0: Cannot assign requested address',
                            '-o', 'vnc.listen=tcp:192.0.2.1:0')

    def test_path_of_a_file(self):
        path = self.write('file', 'precious')
        self.expect_failure(12, 'the path is not a socket', '--socket-path', path)
        with open(path, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'precious')

    def test_missing_directory(self):
        self.expect_failure(12, 'No such file or directory', '--socket-path', self.path('no/such'))

    def test_password_file(self):
        self.expect_failure(18, 'cannot open the password file %s: No such file'
                            % self.path('secret'), '-o',
                            'vnc.password-file=' + self.path('secret'))
        os.mkfifo(self.path('fifo'))
        self.expect_failure(18, 'cannot open the password file %s: not a regular file'
                            % self.path('fifo'), '-o', 'vnc.password-file=' + self.path('fifo'))

    def test_program_that_is_not_there(self):
        self.use_private_bin()
        if os.path.exists('/usr/local/libexec/oriel/oriel-vnc'):
            self.skipTest('the installed oriel-vnc would be found')
        self.expect_failure(17, 'there is no oriel-vnc beside oriel nor in ')


    def test_descriptors_that_run_out(self):
        """Wherever they do, there is a sentence and a code of the manual's."""
        with open(os.path.join(SOURCE, 'docs/oriel.1.scd'), encoding='utf-8') as file:
            page = file.read().split('# EXIT STATUS')[1].split('\n# ')[0]
        documented = {int(code) for code in re.findall(r'(?m)^\*(\d+)\*$', page)}
        self.assertEqual(documented, {0, 1, 2, 78} | set(range(10, 23)))
        seen = {}
        for limit in range(4, 120):
            def lower(limit=limit):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            reader, writer = os.pipe()
            with subprocess.Popen([os.path.join(self.bin, 'oriel'), '--ready-fd', str(writer), '-o',
                                   'gpu.heads=2', '-o', 'vnc.listen=tcp:127.0.0.1:0'],
                                  stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                  preexec_fn=lower, pass_fds=(writer,), env=self.environment) as run:
                os.close(writer)
                ready = read_line(reader)
                os.close(reader)
                if ready:
                    run.terminate()
                errors = run.communicate(timeout=PATIENCE)[1]
            if ready:
                break
            if 'Sanitizer' in errors:  # which needs some for itself
                continue
            self.assertIn(run.returncode, documented - {0}, (limit, errors))
            self.assertRegex(errors, r'(?m)^oriel: (error: [a-z-]+: )?.*\bcannot\b|--ready-fd', limit)
            seen[run.returncode] = errors
        else:
            self.fail('it never started')
        # Not each shows with this list of sockets, but most do.
        self.assertGreaterEqual(len(seen), 5, seen.keys())


class Ends(ServerTest):
    def test_sigterm_and_sigint_end_it_and_remove_the_sockets(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start()
            self.oriel.send_signal(number)
            self.assertEqual(self.oriel.wait(PATIENCE), 0)
            self.assertEqual(os.listdir(self.path('oriel')), [])

    def test_sigterm_within_a_second_whatever_is_connected(self):
        def measure():
            self.start()
            self.view()
            for _ in range(3):
                self.connect().send(b'{"command": "stat')
            with socket.socket(socket.AF_UNIX) as vmm:
                vmm.connect(self.path('oriel/gpu.sock'))
                wait_until(lambda: self.status()['outputs'][0]['pid'], 'oriel-vnc runs')
                took = self.stop()
            self.assertNotIn('leaving it behind', self.log())
            return took
        self.best_of_three(measure, 1.0)

    def test_second_signal_changes_nothing(self):
        self.start()
        self.oriel.send_signal(signal.SIGTERM)
        self.oriel.send_signal(signal.SIGINT)
        self.assertEqual(self.oriel.wait(PATIENCE), 0)

    def try_to_connect(self):
        """The path is there a moment before somebody listens on it."""
        try:
            return self.connect()
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    def test_standard_descriptors_may_be_closed(self):
        pid = os.fork()
        if pid == 0:
            for fd in (0, 1, 2):
                os.close(fd)
            os.execve(os.path.join(self.bin, 'oriel'), ['oriel', '-o', 'vnc.listen='],
                      self.environment)
        try:
            control = wait_until(self.try_to_connect, 'control socket')
            for fd in range(3):
                self.assertEqual(os.readlink('/proc/%d/fd/%d' % (pid, fd)), '/dev/null')
            self.assertTrue(control.ask('quit')['ok'])
        finally:
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                deadline = time.monotonic() + PATIENCE
                while os.waitpid(pid, os.WNOHANG) == (0, 0):
                    if time.monotonic() > deadline:
                        os.kill(pid, signal.SIGKILL)
                    time.sleep(0.01)

    def test_limit_of_open_files_is_raised(self):
        self.start('-o', 'vnc.listen=', port0=False)
        soft, hard = resource.prlimit(self.oriel.pid, resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(soft, min(hard, 65536))
        self.stop()


class HandedOverSocket(ServerTest):
    def test_connected_socket_ends_oriel_with_its_peer(self):
        ours, theirs = socket.socketpair()
        self.start('--fd', str(theirs.fileno()), pass_fds=[theirs.fileno()])
        theirs.close()
        self.assertTrue(self.listeners('gpu')[0].startswith('fd:'))
        self.assertFalse(os.path.exists(self.path('oriel/gpu.sock')))
        self.assertTrue(self.status()['gpu']['vmm_connected'])
        ours.close()
        self.assertEqual(self.oriel.wait(PATIENCE), 0, self.log())
        self.assertNotIn('Sanitizer', self.log())

    def test_listening_socket_serves_one_vmm_after_the_other(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path('handed.sock'))
            listener.listen()
            self.start('--fd', str(listener.fileno()), pass_fds=[listener.fileno()])
        control = self.connect()

        def connected():
            return control.ask('status')['gpu']['vmm_connected']
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as vmm:
                vmm.connect(self.path('handed.sock'))
                wait_until(connected, 'the VMM is seen')
            wait_until(lambda: not connected(), 'the VMM is gone')
        self.stop()
        # Who made the path removes it.
        self.assertTrue(os.path.exists(self.path('handed.sock')))


if __name__ == '__main__':
    unittest.main()
