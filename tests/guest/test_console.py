#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's console: its text is on the screen, also after a reboot and after
a new VMM, and one viewer stays connected through all of it."""
import base64
import gzip

from oriel_guest import GuestTest, Picture, main, needs_oriel, wait_until


class ConsoleTest(GuestTest):
    def console(self):
        """Rows of text of tty1, and a picture of them without a text cursor."""
        self.guest.run('echo 0 >/sys/class/graphics/fbcon/cursor_blink;'
                       r'printf "\033[?25l\033[H\033[2J" >/dev/tty1;'
                       'for i in 1 2 3 4 5 6 7; do echo "$i: Oriel |#@| $((i * 12345))"; '
                       'done >/dev/tty1')
        rows, columns = map(int, self.guest.run('stty size </dev/tty1').split())
        text = gzip.decompress(base64.b64decode(self.guest.run(
            'gzip -c </dev/vcs1 | base64')))
        self.assertEqual(len(text), rows * columns)
        return [text[i * columns:(i + 1) * columns] for i in range(rows)]

    def assert_console(self, text, path):
        """Cells of the picture have ink exactly where the console has text."""
        picture = Picture(path)
        columns, rows = len(text[0]), len(text)
        width, height = picture.width // columns, picture.height // rows
        ground = bytes(picture.pixel(picture.width - 1, picture.height - 1))
        self.assertIn((width, height), ((8, 16), (16, 32)))
        inked = 0
        for row in range(rows):
            for column in range(columns):
                ink = any(line != ground * width for line in
                          picture.rows(column * width, row * height, width, height))
                self.assertEqual(ink, text[row][column] not in b' \0',
                                 'row %d, column %d: %r' % (row, column, text[row]))
                inked += ink
        self.assertGreater(inked, 100)

    def check_console(self):
        text = self.console()
        self.assertIn(b'1: Oriel |#@| 12345', text[0])
        path, _ = self.grab('--wait-stable', '300')
        self.assert_console(text, path)

    def test_1_boot(self):
        self.boot()
        self.check_console()

    def test_2_program_and_back(self):
        if not self.guest:
            self.boot()
        self.guest.kms_start()
        self.guest.kms('mode 0 0 0')
        self.guest.kms('still 0 1')
        self.grab('--expect', self.pattern(1280, 800, 1))
        self.guest.kms_quit()
        self.check_console()

    @needs_oriel
    def test_3_reboot(self):
        if not self.guest:
            self.boot()
        watcher = self.watch('--encoding', 'zrle')
        for seed in (2, 3):
            self.guest.qmp.command('system_reset')
            self.guest.wait_boot()
            self.check_console()
            self.guest.kms_start()
            self.guest.kms('mode 0 1280 800')
            self.guest.kms('still 0 %d' % seed)
            watcher.do('expect', self.pattern(1280, 800, seed))
            self.assertTrue(self.screen.status()['heads'][0]['guest'])

    @needs_oriel
    def test_4_vmm_goes_and_comes(self):
        if not self.guest:
            self.boot()
            self.guest.kms_start()
            self.guest.kms('mode 0 1280 800')
        watcher = self.watch('--encoding', 'tight', '--no-jpeg')
        for seed in (4, 5):
            self.guest.kms('still 0 %d' % seed)
            watcher.do('expect', self.pattern(1280, 800, seed))
            updates = watcher.do('stable', 100)['updates']
            self.guest.kill()
            wait_until(lambda: not self.screen.status()['heads'][0]['guest'], 'no guest', 10)
            if watcher.do('stable', 300)['updates'] == updates:
                watcher.do('updates', 1)
                watcher.do('stable', 300)
            self.assert_card(watcher)
            self.boot()
            self.guest.kms_start()
            self.guest.kms('mode 0 1280 800')
        self.guest.kms('still 0 6')
        watcher.do('expect', self.pattern(1280, 800, 6))

    def assert_card(self, watcher):
        """The viewer sees the card that the core drew: dark, with some text."""
        card = self.screenshot()
        watcher.do('expect', card)
        picture = Picture(card)
        dark = sum(value < 96 for value in picture.data)
        self.assertGreater(dark, len(picture.data) * 0.9)
        self.assertGreater(len(picture.colours()), 1)

    @needs_oriel
    def test_5_poweroff(self):
        if not self.guest:
            self.boot()
        else:
            self.guest.kms_quit()
        self.guest.serial.send('poweroff -f\n')
        self.assertEqual(self.guest.process.wait(30), 0)
        watcher = self.watch()
        wait_until(lambda: not self.screen.status()['heads'][0]['guest'], 'no guest', 10)
        self.assert_card(watcher)


if __name__ == '__main__':
    main()
