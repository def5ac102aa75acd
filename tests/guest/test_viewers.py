#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock viewers agree on the picture: gtk-vnc's gvnccapture, TigerVNC's viewer
under Xvfb, and LibVNCClient. What TigerVNC shows is kept as
pictures/tigervnc.png in the build directory, for a person to look at."""
import os
import subprocess

from oriel_guest import (PICTURES, GuestTest, Picture, end_process, main, needs_oriel,
                         needs_program, start_process, wait_until)


@needs_oriel
class ViewersTest(GuestTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()
        cls.guest.kms_start()
        cls.guest.kms('mode 0 1280 800')
        cls.guest.kms('still 0 7')
        cls.still = cls.pattern(1280, 800, 7)
        os.makedirs(PICTURES, exist_ok=True)

    def port(self):
        return int(self.screen.address().rsplit(':', 1)[1])

    def test_libvncclient(self):
        self.grab('--encoding', 'tight', '--no-jpeg', '--expect', self.still)

    @needs_program('gvnccapture')
    def test_gvnccapture(self):
        png, ppm = self.path('gvnc.png'), self.path('gvnc.ppm')
        subprocess.run(['gvnccapture', '127.0.0.1:%d' % (self.port() - 5900), png], check=True,
                       stdin=subprocess.DEVNULL, timeout=60)
        subprocess.run(['convert', png, '-depth', '8', ppm], check=True)
        self.assert_same(ppm, self.still)

    def start_xvfb(self):
        """An X server on a display of its own choice."""
        end, end_write = os.pipe()
        server = start_process(['Xvfb', '-displayfd', str(end_write), '-screen', '0',
                                '1400x1000x24', '-nolisten', 'tcp'], pass_fds=[end_write],
                               stderr=subprocess.DEVNULL)
        self.addCleanup(end_process, server)
        os.close(end_write)
        with os.fdopen(end) as pipe:
            return dict(os.environ, DISPLAY=':' + pipe.readline().strip(), HOME=self.directory)

    @needs_program('Xvfb')
    @needs_program('xtigervncviewer')
    @needs_program('xdotool')
    def test_tigervnc(self):
        environment = self.start_xvfb()
        viewer = start_process(
            ['xtigervncviewer', '-AutoSelect=0', '-PreferredEncoding=ZRLE', '-FullColor',
             '-NoJPEG', '-RemoteResize=0', '-AlertOnFatalError=0',
             '127.0.0.1::%d' % self.port()],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end_process, viewer)
        shown = self.path('tigervnc.ppm')

        def shows_picture():
            self.assertIsNone(viewer.poll(), 'the viewer has ended')
            found = subprocess.run(['xdotool', 'search', '--onlyvisible', '--pid',
                                    str(viewer.pid)], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, check=False).stdout.split()
            for window in found:
                if subprocess.run(['import', '-window', window.decode(), '-depth', '8', shown],
                                  env=environment, stderr=subprocess.DEVNULL,
                                  check=False).returncode == 0:
                    seen, still = Picture(shown), Picture(self.still)
                    if seen.data == still.data:
                        return True
            return False

        try:
            wait_until(shows_picture, "TigerVNC's window shows the picture")
        finally:
            subprocess.run(['import', '-window', 'root', os.path.join(PICTURES, 'tigervnc.png')],
                           env=environment, check=False)


if __name__ == '__main__':
    main()
