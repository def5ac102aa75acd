#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""conf/demo/run, the first thing that people try: it shows a moving guest until
Ctrl-C and leaves nothing behind, and its screenshot is the front page's."""
import os
import re
import select
import signal
import subprocess
import time

from oriel_guest import PATIENCE, SOURCE, GuestTest, Picture, Watcher, main, needs_oriel, \
    program, start_process
from oriel_hands import Script

DEMO = os.path.join(SOURCE, 'conf/demo/run')


@needs_oriel
class DemoTest(GuestTest):
    def temporary(self, name):
        path = self.path(name)
        os.mkdir(path)
        return path

    def test_screenshot(self):
        directory = self.temporary('shot')
        subprocess.run([DEMO, '--screenshot', self.path('shot.png')], check=True, timeout=200,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, TMPDIR=directory))
        self.assertEqual(os.listdir(directory), [])
        for source, ppm in ((self.path('shot.png'), self.path('shot.ppm')),
                            (os.path.join(SOURCE, 'docs/screenshot.png'), self.path('page.ppm'))):
            subprocess.run(['convert', source, '-depth', '8', ppm], check=True)
        shot, page = Picture(self.path('shot.ppm')), Picture(self.path('page.ppm'))
        self.assertEqual((shot.width, shot.height), (page.width, page.height))
        # Another processor may round some of the picture's sines differently.
        different = sum(abs(a - b) > 4 for a, b in zip(shot.data, page.data))
        self.assertLess(different, len(page.data) // 200)

    def read_until(self, process, pattern):
        text, deadline = '', time.monotonic() + 3 * PATIENCE
        while not re.search(pattern, text):
            left = deadline - time.monotonic()
            self.assertGreater(left, 0, text)
            if select.select([process.stdout], [], [], left)[0]:
                data = os.read(process.stdout.fileno(), 4096).decode()
                self.assertTrue(data, 'the demo has ended: ' + text)
                text += data
        return text

    def test_runs_until_interrupted(self):
        directory = self.temporary('run')
        demo = start_process([DEMO], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=dict(os.environ, TMPDIR=directory), start_new_session=True)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(self.end_group, demo.pid)
        text = self.read_until(demo, r'the scene after \d+ ms')
        first = int(re.search(r'console was there after (\d+) ms', text).group(1))
        self.assertLess(first, 10000)
        address = re.search(r'VNC viewer at (\S+),', text).group(1)
        subprocess.run([program('vncgrab'), address, '--updates', '10'], check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE)
        self.check_hands(address)
        # As a terminal does: to all of them.
        os.killpg(demo.pid, signal.SIGINT)
        self.assertEqual(demo.wait(10), 0)
        with self.assertRaises(ProcessLookupError):
            os.killpg(demo.pid, 0)
        self.assertEqual(os.listdir(directory), [])

    def check_hands(self, address):
        """The firefly is the pointer, a key ends the scene, and the shell takes
        what is typed."""
        viewer = Watcher(address, '--input', '--cursor', 'none')
        self.addCleanup(viewer.close)
        path = self.path('script')

        def play(script):
            with open(path, 'w') as file:
                file.write('\n'.join(script.lines) + '\n')
            viewer.do('play', path)

        def wait_picture(condition, what):
            """Its text cursor blinks: a console is never at rest."""
            deadline = time.monotonic() + PATIENCE
            while True:
                viewer.do('save', self.path('hands.ppm'))
                picture = Picture(self.path('hands.ppm'))
                if condition(picture):
                    return picture
                self.assertLess(time.monotonic(), deadline, what)
                viewer.do('updates', 1)

        def black(picture):
            return picture.data.count(0) / len(picture.data)

        play(Script().pointer(100, 100))
        # The room is dark there, and only the firefly has a bright core.
        wait_picture(lambda picture: min(picture.pixel(100, 100)) > 200, 'the firefly comes')
        play(Script().tap(ord(' ')))
        before = black(wait_picture(lambda picture: black(picture) > 0.9, 'the console is back'))
        play(Script().type('echo "#################################"\n'))
        wait_picture(lambda picture: black(picture) < before - 0.001, 'text is there')

    @staticmethod
    def end_group(group):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == '__main__':
    main()
