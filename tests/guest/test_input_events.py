#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest's own reader of events sees: devices, order, values and SYN of
keys, pointer and wheels, on a layout of two heads."""
import re

from oriel_guest import main, needs_oriel, wait_until
from oriel_hands import (ABS_RANGE, ABS_X, ABS_Y, BTN_EXTRA, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT,
                         BTN_SIDE, EV_ABS, EV_KEY, EV_REL, KEY_A, KEY_LEFTCTRL, REL_HWHEEL,
                         REL_HWHEEL_HI_RES, REL_WHEEL, REL_WHEEL_HI_RES, REL_X, REL_Y, SYN,
                         XK_CONTROL_L, XK_F12, Evwatch, InputTest, RawViewer, Script, strip_syn)

MODES = ((1280, 800), (1024, 768))
BUTTONS = (BTN_LEFT, BTN_MIDDLE, BTN_RIGHT)
NUM_LED, CAPS_LED, SCROLL_LED = 0, 1, 2


def reports(events):
    """Lists of events, as the guest's SYN parts them."""
    lists, current = [], []
    for event in events:
        if event == SYN:
            lists.append(current)
            current = []
        else:
            current.append(event)
    assert not current, current
    return lists


@needs_oriel
class EventsTest(InputTest):
    HEADS = 2
    KEYS = {'gpu.heads': '2', 'head.0.mode': '1280x800@60', 'head.1.mode': '1024x768@60'}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boot()

    def setUp(self):
        self.reader = Evwatch(self.guest)
        self.assertEqual(self.reader.count, 3)
        self.place = [None, None]
        self.viewer = self.hands()

    def tearDown(self):
        self.viewer.close()
        self.reader.quit()

    def test_devices(self):
        buttons = '272-276'
        wheels = '6,8,11-12'
        self.assertEqual(self.reader.devices(), [
            'Oriel Virtio Keyboard|oriel-keyboard|0006:0627:0001:0001| types=0-1,17,20 '
            'keys=1-247 rel= abs= leds=0-2',
            'Oriel Virtio Tablet|oriel-tablet|0006:0627:0003:0002| types=0-3 '
            'keys=%s rel=%s abs=0-1 leds= axis0=0..32767/0/0/0 axis1=0..32767/0/0/0' %
            (buttons, wheels),
            'Oriel Virtio Mouse|oriel-mouse|0006:0627:0002:0002| types=0-2 '
            'keys=%s rel=0-1,%s abs= leds=' % (buttons, wheels)])

    def test_keys(self):
        """In order, one report each."""
        script = Script().key(XK_CONTROL_L, 1).tap(ord('a')).key(XK_CONTROL_L, 0).tap(XK_F12)
        self.play(self.viewer, script)
        self.assertEqual(self.reader.keys(), [
            (EV_KEY, KEY_LEFTCTRL, 1), SYN, (EV_KEY, KEY_A, 1), SYN, (EV_KEY, KEY_A, 0), SYN,
            (EV_KEY, KEY_LEFTCTRL, 0), SYN])

    def test_burst(self):
        """1,000 events of keys, written at once."""
        script, expected = Script(), []
        for index in range(500):
            code = 16 + index % 10  # Q to P
            script.scan(code, 1).scan(code, 0)
            expected += [(code, 1), (code, 0)]
        took = self.play(self.viewer, script.tap(XK_F12))['ms']
        self.assertLess(took, 1000)
        self.assertEqual(strip_syn(self.reader.keys()), expected)

    def pixel(self, events):
        """The pixel of the layout that the tablet is at, as libinput and
        compositors have it. An axis that stays where it was is not told."""
        box = (MODES[0][0] + MODES[1][0], max(MODES[0][1], MODES[1][1]))
        for kind, code, value in events:
            if kind == EV_ABS:
                self.place[code] = value * box[code] // ABS_RANGE
        return tuple(self.place)

    def test_tablet_corners(self):
        """Both heads' corners are the guest's pixels, wherever it was before."""
        wait_until(lambda: all(head['guest'] for head in self.screen.status()['heads']),
                   'the guest drives both heads')
        heads = self.screen.status()['heads']
        self.assertEqual([(h['x'], h['y'], h['width'], h['height']) for h in heads],
                         [(0, 0) + MODES[0], (MODES[0][0], 0) + MODES[1]])
        # Away from where the first of them is.
        self.play(self.viewer, Script().pointer(7, 7, 2).pointer(7, 7))
        self.pixel(self.reader.take('Tablet', EV_KEY, BTN_MIDDLE, 0))
        for head, (width, height) in enumerate(MODES):
            viewer = self.hands(head)
            for x, y in ((width // 2, height // 2), (0, 0), (width - 1, 0), (0, height - 1),
                         (width - 1, height - 1), (1, 1), (width // 3, height // 5)):
                self.play(viewer, Script().pointer(x, y).pointer(x, y, 1).pointer(x, y))
                events = self.reader.take('Tablet', EV_KEY, BTN_LEFT, 0)
                self.assertEqual(self.pixel(events), (head * MODES[0][0] + x, y))
            viewer.close()

    def test_buttons(self):
        """Each press and release is a report of its own, with its SYN."""
        script = Script().pointer(100, 100)
        for button in (1, 2, 3):
            script.pointer(100, 100, button).pointer(100, 100)
        script.pointer(100, 100, 1, 3).pointer(100, 100, 3).pointer(100, 100)
        self.play(self.viewer, script.pointer(100, 100, 8).pointer(100, 100, 9).pointer(100, 100))
        events = self.reader.take('Tablet', EV_KEY, BTN_EXTRA, 0)
        seen = [[event for event in report if event[0] == EV_KEY] for report in reports(events)]
        expected = []
        for button in BUTTONS:
            expected += [[(EV_KEY, button, 1)], [(EV_KEY, button, 0)]]
        expected += [[(EV_KEY, BTN_LEFT, 1), (EV_KEY, BTN_RIGHT, 1)], [(EV_KEY, BTN_LEFT, 0)],
                     [(EV_KEY, BTN_RIGHT, 0)], [(EV_KEY, BTN_SIDE, 1)],
                     [(EV_KEY, BTN_SIDE, 0), (EV_KEY, BTN_EXTRA, 1)], [(EV_KEY, BTN_EXTRA, 0)]]
        self.assertEqual([report for report in seen if report], expected)

    def test_wheels(self):
        """Up, down, left, right: whole steps beside the fine ones."""
        script = Script().pointer(50, 60)
        for wheel in (4, 4, 5, 6, 7):
            script.pointer(50, 60, wheel).pointer(50, 60)
        self.play(self.viewer, script.pointer(50, 60, 1).pointer(50, 60))
        events = self.reader.take('Tablet', EV_KEY, BTN_LEFT, 0)
        up = [(EV_REL, REL_WHEEL_HI_RES, 120), (EV_REL, REL_WHEEL, 1), SYN]
        down = [(EV_REL, REL_WHEEL_HI_RES, -120), (EV_REL, REL_WHEEL, -1), SYN]
        left = [(EV_REL, REL_HWHEEL_HI_RES, -120), (EV_REL, REL_HWHEEL, -1), SYN]
        right = [(EV_REL, REL_HWHEEL_HI_RES, 120), (EV_REL, REL_HWHEEL, 1), SYN]
        first = [index for index, event in enumerate(events) if event[0] == EV_REL][0]
        wheels = events[first:-4]
        self.assertEqual(wheels, up + up + down + left + right)

    def test_killed_viewer(self):
        """Ctrl+A and a button are held when the viewer is killed: all go up."""
        script = Script().key(XK_CONTROL_L, 1).key(ord('a'), 1).pointer(10, 10, 1)
        self.play(self.viewer, script)
        self.reader.take('Keyboard', EV_KEY, KEY_A, 1)
        self.reader.take('Tablet', EV_KEY, BTN_LEFT, 1)
        self.viewer.process.kill()
        events = self.reader.take('Keyboard', EV_KEY, KEY_A, 0)
        if (EV_KEY, KEY_LEFTCTRL, 0) not in events:
            events += self.reader.take('Keyboard', EV_KEY, KEY_LEFTCTRL, 0)
        self.assertEqual(sorted(events), sorted([(EV_KEY, KEY_A, 0), SYN,
                                                 (EV_KEY, KEY_LEFTCTRL, 0), SYN]))
        self.reader.take('Tablet', EV_KEY, BTN_LEFT, 0)
        # And nothing that another viewer does is a Ctrl+something.
        self.viewer = self.hands()
        self.play(self.viewer, Script().tap(ord('a')).tap(XK_F12))
        self.assertEqual(strip_syn(self.reader.keys()), [(KEY_A, 1), (KEY_A, 0)])

    def test_leds(self):
        """What the guest lights, the viewers are told: scroll is RFB's bit 0."""
        for code, bits in ((CAPS_LED, 4), (NUM_LED, 6), (SCROLL_LED, 7)):
            self.reader.command('led %d 1' % code)
            self.viewer.do('leds', bits)
        for code, bits in ((NUM_LED, 5), (CAPS_LED, 1), (SCROLL_LED, 0)):
            self.reader.command('led %d 0' % code)
            self.viewer.do('leds', bits)

    def driver(self, name, action):
        """Takes a device from its driver in the guest, or gives it back."""
        driver = '/sys/bus/virtio/drivers/virtio_input'
        self.reader.quit()
        if action == 'unbind':
            listed = self.guest.run('grep -l %s /sys/bus/virtio/devices/*/input/input*/name' % name)
            self.unbound = re.search(r'devices/(virtio\d+)/', listed).group(1)
        self.guest.run('echo %s >%s/%s' % (self.unbound, driver, action))
        self.reader = Evwatch(self.guest)

    def test_mouse(self):
        """A guest without a tablet has a mouse; viewers that can, send ways."""
        plain = self.viewer
        raw = RawViewer(self.screen.address())
        self.addCleanup(raw.close)
        self.assertFalse(raw.wait_pointer(relative=False))
        self.driver('Tablet', 'unbind')
        try:
            self.assertEqual(self.reader.count, 2)
            # That its driver has gone shows when it does not take events.
            self.play(plain, Script().pointer(300, 300))
            self.assertTrue(raw.wait_pointer(relative=True))
            raw.pointer(0x7fff + 5, 0x7fff - 300, 0)
            raw.pointer(0x7fff, 0x7fff, 1)
            raw.pointer(0x7fff, 0x7fff, 0)
            self.assertEqual(self.reader.take('Mouse', EV_KEY, BTN_LEFT, 0), [
                (EV_REL, REL_X, 5), (EV_REL, REL_Y, -300), SYN, (EV_KEY, BTN_LEFT, 1), SYN,
                (EV_KEY, BTN_LEFT, 0), SYN])
            # One that only knows places: its ways are their differences.
            self.play(plain, Script().pointer(310, 280).pointer(310, 280, 2).pointer(310, 280))
            events = self.reader.take('Mouse', EV_KEY, BTN_MIDDLE, 0)
            self.assertEqual(sum(value for kind, code, value in events
                                 if (kind, code) == (EV_REL, REL_X)), 10)
            self.assertEqual(sum(value for kind, code, value in events
                                 if (kind, code) == (EV_REL, REL_Y)), -20)
        finally:
            self.driver('Tablet', 'bind')
        self.assertEqual(self.reader.count, 3)
        self.assertFalse(raw.wait_pointer(relative=False))
        raw.pointer(1000, 700, 2)
        raw.pointer(7, 9, 1)
        raw.pointer(7, 9, 0)
        self.assertEqual(self.pixel(self.reader.take('Tablet', EV_KEY, BTN_LEFT, 0)), (7, 9))
        self.assert_qemu_well()


if __name__ == '__main__':
    main()
