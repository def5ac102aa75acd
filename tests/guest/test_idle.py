#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A screen on which nothing changes costs nothing: no bytes to viewers and no
wake-up of our code in any process."""
import glob
import re

from oriel_guest import LONG, GuestTest, main, needs_oriel

DURATION_MS = 60000 if LONG else 10000


def switches(pid):
    """Context switches of all threads of a process."""
    total = 0
    for path in glob.glob('/proc/%d/task/*/status' % pid):
        with open(path) as status:
            total += sum(int(n) for n in re.findall(r'ctxt_switches:\s+(\d+)', status.read()))
    return total


@needs_oriel
class IdleTest(GuestTest):
    def test_static_screen(self):
        self.boot()
        self.guest.kms_start()
        self.guest.kms('mode 0 1280 800')
        self.guest.kms('cursor 0 30 30 0 0')
        self.guest.kms('still 0 7')
        drawing = self.watch('--encoding', 'zrle', '--cursor', 'alpha')
        composed = self.watch('--encoding', 'tight', '--no-jpeg')
        drawing.do('expect', self.pattern(1280, 800, 7))
        drawing.do('stable', 1000)
        composed.do('stable', 1000)
        pids = self.screen.pids()
        self.assertIn('oriel-vnc', pids)

        before = {name: switches(pid) for name, pid in pids.items()}
        drawing.start('idle', DURATION_MS)
        composed.start('idle', DURATION_MS)
        self.assertEqual(drawing.finish()['count'], 0, 'bytes came')
        self.assertEqual(composed.finish()['count'], 0, 'bytes came')
        after = {name: switches(pid) for name, pid in pids.items()}
        self.assertEqual(after, before)

        # They were asleep, not dead.
        self.guest.kms('dirtyfb 0 8 1')
        drawing.do('expect', self.pattern(1280, 800, 8))


if __name__ == '__main__':
    main()
