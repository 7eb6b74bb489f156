#!/usr/bin/python3
"""Trains the eyes alone, on pictures of which every thing is known.

    pretrain_vision.py CORPUS_DIR OUT.pt --minutes M [--resume]

Each of the 16 rows that the mind will get says, through a linear head that is thrown away, which kinds, colours and
coloured kinds have their middle in its cell of 28 x 28 pixels, which row and column of the picture it stands for itself
(the mind would have to count to know) and how far right its thing is; the mean of the rows says how many things there are
and which coloured kinds. At last the rows are made as large as embeddings: what layers add to larger ones would not be
noticed. Every picture is seen mirrored, shifted and in another light each time.

OUT.pt holds {"eyes": ...} for `train.py --vision`. Every core has a process of its own, as in train.py.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import ctypes
import json
import multiprocessing
import signal
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
from model import Config, Eyes
from optim import Optimizer, factor_at


BINS = 16  # of how far right something is
ROW = 0.3  # root mean square of the finished rows, about that of embeddings


class Heads(nn.Module):
    def __init__(self, width, labels, coloured, most):
        super().__init__()
        self.cell, self.count, self.all = nn.Linear(width, labels), nn.Linear(width, most + 1), nn.Linear(width, coloured)
        self.place, self.right = nn.Linear(width, 8), nn.Linear(width, BINS)


class Targets:
    """What pictures show: of thing t, `picture`, `label` [kind, colour, coloured kind as columns of cells] and `middle`
    (x, y). Small or hidden things do not count."""

    def __init__(self, folder, c, least_pixels):
        with open(os.path.join(folder, "pictures.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        self.kinds = sorted({t["kind"] for r in rows for t in r["things"]})
        self.colors = sorted({t["color"] for r in rows for t in r["things"]})
        k, n = len(self.kinds), len(self.colors)
        self.side, self.size, self.labels, self.coloured = c.grid // 2, c.picture, k + n + k * n, k * n
        label, middle, self.first = [], [], [0]
        for row in rows:
            for t in row["things"]:
                if t.get("pixels", least_pixels) >= least_pixels:
                    kind, color = self.kinds.index(t["kind"]), self.colors.index(t["color"])
                    label.append([kind, k + color, k + n + kind * n + color])
                    middle.append([(t["x0"] + t["x1"]) / 2, (t["y0"] + t["y1"]) / 2])
            self.first.append(len(label))
        self.label, self.middle, self.first = np.array(label), np.array(middle), np.array(self.first)
        self.most = int(np.diff(self.first).max())
        self.split = np.array([r["split"] for r in rows])

    def of(self, pictures, mirrored=None, shift=None):
        """cells [n, 16, labels], counts [n], sets [n, coloured], right [n, 16] (bin, or -1 for nothing) of these pictures,
        mirrored and then shifted by (x, y) pixels."""
        cells = np.zeros((len(pictures), self.side ** 2, self.labels), np.float32)
        counts, right = np.zeros(len(pictures), np.int64), np.full((len(pictures), self.side ** 2), -1, np.int64)
        for i, p in enumerate(pictures):
            for t in range(self.first[p], self.first[p + 1]):
                x, y = self.middle[t]
                if mirrored is not None:
                    x, y = (self.size - 1 - x if mirrored[i] else x) + shift[i][0], y + shift[i][1]
                cell = [int(v * self.side / self.size) for v in (x, y)]
                if min(x, y) >= 0 and max(cell) < self.side:
                    cells[i, cell[1] * self.side + cell[0], self.label[t]] = 1
                    right[i, cell[1] * self.side + cell[0]] = int(x * BINS / self.size)
                    counts[i] += 1
        return cells, counts, cells[:, :, self.labels - self.coloured:].max(1), right


def varied(pictures, targets, chosen, rng, most=7):
    """Pictures mirrored, shifted (edges repeated) and in another light, with their targets."""
    mirrored, shift = rng.random(len(chosen)) < 0.5, rng.integers(-most, most + 1, (len(chosen), 2))
    pixels = np.pad(pictures[chosen], ((0, 0), (most, most), (most, most), (0, 0)), "edge")
    out = np.empty_like(pictures[:len(chosen)])
    size = out.shape[1]
    for i, (x, y) in enumerate(most - shift):
        source = pixels[i][:, ::-1] if mirrored[i] else pixels[i]
        out[i] = (source[y:y + size, x:x + size] * rng.uniform(0.85, 1.0)).astype(np.uint8)
    return torch.from_numpy(out), *map(torch.from_numpy, targets.of(chosen, mirrored, shift))


def outputs(eyes, heads, pixels):
    rows = eyes(pixels)
    # Rows are as small as embeddings when training starts; the heads see them at a fixed size.
    rows = rows / rows.square().mean(-1, keepdim=True).add(1e-6).sqrt()
    mean = rows.mean(1)
    return heads.cell(rows), heads.count(mean), heads.all(mean), heads.place(rows), heads.right(rows)


def f1(wanted, said):
    both = (wanted & said).sum()
    return float(2 * both / max(1, wanted.sum() + said.sum()))


@torch.no_grad()
def evaluate(eyes, heads, pictures, targets, chosen):
    cells, counts, sets, rights = [], [], [], []
    for part in np.array_split(chosen, max(1, len(chosen) // 128)):
        cell, count, every, _, right = outputs(eyes, heads, torch.from_numpy(pictures[part]))
        rights.append(right.argmax(-1).numpy())
        cells.append(cell.numpy() > 0)
        counts.append(count.argmax(-1).numpy())
        sets.append(every.numpy() > 0)
    cells, k, n = np.concatenate(cells), len(targets.kinds), len(targets.colors)
    wanted, wanted_counts, wanted_sets, wanted_rights = targets.of(chosen)
    wanted, wanted_sets = wanted > 0, wanted_sets > 0
    filled = wanted.any(-1)
    right = (cells[:, :, k + n:] == wanted[:, :, k + n:]).all(-1)
    found = [f1(wanted[:, :, part], cells[:, :, part]) for part in (slice(k), slice(k, k + n), slice(k + n, None))]
    counted = (np.concatenate(counts) == wanted_counts).mean()
    near = (abs(np.concatenate(rights) - wanted_rights) <= 1)[filled].mean()
    return (f"kind F1 {found[0]:.3f}, colour F1 {found[1]:.3f}, coloured kind F1 {found[2]:.3f}, "
            f"filled cells all right {right[filled].mean():.3f}, empty cells {right[~filled].mean():.3f}, "
            f"count {counted:.3f}, set F1 {f1(wanted_sets, np.concatenate(sets)):.3f}, "
            f"how far right (within 7 pixels) {near:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--small-lr", type=float, default=1e-3)
    parser.add_argument("--least-pixels", type=int, default=12, help="things of which fewer pixels are seen do not count")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--eval-minutes", type=float, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    c = Config()
    pictures, targets = data.picture_file(args.corpus, c.picture), Targets(args.corpus, c, args.least_pixels)
    train, held = np.flatnonzero(targets.split == "train"), np.flatnonzero(targets.split == "held")[:1000]
    print(f"{len(train)} training pictures, {len(held)} held, kinds {targets.kinds}, colours {targets.colors}", flush=True)
    both = nn.ModuleDict(dict(eyes=Eyes(c), heads=Heads(c.width, targets.labels, targets.coloured, targets.most)))
    eyes, heads = both["eyes"], both["heads"]
    elapsed, step, shown = 0.0, 0, 0
    saved = torch.load(args.out) if args.resume and os.path.exists(args.out) else None
    if saved:
        eyes.load_state_dict(saved["eyes"])
        heads.load_state_dict(saved["heads"])
        elapsed, step, shown = saved["progress"]
    optimizer = Optimizer(both, dict(muon=args.muon_lr, small=args.small_lr), args.workers)
    if saved:
        optimizer.restore(saved["optimizer"])

    def save():
        torch.save(dict(
            eyes=eyes.state_dict(), heads=heads.state_dict(), optimizer=optimizer.state(), progress=(elapsed, step, shown)),
            args.out + ".new")
        os.replace(args.out + ".new", args.out)

    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    factor = torch.zeros(1, dtype=torch.float64).share_memory_()  # of the learning rates; below 0 it ends the processes
    figures = torch.zeros(args.workers, 3).share_memory_()
    barrier = multiprocessing.Barrier(args.workers)
    me, main_process = 0, os.getpid()
    for number in range(1, args.workers):
        if os.fork() == 0:
            me = number
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the main process
            if os.getppid() != main_process:
                os._exit(1)
            break
    rng = np.random.default_rng(1000 * step + me)
    optimizer.begin(me)
    # A label is rare: right answers weigh more, but not so much that everything is claimed.
    weight = torch.full((targets.labels,), 4.0)
    mine = args.batch // args.workers

    def obey():
        """One step in every process."""
        barrier.wait()
        if factor < 0:
            os._exit(0)
        pixels, wanted, counts, sets, rights = varied(pictures, targets, rng.choice(train, mine), rng)
        cell, count, every, place, right = outputs(eyes, heads, pixels)
        cell_loss = F.binary_cross_entropy_with_logits(cell, wanted, pos_weight=weight, reduction="sum") / (mine * 16)
        set_loss = F.binary_cross_entropy_with_logits(every, sets, reduction="sum") / mine
        count_loss = F.cross_entropy(count, counts)
        places = torch.arange(16).repeat(mine, 1)
        place_loss = sum(F.cross_entropy(place[..., 4 * i:4 * i + 4].flatten(0, 1), at.flatten())
                         for i, at in enumerate((places % 4, places // 4)))
        right_loss = F.cross_entropy(right.flatten(0, 1), rights.flatten(), ignore_index=-1)
        optimizer.zero(me)
        (cell_loss + 0.1 * set_loss + 0.2 * count_loss + 0.2 * place_loss + 0.2 * right_loss).backward()
        figures[me] = torch.tensor([cell_loss.item(), set_loss.item(), count_loss.item()])
        barrier.wait()
        optimizer.step(me, float(factor))
        barrier.wait()

    while me:
        obey()
    last_eval = last_print = time.time()
    losses = []
    while elapsed < args.minutes * 60 and not stopping:
        started = time.time()
        factor[0] = factor_at(step, elapsed / args.minutes / 60)
        obey()
        optimizer.stepped()
        step, shown = step + 1, shown + mine * args.workers
        losses.append(figures.mean(0).tolist())
        now = time.time()
        elapsed += now - started
        if step % 50 == 0:
            cell, sets, count = np.mean(losses, 0)
            print(f"step {step}  {elapsed / 60:.1f} min  cell {cell:.3f}  set {sets:.3f}  count {count:.3f}  "
                  f"{50 * args.batch / (now - last_print):.0f} pictures/s", flush=True)
            losses, last_print = [], now
        if now - last_eval > args.eval_minutes * 60:
            print("  held: " + evaluate(eyes, heads, pictures, targets, held), flush=True)
            save()
            last_eval = last_print = time.time()
    save()
    print(f"saved after {step} steps, {shown} pictures")
    for name, part in (("held", held), ("train", train[:len(held)])):
        print(f"  {name}: " + evaluate(eyes, heads, pictures, targets, part), flush=True)
    with torch.no_grad():
        size = eyes(torch.from_numpy(pictures[train[:256]])).square().mean().sqrt()
        eyes.fc.div_(size / ROW)
    save()
    factor[0] = -1
    if args.workers > 1:
        barrier.wait()
    if stopping:
        raise SystemExit("stopped before the eyes are done: start again, with --resume")  # not 0: what comes next waits for them


if __name__ == "__main__":
    main()
