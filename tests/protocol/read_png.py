# SPDX-License-Identifier: GPL-2.0-or-later
"""A PNG decoder without libpng, which wrote the file."""
import struct
import zlib


def decode_png(data):
    """Width, height and RGB bytes of an 8-bit RGB PNG, without libpng."""
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, packed, width, height = 8, b'', 0, 0
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        if kind == b'IHDR':
            width, height, depth, colour, _, _, interlace = struct.unpack('>IIBBBBB', body)
            assert (depth, colour, interlace) == (8, 2, 0)
        elif kind == b'IDAT':
            packed += body
        at += size + 12
    return width, height, unfilter(zlib.decompress(packed), width * 3, height)


def unfilter(data, stride, height):
    out, before = bytearray(), bytes(stride)
    for y in range(height):
        kind, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1:
                                                           (y + 1) * (stride + 1)])
        for x in range(stride if kind else 0):
            a, b = row[x - 3] if x >= 3 else 0, before[x]
            c = before[x - 3] if x >= 3 else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        out += row
        before = row
    return bytes(out)
