#!/usr/bin/python3
"""Trains the eyes alone, on pictures of which every thing is known.

    pretrain_vision.py CORPUS_DIR OUT.pt --minutes M [--resume]

Each of the 16 rows that the mind will get says, through a linear head that is thrown away, which kinds, colours and coloured kinds have their middle in its cell of 28 x 28
pixels; the mean of the rows says how many things there are and which coloured kinds. OUT.pt holds {"eyes": ...} for `train.py --vision`.
"""
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import signal
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
from model import Config, Eyes
from optim import Optimizer, factor_at


class Heads(nn.Module):
    def __init__(self, width, labels, coloured, most):
        super().__init__()
        self.cell, self.count, self.all = nn.Linear(width, labels), nn.Linear(width, most + 1), nn.Linear(width, coloured)


class Targets:
    """cells [pictures, 16, kinds + colours + kinds * colours], counts [pictures], sets [pictures, kinds * colours]; small or hidden things do not count."""

    def __init__(self, folder, c, least_pixels):
        with open(os.path.join(folder, "pictures.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        self.kinds = sorted({t["kind"] for r in rows for t in r["things"]})
        self.colors = sorted({t["color"] for r in rows for t in r["things"]})
        k, n, side = len(self.kinds), len(self.colors), c.grid // 2
        size = c.picture / side
        self.labels, self.coloured = k + n + k * n, k * n
        self.cells = np.zeros((len(rows), side * side, self.labels), np.bool_)
        self.counts = np.zeros(len(rows), np.int64)
        for i, row in enumerate(rows):
            for t in row["things"]:
                if t.get("pixels", least_pixels) < least_pixels:
                    continue
                x, y = (min(side - 1, max(0, int((t[a] + t[b]) / 2 / size))) for a, b in (("x0", "x1"), ("y0", "y1")))
                kind, color = self.kinds.index(t["kind"]), self.colors.index(t["color"])
                self.cells[i, y * side + x, [kind, k + color, k + n + kind * n + color]] = True
                self.counts[i] += 1
        self.sets = self.cells[:, :, k + n:].any(1)
        self.split = np.array([r["split"] for r in rows])


def outputs(eyes, heads, pixels):
    rows = eyes(pixels)
    # Rows are as small as embeddings when training starts; the heads see them at a fixed size.
    rows = rows / rows.square().mean(-1, keepdim=True).add(1e-6).sqrt()
    mean = rows.mean(1)
    return heads.cell(rows), heads.count(mean), heads.all(mean)


def f1(wanted, said):
    both = (wanted & said).sum()
    return float(2 * both / max(1, wanted.sum() + said.sum()))


@torch.no_grad()
def evaluate(eyes, heads, pictures, targets, chosen, count_limit):
    cells, counts, sets = [], [], []
    for part in np.array_split(chosen, max(1, len(chosen) // 128)):
        cell, count, every = outputs(eyes, heads, torch.from_numpy(pictures[part]))
        cells.append(cell.numpy() > 0)
        counts.append(count.argmax(-1).numpy())
        sets.append(every.numpy() > 0)
    cells, k, n = np.concatenate(cells), len(targets.kinds), len(targets.colors)
    wanted = targets.cells[chosen]
    filled = wanted.any(-1)
    right = (cells[:, :, k + n:] == wanted[:, :, k + n:]).all(-1)
    return (f"kind F1 {f1(wanted[:, :, :k], cells[:, :, :k]):.3f}, colour F1 {f1(wanted[:, :, k:k + n], cells[:, :, k:k + n]):.3f}, coloured kind F1 {f1(wanted[:, :, k + n:], cells[:, :, k + n:]):.3f}, "
            f"filled cells all right {right[filled].mean():.3f}, empty cells {right[~filled].mean():.3f}, count {(np.concatenate(counts) == np.minimum(targets.counts[chosen], count_limit)).mean():.3f}, "
            f"set F1 {f1(targets.sets[chosen], np.concatenate(sets)):.3f}")


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
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--eval-minutes", type=float, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    c = Config()
    pictures, targets = data.picture_file(args.corpus, c.picture), Targets(args.corpus, c, args.least_pixels)
    most = int(targets.counts.max())
    train, held = np.flatnonzero(targets.split == "train"), np.flatnonzero(targets.split == "held")[:1000]
    print(f"{len(train)} training pictures, {len(held)} held, kinds {targets.kinds}, colours {targets.colors}", flush=True)
    both = nn.ModuleDict(dict(eyes=Eyes(c), heads=Heads(c.width, targets.labels, targets.coloured, most)))
    eyes, heads = both["eyes"], both["heads"]
    optimizer = Optimizer(both, dict(muon=args.muon_lr, small=args.small_lr))
    optimizer.begin(0)
    elapsed, step, shown = 0.0, 0, 0
    if args.resume and os.path.exists(args.out):
        saved = torch.load(args.out)
        eyes.load_state_dict(saved["eyes"])
        heads.load_state_dict(saved["heads"])
        optimizer.restore(saved["optimizer"])
        elapsed, step, shown = saved["progress"]

    def save():
        torch.save(dict(eyes=eyes.state_dict(), heads=heads.state_dict(), optimizer=optimizer.state(), progress=(elapsed, step, shown)), args.out + ".new")
        os.replace(args.out + ".new", args.out)

    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    # A label is rare: right answers weigh more, but not so much that everything is claimed.
    weight = torch.full((targets.labels,), 4.0)
    last_eval = last_print = time.time()
    losses = []
    while elapsed < args.minutes * 60 and not stopping:
        started = time.time()
        chosen = np.sort(rng.choice(train, args.batch))
        cell, count, every = outputs(eyes, heads, torch.from_numpy(pictures[chosen]))
        cell_loss = F.binary_cross_entropy_with_logits(cell, torch.from_numpy(targets.cells[chosen]).float(), pos_weight=weight, reduction="sum") / (args.batch * 16)
        set_loss = F.binary_cross_entropy_with_logits(every, torch.from_numpy(targets.sets[chosen]).float(), reduction="sum") / args.batch
        count_loss = F.cross_entropy(count, torch.from_numpy(targets.counts[chosen]))
        optimizer.zero(0)
        (cell_loss + 0.1 * set_loss + 0.2 * count_loss).backward()
        optimizer.step(0, factor_at(step, elapsed / args.minutes / 60))
        optimizer.stepped()
        step, shown = step + 1, shown + args.batch
        losses.append((cell_loss.item(), set_loss.item(), count_loss.item()))
        now = time.time()
        elapsed += now - started
        if step % 50 == 0:
            print(f"step {step}  {elapsed / 60:.1f} min  cell {np.mean([l[0] for l in losses]):.3f}  set {np.mean([l[1] for l in losses]):.3f}  count {np.mean([l[2] for l in losses]):.3f}  {50 * args.batch / (now - last_print):.0f} pictures/s", flush=True)
            losses, last_print = [], now
        if now - last_eval > args.eval_minutes * 60:
            print("  held: " + evaluate(eyes, heads, pictures, targets, held, most), flush=True)
            save()
            last_eval = last_print = time.time()
    save()
    print(f"saved after {step} steps, {shown} pictures")
    for name, part in (("held", held), ("train", train[:len(held)])):
        print(f"  {name}: " + evaluate(eyes, heads, pictures, targets, part, most), flush=True)


if __name__ == "__main__":
    main()
