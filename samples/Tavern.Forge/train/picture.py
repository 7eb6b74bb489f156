"""PNG files: pictures, and curves of a training run."""
import csv
import struct
import zlib

import numpy as np


def write_png(path, rgb):
    """rgb u8 [height, width, 3]"""
    height, width, _ = rgb.shape
    lines = b"".join(b"\0" + rgb[y].tobytes() for y in range(height))

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def line(canvas, x, y, color):
    """Joins the points (x, y) of the canvas."""
    for (x0, y0), (x1, y1) in zip(zip(x, y), zip(x[1:], y[1:])):
        n = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
        for px, py in zip(np.linspace(x0, x1, n + 1).astype(int), np.linspace(y0, y1, n + 1).astype(int)):
            canvas[max(0, py - 1):py + 1, max(0, px - 1):px + 1] = color


def panel(canvas, curves, top):
    """Draws [(x, y, color)] with y from 0 to `top`, a grey line at every fifth."""
    height, width, _ = canvas.shape
    for fifth in range(6):
        canvas[min(height - 1, int(height * fifth / 5))] = 225
    last = max((x[-1] for x, _, _ in curves if len(x)), default=1) or 1
    for x, y, color in curves:
        if len(x) > 1:
            line(canvas, np.asarray(x) / last * (width - 1), (1 - np.clip(np.asarray(y) / top, 0, 1)) * (height - 1), color)


def curves(log, evals, path):
    """Upper half: loss (blue), loss of facts (red), both from 0 to 8. Lower half: share of right answers 0 to 1, held (green), train (grey). From the left: time."""
    with open(log) as f:
        rows = list(csv.DictReader(f))
    try:
        with open(evals) as f:
            checks = [r for r in csv.DictReader(f) if r["kind"] == "all"]
    except FileNotFoundError:
        checks = []
    canvas = np.full((640, 900, 3), 255, np.uint8)
    time = [float(r["elapsed"]) for r in rows]
    panel(canvas[:310], [(time, [float(r["loss"]) for r in rows], (40, 80, 200)), (time, [float(r["fact_loss"]) for r in rows], (210, 50, 40))], 8.0)
    parts = []
    for split, color in (("train", (130, 130, 130)), ("held", (30, 150, 60))):
        mine = [r for r in checks if r["split"] == split]
        parts.append(([float(r["elapsed"]) for r in mine], [float(r["right"]) for r in mine], color))
    panel(canvas[330:], parts, 1.0)
    write_png(path, canvas)
