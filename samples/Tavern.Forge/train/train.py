#!/usr/bin/python3
"""Trains the mind on a corpus, eyes included.

    train.py CORPUS_DIR RUN_DIR --tokenizer TOKENIZER.json --minutes M [--vision EYES.pt] [--resume] [--init CKPT_OR_GGUF]

RUN_DIR gets checkpoint.pt, log.csv, eval.csv and loss.png. Stop it with SIGTERM or SIGINT (it saves), go on with --resume.
Every core has a process of its own that works through a part of each batch: faster than one process with threads, above
all on a busy machine.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import collections
import csv
import ctypes
import multiprocessing
import signal
import time

import numpy as np
import torch
import torch.nn.functional as F

import data
import picture
import weights
from model import Config, Mind
from optim import Optimizer, factor_at
from tokenizer import Tokenizer

WEIGHTS = {data.FACT: 3.0, data.ANSWER: 0.3, data.PROMPT: 0.05}


class Feed:
    """Conversations in random order, epoch after epoch; its state can be saved."""

    def __init__(self, corpus, seed):
        self.corpus, self.rng = corpus, np.random.default_rng(seed)
        self.order, self.at, self.epoch, self.stages = None, 0, 0, None

    def next(self, budget, stages):
        """Conversation numbers of about `budget` tokens, of stages (first, last) only."""
        if self.order is None or self.stages != stages:
            self.stages, self.at = stages, 0
            self.order = self.rng.permutation(np.flatnonzero((self.corpus.stages >= stages[0]) & (self.corpus.stages <= stages[1])))
            if len(self.order) == 0:
                raise SystemExit(f"no training conversations of stages {stages}")
        chosen, tokens = [], 0
        while True:
            if self.at == len(self.order):
                self.order, self.at, self.epoch = self.rng.permutation(self.order), 0, self.epoch + 1
            c = self.order[self.at]
            tokens += int(self.corpus.offsets[c + 1] - self.corpus.offsets[c])
            if chosen and tokens > budget:
                return chosen
            chosen.append(int(c))
            self.at += 1

    def state(self):
        return dict(rng=self.rng.bit_generator.state, order=self.order, at=self.at, epoch=self.epoch, stages=self.stages)

    def restore(self, state):
        self.rng.bit_generator.state = state["rng"]
        self.order, self.at, self.epoch, self.stages = state["order"], state["at"], state["epoch"], state["stages"]


def loss_of(model, batch, prompt_share, balance_weight):
    """(loss, fact loss as a float, loads). The output head sees answers and a random share of the prompt only."""
    wanted = batch.kind >= data.ANSWER
    if prompt_share > 0:
        wanted |= (batch.kind == data.PROMPT) & (torch.rand(len(batch.ids)) < prompt_share)
    rows = wanted.nonzero().view(-1)
    kinds = batch.kind[rows].long()
    weight = torch.tensor([0.0, WEIGHTS[data.PROMPT] / max(prompt_share, 1e-9), WEIGHTS[data.ANSWER], WEIGHTS[data.FACT]])[kinds]
    x, loads, balance = model(batch.ids, batch.segments, batch.pictures, batch.places)
    each = F.cross_entropy(model.logits(x.index_select(0, rows)), batch.label[rows], reduction="none")
    facts = each.detach()[kinds == data.FACT]
    loss = (each * weight).sum() / weight.sum()
    return loss + balance_weight * balance, loss.item(), facts.mean().item() if len(facts) else float("nan"), loads


@torch.no_grad()
def evaluate(model, corpus, chosen, pictures, budget):
    """{kind: [answers, of them with all fact tokens the most probable, fact tokens, their summed loss]}, 'all' among the kinds."""
    model.eval()
    tally = collections.defaultdict(lambda: np.zeros(4))
    for group in data.budgeted(corpus, chosen, budget):
        batch = data.Batch(corpus, group, pictures)
        rows = (batch.kind == data.FACT).nonzero().view(-1)
        if len(rows) == 0:
            continue
        x, _, _ = model(batch.ids, batch.segments, batch.pictures, batch.places)
        logits = model.logits(x[rows])
        each = F.cross_entropy(logits, batch.label[rows], reduction="none").tolist()
        hit = (logits.argmax(-1) == batch.label[rows]).tolist()
        whole = {}
        for answer, loss, ok in zip(batch.answer[rows.numpy()].tolist(), each, hit):
            whole[answer] = whole.get(answer, True) and ok
            for name in (corpus.kinds[answer], "all"):
                tally[name] += (0, 0, 1, loss)
        for answer, ok in whole.items():
            for name in (corpus.kinds[answer], "all"):
                tally[name] += (1, ok, 0, 0)
    model.train()
    return dict(tally)


def save(path, model, optimizer, feed, progress):
    torch.save(dict(
        config=vars(model.c), model=model.state_dict(), optimizer=optimizer.state(), feed=feed.state(),
        progress=progress, rng=torch.get_rng_state()), path + ".new")
    os.replace(path + ".new", path)


def append(path, header, row):
    new = not os.path.exists(path)
    with open(path, "a", newline="") as f:
        writer = csv.writer(f)
        if new:
            writer.writerow(header)
        writer.writerow(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("run")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--minutes", type=float, required=True, help="planned time of training, over all resumptions")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--init", help="start from these weights, with fresh optimizers: a checkpoint or mind.gguf / mind.f32.gguf")
    parser.add_argument("--vision", help="eyes of pretrain_vision.py. They stay as they are here: a dozen pictures a step "
                        "teach them nothing, and Muon's steps are as large as ever")
    parser.add_argument("--budget", type=int, nargs=2, default=[4096, 8192], metavar=("FIRST", "LAST"),
                        help="tokens of a step, growing over the ramp")
    parser.add_argument("--ramp", type=float, default=0.3, help="share of the time after which a step has its last size")
    parser.add_argument("--curriculum", type=float, nargs="*", metavar="SHARE FIRST LAST",
                        default=[0.08, 0, 0, 0.2, 0, 1, 0.3, 1, 2, 1, 2, 2],
                        help="up to which share of the time which stages: 0 short recitations, 1 long ones and drills, "
                        "2 conversations")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--embedding-lr", type=float, default=3e-3)
    parser.add_argument("--small-lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--warmup", type=int, default=50)
    parser.add_argument("--decay", type=float, default=0.4,
                        help="share of the time over which the learning rates fall to nothing: two thirds of what a run "
                        "learns comes then")
    parser.add_argument("--muon-steps", type=int, default=5)
    parser.add_argument("--prompt-share", type=float, default=0.15)
    parser.add_argument("--balance", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=3)
    parser.add_argument("--eval-minutes", type=float, default=5)
    parser.add_argument("--eval-count", type=int, nargs=2, default=[160, 40], metavar=("HELD", "TRAIN"), help="conversations looked at")
    parser.add_argument("--steps", type=int, help="stop after that many (for trials)")
    args = parser.parse_args()

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    os.makedirs(args.run, exist_ok=True)
    checkpoint, log, evals = (os.path.join(args.run, name) for name in ("checkpoint.pt", "log.csv", "eval.csv"))
    tokenizer = Tokenizer.load(args.tokenizer)
    began = time.time()
    splits = data.load(args.corpus, tokenizer, args.tokenizer)
    pictures = data.picture_file(args.corpus)
    train, held = splits["train"], splits["held"]
    for name, corpus in splits.items():
        sizes = np.diff(corpus.offsets)
        share = [float((corpus.kind == k).mean()) if len(corpus.kind) else 0 for k in (data.PROMPT, data.ANSWER, data.FACT)]
        print(f"{name}: {len(corpus)} conversations, {len(corpus.ids)} tokens, longest {sizes.max() if len(sizes) else 0}, "
              f"prompt / answer / fact {share[0]:.3f} / {share[1]:.3f} / {share[2]:.3f}, "
              f"pictures {sum(map(len, corpus.pictures))}")
    print(f"corpus ready after {time.time() - began:.0f} s", flush=True)

    progress = dict(elapsed=0.0, step=0, tokens=0)
    feed = Feed(train, args.seed)
    saved = torch.load(checkpoint) if args.resume and os.path.exists(checkpoint) else None
    if saved is None and args.init:
        model = weights.load(args.init, tokenizer)
    else:
        model = Mind(Config(**saved["config"]) if saved else Config(vocabulary=len(tokenizer.tokens)))
    if args.vision and saved is None:
        model.eyes.load_state_dict(torch.load(args.vision)["eyes"])
    model.eyes.requires_grad_(False)
    rates = dict(muon=args.muon_lr, table=args.embedding_lr, small=args.small_lr)
    optimizer = Optimizer(model, rates, args.workers, args.muon_steps, args.weight_decay)
    if saved:
        model.load_state_dict(saved["model"])
        optimizer.restore(saved["optimizer"])
        feed.restore(saved["feed"])
        torch.set_rng_state(saved["rng"])
        progress = saved["progress"]
        print(f"resumed at step {progress['step']}, {progress['elapsed'] / 60:.1f} minutes", flush=True)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)

    picker = np.random.default_rng(7)
    watched = {name: np.sort(picker.permutation(len(splits[name]))[:count]) for name, count in zip(("held", "train"), args.eval_count)}
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))

    # Processes agree on every step through `orders`: [what, factor, tokens, first stage, last stage];
    # `figures` [workers, 3 + loads] is what came of it.
    STEP, EVALUATE, STOP = 0, 1, 2
    orders = torch.zeros(5, dtype=torch.float64).share_memory_()
    figures = torch.zeros(args.workers, 3 + model.c.layers * model.c.experts).share_memory_()
    barrier = multiprocessing.Barrier(args.workers)
    tallies = multiprocessing.SimpleQueue()
    me, main_process = 0, os.getpid()
    for number in range(1, args.workers):
        if os.fork() == 0:
            me = number
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the main process
            if os.getppid() != main_process:
                os._exit(1)
            torch.manual_seed(args.seed + 1000 * me + progress["step"])
            break
    optimizer.begin(me)
    model.train()

    def obey():
        """One step, evaluation or stop, as `orders` says, in every process."""
        barrier.wait()
        what, factor, budget, *stages = orders.tolist()
        if what == STEP:
            mine = [feed.next(int(budget) // args.workers, stages) for _ in range(args.workers)][me]
            batch = data.Batch(train, mine, pictures)
            optimizer.zero(me)
            total, loss, fact, loads = loss_of(model, batch, args.prompt_share, args.balance)
            total.backward()
            figures[me] = torch.cat([torch.tensor([len(batch.ids), loss, fact]), loads.flatten()])
            barrier.wait()
            optimizer.step(me, factor)
            barrier.wait()
        elif what == EVALUATE:
            result = {name: evaluate(model, splits[name], chosen[me::args.workers], pictures, int(budget))
                      for name, chosen in watched.items()}
            if me:
                tallies.put(result)
            return result
        return what

    if me:
        while obey() != STOP:
            pass
        os._exit(0)

    def report():
        orders.copy_(torch.tensor([EVALUATE, 0, args.budget[1] // 2, 0, 0], dtype=torch.float64))
        parts = [obey()] + [tallies.get() for _ in range(args.workers - 1)]
        for name in watched:
            total = collections.defaultdict(lambda: np.zeros(4))
            for part in parts:
                for kind, tally in part[name].items():
                    total[kind] += tally
            words = []
            for kind, (answers, right, tokens, loss) in sorted(total.items()):
                append(evals, ["elapsed", "step", "split", "kind", "answers", "fact_loss", "right"],
                       [f"{progress['elapsed']:.0f}", progress["step"], name, kind, int(answers),
                        f"{loss / tokens:.4f}", f"{right / answers:.4f}"])
                words.append(f"{kind} {right / answers:.3f} (loss {loss / tokens:.3f}, {int(answers)})")
            print(f"  {name}: " + ", ".join(words), flush=True)
        if os.path.exists(log):
            picture.curves(log, evals, os.path.join(args.run, "loss.png"))

    planned = args.minutes * 60
    last = last_save = last_eval = last_print = time.time()
    window = []
    while progress["elapsed"] < planned and not stopping and (args.steps is None or progress["step"] < args.steps):
        share = progress["elapsed"] / planned
        grow = min(1.0, share / max(args.ramp, 1e-9))
        budget = int(args.budget[0] + (args.budget[1] - args.budget[0]) * grow)
        stages = next(([first, last] for until, first, last in zip(*[iter(args.curriculum)] * 3) if share < until), [2, 2])
        factor = factor_at(progress["step"], share, args.warmup, args.decay)
        orders.copy_(torch.tensor([STEP, factor, budget, *stages], dtype=torch.float64))
        obey()
        optimizer.stepped()
        progress["step"] += 1
        progress["tokens"] += int(figures[:, 0].sum())
        window.append(figures.clone())
        if progress["step"] % 20 == 0:
            now, rows = time.time(), torch.stack(window).double()  # [steps, workers, figures]
            rate, mean, fact = float(rows[:, :, 0].sum()) / (now - last_print), float(rows[:, :, 1].mean()), float(rows[:, :, 2].nanmean())
            loads = rows[:, :, 3:].mean((0, 1))
            print(f"step {progress['step']}  {progress['elapsed'] / 60:.1f} min  loss {mean:.3f}  fact {fact:.3f}  "
                  f"{rate:.0f} tok/s  rate {factor:.2f}  tokens {progress['tokens']}  epoch {feed.epoch}  "
                  f"load {loads.min():.2f}-{loads.max():.2f}", flush=True)
            experts = [f"load_{i}_{e}" for i in range(model.c.layers) for e in range(model.c.experts)]
            append(log, ["elapsed", "step", "tokens", "loss", "fact_loss", "tok_s", "lr", *experts],
                   [f"{progress['elapsed']:.1f}", progress["step"], progress["tokens"], f"{mean:.4f}", f"{fact:.4f}",
                    f"{rate:.0f}", f"{factor:.4f}", *[f"{v:.3f}" for v in loads.tolist()]])
            window, last_print = [], now
        if time.time() - last_save > args.save_minutes * 60:
            save(checkpoint, model, optimizer, feed, progress)
            last_save = time.time()
        if time.time() - last_eval > args.eval_minutes * 60:
            before = time.time()
            report()
            last_eval = time.time()
            last_print += last_eval - before
        now = time.time()
        progress["elapsed"] += now - last
        last = now
    save(checkpoint, model, optimizer, feed, progress)
    print(f"saved at step {progress['step']}, {progress['elapsed'] / 60:.1f} minutes, {progress['tokens']} tokens", flush=True)
    if not stopping:
        report()
    orders[0] = STOP
    obey()
    for _ in range(1, args.workers):
        os.wait()
    if stopping:
        raise SystemExit("stopped before the mind is done: start again, with --resume")  # not 0: what comes next waits for it


if __name__ == "__main__":
    main()
