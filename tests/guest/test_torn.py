#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest fills each frame with one colour and flips as fast as it can: what
a viewer has after an update is of one colour, however slow the viewer is."""
from oriel_guest import LONG, GuestTest, main

UPDATES = 10000 if LONG else 1000


class TornTest(GuestTest):
    KEYS = {'head.0.max-fps': '200'}

    def test_one_colour(self):
        self.boot()
        self.guest.kms_start()
        self.guest.kms('mode 0 640 480')
        self.guest.serial.send('flip 0 0\n')
        # The first pictures may be the console's.
        fast = self.watch('--encoding', 'raw')
        slow = self.watch('--encoding', 'zrle')
        fast.do('updates', 10)
        slow.do('updates', 10)
        fast.start('flat', UPDATES, 0)
        slow.start('flat', UPDATES, 15)
        seen = [viewer.finish() for viewer in (fast, slow)]
        self.guest.kms('still 0 3')
        for answer in seen:
            self.assertEqual(answer['count'], 0, 'torn pictures')
        for viewer in (fast, slow):
            viewer.do('expect', self.pattern(640, 480, 3))
        print('updates per second: fast %.1f, slow %.1f' %
              tuple(UPDATES * 1000 / answer['ms'] for answer in seen))


if __name__ == '__main__':
    main()
