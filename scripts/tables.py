"""Checks the comparison of generated with real rows, and the neighbour embedding, against SciPy and scikit-learn.

Usage: tables.py PROGRAM FOLDER

PROGRAM is the example `compare_tables` of narrows-evaluate. FOLDER is deleted and created again: it gets the tables.
"""

import functools
import os
import shutil
import subprocess
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp, mannwhitneyu, wasserstein_distance
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness

from checks import CheckFailed, run_checks

# Rows of the digits.
TRAINING, REAL, GENERATED = 600, 300, 250
# Relative tolerance of figures of the same numbers in 64-bit arithmetic.
EXACT = 1e-9
# How much lower the trustworthiness of a map may be: both minimise the same function from other starts.
MAP = 0.005


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    program, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print(f"SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}")
    tables = make_tables()
    paths = [os.path.join(folder, f"{name}.csv") for name in ("training", "real", "generated")]
    for path, table in zip(paths, tables):
        np.savetxt(path, table, fmt="%.9g", delimiter=",")
    figures = read_figures(subprocess.run([program, *paths], stdout=subprocess.PIPE, check=True, text=True).stdout)
    run_checks(
        "comparisons",
        [
            ("marginal distances", functools.partial(check_marginals, figures, tables)),
            ("correlations", functools.partial(check_correlations, figures, tables)),
            ("nearest training rows", functools.partial(check_nearest, figures, tables)),
            ("test for copies", functools.partial(check_copies, figures, tables)),
            ("neighbour embedding", functools.partial(check_map, figures, tables)),
        ],
    )


def make_tables():
    """Returns training, real and generated rows. Pixels have few values, many ties, and constant columns."""
    random = np.random.default_rng(0)
    digits = load_digits().data.astype(np.float32)
    training, real = digits[:TRAINING], digits[TRAINING : TRAINING + REAL]
    generated = digits[-GENERATED:] + random.normal(0, 0.5, (GENERATED, digits.shape[1])).astype(np.float32)
    # Copies, and a column that is constant in one table only.
    generated[:40] = training[100:140]
    generated[:, 20] = 7
    return training, real, generated


def read_figures(text):
    """Returns an array of the values of each figure, one row per line of the program."""
    figures = {}
    for line in text.splitlines():
        name, *values = line.split(" ")
        figures.setdefault(name, []).append([float(value) for value in values])
    return {name: np.array(values) for name, values in figures.items()}


def largest_difference(what, ours, expected):
    """Compares arrays, and returns a description of the largest difference."""
    if ours.shape != expected.shape:
        raise CheckFailed(f"{what} have the shape {ours.shape}, expected {expected.shape}")
    difference = np.max(np.abs(ours - expected) / np.maximum(np.abs(expected), 1.0))
    if not difference <= EXACT:
        raise CheckFailed(f"{what} differ by {difference:.1e}, allowed {EXACT:.1e}")
    return f"{expected.size} {what}, the largest difference is {difference:.1e}"


def check_marginals(figures, tables):
    _, real, generated = tables
    columns = list(zip(real.T.astype(np.float64), generated.T.astype(np.float64)))
    statistics = np.array([ks_2samp(one, other).statistic for one, other in columns])
    distances = np.array([wasserstein_distance(one, other) for one, other in columns])
    return [
        largest_difference("Kolmogorov-Smirnov statistics", figures["marginal"][:, 0], statistics),
        largest_difference("Wasserstein distances", figures["marginal"][:, 1], distances),
    ]


def check_correlations(figures, tables):
    _, real, generated = tables
    varying = np.flatnonzero((np.ptp(real, axis=0) > 0) & (np.ptp(generated, axis=0) > 0))
    if not np.array_equal(figures["columns"][0], varying):
        raise CheckFailed(f"the columns {figures['columns'][0]} vary, expected {varying}")
    of_real, of_generated = (np.corrcoef(rows[:, varying].T.astype(np.float64)) for rows in (real, generated))
    pairs = ~np.eye(len(varying), dtype=bool)
    mean = np.abs(of_generated - of_real)[pairs].mean()
    expected = np.stack([of_real, of_generated], -1).reshape(-1, 2)
    return [
        largest_difference("correlations", figures["correlation"], expected),
        largest_difference("mean difference", figures["correlation_difference"][0], np.array([mean])),
    ]


def nearest(tables):
    """Returns the nearest training rows of generated rows, their distances, and those of real rows."""
    training, real, generated = (rows.astype(np.float64) for rows in tables)
    distances = cdist(generated, training)
    return distances.argmin(axis=1), distances.min(axis=1), cdist(real, training).min(axis=1)


def check_nearest(figures, tables):
    indices, distances, _ = nearest(tables)
    expected = np.stack([indices, distances], -1)
    return [largest_difference("indices and distances", figures["nearest"], expected)]


def check_copies(figures, tables):
    _, generated, held_out = nearest(tables)
    pairs = len(generated) * len(held_out)
    larger = mannwhitneyu(generated, held_out).statistic
    score = (larger - pairs / 2) / np.sqrt(pairs * (len(generated) + len(held_out) + 1) / 12)
    return [largest_difference("figures", figures["copies"][0], np.array([np.median(held_out), larger / pairs, score]))]


def check_map(figures, tables):
    training = tables[0]
    ours = trustworthiness(training, figures["point"])
    theirs = trustworthiness(training, TSNE(method="exact", random_state=0).fit_transform(training))
    if not ours >= theirs - MAP:
        raise CheckFailed(f"the trustworthiness is {ours:.4f}, that of scikit-learn {theirs:.4f}")
    return [f"trustworthiness {ours:.4f}, of scikit-learn {theirs:.4f}"]


if __name__ == "__main__":
    main(sys.argv[1:])
