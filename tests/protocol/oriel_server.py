# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the core process share: starting it in a private
directory, its control socket, and an output program of our own in the place
of oriel-vnc. Every process is ended by the test that started it; every wait
has a limit and waits for an event, never for a time."""
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ.get('ORIEL_SOURCE_DIR',
                        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get('ORIEL_BIN_DIR', os.path.join(SOURCE, 'build', 'bin'))
# A loaded machine is slow; this only bounds how long a failure takes.
PATIENCE = 30


def read_line(fd, limit=PATIENCE):
    """A line from a descriptor, without its newline; '' at its end."""
    data = b''
    deadline = time.monotonic() + limit
    while not data.endswith(b'\n'):
        if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError('no line within %d s, only %r' % (limit, data))
        chunk = os.read(fd, 1)
        if not chunk:
            break
        data += chunk
    return data.decode().rstrip('\n')


def wait_until(condition, what, limit=PATIENCE):
    """For the few states that nobody announces. Returns the condition's value."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError('not within %d s: %s' % (limit, what))
        time.sleep(0.01)


class Control:
    """A client of the control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.data = b''

    def send(self, request):
        if not isinstance(request, bytes):
            request = json.dumps(request).encode() + b'\n'
        self.socket.sendall(request)

    def receive(self):
        """The next reply, or None when the connection has ended."""
        while b'\n' not in self.data:
            try:
                chunk = self.socket.recv(1 << 16)
            except ConnectionResetError:
                chunk = b''
            if not chunk:
                return None
            self.data += chunk
        line, self.data = self.data.split(b'\n', 1)
        return json.loads(line)

    def ask(self, command, **parameters):
        self.send(dict(parameters, command=command))
        return self.receive()

    def close(self):
        self.socket.close()


class ServerTest(unittest.TestCase):
    """A test with a private directory, from which `oriel` is started."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix='oriel-test.')
        self.addCleanup(shutil.rmtree, self.directory)
        self.bin = BIN
        self.processes = []
        self.addCleanup(self.end_processes)
        # What tests look at in the log is text of ours, not of the machine's
        # language; configuration of whoever runs the tests stays out.
        self.environment = dict(os.environ, LC_ALL='C.UTF-8', XDG_RUNTIME_DIR=self.directory,
                                XDG_CONFIG_HOME=self.directory, HOME=self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)

    def use_private_bin(self):
        """oriel alone in a directory of its own, where it finds its helpers
        beside itself: a link by name would not do."""
        self.bin = self.path('bin')
        os.mkdir(self.bin)
        try:
            os.link(os.path.join(BIN, 'oriel'), self.path('bin/oriel'))
        except OSError:
            shutil.copy(os.path.join(BIN, 'oriel'), self.bin)

    def end_processes(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def run_oriel(self, *arguments, **options):
        """A run that ends by itself."""
        return subprocess.run([os.path.join(self.bin, 'oriel'), *arguments], capture_output=True,
                              text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              env=self.environment, **options)

    def start(self, *arguments, pass_fds=(), wait=True, port0=True):
        """Starts oriel; waits for --ready-fd. Its status is in self.ready."""
        reader, writer = os.pipe()
        self.log_name = self.path('log')
        arguments = list(arguments)
        if port0:
            arguments[:0] = ['-o', 'vnc.listen=tcp:127.0.0.1:0']
        with open(self.log_name, 'a', encoding='utf-8') as log:
            self.oriel = subprocess.Popen(
                [os.path.join(self.bin, 'oriel'), '--ready-fd', str(writer), *arguments],
                stdin=subprocess.DEVNULL, stderr=log, env=self.environment,
                pass_fds=(writer, *pass_fds))
        self.processes.append(self.oriel)
        os.close(writer)
        try:
            line = read_line(reader) if wait else ''
            if wait:
                self.assertNotEqual(line, '', 'oriel did not start: ' + self.log())
                self.ready = json.loads(line)
                # The descriptor is closed behind the line.
                self.assertEqual(read_line(reader), '')
        finally:
            os.close(reader)
        return self.oriel

    def log(self):
        with open(self.log_name, encoding='utf-8') as log:
            return log.read()

    def wait_for_log(self, pattern, count=1):
        return wait_until(lambda: len(re.findall(pattern, self.log())) >= count,
                          'log with %s' % pattern)

    def connect(self):
        control = Control(self.path('oriel/control.sock'))
        self.addCleanup(control.close)
        return control

    def status(self):
        return self.connect().ask('status')

    def listeners(self, kind):
        return [l['address'] for l in self.ready['listeners'] if l['kind'] == kind]

    def view(self, head=0):
        """A connection as a viewer makes it."""
        _, host, port = self.listeners('vnc')[head].split(':')
        viewer = socket.create_connection((host, int(port)), PATIENCE)
        self.addCleanup(viewer.close)
        return viewer

    def stop(self):
        """SIGTERM, and that nothing is left. Returns how long it took."""
        begun = time.monotonic()
        self.oriel.send_signal(signal.SIGTERM)
        self.assertEqual(self.oriel.wait(PATIENCE), 0, self.log())
        took = time.monotonic() - begun
        # A sanitizer's leak check and a loaded machine take their time; the
        # tests of the second itself judge it without them.
        self.assertNotIn('Sanitizer', self.log())
        self.assertNotIn('left open', self.log())
        return took

    def best_of_three(self, measure, limit):
        """That it takes less than the limit, in seconds: a loaded machine is
        slow now and then, a slow program is slow each time."""
        times = []
        while len(times) < 3:
            times.append(measure())
            if times[-1] < limit:
                return
        self.fail('took %s s' % times)


def has_ended(pid):
    """Whether that process is no more, or only waits to be reaped."""
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8') as file:
            return file.read().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True
