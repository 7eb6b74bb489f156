"""The corpus as token ids with labels, and batches of whole conversations by token budget."""
import os
import pickle

import numpy as np
import torch

import tokenizer as tok

NOTHING, PROMPT, ANSWER, FACT = 0, 1, 2, 3  # what a label is; NOTHING is never predicted


class Corpus:
    """Conversations of one split, one behind the other.

    ids, label [N] int32; kind [N] u8 (what the label is); answer [N] int32 (number of the answer that a label belongs to, or -1);
    offsets [C + 1]; stages [C]; pictures: per conversation [(row within it of the first <|patch|>, picture)]; kinds: name per answer.
    """

    def __init__(self):
        self.ids, self.label, self.kind, self.answer = [], [], [], []
        self.offsets, self.stages, self.pictures, self.kinds = [0], [], [], []

    def pack(self):
        self.ids, self.label = np.array(self.ids, np.int32), np.array(self.label, np.int32)
        self.kind, self.answer = np.array(self.kind, np.uint8), np.array(self.answer, np.int32)
        self.offsets, self.stages = np.array(self.offsets, np.int64), np.array(self.stages, np.int32)
        return self

    def __len__(self):
        return len(self.stages)


def overlaps(lengths, spans):
    """Per token whether it overlaps one of the character ranges."""
    at, result = 0, []
    for length in lengths:
        result.append(any(start < at + length and at < end for start, end in spans or []))
        at += length
    return result


class Writer:
    """Appends one conversation: every token comes with what it is as a label of the token before."""

    def __init__(self, corpus, tokenizer, picture_tokens=16):
        self.corpus, self.t, self.picture_tokens = corpus, tokenizer, picture_tokens
        self.control = {name: tokenizer.control(name) for name in tok.CONTROLS}
        self.opening = tokenizer.encode(tok.ACTION)

    def put(self, ids, kinds, answer=-1):
        self.i += ids
        self.k += kinds if isinstance(kinds, list) else [kinds] * len(ids)
        self.a += [answer] * len(ids)

    def header(self, role):
        self.put([self.control[tok.HEADER_START], *self.t.encode(role), self.control[tok.HEADER_END]], PROMPT)

    def write(self, conversation):
        self.i, self.k, self.a = [], [], []  # ids; kind and answer of each id as a label
        instead = {}  # row -> label that is not the next id
        pictures, eot, encode = [], self.control[tok.EOT], self.t.encode
        self.put([self.control[tok.BOS]], NOTHING)
        self.header("system")
        self.put(encode("\n\n" + conversation["system"]) + [eot], PROMPT)
        for turn in conversation["turns"]:
            self.header("user")
            if turn.get("image") is not None:
                self.put(encode("\n\n"), PROMPT)
                self.put([self.control[tok.IMAGE_START], self.control[tok.IMAGE]], NOTHING)
                pictures.append((len(self.i), turn["image"]))
                self.put([self.control[tok.PATCH]] * self.picture_tokens + [self.control[tok.IMAGE_END]], NOTHING)
                self.put(encode(turn["user"]) + [eot], PROMPT)
            else:
                self.put(encode("\n\n" + turn["user"]) + [eot], PROMPT)
            self.header("assistant")
            self.put(encode("\n\n"), PROMPT)
            self.say(turn["answer"], turn.get("spans"), turn.get("kind", "?"))
            if turn.get("action") is not None:
                # The speech ends with <|eot|>; the product then writes the opening in its place.
                instead[len(self.i) - 1] = (eot, ANSWER, len(self.corpus.kinds) - 1)
                self.put(self.opening, NOTHING)
                self.say(turn["action"], turn.get("action_spans"), turn.get("kind", "?") + "/action")
            self.put([eot], ANSWER, len(self.corpus.kinds) - 1)
        label, kind, answer = self.i[1:] + [0], self.k[1:] + [NOTHING], self.a[1:] + [-1]
        for row, (l, k, a) in instead.items():
            label[row], kind[row], answer[row] = l, k, a
        c = self.corpus
        c.ids += self.i
        c.label += label
        c.kind += kind
        c.answer += answer
        c.offsets.append(len(c.ids))
        c.stages.append(conversation["stage"])
        c.pictures.append(pictures)

    def say(self, text, spans, kind):
        ids = self.t.encode(text)
        self.corpus.kinds.append(kind)
        self.put(ids, [FACT if hit else ANSWER for hit in overlaps(self.t.lengths(ids), spans)], len(self.corpus.kinds) - 1)


def load(folder, tokenizer, tokenizer_path, longest=2048):
    """{split: Corpus}; tokenized once and kept beside the corpus."""
    source = os.path.join(folder, "corpus.jsonl")
    cache = os.path.join(folder, "tokens.pickle")
    stamp = [os.path.getmtime(source), os.path.getsize(source), tokenizer.merges, longest]
    if os.path.exists(cache):
        with open(cache, "rb") as f:
            if pickle.load(f) == stamp:
                return pickle.load(f)
    splits, left_out = {"train": Corpus(), "held": Corpus()}, 0
    writers = {name: Writer(corpus, tokenizer) for name, corpus in splits.items()}
    for conversation in tok.conversations(folder):
        corpus = splits[conversation["split"]]
        sizes = [len(v) for v in (corpus.ids, corpus.kinds, corpus.stages)]
        writers[conversation["split"]].write(conversation)
        if len(corpus.ids) - sizes[0] > longest:
            left_out += 1
            del corpus.ids[sizes[0]:], corpus.label[sizes[0]:], corpus.kind[sizes[0]:], corpus.answer[sizes[0]:]
            del corpus.kinds[sizes[1]:], corpus.stages[sizes[2]:], corpus.pictures[sizes[2]:], corpus.offsets[sizes[2] + 1:]
    for corpus in splits.values():
        corpus.pack()
    if left_out:
        print(f"{left_out} conversations of more than {longest} tokens left out")
    with open(cache + ".new", "wb") as f:
        pickle.dump(stamp, f)
        pickle.dump(splits, f, protocol=4)
    os.replace(cache + ".new", cache)
    return splits


def picture_file(folder, size=112):
    """u8 [pictures, size, size, 3], read from the disk as needed; None when there is no such file."""
    path = os.path.join(folder, "pictures.bin")
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return None
    return np.memmap(path, np.uint8, "r").reshape(-1, size, size, 3)


class Batch:
    """Tensors of some conversations, one behind the other; see Corpus."""

    def __init__(self, corpus, chosen, pictures, picture_tokens=16):
        rows = [np.arange(corpus.offsets[c], corpus.offsets[c + 1]) for c in chosen]
        at = np.concatenate(rows)
        ends = np.cumsum([len(r) for r in rows]).tolist()
        self.segments = list(zip([0] + ends[:-1], ends))
        self.ids = torch.from_numpy(corpus.ids[at].astype(np.int64))
        self.label = torch.from_numpy(corpus.label[at].astype(np.int64))
        self.kind = torch.from_numpy(corpus.kind[at])
        self.answer = corpus.answer[at]
        shown = [(start + row, picture) for (start, _), c in zip(self.segments, chosen) for row, picture in corpus.pictures[c]]
        self.pictures = self.places = None
        if shown:
            self.pictures = torch.from_numpy(np.stack([pictures[p] for _, p in shown]))
            self.places = torch.cat([torch.arange(row, row + picture_tokens) for row, _ in shown])


def budgeted(corpus, order, budget):
    """Cuts conversations, in this order, into groups of at most `budget` tokens."""
    group, tokens = [], 0
    for c in order:
        size = int(corpus.offsets[c + 1] - corpus.offsets[c])
        if group and tokens + size > budget:
            yield group
            group, tokens = [], 0
        group.append(int(c))
        tokens += size
    if group:
        yield group
