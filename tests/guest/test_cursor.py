#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's hardware cursor: sent as a cursor to viewers that draw cursors,
composed into the picture of those that do not, and never in the canvas."""
import re
import subprocess

from oriel_guest import GuestTest, Picture, main, needs_oriel, program

SIZE = 64


class CursorTest(GuestTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()
        cls.guest.kms_start()
        cls.guest.kms('mode 0 1280 800')
        cls.guest.kms('still 0 7')
        cls.still = cls.pattern(1280, 800, 7)
        subprocess.run([program('pattern'), 'cursor', cls.path('cursor.pam')], check=True)
        cls.image = cls.read_cursor(cls.path('cursor.pam'))[2]

    @staticmethod
    def read_cursor(path):
        with open(path, 'rb') as file:
            content = file.read()
        end = content.index(b'ENDHDR\n') + 7
        width, height = (int(re.search(rb'%s (\d+)' % name, content[:end]).group(1))
                         for name in (b'WIDTH', b'HEIGHT'))
        data = content[end:]
        return width, height, [tuple(data[i:i + 4]) for i in range(0, len(data), 4)]

    def grab_cursor(self, kind):
        path = self.path(kind + '.pam')
        grabbed, report = self.grab('--cursor', kind, '--cursor-file', path, '--wait-stable',
                                    '300')
        width, height, pixels = self.read_cursor(path)
        self.assertEqual((width, height), (SIZE, SIZE))
        return grabbed, report['cursor'], pixels

    def assert_composed(self, x, y):
        """The viewer that draws no cursors has it at x,y; else the still."""
        def blend(below, above):
            return [c + b * (255 - above[3]) / 255 for b, c in zip(below, above[:3])]

        path, _ = self.grab('--wait-stable', '300')
        seen, still = Picture(path), Picture(self.still)
        for row in range(800):
            inside = range(max(0, x), min(1280, x + SIZE)) if y <= row < y + SIZE else range(0)
            if not inside:
                self.assertEqual(next(seen.rows(0, row, 1280, 1)),
                                 next(still.rows(0, row, 1280, 1)), 'row %d' % row)
                continue
            left, right = inside[0], inside[-1] + 1
            for start, end in ((0, left), (right, 1280)):
                self.assertEqual(next(seen.rows(start, row, end - start, 1)),
                                 next(still.rows(start, row, end - start, 1)))
            for column in inside:
                above = self.image[(row - y) * SIZE + column - x]
                for have, wanted in zip(seen.pixel(column, row),
                                        blend(still.pixel(column, row), above)):
                    self.assertLessEqual(abs(have - wanted), 1 if 0 < above[3] < 255 else 0,
                                         'at %d,%d' % (column, row))

    # QEMU sends blue, green, red, where the protocol has red, green, blue.
    @needs_oriel
    def test_alpha_cursor(self):
        self.guest.kms('cursor 0 200 100 3 5')
        picture, cursor, pixels = self.grab_cursor('alpha')
        self.assertEqual((cursor['hot_x'], cursor['hot_y']), (3, 5))
        wrong = [(i % SIZE, i // SIZE, have, wanted)
                 for i, (have, wanted) in enumerate(zip(pixels, self.image)) if have != wanted]
        self.assertEqual(len(wrong), 0, 'the first: %r' % wrong[:1])
        self.assert_same(picture, self.still)

    def test_rich_cursor(self):
        self.guest.kms('cursor 0 300 100 7 2')
        picture, cursor, pixels = self.grab_cursor('rich')
        self.assertEqual((cursor['hot_x'], cursor['hot_y']), (7, 2))
        for have, wanted in zip(pixels, self.image):
            if wanted[3] == 255:
                self.assertEqual(have, wanted)
            elif wanted[3] == 0:
                self.assertEqual(have[3], 0)
        self.assert_same(picture, self.still)

    @needs_oriel
    def test_composed(self):
        for x, y in ((400, 300), (0, 0), (1240, 770), (641, 333)):
            with self.subTest(place=(x, y)):
                self.guest.kms('cursor 0 %d %d 0 0' % (x, y))
                self.assert_composed(x, y)

    @needs_oriel
    def test_composed_moves(self):
        self.guest.kms('cursor 0 10 10 0 0')
        for step in range(40):
            self.guest.kms('move 0 %d %d' % (10 + 20 * step, 10 + 10 * step))
        self.assert_composed(790, 400)

    @needs_oriel
    def test_hidden(self):
        watcher = self.watch()
        self.guest.kms('cursor 0 500 500 0 0')
        self.guest.kms('hide 0')
        watcher.do('expect', self.still)
        self.grab('--expect', self.still)

    @needs_oriel
    def test_not_in_the_canvas(self):
        self.guest.kms('cursor 0 600 400 0 0')
        self.assert_composed(600, 400)
        self.assert_same(self.screenshot(), self.still)


if __name__ == '__main__':
    main()
