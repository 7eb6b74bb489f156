#!/usr/bin/python3
"""Byte-level BPE in the form of GGUF's tokenizer.ggml.model = gpt2, pre = llama4, learned from the training texts.

    tokenizer.py CORPUS_DIR OUT.json [--size 4096] [--min-frequency 20] [--sample 20000]

The pre-tokenizer's expression is written out for what Python's re knows, with the letters and digits of the Basic
Multilingual Plane as classes.
"""
import argparse
import collections
import json
import os
import re
import unicodedata

import gguf

BOS, END, EOT, HEADER_START, HEADER_END = "<|begin_of_text|>", "<|end_of_text|>", "<|eot|>", "<|header_start|>", "<|header_end|>"
IMAGE_START, IMAGE_END, IMAGE, PATCH = "<|image_start|>", "<|image_end|>", "<|image|>", "<|patch|>"
CONTROLS = [BOS, END, EOT, HEADER_START, HEADER_END, IMAGE_START, IMAGE_END, IMAGE, PATCH,
            "<|tile_x_separator|>", "<|tile_y_separator|>", "<|finetune_right_pad|>"]
ACTION = "\n[action] "  # what the product puts in place of the <|eot|> of a speech that an action follows

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|header_start|>' + message['role'] + '<|header_end|>\\n\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<|image|>' }}{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}{{ '<|eot|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|header_start|>assistant<|header_end|>\\n\\n' }}{% endif %}")

CONTRACTION = r"(?:'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?"


def characters(*categories):
    """The inside of a class of all characters of these general categories (two letters, or one for all that begin so)."""
    parts, start, last = [], None, None
    for code in [*range(0x10000), None]:
        hit = code is not None and unicodedata.category(chr(code)).startswith(categories)
        if hit and start is None:
            start = code
        elif not hit and start is not None:
            parts.append(f"\\u{start:04x}-\\u{last:04x}")
            start = None
        last = code
    return "".join(parts)


LETTER, NUMBER = characters("L"), characters("N")
UPPER, LOWER = characters("Lu", "Lt", "Lm", "Lo", "M"), characters("Ll", "Lm", "Lo", "M")
PIECES = re.compile(
    rf"[^\r\n{LETTER}{NUMBER}]?[{UPPER}]*[{LOWER}]+" + CONTRACTION +
    rf"|[^\r\n{LETTER}{NUMBER}]?[{UPPER}]+[{LOWER}]*" + CONTRACTION +
    rf"|[{NUMBER}]{{1,3}}| ?[^\s{LETTER}{NUMBER}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_symbols():
    """GPT-2's printable stand-ins: 256 characters, by byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols, extra = [], 256
    for byte in range(256):
        if byte in shown:
            symbols.append(chr(byte))
        else:
            symbols.append(chr(extra))
            extra += 1
    return symbols


SYMBOLS = byte_symbols()


def spell(piece):
    return [SYMBOLS[b] for b in piece.encode("utf-8")]


class Tokenizer:
    """Ids: 256 bytes, then one token per merge, then the control tokens."""

    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.tokens = sorted(SYMBOLS) + [a + b for a, b in self.merges] + CONTROLS
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.cache = {}

    @staticmethod
    def load(path):
        """From the JSON file that `save` writes, or from the model in a GGUF file."""
        if path.endswith(".gguf"):
            return Tokenizer([pair.split(" ") for pair in gguf.read(path)[0]["tokenizer.ggml.merges"]])
        return Tokenizer(json.load(open(path))["merges"])

    def save(self, path):
        json.dump({"merges": self.merges}, open(path, "w"))

    def control(self, name):
        return self.ids[name]

    def encode(self, text):
        """Ids of a text in which nothing is a control token."""
        ids = []
        for piece in PIECES.findall(text):
            known = self.cache.get(piece)
            if known is None:
                known = self.cache[piece] = [self.ids[s] for s in self._merge(spell(piece))]
            ids.extend(known)
        return ids

    def lengths(self, ids):
        """Bytes of each token: characters, too, in the answers, which are ASCII."""
        return [len(self.tokens[i]) for i in ids]

    def _merge(self, symbols):
        while len(symbols) > 1:
            best = min(range(len(symbols) - 1), key=lambda i: self.rank.get((symbols[i], symbols[i + 1]), 1 << 30))
            pair = (symbols[best], symbols[best + 1])
            if pair not in self.rank:
                break
            joined, i = [], 0
            while i < len(symbols):
                if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
                    joined.append(pair[0] + pair[1])
                    i += 2
                else:
                    joined.append(symbols[i])
                    i += 1
            symbols = joined
        return symbols


def texts_of(conversation):
    """The texts that are tokenized one by one, with the line breaks that belong to them."""
    yield "\n\n" + conversation["system"]
    for turn in conversation["turns"]:
        yield turn["user"] if turn.get("image") is not None else "\n\n" + turn["user"]
        yield "\n\n"
        yield turn["answer"]
        if turn.get("action") is not None:
            yield ACTION
            yield turn["action"]


def conversations(folder, split=None, limit=None):
    with open(os.path.join(folder, "corpus.jsonl"), encoding="utf-8") as lines:
        for line in lines:
            conversation = json.loads(line)
            if split is None or conversation["split"] == split:
                yield conversation
                if limit is not None:
                    limit -= 1
                    if limit == 0:
                        return


def learn(folder, size, min_frequency, sample):
    """Sennrich et al. 2016. A piece counts once per conversation: names that a conversation repeats are rare, words that
    all use are frequent."""
    counts = collections.Counter()
    for conversation in conversations(folder, "train", sample):
        counts.update({piece for text in texts_of(conversation) for piece in PIECES.findall(text)})
    # The roles stand between control tokens and get tokens of their own.
    counts.update({role: 10 * min_frequency for role in ("system", "user", "assistant")})
    words = [(spell(piece), n) for piece, n in counts.items()]
    pairs, places = collections.Counter(), collections.defaultdict(set)
    for at, (word, n) in enumerate(words):
        for pair in zip(word, word[1:]):
            pairs[pair] += n
            places[pair].add(at)
    merges, known = [], set()
    while len(merges) < size - 256 - len(CONTROLS) and pairs:
        pair = max(pairs, key=lambda p: (pairs[p], p))
        if pairs[pair] < min_frequency:
            break
        if pair[0] + pair[1] in known:  # tokens are unique: of two ways to one, the first is learned
            del pairs[pair]
            continue
        merges.append(pair)
        known.add(pair[0] + pair[1])
        for at in list(places[pair]):
            word, n = words[at]
            for old in zip(word, word[1:]):
                pairs[old] -= n
            joined, i = [], 0
            while i < len(word):
                if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
                    joined.append(pair[0] + pair[1])
                    i += 2
                else:
                    joined.append(word[i])
                    i += 1
            words[at] = (joined, n)
            for new in zip(joined, joined[1:]):
                pairs[new] += n
                places[new].add(at)
        pairs = collections.Counter({p: n for p, n in pairs.items() if n > 0 and p != pair})
    return Tokenizer(merges)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=4096, help="most tokens, control tokens included")
    parser.add_argument("--min-frequency", type=int, default=20, help="conversations of the sample in which a pair must occur")
    parser.add_argument("--sample", type=int, default=20000, help="conversations looked at")
    args = parser.parse_args()
    tokenizer = learn(args.corpus, args.size, args.min_frequency, args.sample)
    tokenizer.save(args.out)
    print(f"{len(tokenizer.tokens)} tokens, {len(tokenizer.merges)} merges; last: {tokenizer.merges[-5:]}")


if __name__ == "__main__":
    main()
