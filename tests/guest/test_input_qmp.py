#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Input by way of QMP: a firmware without a driver for virtio-input, and a VM
that has QEMU's own input devices instead of Oriel's, as libvirt makes it."""
import os
import re
import shutil
import tempfile
import unittest

from oriel_guest import main, needs_oriel
from oriel_hands import (ABS_RANGE, ASCII, BTN_EXTRA, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE,
                         EV_ABS, EV_KEY, EV_REL, KEY_A, REL_WHEEL, XK_CONTROL_L, XK_F12, Evwatch,
                         InputTest, Script, strip_syn, xkbtext)

FIRMWARE = '/usr/share/ovmf/OVMF.fd'


class QmpTest(InputTest):
    @classmethod
    def setUpClass(cls):
        # Before any other directory: Oriel is told of it when it starts.
        directory = tempfile.mkdtemp(prefix='oriel-test-qmp-')
        cls.addClassCleanup(shutil.rmtree, directory)
        cls.KEYS = {'vmm.qmp': directory + '/qmp'}
        super().setUpClass()

    @classmethod
    def devices(cls):
        return super().devices() + ['-qmp', 'unix:%s,server=on,wait=off' % cls.KEYS['vmm.qmp']]


@unittest.skipUnless(os.path.exists(FIRMWARE), 'ovmf is not installed')
@needs_oriel
class FirmwareTest(QmpTest):
    def clear(self):
        self.guest.serial.send('cls\r')
        self.guest.serial.wait(r'\x1b\[2J.*Shell>')

    def test_shell(self):
        """The same picture, whether the UEFI shell is typed into on its serial
        line or by a viewer at 30 keys a second."""
        self.boot(firmware=FIRMWARE)
        viewer = self.hands()
        self.guest.serial.wait('Shell>')
        self.clear()
        viewer.do('stable', 500)
        self.guest.serial.send(ASCII)
        viewer.do('stable', 1500)
        expected = self.screenshot()
        self.guest.serial.drain()
        self.guest.serial.send('\r')
        self.guest.serial.wait('Shell>')
        self.clear()
        self.play(viewer, Script().type(ASCII, 30))
        viewer.do('expect', expected)
        # And it is the shell that took it.
        self.guest.serial.drain()
        self.play(viewer, Script().type('\n'))
        self.guest.serial.wait('Shell>')
        self.play(viewer, Script().type('echo Oriel\n'))
        self.guest.serial.wait(r'\nOriel\n')
        self.assert_qemu_well()


@needs_oriel
class QemuDevicesTest(QmpTest):
    INPUT = ()

    @classmethod
    def devices(cls):
        return super().devices() + ['-device', 'virtio-keyboard-pci', '-device',
                                    'virtio-tablet-pci']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()
        cls.reader = Evwatch(cls.guest)
        cls.viewer = cls.hands()

    def test_keys(self):
        self.assertEqual(self.reader.count, 2)
        self.play(self.viewer, Script().type(ASCII + '\n', 30).tap(XK_F12))
        keys = strip_syn(self.reader.keys())
        lines = ''.join('%d %d\n' % key for key in keys)
        self.assertEqual(xkbtext('decode', 'us', lines), ASCII + '\n')

    def test_killed_viewer(self):
        viewer = self.hands()
        self.play(viewer, Script().key(XK_CONTROL_L, 1))
        self.reader.take('Keyboard', EV_KEY, 29, 1)
        viewer.process.kill()
        self.reader.take('Keyboard', EV_KEY, 29, 0)

    def test_tablet(self):
        for x, y in ((640, 400), (0, 0), (1279, 0), (0, 799), (1279, 799)):
            self.play(self.viewer, Script().pointer(x ^ 1, y ^ 1).pointer(x, y, 1).pointer(x, y))
            events = self.reader.take('Tablet', EV_KEY, BTN_LEFT, 0)
            place = [value for kind, _, value in events if kind == EV_ABS][-2:]
            self.assertEqual((place[0] * 1280 // ABS_RANGE, place[1] * 800 // ABS_RANGE), (x, y))

    def test_buttons_and_wheel(self):
        script = Script().pointer(5, 5)
        for button in (2, 3, 4, 5, 5, 8, 9):
            script.pointer(5, 5, button).pointer(5, 5)
        self.play(self.viewer, script)
        events = self.reader.take('Tablet', EV_KEY, BTN_EXTRA, 0)
        seen = [event for event in events if event[0] in (EV_KEY, EV_REL)]
        press = [[(EV_KEY, button, 1), (EV_KEY, button, 0)]
                 for button in (BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA)]
        up, down = (EV_REL, REL_WHEEL, 1), (EV_REL, REL_WHEEL, -1)
        self.assertEqual(seen, press[0] + press[1] + [up, down, down] + press[2] + press[3])


@needs_oriel
class DriverComesTest(QmpTest):
    """Oriel's keyboard beside one of QEMU's: the guest takes and drops it."""

    INPUT = ('keyboard',)

    @classmethod
    def devices(cls):
        return super().devices() + ['-device', 'virtio-keyboard-pci']

    def test_driver_comes_and_goes(self):
        self.boot()
        viewer = self.hands()
        device = re.search(r'(virtio\d+)/input/input\d+/name:Oriel', self.guest.run(
            'grep . /sys/bus/virtio/devices/*/input/input*/name')).group(1)
        driver = '/sys/bus/virtio/drivers/virtio_input'
        for _ in range(2):
            reader = Evwatch(self.guest)
            self.play(viewer, Script().tap(ord('a')))
            reader.take('Oriel', EV_KEY, KEY_A, 0)
            reader.quit()
            self.guest.run('echo %s >%s/unbind' % (device, driver))
            reader = Evwatch(self.guest)
            # This one is held when the other keyboard comes back.
            self.play(viewer, Script().tap(ord('b')).key(ord('a'), 1))
            reader.take('QEMU', EV_KEY, KEY_A, 1)
            reader.command('write %s/bind %s' % (driver, device))
            reader.take('QEMU', EV_KEY, KEY_A, 0)
            reader.quit()
            self.play(viewer, Script().key(ord('a'), 0))
        self.assert_qemu_well()


if __name__ == '__main__':
    main()
