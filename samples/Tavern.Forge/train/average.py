#!/usr/bin/python3
"""Writes the mean of two models' weights (Izmailov et al. 2018): average.py FIRST SECOND.pt OUT.pt [SHARE]

FIRST is a checkpoint or a mind.gguf; SHARE is the second's, 0.5 unless given. Both must come of one run, or one of the
other; what is not a weight is the second's."""
import sys

import torch

import weights
from tokenizer import Tokenizer

path, share = sys.argv[1], float(sys.argv[4]) if len(sys.argv) > 4 else 0.5
first = weights.load(path, Tokenizer.load(path)).state_dict() if path.endswith(".gguf") else torch.load(path)["model"]
second = torch.load(sys.argv[2])
for name, value in second["model"].items():
    if value.dtype.is_floating_point:
        second["model"][name] = (1 - share) * first[name] + share * value
torch.save(second, sys.argv[3])
