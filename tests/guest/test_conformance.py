#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same guest on Oriel and on QEMU's own virtio-gpu-pci: modetest and our
kmscheck are answered the same, line by line, the driver logs the same, and the
pictures are equal.

What may differ, and is taken out before the comparison:
- the monitor: EDID, its size in mm, its list of modes. Oriel describes another
  monitor than QEMU does; the size of the preferred mode has to be the same.
- RESOURCE_ASSIGN_UUID: Oriel has it, QEMU 10.0's own device has it not.
- times and rates.
"""
import contextlib
import re
import subprocess

from oriel_guest import (Guest, GuestTest, PATIENCE, Picture, ReferenceScreen, main, needs_oriel,
                         program, wait_until)

# virtio-gpu's objects have the same numbers on every device of one head.
CONNECTOR, CRTC, PRIMARY, CURSOR = 34, 33, 31, 32
SIZE = 1024, 768
MODE = '%d:%dx%d' % (CONNECTOR, SIZE[0], SIZE[1])
# modetest's colour bars, in the upper two thirds of its picture.
BARS = ((192, 192, 192), (192, 192, 0), (0, 192, 192), (0, 192, 0), (192, 0, 192), (192, 0, 0),
        (0, 0, 192))


def without_monitor(text):
    """A listing of modetest without what the monitor says."""
    text = re.sub(r'(?m)^\s*#\d+ .*\n', '', text)
    text = re.sub(r'(?m)^\t+[0-9a-f]{32}\n', '', text)
    return re.sub(r'(Virtual-1\s+)\d+x\d+\s+\d+', r'\1SIZE MODES', text)


def without_times(text):
    """The kernel's log, or a program's rates, without numbers that are times;
    lines that only repeat themselves once."""
    text = re.sub(r'(?m)^\[[ \d.]+\] ', '', text)
    text = re.sub(r'freq: [\d.]+Hz', 'freq: RATE', text)
    return re.sub(r'(?m)^(.*\n)\1+', r'\1', text)


def without_uuid(text):
    """VirtIO's feature bit 2, and where the driver tells of it."""
    text = re.sub(r'(resource uuid\s+: )\w+', r'\1-', text)
    text = re.sub(r'(?m)^(parameter 5: )\d+', r'\1-', text)
    return re.sub(r'(?m)^([01]{2})[01]([01]{61})$', r'\1-\2', text)


@needs_oriel
class ConformanceTest(GuestTest):
    """`machines` are Oriel's and QEMU's guest."""
    KEYS = {'head.0.mode': '1280x800@60'}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reference = ReferenceScreen(cls.directory, cls.KEYS)
        other = Guest(cls.directory, cls.reference.devices())
        cls.addClassCleanup(other.close)
        cls.machines = (cls.boot(), other)
        other.wait_boot()
        # The kernel's log is compared for itself: none of it between answers.
        cls.both('dmesg -n 1')
        cls.both('mkdir -p /debug && mount -t debugfs debug /debug')

    @classmethod
    def wait(cls, pattern):
        """What each printed before the pattern."""
        return [guest.serial.wait('(?s)(.*?)' + pattern, PATIENCE).group(1)
                for guest in cls.machines]

    @classmethod
    def send(cls, line):
        for guest in cls.machines:
            guest.serial.send(line + '\n')

    @classmethod
    def both(cls, command):
        """Runs it and returns what each printed, the exit status included."""
        cls.send('%s; echo "status $?"' % command)
        return cls.wait(r'<done \d+>\n')

    def compare(self, answers, *normalise):
        """The answers, equal after what may differ has been taken out."""
        for change in normalise:
            answers = [change(answer) for answer in answers]
        self.assertEqual(answers[0].splitlines(), answers[1].splitlines())
        return answers[0]

    def grab_reference(self, *options):
        """What QEMU's VNC server shows."""
        path = self.path('reference.ppm')
        subprocess.run([program('vncgrab'), self.reference.address(), '-o', path,
                        '--timeout', str(PATIENCE * 1000)] + list(options),
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return path

    @contextlib.contextmanager
    def check(self, section, seed, *normalise):
        """One section of kmscheck, while it shows the known picture that it
        ends in."""
        self.send('kmscheck ' + section)
        try:
            answer = self.compare(self.wait('<shown %s>\n' % section), *normalise)
            self.assertNotIn('section:', answer)
            # Who draws the cursor himself has none in his picture.
            expected = '--cursor', 'rich', '--expect', self.pattern(*SIZE, seed)
            self.grab_reference(*expected)
            self.grab(*expected)
            yield answer
        finally:
            self.send('')
            self.wait(r'<done \d+>\n')

    @contextlib.contextmanager
    def modetest(self, arguments, shown='setting mode.*\n'):
        """modetest, while it shows a picture, after that line; all its lines
        have to be the same."""
        self.send('modetest -M virtio_gpu %s 2>&1; echo "status $?"' % arguments)
        try:
            self.compare(self.wait('(?=%s)' % shown))
            yield
        finally:
            self.send('')
            answers = self.wait(r'<done 0>\n')
        self.assertTrue(self.compare(answers, without_times).endswith('status 0\n'), answers)

    def reference_bars(self):
        """Whether QEMU shows modetest's picture, which takes it a while."""
        picture = Picture(self.grab_reference('--wait-stable', '200'))
        return (picture.width, picture.height) == SIZE and BARS == tuple(
            picture.pixel(SIZE[0] * (2 * i + 1) // 14, SIZE[1] // 3) for i in range(len(BARS)))

    def test_01_listing(self):
        listings = self.both('modetest -M virtio_gpu -c -e -p -f 2>&1')
        preferred = [re.search(r'#\d+ (\d+x\d+) .*type: preferred', text).group(1)
                     for text in listings]
        self.assertEqual(preferred, ['1280x800', '1280x800'])
        for text in listings:
            self.assertIn('#', text)
        listing = self.compare(listings, without_monitor)
        self.assertIn('formats: XR24\n', listing)
        self.assertIn('formats: AR24\n', listing)
        self.assertIn('status 0\n', listing)

    def test_02_features(self):
        features = self.both('cat /sys/bus/virtio/drivers/virtio_gpu/virtio*/features '
                             '/debug/dri/0/virtio-gpu-features')
        self.assertRegex(features[0], r'edid\s+: yes')
        self.compare(features, without_uuid)

    def test_10_driver(self):
        with self.check('driver', 60, without_uuid) as answer:
            self.assertIn('driver: virtio_gpu', answer)

    def check_lines(self, section, seed, lines):
        with self.check(section, seed) as answer:
            for line in lines:
                self.assertIn(line + '\n', answer)

    def test_11_framebuffers(self):
        self.check_lines('framebuffers', 61, (
            'addfb2 exact: ok', 'addfb2 bad handle: EINVAL', 'addfb2 RG16: ENOENT',
            'addfb2 pitch too small: EINVAL', 'addfb2 offset not aligned: EINVAL'))

    def test_12_oversized(self):
        """Linux lets these through: it is the device that refuses them."""
        self.check_lines('oversized', 62, ())
        errors = self.both('dmesg | grep -o "response 0x.*"')
        answer = self.compare(errors)
        for command in ('0x105', '0x103', '0x104'):
            self.assertEqual(answer.count('response 0x1205 (command %s)' % command), 2)

    def test_13_flips(self):
        self.check_lines('flips', 63, (
            'flip events: 60', 'flip user data: right', 'flip times: never go back',
            'flip to an unknown framebuffer: ENOENT', 'after the flips: no event waits'))

    def test_14_cursor(self):
        with self.check('cursor', 64) as answer:
            shapes = [self.cursor_of(screen) for screen in (self.screen, self.reference)]
            self.assertEqual(shapes[0], shapes[1])
            self.assertEqual(shapes[0][:2], (7, 9))
            self.assertIn('cursor of an unknown buffer: EINVAL\n', answer)

    def cursor_of(self, screen):
        """Hotspot, and the colours where the cursor is opaque: the servers
        have masks of their own for what is half transparent."""
        path = self.path('cursor.pam')
        done = subprocess.run(
            [program('vncgrab'), screen.address(), '--cursor', 'rich', '--cursor-file', path,
             '--wait-stable', '200', '--timeout', str(PATIENCE * 1000)],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        hotspot = tuple(int(re.search(r'"hot_%s": (\d+)' % axis, done.stdout).group(1))
                        for axis in 'xy')
        with open(path, 'rb') as file:
            data = file.read().split(b'ENDHDR\n', 1)[1]
        opaque = [data[(row * 64 + x) * 4:(row * 64 + x) * 4 + 3]
                  for row in range(12) for x in range(20)]
        return hotspot + (opaque,)

    def test_15_modes(self):
        """Also taken away, and a monitor without power."""
        self.check_lines('modes', 65, (
            'mode 641x479: ok', 'mode 8x8: EINVAL', 'mode on an unknown connector: ENOENT',
            'crtc off: ok', 'flip while off: EBUSY', 'crtc on: ok', 'power off: ok'))

    def test_16_atomic(self):
        self.check_lines('atomic', 66, (
            'test: another framebuffer: ok\n  now: the plane shows the first, the crtc is on',
            'scaled down: ERANGE', 'off without leave: EINVAL',
            'off: ok\n  now: the plane shows the first, the crtc is off',
            'on: ok\n  now: the plane shows the second, the crtc is on',
            'atomic flip events: 40', 'fence: signalled'))

    def test_20_modetest(self):
        for arguments in ('-s %s' % MODE, '-s %s@XR24 -F smpte' % MODE,
                          '-a -s {0} -P {1}@{2}:{3}x{4}'.format(MODE, PRIMARY, CRTC, *SIZE)):
            with self.subTest(arguments=arguments), self.modetest(arguments):
                wait_until(self.reference_bars, 'the bars of modetest on QEMU')
                self.grab('--expect', self.path('reference.ppm'))

    def test_21_modetest_planes(self):
        """Its cursor plane, through the interface of planes."""
        with self.modetest('-s %s -P %d@%d:64x64+100+100@AR24' % (MODE, CURSOR, CRTC)):
            pass

    def test_22_modetest_flips(self):
        with self.modetest('-v -s %s' % MODE, r'freq: [\d.]+Hz\n'):
            pass

    def test_23_modetest_cursor(self):
        with self.modetest('-C -s %s' % MODE):
            pass

    def test_24_modetest_refused(self):
        """What it is told not to do, in the kernel's or its own words."""
        for arguments in ('-s 999:1024x768', '-s %d:1234x777' % CONNECTOR, '-s %s@RG16' % MODE,
                          '-s %s@XB24' % MODE, '-P %d@999:64x64' % PRIMARY,
                          '-P %d@%d:64x64@XB24' % (CURSOR, CRTC), '-w %d:DPMS:99' % CONNECTOR,
                          '-w %d:NONE:1' % CONNECTOR, '-w %d:DPMS:3' % CONNECTOR,
                          '-w %d:DPMS:0' % CONNECTOR):
            with self.subTest(arguments=arguments):
                command = 'modetest -M virtio_gpu %s </dev/null 2>&1' % arguments
                self.compare(self.both(command), without_monitor, without_times)

    def test_30_console(self):
        """It comes back after all this, the same."""
        self.both(r'printf "\033c\033[?25l\033[1;32m" >/dev/tty1; seq 1 40 >/dev/tty1')
        picture = Picture(self.grab_reference('--wait-stable', '500'))
        self.assertEqual((picture.width, picture.height), (1280, 800))
        self.assertGreater(len(set(picture.rows(0, 300, 64, 100))), 3)
        self.grab('--expect', self.path('reference.ppm'))

    def test_31_log(self):
        """The driver has said the same of both."""
        log = self.compare(self.both('dmesg | grep -E "drm|virtio_gpu"'), without_times)
        self.assertIn('Initialized virtio_gpu', log)


if __name__ == '__main__':
    main()
