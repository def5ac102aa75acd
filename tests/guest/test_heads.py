#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two heads of different sizes, one of them 3840x2160."""
from oriel_guest import GuestTest, main, needs_oriel


@needs_oriel
class HeadsTest(GuestTest):
    HEADS = 2
    KEYS = {'gpu.heads': '2', 'head.0.mode': '1280x800@60', 'head.1.mode': '3840x2160@60'}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()
        cls.count = cls.guest.kms_start()

    def test_1_modes(self):
        self.assertEqual(self.count, 2)
        modes = self.guest.kms('heads')
        self.assertIn('mode 0 1280x800@60 preferred', modes)
        self.assertIn('mode 1 3840x2160@60 preferred', modes)
        self.assertIn('mode 0 1024x768@60', modes)
        self.assertIn('mode 0 640x480@60', modes)

    def test_2_pictures(self):
        for head, seed in ((0, 1), (1, 2)):
            self.guest.kms('mode %d 0 0' % head)
            self.guest.kms('still %d %d' % (head, seed))
        sizes = ((1280, 800), (3840, 2160))
        for head, (width, height) in enumerate(sizes):
            with self.subTest(head=head):
                expected = self.pattern(width, height, head + 1)
                for encoding in ('raw', 'zrle', 'tight'):
                    self.grab('--encoding', encoding, '--no-jpeg', '--expect', expected, head=head)
                self.assert_same(self.screenshot(head), expected)
        heads = self.screen.status()['heads']
        self.assertEqual([(h['id'], h['width'], h['height'], h['guest']) for h in heads],
                         [(0, 1280, 800, True), (1, 3840, 2160, True)])

    def test_3_independent(self):
        first = self.watch('--encoding', 'zrle', head=0)
        second = self.watch('--encoding', 'zrle', head=1)
        self.guest.kms('mode 0 800 600')
        self.guest.kms('still 0 5')
        self.guest.kms('dirtyfb 1 6 100')
        first.do('size', 800, 600)
        first.do('expect', self.pattern(800, 600, 5))
        second.do('expect', self.pattern(3840, 2160, 6))
        self.guest.kms('mode 1 1920 1080')
        self.guest.kms('still 1 7')
        second.do('size', 1920, 1080)
        second.do('expect', self.pattern(1920, 1080, 7))
        first.do('expect', self.pattern(800, 600, 5))

    def test_4_cursors(self):
        """Each head has its own."""
        self.guest.kms('cursor 0 100 100 1 2')
        self.guest.kms('cursor 1 50 50 3 4')
        for head, hotspot in ((0, (1, 2)), (1, (3, 4))):
            _, report = self.grab('--cursor', 'alpha', '--wait-stable', '300', head=head)
            self.assertEqual((report['cursor']['hot_x'], report['cursor']['hot_y']), hotspot)


if __name__ == '__main__':
    main()
