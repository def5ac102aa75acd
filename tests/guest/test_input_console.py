#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What people type into a shell on the screen arrives: at openQA's rate, under
caps lock, from a clipboard, after a pause and after a reboot."""
from oriel_guest import main, needs_oriel
from oriel_hands import (ASCII, XK_CAPS_LOCK, XK_CONTROL_L, XK_SHIFT_L, InputTest, Script)

CAPS_LED = 4


def shifted(_, character):
    """What a person with a us keyboard holds."""
    upper = character.isupper() or character in '~!@#$%^&*()_+{}|:"<>?'
    return (XK_SHIFT_L,) if upper else ()


@needs_oriel
class ConsoleTest(InputTest):
    KEYS = {'input.paste': 'type'}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()

    def setUp(self):
        self.viewer = self.hands()
        self.addCleanup(self.viewer.close)

    def catch(self, script):
        """What `cat` on the console gets of a script's keys."""
        whole = Script().type('cat >/tmp/typed\n')
        whole.lines += script.lines
        whole.tap(XK_CONTROL_L, ord('d'))
        # The line after it is only run when `cat` has ended.
        whole.type('echo "<typed>" >/dev/ttyS0\n')
        self.play(self.viewer, whole)
        self.guest.serial.wait(r'<typed>\n')
        return bytes.fromhex(self.guest.run('od -An -v -t x1 /tmp/typed')).decode()

    def test_1_ascii(self):
        """Each printable character, at 30 a second."""
        text = ASCII + '\n'
        self.assertEqual(self.catch(Script().type(text, 30)), text)

    def test_2_ascii_with_shift(self):
        """Twice as fast, from a viewer that holds Shift where a person does."""
        text = ASCII[::-1] + '\n' + ASCII + '\n'
        self.assertEqual(self.catch(Script().type(text, 60, shifted)), text)

    def test_3_caps_lock(self):
        """The viewer hears of the guest's light; characters stay what they are."""
        self.viewer.do('leds', 0)
        self.play(self.viewer, Script().tap(XK_CAPS_LOCK))
        self.viewer.do('leds', CAPS_LED)
        second = self.hands()
        second.do('leds', CAPS_LED)
        second.close()
        text = 'Caps Lock IS on: a A {1} [2]\n'
        self.assertEqual(self.catch(Script().type(text)), text)
        self.assertEqual(self.catch(Script().type(text, 60, shifted)), text)
        self.play(self.viewer, Script().tap(XK_CAPS_LOCK))
        self.viewer.do('leds', 0)
        self.assertEqual(self.catch(Script().type(text)), text)

    def test_4_clipboard(self):
        """A viewer's text is typed, slowly enough for a shell."""
        text = 'Pasted: ' + ASCII + '\nand a second line\n'
        self.play(self.viewer, Script().type('cat >/tmp/typed\n').text(text))
        self.guest.run("until grep -q 'second line' /tmp/typed; do sleep 0.1; done")
        self.play(self.viewer, Script().tap(XK_CONTROL_L, ord('d')))
        got = bytes.fromhex(self.guest.run('od -An -v -t x1 /tmp/typed')).decode()
        self.assertEqual(got, text)

    def test_5_pause(self):
        """What is typed while the guest stands still comes when it goes on."""
        self.play(self.viewer, Script().type('cat >/tmp/typed\nbefore '))
        self.guest.qmp.command('stop')
        self.play(self.viewer, Script().type('meanwhile ', 200))
        self.guest.qmp.command('cont')
        script = Script().type('after\n').tap(XK_CONTROL_L, ord('d'))
        self.play(self.viewer, script.type('echo "<typed>" >/dev/ttyS0\n'))
        self.guest.serial.wait(r'<typed>\n')
        self.assertEqual(self.guest.run('cat /tmp/typed'), 'before meanwhile after\n')
        self.assert_qemu_well()

    def test_6_reboot(self):
        """Keys that are held, or struck while no driver is there, are not left
        over for the next system."""
        self.play(self.viewer, Script().key(ord('b'), 1).key(XK_CONTROL_L, 1))
        self.guest.qmp.command('system_reset')
        self.play(self.viewer, Script().type('lost', 100))
        self.guest.wait_boot()
        self.play(self.viewer, Script().key(ord('b'), 0).key(XK_CONTROL_L, 0))
        self.assertEqual(self.catch(Script().type('Back, bobby.\n')), 'Back, bobby.\n')
        self.assert_qemu_well()

    def test_7_poweroff(self):
        self.play(self.viewer, Script().type('poweroff -f\n'))
        self.assertEqual(self.guest.process.wait(30), 0, self.guest.messages())


if __name__ == '__main__':
    main()
