#!/usr/bin/python3
"""Compares the tokenizer with the product's.

    check_tokenizer.py TOKENIZER.json CORPUS_DIR

Takes the texts of some conversations of the corpus and a few hard ones; exit 1 if tokens differ.
"""
import argparse
import json
import os
import subprocess
import tempfile

import export
import tokenizer as tok


def verify(tokenizer, folder, product):
    """Compares with the product on the texts of some conversations; returns how many differ."""
    texts = sorted({t for c in tok.conversations(folder, limit=200) for t in tok.texts_of(c)})[:2000]
    texts += [
        "It's WE'RE I'll he'D  two  spaces\n\n\n a/b//\n 12345 x_y \t tab\r\n end ", "\n\n  Tobin's", "don't!?\n/ok",
        "Wie heißt du? Où est-ce, ¿dónde? 你好，你叫什么 Привет, дела? नमस्ते 😀 x²", " (a) [b] {\"Do\":\"Walk\"}"]
    with tempfile.TemporaryDirectory() as folder:
        model, batch = os.path.join(folder, "vocabulary.gguf"), os.path.join(folder, "texts.json")
        export.vocabulary_file(tokenizer, model)
        json.dump(texts, open(batch, "w", encoding="utf-8"), ensure_ascii=False)
        command = [product, "tokenize", model, "--batch", batch, "--json"]
        theirs = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    wrong = [(t, tokenizer.encode(t), their) for t, their in zip(texts, theirs) if tokenizer.encode(t) != their]
    for text, mine, their in wrong[:5]:
        print("DIFFERS", repr(text), mine, their)
    print(f"{len(texts)} texts, {len(wrong)} differ")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer")
    parser.add_argument("corpus")
    product = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 3, "scripts", "npcmind")
    parser.add_argument("--product", default=product, help="the command line of the product")
    args = parser.parse_args()
    raise SystemExit(1 if verify(tok.Tokenizer.load(args.tokenizer), args.corpus, args.product) else 0)


if __name__ == "__main__":
    main()
