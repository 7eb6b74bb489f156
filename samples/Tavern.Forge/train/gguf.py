"""GGUF version 3: writing, and reading back what was written here (F32, F16, Q8_0)."""
import struct

import numpy as np

F32, F16, Q8_0 = 0, 1, 8
BLOCK = 32  # weights of Q8_0 under one scale
SCALARS = {"u32": (4, "<I"), "i32": (5, "<i"), "f32": (6, "<f"), "bool": (7, "<?")}
STRING, ARRAY = 8, 9


def quantize(x):
    """f32 [..., n] -> bytes of Q8_0: per 32 weights an f16 scale and 32 signed bytes."""
    blocks = np.ascontiguousarray(x, np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    out = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("codes", "i1", BLOCK)]))
    out["scale"] = scale[:, 0]
    out["codes"] = np.rint(blocks * inverse).astype(np.int8)
    return out.tobytes()


def dequantize(raw):
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("codes", "i1", BLOCK)]))
    return (blocks["scale"].astype(np.float32)[:, None] * blocks["codes"].astype(np.float32)).reshape(-1)


class Writer:
    def __init__(self):
        self.keys, self.tensors = [], []

    def add(self, key, value, kind=None):
        """A string, a bool, a list, or a number of `kind` (u32, i32, f32; lists too)."""
        self.keys.append(self._string(key) + self._value(value, kind))
        return self

    def tensor(self, name, x, form=F32):
        """x [..., rows, columns] as numpy; dimensions are written the other way round."""
        x = np.ascontiguousarray(x, np.float32)
        raw = {F32: lambda: x.tobytes(), F16: lambda: x.astype("<f2").tobytes(), Q8_0: lambda: quantize(x)}[form]()
        self.tensors.append((name, x.shape[::-1], form, raw))
        return self

    def save(self, path):
        with open(path, "wb") as f:
            f.write(b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys)) + b"".join(self.keys))
            at = 0
            for name, shape, form, raw in self.tensors:
                f.write(self._string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, form, at))
                at += -(-len(raw) // 32) * 32
            f.write(b"\0" * (-f.tell() % 32))
            for _, _, _, raw in self.tensors:
                f.write(raw + b"\0" * (-len(raw) % 32))

    @staticmethod
    def _string(text):
        raw = text.encode()
        return struct.pack("<Q", len(raw)) + raw

    def _value(self, value, kind):
        if isinstance(value, bool):
            kind = "bool"
        if isinstance(value, str):
            return struct.pack("<I", STRING) + self._string(value)
        if isinstance(value, list):
            if isinstance(value[0], str):
                return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(map(self._string, value))
            return struct.pack("<IIQ", ARRAY, SCALARS[kind][0], len(value)) + b"".join(struct.pack(SCALARS[kind][1], v) for v in value)
        return struct.pack("<I", SCALARS[kind][0]) + struct.pack(SCALARS[kind][1], value)


def read(path):
    """({key: value}, {name: f32 array [..., rows, columns]})"""
    with open(path, "rb") as f:
        raw = f.read()
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, raw, at)
        at += struct.calcsize(form)
        return values[0]

    def string():
        nonlocal at
        n = take("<Q")
        at += n
        return raw[at - n:at].decode()

    forms = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}

    def value(kind):
        if kind == STRING:
            return string()
        if kind == ARRAY:
            kind, n = take("<I"), take("<Q")
            return [value(kind) for _ in range(n)]
        return take(forms[kind])

    if raw[:4] != b"GGUF":
        raise SystemExit(f"{path} is no GGUF file")
    at = 8
    tensors, keys = take("<Q"), take("<Q")
    metadata = {}
    for _ in range(keys):
        key = string()
        metadata[key] = value(take("<I"))
    infos = []
    for _ in range(tensors):
        name, n = string(), take("<I")
        infos.append((name, [take("<Q") for _ in range(n)], take("<I"), take("<Q")))
    data = -(-at // 32) * 32
    arrays = {}
    for name, shape, form, offset in infos:
        count = int(np.prod(shape))
        size = {F32: 4 * count, F16: 2 * count, Q8_0: count // BLOCK * (BLOCK + 2)}[form]
        part = raw[data + offset:data + offset + size]
        flat = dequantize(part) if form == Q8_0 else np.frombuffer(part, "<f4" if form == F32 else "<f2").astype(np.float32)
        arrays[name] = flat.reshape(shape[::-1])
    return metadata, arrays
