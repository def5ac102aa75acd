# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds of what reads text: the INI file, control requests, QMP."""
import os
import re

from seed_words import SOURCE


def config():
    shipped = open(os.path.join(SOURCE, 'conf', 'oriel.ini'), 'rb').read()
    # A file and an override per key, at its default and with other values.
    settings = re.findall(rb'(?m)^(\[.*\])$|^#?([a-z-]+) *= *(.*)$', shipped)
    section, everything = b'', b''
    for header, key, value in settings:
        if header:
            section = header.replace(b'[head.N]', b'[head.0]')
            everything += section + b'\n'
            continue
        everything += key + b' = ' + value + b'\n'
        dotted = section[1:-1] + b'.' + key + b'='
        for other in (value, b'', b'1', b'all', b'4096x4096@75', b'x' * 300):
            yield section + b'\n' + key + b'=' + other + b'\n'
            yield b'\x01' + dotted + other + b'\x01'
    yield everything
    yield shipped[:3000]
    yield b'\xef\xbb\xbf[gpu]\r\n  heads = 3 ; three\r\n[head.2]\nmode=640x480\n'
    yield b'[gpu]\nheads=16\n' + b''.join(
        b'[head.%d]\nname=n%%h\nmodes=%s\nposition=%d,0\nsize-mm=300x200\nmax-fps=30\n' %
        (i, b' '.join(b'%dx480' % (640 + j) for j in range(i * 3)), i * 100) for i in range(16))
    yield b'[vnc]\nlisten=tcp:127.0.0.1:0 tcp:[::1]:5900 unix:%t/vnc.%h tcp:*:1 x:y tcp:a:99999\n'
    yield b'[vnc]\nlisten=' + b'tcp:127.0.0.1:5900 ' * 12 + b'\nheads=3\n'
    yield b'[gpu]\nheads=2\n[vnc]\nlisten=unix:/one tcp:127.0.0.1:65535\n'
    yield b'[vnc]\nheads=2\npassword-file=%t/p%%w\n[control]\nsocket=/a\n[gpu]\nsocket=/a\n'
    yield b'[gpu]\nsocket=/x/my.gpu.sock\n[head.0]\nmode=9999x9999@999\n[input]\nlayout=xyz\n'
    yield b'x=1\n[no]\na=b\n[gpu\n[gpu] x\n[head.99]\n[head.01]\nheads\n=\nheads=1\nheads=2\n\0\n'
    yield b'[gpu]\nname=' + b'\xc3\xa4' * 100 + b'\nname2=\xff\xfe\n' + b'y' * 400 + b'\n'
    yield b'[gpu]\nname=100%\n[control]\nsocket=%q\n[log]\nlevel=debug\n'
    yield b'\x01gpu.heads=2\x01nonsense\x01a.b\x01=\x01.=\x01head.1.mode=800x600\x01'
    yield b'\x01' + b'gpu.name=' + b'z' * 5000 + b'\x01'
    for modes in (20, 32, 40):
        yield b'\x01head.0.modes=' + b'64x64 ' * modes + b'\x01'


CUT, FILL, END, ACT, OTHER = (bytes([i]) for i in range(1, 6))


def control():
    table = open(os.path.join(SOURCE, 'server/control/command.c')).read()
    for name in re.findall(r'^    \{"(\w+)", *(?:"|$)', table, re.M) + ['none']:
        yield b'{"id": 1, "command": "%s"}\n' % name.encode() + ACT * 6 + \
            b'{"id":"x","command":"%s","head":1}\n' % name.encode() + ACT * 6
    yield b'{"command":"screenshot","head":0}\n' * 6 + ACT * 30
    yield b'{"command":"screenshot"}\n' + ACT + END + ACT * 9
    yield b'{"command":"screenshot"}\n{"command":"quit"}\n' + ACT + CUT + ACT + END
    yield b'{"command":"disconnect","viewer":1}\n{"command":"disconnect","viewer":-1}\n' \
          b'{"command":"trace","pattern":"gpu*,x?"}\n{"command":"trace","pattern":"zz"}\n' \
          b'{"command":"trace","pattern":"*"}\n{"command":"trace","pattern":""}\n' \
          b'{"command":"stats","prometheus":true}\n{"command":"stats","prometheus":1}\n'
    yield OTHER + b'{"command":"help"}\n' * 40 + OTHER + CUT + b'\n' + ACT * 20
    yield OTHER + b'{"command":"screenshot"}\n' * 9 + ACT * 30
    yield b'{"command":"screenshot","head":99}\n{"command":"screenshot","head":"a"}\n' \
          b'{"command":"screenshot","head":-1}\n{"command":"status","x":1}\n'
    yield b'{"command":1}\n[]\n"x"\n{\n\n  \n{"a":1,"a":2}\n' \
          b'{"id":{"a":[1]},"command":"help"}\n\xff\n'
    yield b'{"command":' + CUT + b'"status"' + CUT + b'}' + CUT + b'\n' + CUT + b'\r\n'
    yield b'{' + FILL + b'\x3f' + CUT + b'\n' + FILL + b'\x42' + CUT + b'\n'
    yield b'{' + FILL + b'\x50'
    yield b'{"command":"' + b'n' * 200 + b'"}\n' + END + b'{"command":"help"}\n' + END


def qmp():
    greeting = b'{"QMP": {"version": {"qemu": {"major": 10}}, "capabilities": ["oob"]}}\r\n'
    ready = greeting + b'{"return": {}}\r\n'
    running = b'{"return": {"running": true, "status": "running"}}\r\n'
    yield greeting
    yield ready + running + b'{"return": []}\r\n' + ACT + b'{"return": {}}\n'
    yield ready + running + b'{"event": "STOP", "data": {}}\n{"event": "RESUME"}\n{"event":"X"}\n'
    yield ready + b'{"error": {"class": "GenericError", "desc": "no"}}\n{"error": 1}\n{"id":1}\n'
    yield greeting + b'{"error": {"desc": "no capabilities"}}\n'
    yield ready + running + b'[]\n' + CUT + ready
    yield ready + ACT * 70 + running * 3 + END + ready + END + END + END
    yield ready + running + OTHER + ACT + OTHER + ready
    yield b'not JSON\n' + CUT + greeting + CUT + b'\n' + CUT + b'{"return":' + CUT + b'{}}' + \
        CUT + b'\n'
    yield ready + FILL + b'\xff' + CUT + FILL + b'\x08' + CUT + ready
    yield running + b'{"event": 5}\n{"QMP": 1}\n' + ready
    yield OTHER + OTHER + ready + OTHER
