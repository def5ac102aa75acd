# SPDX-License-Identifier: GPL-2.0-or-later
"""What all seeds are written with: numbers, operations, constants of the
headers."""
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


def number(value):
    """As fuzz_number() reads it."""
    if value < 0:
        return bytes([0x100 + value]) if value >= -13 else b'\xf2' + struct.pack('<q', value)
    if value < 0xf0:
        return bytes([value])
    if value <= 0xffff:
        return b'\xf0' + struct.pack('<H', value)
    if value <= 0xffffffff:
        return b'\xf1' + struct.pack('<I', value)
    return b'\xf2' + struct.pack('<Q', value)


def numbers(*values):
    return b''.join(number(value) for value in values)


def constants(path, prefix):
    """{name: value} of the enums and plain defines in a header."""
    found, value = {}, 0
    text = re.sub(r'/\*.*?\*/', '', open(os.path.join(SOURCE, path)).read(), flags=re.S)
    for name, given in re.findall(r'\b(%s\w+)(?: = (0x[0-9a-f]+|\d+))?,' % prefix, text):
        value = int(given, 0) if given else value + 1
        found[name[len(prefix):]] = value
    return found


def offset(path, struct_name, field):
    """Bytes to a field of a struct of 32-bit fields and texts."""
    body = re.search(r'struct %s \{(.*?)\n\};' % struct_name,
                     open(os.path.join(SOURCE, path)).read(), re.S).group(1)
    at = 0
    for line in re.sub(r'/\*.*?\*/', '', body, flags=re.S).split(';'):
        for name, size in re.findall(r'(\w+)(\[\w+\])?(?:,|$)', line.strip()):
            if name == field:
                return at
            at += 256 if size else 4
    raise ValueError(field)


class Operations:
    """op.NAME(bytes…) writes operation NAME of fuzz_TARGET.c."""

    def __init__(self, target):
        text = open(os.path.join(HERE, 'fuzz_%s.c' % target)).read()
        body = re.search(r'enum operation \{(.*?)\};', text, re.S).group(1)
        names = re.findall(r'^\s*([A-Z]\w*)', re.sub(r'/\*.*?\*/', '', body, flags=re.S), re.M)
        self.codes = {name: code for code, name in enumerate(names)}

    def __getattr__(self, name):
        code = self.codes[name]
        return lambda *parts: bytes([code]) + b''.join(
            bytes([part]) if isinstance(part, int) else part for part in parts)
