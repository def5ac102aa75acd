#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux prefers the mode that Oriel prefers, also one that only DisplayID can
say, and shows a picture of that size."""
from oriel_guest import GuestTest, main, needs_oriel


class Mode:
    """One boot with one preferred mode."""
    WIDTH = HEIGHT = 0
    RATE = 60
    MEMORY = 512

    @classmethod
    def setUpClass(cls):
        cls.KEYS = {'head.0.mode': '%dx%d@%d' % (cls.WIDTH, cls.HEIGHT, cls.RATE)}
        super().setUpClass()
        cls.boot(memory=cls.MEMORY)
        cls.guest.kms_start()

    def test_preferred(self):
        self.assertIn('mode 0 %dx%d@%d preferred' % (self.WIDTH, self.HEIGHT, self.RATE),
                      self.guest.kms('heads'))

    def test_shown(self):
        self.guest.kms('mode 0 0 0')
        self.guest.kms('still 0 3')
        expected = self.pattern(self.WIDTH, self.HEIGHT, 3)
        # Waits for it: a flip is done before the device has its flush.
        self.grab('--encoding', 'zrle', '--expect', expected)
        self.assert_same(self.screenshot(0), expected)


@needs_oriel
class SmallTest(Mode, GuestTest):
    WIDTH, HEIGHT = 640, 480


@needs_oriel
class OddTest(Mode, GuestTest):
    WIDTH, HEIGHT = 641, 479


@needs_oriel
class DetailedTest(Mode, GuestTest):
    WIDTH, HEIGHT = 2560, 1440


@needs_oriel
class DisplayIdTest(Mode, GuestTest):
    WIDTH, HEIGHT = 5120, 2880


@needs_oriel
class LargestTest(Mode, GuestTest):
    """Each of the guest's buffers is of 135 MiB."""
    WIDTH, HEIGHT, RATE = 8192, 4320, 30
    MEMORY = 1536


if __name__ == '__main__':
    main()
