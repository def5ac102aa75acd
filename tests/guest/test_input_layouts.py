#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys that the guest reads are those that give the typed text in its
layout: by keysyms from viewers with any keyboard, and by scancodes. The judge
is libxkbcommon, in a program of the tests' own."""
from oriel_guest import main, needs_oriel
from oriel_hands import (ASCII, KEY_LEFTSHIFT, XK_ALTGR, XK_F12, XK_SHIFT_L, Evwatch, InputTest,
                         Script, scancode, strip_syn, xkbtext)

RATE = 120  # characters a second


def foreign(index, _):
    """The modifiers of a person whose keyboard is another one: right by
    chance only."""
    return ((), (XK_SHIFT_L,), (XK_ALTGR,), (XK_SHIFT_L, XK_ALTGR))[index % 4]


class Layouts:
    """For one layout; `TEXT` is what it has beyond ASCII."""

    LAYOUT = TEXT = ''

    @classmethod
    def setUpClass(cls):
        cls.KEYS = {'input.layout': cls.LAYOUT}
        super().setUpClass()
        cls.boot()
        cls.reader = Evwatch(cls.guest)
        cls.viewer = cls.hands()

    def text(self):
        return ASCII + self.TEXT + '\n'

    def assert_typed(self, keys, text):
        self.assertEqual(sorted({code for code, value in keys if value == 1}),
                         sorted({code for code, value in keys if value == 0}))
        lines = ''.join('%d %d\n' % key for key in keys)
        self.assertEqual(xkbtext('decode', self.LAYOUT, lines), text)

    def keys(self, script):
        self.play(self.viewer, script.tap(XK_F12))
        return strip_syn(self.reader.keys())

    def test_1_keysyms(self):
        keys = self.keys(Script().type(self.text(), RATE))
        self.assert_typed(keys, self.text())

    def test_2_keysyms_of_another_layout(self):
        keys = self.keys(Script().type(self.text(), RATE, foreign))
        self.assert_typed(keys, self.text())

    def test_3_scancodes(self):
        """A viewer that sends places of keys: the guest reads the same ones."""
        strokes = xkbtext('strokes', self.LAYOUT, self.text())
        sent = [tuple(map(int, line.split())) for line in strokes.splitlines()]
        script = Script()
        for code, value in sent:
            script.scan(scancode(code), value).wait(0.5 / RATE)
        keys = self.keys(script)
        self.assertEqual(keys, sent)
        self.assert_typed(keys, self.text())

    def test_4_missing(self):
        """What the layout does not have is left out, and said once."""
        keys = self.keys(Script().type('a本b本c'))
        self.assert_typed(keys, 'abc')
        self.assertEqual(self.screen.messages().count('keysym 0x100672c'), 1)


@needs_oriel
class UsTest(Layouts, InputTest):
    LAYOUT = 'us'

    def test_5_two_hold_shift(self):
        """Two viewers hold Shift: it goes up with the last of them."""
        second = self.hands()
        self.addCleanup(second.close)
        self.play(self.viewer, Script().key(XK_SHIFT_L, 1))
        self.play(second, Script().key(XK_SHIFT_L, 1).tap(ord('A')))
        self.reader.take('Keyboard', 1, 30, 0)
        self.play(self.viewer, Script().key(XK_SHIFT_L, 0))
        self.play(second, Script().tap(ord('B')).key(XK_SHIFT_L, 0))
        keys = self.keys(Script())
        self.assertEqual(keys, [(48, 1), (48, 0), (KEY_LEFTSHIFT, 0)])


@needs_oriel
class DeTest(Layouts, InputTest):
    LAYOUT = 'de'
    TEXT = 'äöüÄÖÜß€§°µ²³' 'áàâéèêíìîóòôúùûÁÀÂÉÈÊ'


@needs_oriel
class FrTest(Layouts, InputTest):
    LAYOUT = 'fr'
    TEXT = 'éèàçù€£µ§²°' 'âêîôûäëïöüÿÂÊÎÔÛÄËÏÖÜ'


if __name__ == '__main__':
    main()
