#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A known picture, drawn by a KMS program in the guest, arrives exactly."""
from oriel_guest import GuestTest, main, needs_oriel

ENCODINGS = ('raw', 'hextile', 'zrle', 'tight', 'zlib')


class PictureTest(GuestTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()
        cls.guest.kms_start()
        cls.guest.kms('mode 0 1280 800')
        cls.watcher = cls.watch('--encoding', 'zrle')

    def test_encodings(self):
        self.guest.kms('still 0 7')
        expected = self.pattern(1280, 800, 7)
        for encoding in ENCODINGS:
            with self.subTest(encoding=encoding):
                path, _ = self.grab('--encoding', encoding, '--no-jpeg', '--expect', expected)
                self.assert_same(path, expected)

    @needs_oriel
    def test_unix_socket(self):
        self.guest.kms('still 0 8')
        self.grab('--expect', self.pattern(1280, 800, 8), scheme='unix')

    @needs_oriel
    def test_screenshot(self):
        self.guest.kms('still 0 9')
        self.watcher.do('expect', self.pattern(1280, 800, 9))
        self.assert_same(self.screenshot(), self.pattern(1280, 800, 9))

    def test_page_flips(self):
        for seed in range(20, 40):
            self.guest.kms('still 0 %d' % seed)
        self.watcher.do('expect', self.pattern(1280, 800, 39))

    def test_dirtyfb(self):
        self.guest.kms('still 0 10')
        self.watcher.do('expect', self.pattern(1280, 800, 10))
        self.guest.kms('dirtyfb 0 11 200')
        self.watcher.do('expect', self.pattern(1280, 800, 11))

    def test_many_flips_end_in_the_last(self):
        self.guest.kms('flip 0 500')
        self.guest.kms('still 0 12')
        self.watcher.do('expect', self.pattern(1280, 800, 12))

    def test_stop_and_cont(self):
        self.guest.kms('still 0 13')
        self.watcher.do('expect', self.pattern(1280, 800, 13))
        for seed in (14, 15, 16):
            self.guest.qmp.command('stop')
            # The picture stays for who comes while the guest stands still.
            self.grab('--expect', self.pattern(1280, 800, seed - 1))
            self.guest.qmp.command('cont')
            self.guest.kms('still 0 %d' % seed)
            self.watcher.do('expect', self.pattern(1280, 800, seed))
            self.guest.kms('dirtyfb 0 %d 20' % (seed + 50))
            self.watcher.do('expect', self.pattern(1280, 800, seed + 50))
            self.guest.kms('still 0 %d' % seed)
            self.watcher.do('expect', self.pattern(1280, 800, seed))

    def test_stop_and_cont_in_motion(self):
        self.guest.serial.send('flip 0 0\n')
        for _ in range(5):
            self.watcher.do('updates', 3)
            self.guest.qmp.command('stop')
            self.guest.qmp.command('cont')
        self.watcher.do('updates', 3)
        # Any line ends the run of flips; this one is answered after it.
        self.guest.kms('still 0 17')
        self.watcher.do('expect', self.pattern(1280, 800, 17))

    # LibVNCClient takes no new size from screen number 0, which QEMU sends.
    @needs_oriel
    def test_mode_sizes(self):
        for width, height in ((1024, 768), (1366, 768), (641, 479), (1920, 1080), (1280, 800)):
            with self.subTest(size='%dx%d' % (width, height)):
                self.guest.kms('mode 0 %d %d' % (width, height))
                self.guest.kms('still 0 18')
                self.watcher.do('size', width, height)
                self.watcher.do('expect', self.pattern(width, height, 18))

    def test_formats(self):
        answer = self.guest.kms('formats').split()
        self.assertIn('XR24', [word.strip('>') for word in answer])


if __name__ == '__main__':
    main()
