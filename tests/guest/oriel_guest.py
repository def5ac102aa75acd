# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests with a real guest share: Oriel, QEMU, its serial line and QMP,
viewers. Every process is ended by the test that started it; every wait has a
limit and waits for a pattern, never for a time.

ORIEL_TEST_GPU=qemu runs what can be run on QEMU's own virtio-gpu-pci and VNC
server instead: the same guest must look the same there.
"""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.environ.get('ORIEL_SOURCE_DIR',
                        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get('ORIEL_BIN_DIR', os.path.join(SOURCE, 'build', 'plain', 'bin'))
GUEST = os.path.join(os.path.dirname(BIN), 'guest')
PICTURES = os.path.join(os.path.dirname(BIN), 'pictures')
LONG = os.environ.get('ORIEL_LONG') == '1'
SANITIZE = os.environ.get('ORIEL_SANITIZE') == '1'
REFERENCE = os.environ.get('ORIEL_TEST_GPU') == 'qemu'
ACCEL = os.environ.get('ORIEL_ACCEL', 'tcg')
# A loaded machine is slow, and a sanitizer makes it slower.
PATIENCE = 60


def program(name):
    return os.path.join(BIN, name)


def remaining(deadline):
    return max(0.0, deadline - time.monotonic())


def wait_until(condition, what, limit=PATIENCE):
    """For the few states that nobody announces. Returns the condition's value."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError('not within %d s: %s' % (limit, what))
        time.sleep(0.02)


def start_process(arguments, **options):
    """A process that does not outlive the test, whatever ends the test."""
    libc = ctypes.CDLL(None)
    options.setdefault('stdin', subprocess.DEVNULL)

    def prepare():
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        # A shell that runs the tests behind its back ignores it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(arguments, preexec_fn=prepare, **options)


def end_process(process, limit=10):
    """SIGTERM, then SIGKILL after the limit. Returns the exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def build_image():
    subprocess.run([os.path.join(SOURCE, 'tests/guest/build-image'), GUEST, '/usr/bin/modetest'],
                   check=True, stdin=subprocess.DEVNULL)


class Lines:
    """A socket that patterns are waited for on."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.connection = None
        self.text = ''
        self.history = ''

    def accept(self):
        self.listener.settimeout(PATIENCE)
        self.connection = self.listener.accept()[0]

    def close(self):
        for handle in (self.connection, self.listener):
            if handle:
                handle.close()

    def send(self, text):
        self.connection.sendall(text.encode())

    def wait(self, pattern, limit=PATIENCE):
        """Returns the match; what stood before it is gone."""
        deadline = time.monotonic() + limit
        while True:
            match = re.search(pattern, self.text)
            if match:
                self.text = self.text[match.end():]
                return match
            if not select.select([self.connection], [], [], remaining(deadline))[0]:
                raise AssertionError('not within %d s: %r; the last of it: %r' %
                                     (limit, pattern, self.text[-2000:]))
            data = self.connection.recv(65536)
            if not data:
                raise AssertionError('closed before %r; the last of it: %r' %
                                     (pattern, self.text[-2000:]))
            text = data.decode('utf-8', 'replace').replace('\r', '')
            self.text += text
            self.history = (self.history + text)[-20000:]

    def drain(self):
        """Forgets what has come. A socket that nobody reads soon takes no more,
        and then QEMU's serial line loses what the guest writes."""
        while select.select([self.connection], [], [], 0)[0] and self.connection.recv(65536):
            pass
        self.text = ''


class Qmp(Lines):
    def greet(self):
        self.accept()
        self.wait(r'"QMP".*\n')
        self.command('qmp_capabilities')

    def command(self, name, **arguments):
        self.send(json.dumps({'execute': name, 'arguments': arguments}) + '\n')
        while True:
            answer = json.loads(self.wait(r'[^\n]*\n').group(0))
            if 'return' in answer:
                return answer['return']
            if 'error' in answer:
                raise AssertionError('%s: %s' % (name, answer['error']['desc']))


class Guest:
    """QEMU and, unless a firmware alone is run, our small Linux. `memory` is in
    MiB."""

    def __init__(self, directory, devices, firmware=None, append='', memory=512):
        self.directory = tempfile.mkdtemp(prefix='qemu', dir=directory)
        self.serial = Lines(os.path.join(self.directory, 'serial'))
        self.qmp = Qmp(os.path.join(self.directory, 'qmp'))
        arguments = ['qemu-system-x86_64', '-nodefaults', '-no-user-config',
                     '-machine', 'q35,accel=%s,memory-backend=mem' % ACCEL,
                     '-object', 'memory-backend-memfd,id=mem,size=%dM,share=on' % memory,
                     '-m', str(memory),
                     '-cpu', 'max', '-smp', '1', '-vga', 'none',
                     '-chardev', 'socket,id=serial,path=%s/serial' % self.directory,
                     '-serial', 'chardev:serial',
                     '-chardev', 'socket,id=qmp,path=%s/qmp' % self.directory,
                     '-mon', 'chardev=qmp,mode=control']
        if '-vnc' not in devices:
            arguments += ['-display', 'none']
        if firmware:
            arguments += ['-bios', firmware]
        else:
            # Without no_timer_check a guest on a busy machine can find its timer dead.
            arguments += ['-kernel', GUEST + '/vmlinux', '-initrd', GUEST + '/initramfs.cpio',
                          '-append', 'quiet no_timer_check console=ttyS0,115200 ' + append]
        self.log = open(os.path.join(self.directory, 'log'), 'w+b')
        self.started = time.monotonic()
        self.process = start_process(arguments + devices, stdout=self.log, stderr=self.log)
        try:
            self.serial.accept()
            self.qmp.greet()
        except Exception as error:
            self.close()
            raise AssertionError('QEMU did not start: ' + self.messages()) from error

    def wait_boot(self):
        self.serial.wait(r'(?s)<serial ready>.*<tty1 ready>\n|<tty1 ready>.*<serial ready>\n')

    def run(self, command, limit=PATIENCE):
        """Runs a shell command in the guest and returns what it printed."""
        self.serial.send(command + '\n')
        match = self.serial.wait(r'(?s)(.*?)<done (\d+)>\n', limit)
        if match.group(2) != '0':
            raise AssertionError('%s: status %s: %s' % (command, match.group(2), match.group(1)))
        return match.group(1)

    def kms_start(self):
        self.serial.send('kmstest\n')
        return int(self.serial.wait(r'<ok kmstest (\d+)>\n').group(1))

    def kms(self, command, limit=PATIENCE):
        """One command of kmstest; returns its answer, listings before it
        included."""
        self.serial.send(command + '\n')
        name = command.split()[0]
        match = self.serial.wait(r'(?s)(.*?<(ok|error) %s[^>]*>)\n' % name, limit)
        if match.group(2) == 'error':
            raise AssertionError(match.group(1))
        return match.group(1)

    def kms_quit(self):
        self.kms('quit')
        self.serial.wait(r'<done 0>\n')

    def messages(self):
        with open(self.log.name, errors='replace') as log:
            return log.read()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        end_process(self.process)
        self.serial.close()
        self.qmp.close()
        self.log.close()


class Oriel:
    """The core and its outputs; every key can be given, sections with dots
    as `head.0.mode`."""

    SANITIZER = re.compile(r'ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer')

    def __init__(self, directory, keys=None):
        self.directory = tempfile.mkdtemp(prefix='oriel', dir=directory)
        self.gpu_socket = self.directory + '/gpu'
        self.control = self.directory + '/control'
        options = {'gpu.socket': self.gpu_socket, 'control.socket': self.control,
                   'vnc.listen': 'tcp:127.0.0.1:0 unix:%s/vnc-%%h' % self.directory}
        options.update(keys or {})
        arguments = [program('oriel')]
        for key, value in options.items():
            arguments += ['-o', '%s=%s' % (key, value)]
        ready, ready_write = os.pipe()
        self.log = open(self.directory + '/log', 'w+b')
        environment = dict(os.environ, XDG_CONFIG_HOME=self.directory, HOME=self.directory)
        self.process = start_process(arguments + ['--ready-fd', str(ready_write)],
                                     pass_fds=[ready_write], stdout=self.log, stderr=self.log,
                                     env=environment)
        os.close(ready_write)
        line = self.read_ready(ready)
        if not line:
            end_process(self.process)
            self.log.close()
            raise AssertionError('oriel did not start: ' + self.messages())
        self.ready = json.loads(line)

    @staticmethod
    def read_ready(ready):
        with os.fdopen(ready) as pipe:
            if select.select([pipe], [], [], PATIENCE)[0]:
                return pipe.readline()
        return ''

    def devices(self, heads=1):
        return ['-chardev', 'socket,id=gpu,path=' + self.gpu_socket,
                '-device', 'vhost-user-gpu-pci,chardev=gpu,max_outputs=%d' % heads]

    def address(self, head=0, scheme='tcp'):
        for listener in self.ready['listeners']:
            if listener['kind'] == 'vnc' and listener['head'] == head and \
                    listener['address'].startswith(scheme + ':'):
                return listener['address']
        raise AssertionError('no %s listener of head %d: %r' % (scheme, head, self.ready))

    def ctl(self, *arguments):
        return subprocess.run([program('orielctl'), '-s', self.control] + list(arguments),
                              check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=PATIENCE).stdout.decode()

    def status(self):
        return json.loads(self.ctl('status', '--json'))

    def pids(self):
        """The core and the outputs that it started, by name."""
        found = {'oriel': self.process.pid}
        for entry in os.listdir('/proc'):
            try:
                with open('/proc/%s/stat' % entry) as stat:
                    name, rest = re.match(r'\d+ \((.*)\) (.*)', stat.read()).groups()
            except (OSError, AttributeError):
                continue
            if int(rest.split()[1]) == self.process.pid:
                found[name] = int(entry)
        return found

    def messages(self):
        with open(self.directory + '/log', errors='replace') as log:
            return log.read()

    def close(self):
        """Ends it and returns what was wrong with it, or an empty text."""
        outputs = [pid for name, pid in self.pids().items() if name != 'oriel']
        started = time.monotonic()
        status = end_process(self.process, 60 if SANITIZE else 10)
        took = time.monotonic() - started
        self.log.close()
        wrong = []
        if status != 0:
            wrong.append('exit status %d' % status)
        if took > 1 and not SANITIZE:
            wrong.append('took %.1f s to end' % took)
        if any(os.path.exists('/proc/%d' % pid) for pid in outputs):
            try:
                wait_until(lambda: not any(os.path.exists('/proc/%d' % pid) for pid in outputs),
                           'outputs end', 5)
            except AssertionError:
                wrong.append('outputs are left')
        if self.SANITIZER.search(self.messages()):
            wrong.append('a sanitizer complained')
        return ', '.join(wrong)


class ReferenceScreen:
    """QEMU's own GPU and VNC server in Oriel's place."""

    def __init__(self, directory, keys=None):
        self.directory = tempfile.mkdtemp(prefix='reference', dir=directory)
        mode = (keys or {}).get('head.0.mode', '1280x800@60')
        self.size = re.match(r'(\d+)x(\d+)', mode).groups()

    def devices(self, heads=1):
        return ['-device', 'virtio-gpu-pci,id=gpu,max_outputs=%d,xres=%s,yres=%s' %
                ((heads,) + self.size),
                '-vnc', 'unix:%s/vnc,lossy=off,non-adaptive=on' % self.directory]

    def address(self, head=0, scheme='unix'):
        del head, scheme
        return 'unix:%s/vnc' % self.directory

    def messages(self):
        return ''

    def close(self):
        return ''


class Watcher:
    """A viewer that stays connected (vncwatch)."""

    def __init__(self, address, *options):
        self.process = start_process(
            [program('vncwatch'), address, '--timeout', str(PATIENCE * 1000)] + list(options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError('the viewer has ended: ' + self.process.stderr.read())
        return json.loads(line)

    def start(self, command, *arguments):
        self.process.stdin.write(' '.join([command] + [str(a) for a in arguments]) + '\n')
        self.process.stdin.flush()

    def finish(self):
        answer = self.read()
        if answer['error']:
            raise AssertionError('viewer: %s (%d)' % (answer['error'], answer['count']))
        return answer

    def do(self, command, *arguments):
        self.start(command, *arguments)
        return self.finish()

    def close(self):
        end_process(self.process)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.stderr.close()


class Picture:
    """A PPM: `data` is packed R, G, B."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            content = file.read()
        match = re.match(rb'P6\s+(\d+)\s+(\d+)\s+255\s', content)
        self.width, self.height = int(match.group(1)), int(match.group(2))
        self.data = content[match.end():]

    def pixel(self, x, y):
        offset = (y * self.width + x) * 3
        return tuple(self.data[offset:offset + 3])

    def rows(self, x, y, width, height):
        """The rectangle's rows, as bytes."""
        for row in range(y, y + height):
            offset = (row * self.width + x) * 3
            yield self.data[offset:offset + width * 3]

    def colours(self):
        return set(zip(self.data[0::3], self.data[1::3], self.data[2::3]))


class GuestTest(unittest.TestCase):
    """One screen, shared by the tests of a class; `boot` adds a guest."""

    KEYS = {}
    HEADS = 1

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix='oriel-test-')
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        build_image()
        screen = ReferenceScreen if REFERENCE else Oriel
        cls.screen = screen(cls.directory, cls.KEYS)
        cls.addClassCleanup(cls.end_screen)
        cls.guest = None

    @classmethod
    def end_screen(cls):
        wrong = cls.screen.close()
        if wrong:
            raise AssertionError('oriel: %s\n%s' % (wrong, cls.screen.messages()[-8000:]))

    @classmethod
    def devices(cls):
        """What QEMU's command line has for them."""
        return cls.screen.devices(cls.HEADS)

    @classmethod
    def boot(cls, **options):
        cls.guest = Guest(cls.directory, cls.devices(), **options)
        cls.addClassCleanup(cls.guest.close)
        if not options.get('firmware'):
            cls.guest.wait_boot()
        return cls.guest

    @classmethod
    def watch(cls, *options, head=0, scheme='tcp'):
        watcher = Watcher(cls.screen.address(head, scheme), *options)
        cls.addClassCleanup(watcher.close)
        return watcher

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def pattern(cls, width, height, seed):
        """The file of the known picture."""
        path = cls.path('pattern-%d-%d-%d.ppm' % (width, height, seed))
        if not os.path.exists(path):
            subprocess.run([program('pattern'), str(width), str(height), str(seed), path],
                           check=True)
        return path

    def grab(self, *options, head=0, scheme='tcp', name='grab.ppm'):
        """A picture as a viewer gets it; returns its file and the report."""
        path = self.path(name)
        done = subprocess.run(
            [program('vncgrab'), self.screen.address(head, scheme), '-o', path,
             '--timeout', str(PATIENCE * 1000)] + list(options),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path, json.loads(done.stdout)

    def screenshot(self, head=0):
        """The canvas, as a PPM, by the control socket."""
        png, ppm = self.path('shot-%d.png' % head), self.path('shot-%d.ppm' % head)
        self.screen.ctl('screenshot', '--head', str(head), png)
        subprocess.run(['convert', png, '-depth', '8', ppm], check=True)
        return ppm

    def assert_same(self, first, second):
        one, two = Picture(first), Picture(second)
        self.assertEqual((one.width, one.height), (two.width, two.height))
        if one.data == two.data:
            return
        differing = [i // 3 for i in range(0, len(one.data), 3)
                     if one.data[i:i + 3] != two.data[i:i + 3]]
        self.fail('%d of %d pixels differ, the first at %d,%d: %r and %r' % (
            len(differing), one.width * one.height, differing[0] % one.width,
            differing[0] // one.width, one.pixel(differing[0] % one.width, differing[0] // one.width),
            two.pixel(differing[0] % one.width, differing[0] // one.width)))

    def run(self, result=None):
        """What Oriel and QEMU said goes with a failure."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for what, text in (('oriel', self.screen.messages()),
                               ('qemu', self.guest.messages() if self.guest else ''),
                               ('serial', self.guest.serial.history if self.guest else '')):
                print('--- %s of %s:\n%s' % (what, self.id(), text[-6000:]), file=sys.stderr)
        return result


needs_oriel = unittest.skipIf(REFERENCE, 'only Oriel does this')


def needs_program(name):
    return unittest.skipUnless(shutil.which(name), name + ' is not installed')


def main():
    """Runs the tests of the calling file. Exit code 77: all were skipped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    test = unittest.main(exit=False, verbosity=2).result
    sys.stderr.flush()
    for case, reason in test.skipped:
        print('skipped: %s: %s' % (case.id(), reason))
    if not test.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if test.skipped and len(test.skipped) == test.testsRun else 0)
