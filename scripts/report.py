"""Compares the figures of `narrows report` with NumPy, SciPy and scikit-learn.

    python report.py NARROWS ZOO FOLDER

NARROWS is the program, ZOO the folder of the models of the embedded digits, and FOLDER the output folder. The other
figures are those of `narrows evaluate`, which evaluation.py checks.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from checks import CheckFailed, run_checks

TRAIN_ROWS = 1437
# Relative tolerance of figures of graphs that compute in 32 bits.
EXACT = 2e-5
# The largest number of test rows whose nearest training row is searched.
HELD_OUT = 256


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, zoo, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    program = functools.partial(run, narrows)
    run_checks(
        "figures of reports",
        [
            ("error of principal components", functools.partial(check_components, program, zoo, folder)),
            ("quantiles of errors", functools.partial(check_quantiles, program, zoo, folder)),
            ("distances to training rows", functools.partial(check_distances, program, zoo, folder)),
        ],
    )


def run(narrows, *arguments):
    return subprocess.run([narrows, "--quiet", *arguments], stdout=subprocess.PIPE, check=True).stdout


def report(program, zoo, folder, kind):
    bundle = os.path.join(zoo, kind)
    page = os.path.join(folder, f"{kind}.html")
    return json.loads(program("report", bundle, "--data", "digits", "--json", "--out", page))


def digits():
    rows = load_digits().data / 16
    return rows[:TRAIN_ROWS], rows[TRAIN_ROWS:]


def check_components(program, zoo, folder):
    train, test = digits()
    pca = PCA(n_components=8).fit(train)
    restored = pca.inverse_transform(pca.transform(test))
    return [compare("pca_mse", report(program, zoo, folder, "ae")["pca_mse"], np.mean((test - restored) ** 2))]


def check_quantiles(program, zoo, folder):
    figures = report(program, zoo, folder, "vae")
    scores = os.path.join(folder, "scores.npy")
    bundle = os.path.join(zoo, "vae")
    program("score", bundle, "--data", "digits", "--part", "test", "--by", "squared_error", "--out", scores)
    return [
        compare(f"quantile {percent}", figures[f"error_quantile_{percent}"], np.percentile(np.load(scores), percent))
        for percent in (95, 99)
    ]


def check_distances(program, zoo, folder):
    figures = report(program, zoo, folder, "vae")
    train, test = digits()
    samples = os.path.join(folder, "samples.npy")
    program("generate", os.path.join(zoo, "vae"), "--count", "64", "--seed", "0", "--out", samples)
    step = -(-len(test) // HELD_OUT)
    real = cdist(test[::step], train).min(axis=1)
    generated = cdist(np.load(samples).reshape(64, -1).astype(np.float64) / 16, train).min(axis=1)
    statistic = mannwhitneyu(generated, real).statistic
    deviation = np.sqrt(len(generated) * len(real) * (len(generated) + len(real) + 1) / 12)
    return [
        compare("distance", figures["nearest_real_distance"], np.median(real)),
        compare("probability", figures["farther_than_real"], statistic / (len(generated) * len(real))),
        compare("score", figures["farther_score"], (statistic - len(generated) * len(real) / 2) / deviation),
    ]


def compare(name, found, expected):
    if not np.isclose(found, expected, rtol=EXACT, atol=0):
        raise CheckFailed(f"{name} is {found}, expected {expected}")
    return f"{name} {found:.4g}"


if __name__ == "__main__":
    main(sys.argv[1:])
