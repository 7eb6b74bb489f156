#!/usr/bin/env python3
"""Measures the codebooks of ggml's IQ formats: codebooks.py LIBGGML_BASE_SO OUT. Standard library only; how: README.md beside this file."""
import array, ctypes, struct, sys

library = ctypes.CDLL(sys.argv[1])


def expand(name, blocks):
    count = len(blocks) * 256
    result = (ctypes.c_float * count)()
    function = getattr(library, 'dequantize_row_' + name)
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64], None
    function(b''.join(blocks), result, count)
    return list(result)


def half(value):
    return struct.pack('<e', value)


def low(base, count):
    return bytes((base + i) & 255 for i in range(count))


def upper(base, bits, layout):
    """Bits of the indices above the lower 8, `bits` each, four to a sub-block of 32 weights."""
    return struct.pack(layout, *(sum(((base + 4 * sub + i) >> 8) << (bits * i) for i in range(4)) for sub in range(8)))


books = {
    'iq2_xxs': [half(8) + b''.join(low(base + 4 * sub, 4) + bytes(4) for sub in range(8)) for base in range(0, 256, 32)],
    'iq2_xs': [half(8) + struct.pack('<32H', *range(base, base + 32)) + bytes(8) for base in range(0, 512, 32)],
    'iq2_s': [half(8) + low(base, 32) + bytes(32) + upper(base, 2, '<8B') + bytes(8) for base in range(0, 1024, 32)],
    'iq3_xxs': [half(4) + low(base, 64) + bytes(32) for base in range(0, 256, 64)],
    'iq3_s': [half(1) + low(base, 64) + bytes([255 if base >= 256 else 0] * 8) + bytes(36) for base in range(0, 512, 64)],
    'iq1_s': [half(1) + low(base, 32) + upper(base, 3, '<8H') for base in range(0, 2048, 32)],
}
with open(sys.argv[2], 'wb') as out:
    for name, blocks in books.items():
        values = [v - 0.125 if name == 'iq1_s' else v for v in expand(name, blocks)]
        assert all(v == int(v) for v in values), name
        out.write(array.array('b', map(int, values)).tobytes())
