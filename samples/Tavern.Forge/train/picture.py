"""The curves of a training run, as a picture."""
import csv
import os

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def rows_of(path):
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return list(csv.DictReader(f))


def column(rows, name, scale=1.0):
    return [float(r[name]) * scale for r in rows]


def curves(log, evals, path):
    """Losses above; below the share of held-out answers of each kind in which every word of the fact is the likeliest.
    From the left: minutes."""
    rows, checks = rows_of(log), [r for r in rows_of(evals) if r["split"] == "held" and "/" not in r["kind"]]
    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 7), layout="constrained")
    minutes = column(rows, "elapsed", 1 / 60)
    above.plot(minutes, column(rows, "loss"), label="loss")
    above.plot(minutes, column(rows, "fact_loss"), label="loss on the words that carry a fact")
    above.set(yscale="log", ylabel="nats")
    for kind in sorted({r["kind"] for r in checks}):
        mine = [r for r in checks if r["kind"] == kind]
        below.plot(column(mine, "elapsed", 1 / 60), column(mine, "right"), marker=".", label=kind, color="black" if kind == "all" else None)
    below.set(ylim=(0, 1.02), xlabel="minutes", ylabel="held-out answers right")
    for axes in (above, below):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize="small", ncols=2)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
