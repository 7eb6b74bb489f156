#!/usr/bin/python3
"""Writes the mean of two checkpoints' weights (Izmailov et al. 2018): average.py FIRST.pt SECOND.pt OUT.pt

Both must come of one run, or one of the other; what is not a weight is the second's."""
import sys

import torch

first, second = torch.load(sys.argv[1]), torch.load(sys.argv[2])
for name, value in second["model"].items():
    if value.dtype.is_floating_point:
        second["model"][name] = (first["model"][name] + value) / 2
torch.save(second, sys.argv[3])
