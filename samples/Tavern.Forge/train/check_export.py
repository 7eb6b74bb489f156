#!/usr/bin/python3
"""Compares the trainer's logits with the product's on held-out conversations.

    check_export.py CHECKPOINT.pt --tokenizer TOKENIZER.json --models DIR --corpus CORPUS_DIR

DIR is what export.py wrote. In F32 the normalised mean square error must be at most 1e-6 (exit 1 otherwise);
that of the shipped files is printed as well.
"""
import argparse
import os
import subprocess
import tempfile

import matplotlib
import numpy as np
import torch

matplotlib.use("Agg")
from matplotlib import pyplot

import data
import tokenizer as tok
import weights


def nmse(a, b):
    return float(((a.astype(np.float64) - b) ** 2).sum() / (b.astype(np.float64) ** 2).sum())


def product_logits(args, folder, mind, eyes, ids, picture_path, patch):
    out, tokens = os.path.join(folder, "logits.bin"), os.path.join(folder, "tokens.txt")
    with open(tokens, "w") as f:
        f.write(" ".join(map(str, ids)))
    command = [args.product, "logits", os.path.join(args.models, mind), "--tokens-file", tokens, "--out", out, "--kv", "f32"]
    if picture_path:
        command += ["--mmproj", os.path.join(args.models, eyes), "--image", picture_path, "--image-token", str(patch)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.fromfile(out, "<f4").reshape(len(ids), -1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--models", required=True)
    parser.add_argument("--corpus", required=True)
    product = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 3, "scripts", "npcmind")
    parser.add_argument("--product", default=product, help="the command line of the product")
    parser.add_argument("--count", type=int, default=3, help="conversations without and with a picture, each")
    args = parser.parse_args()
    tokenizer = tok.Tokenizer.load(args.tokenizer)
    model = weights.load(args.checkpoint, tokenizer).eval()
    corpus = data.load(args.corpus, tokenizer, args.tokenizer)["held"]
    pictures = data.picture_file(args.corpus)
    sizes = np.diff(corpus.offsets)
    plain = [int(c) for c in np.argsort(-sizes) if not corpus.pictures[c]][:1]
    plain += [c for c in range(len(corpus)) if not corpus.pictures[c]][:args.count - 1]
    shown = [c for c in range(len(corpus)) if len(corpus.pictures[c]) == 1][:args.count]
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for c in plain + shown:
            batch = data.Batch(corpus, [c], pictures)
            mine = model.logits(model(batch.ids, batch.segments, batch.pictures, batch.places)[0]).numpy()
            path = None
            if corpus.pictures[c]:
                path = os.path.join(folder, "picture.png")
                pyplot.imsave(path, np.asarray(pictures[corpus.pictures[c][0][1]]))
            line = f"conversation {c}, {len(batch.ids)} tokens{', picture' if path else ''}:"
            for mind, eyes in (("mind.f32.gguf", "eyes.f32.gguf"), ("mind.gguf", "eyes.gguf")):
                theirs = product_logits(args, folder, mind, eyes, batch.ids.tolist(), path, tokenizer.control(tok.PATCH))
                error = nmse(theirs, mine)
                same = float((theirs.argmax(-1) == mine.argmax(-1)).mean())
                line += f"  {mind} nmse {error:.2e}, same choice {same:.4f}"
                if mind == "mind.f32.gguf":
                    worst = max(worst, error)
            print(line, flush=True)
    print(f"worst F32 nmse {worst:.2e}: {'ok' if worst <= 1e-6 else 'TOO LARGE'}")
    raise SystemExit(0 if worst <= 1e-6 else 1)


if __name__ == "__main__":
    main()
