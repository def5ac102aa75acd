#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""OVMF alone, no kernel: a driver that uses neither interrupts, EVENT_IDX nor
indirect descriptors. The UEFI shell's text is on the screen."""
import os
import unittest

from oriel_guest import GuestTest, Picture, main, needs_oriel

FIRMWARE = '/usr/share/ovmf/OVMF.fd'


@unittest.skipUnless(os.path.exists(FIRMWARE), 'ovmf is not installed')
@needs_oriel
class FirmwareTest(GuestTest):
    def test_shell(self):
        self.boot(firmware=FIRMWARE)
        watcher = self.watch('--encoding', 'zrle')
        # The shell writes the same to the serial line and to the screen.
        self.guest.serial.wait('Shell>')
        answer = watcher.do('stable', 1000)
        path, _ = self.grab('--wait-stable', '500')
        picture = Picture(path)
        self.assertEqual((picture.width, picture.height), (answer['width'], answer['height']))
        colours = picture.colours()
        self.assertIn((0, 0, 0), colours)
        # Mapping table and prompt are in several bright colours.
        self.assertGreaterEqual(len([c for c in colours if max(c) > 200]), 2)
        inked = sum(any(row) for row in picture.rows(0, 0, picture.width, picture.height))
        self.assertGreater(inked, 40)
        watcher.do('expect', path)


if __name__ == '__main__':
    main()
