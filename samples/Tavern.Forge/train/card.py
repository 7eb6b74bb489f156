#!/usr/bin/python3
"""Writes the model card: data, training, results, limits, licence. Every figure comes from the files of the run.

    card.py --run RUN_DIR --evaluation EVALUATION.json --models DIR
"""
import argparse
import csv
import json
import os

import torch

KINDS = [("world", "facts about the world", 0.95), ("persona", "the character itself", 0.95),
         ("unknown", '"I do not know" where it is right', 0.90), ("action_legal", "actions that are legal", 1.00),
         ("action_right", "actions that are right", 0.90), ("object", "objects in a picture", 0.90),
         ("color", "colours in a picture", 0.90), ("left_right", "left or right in a picture", 0.80),
         ("count", "counting in a picture", 0.80)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--evaluation", required=True)
    parser.add_argument("--models", required=True)
    args = parser.parse_args()
    result = json.load(open(args.evaluation))
    saved = torch.load(os.path.join(args.run, "checkpoint.pt"), map_location="cpu")
    c, progress = saved["config"], saved["progress"]
    last = list(csv.DictReader(open(os.path.join(args.run, "log.csv"))))[-1]
    loads = [float(v) for k, v in last.items() if k.startswith("load_") and v]
    parameters = {part: sum(v.numel() for k, v in saved["model"].items() if k.startswith("eyes.") == (part == "eyes"))
                  for part in ("mind", "eyes")}
    sizes = {name: os.path.getsize(os.path.join(args.models, name)) for name in ("mind.gguf", "eyes.gguf")}
    rows = []
    for kind, what, wanted in KINDS:
        got = result["accuracy"].get(kind)
        right = "not asked" if got is None else f"{100 * got:.1f} %"
        rows.append(f"| {what} | {right} | {100 * wanted:.0f} % | {result['asked'].get(kind, 0)} |")
    # A backslash at the end of a line goes on with the same line of the card.
    text = f"""# The Tavern's mind

A small Llama 4 language model with an image encoder, made for one purpose: to be the characters of this sample's taverns, \
on any machine, with no download.

| file | bytes | parameters |
|---|---|---|
| mind.gguf (Q8_0) | {sizes['mind.gguf']:,} | {parameters['mind']:,} |
| eyes.gguf | {sizes['eyes.gguf']:,} | {parameters['eyes']:,} |

{c['layers']} layers of width {c['width']}, {c['heads']} heads of {c['head_dim']} ({c['kv_heads']} for keys), \
{c['experts']} routed experts of {c['hidden']} (one at a time) and a shared one in every layer, iRoPE with chunks of
{c['chunk']}, {c['vocabulary']} tokens. Eyes: pictures of {c['picture']} x {c['picture']}, \
{c['eye_layers']} layers of {c['eye_width']}, 16 tokens a picture.

## Data
Made by `samples/Tavern.Forge` from seeds: tavern worlds of one to five people, conversations in many wordings, \
rendered pictures of the tavern. No text or picture comes from anywhere else.
Names, wordings, worlds and scenes that are asked about below never occur in training (tests/Tavern.Tests/CorpusTests.cs).

## Training
`scripts/forge.sh`: PyTorch, f32, two CPU cores, Muon for matrices and AdamW for the rest. \
This run: {progress['elapsed'] / 60:.0f} minutes, {progress['step']:,} steps, {progress['tokens'] / 1e6:.1f} million tokens
(weights may come from earlier runs as well: see docs/measurements/forge.md). Last loss {float(last['loss']):.3f}; \
share of tokens of the least and the most used expert {100 * min(loads):.0f} and {100 * max(loads):.0f} %.

## Results
Through the SDK, on what was held out; {result['questions']} questions (`scripts/forge.sh --evaluate`). \
The rest of them are small talk, who or where somebody is seen, and what was just said: \
{100 * result['others']['other']:.1f} % right.

| question about | right | wanted | asked |
|---|---|---|---|
{chr(10).join(rows)}

## Limits
It knows nothing but taverns as `samples/Tavern.World` makes them: its words are those of `Lexicon.cs`, \
its English is short, and it was never made safe or wise. It may not understand what it is told in
other words. It repeats facts from its prompt; where it does not find one it should say "I do not know."

## Licence
MIT, as the project (LICENSE at its top).
"""
    with open(os.path.join(args.models, "README.md"), "w") as f:
        f.write(text)
    print(os.path.join(args.models, "README.md"))


if __name__ == "__main__":
    main()
