"""Compares mixed tables with one-hot columns and the squared error: `just bench-peers tables`.

    python compare.py NARROWS

The same autoencoder is trained on a mixed table and on its one-hot columns with standardised numbers and the squared
error. Anomalies: half of the normal rows train, the others and the rows of the other class test, and the error of the
reconstruction ranks them (AUROC). Codes: 70 % of all rows train, and a logistic regression on the standardised codes
of these rows predicts the class of the others (accuracy). Seeds 0, 1, 2.
"""

import sys
import tempfile

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sets
from program import Program

SEEDS = range(3)
KINDS = ["ae", "vae"]
LATENT = 8
NETWORK = ["--hidden", "64", "--latent", LATENT, "--epochs", 50]
# The one-hot columns have a bounded range, and the numbers are standardised already.
ONE_HOT = ["--scale", "none", "--likelihood", "gaussian", "--output-link", "identity"]


class OneHot:
    """Columns of 0 and 1 for the levels of the training rows, and standardised numbers."""

    def __init__(self, train, text_columns):
        self.text_columns = text_columns
        numbers = train.drop(columns=text_columns)
        self.mean, self.deviation = numbers.mean(), numbers.std(ddof=0).replace(0, 1)
        self.levels = {name: sorted(train[name].unique()) for name in text_columns}

    def of(self, table):
        numbers = (table.drop(columns=self.text_columns) - self.mean) / self.deviation
        columns = {name: numbers[name] for name in numbers.columns}
        for name, levels in self.levels.items():
            for level in levels:
                columns[f"{name}_{level}"] = (table[name] == level).astype(float)
        return pd.DataFrame(columns)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print("| set | rows | numbers | categories | kind | AUROC mixed | AUROC one-hot | accuracy mixed | accuracy one-hot |")
    print("| --- " * 9 + "|", flush=True)
    totals = []
    with tempfile.TemporaryDirectory() as scratch:
        program = Program(sys.argv[1], scratch)
        for each in sets.load():
            for kind in KINDS:
                figures = np.mean([measure(program, each, kind, seed) for seed in SEEDS], axis=0)
                totals.append(figures)
                text = len(each.text_columns())
                shape = f"{len(each.table)} | {each.table.shape[1] - text} | {text}"
                print(f"| {each.name} | {shape} | {kind} | " + " | ".join(f"{value:.2f}" for value in figures) + " |", flush=True)
    print("| mean | | | | | " + " | ".join(f"{value:.2f}" for value in np.mean(totals, axis=0)) + " |")


def measure(program, each, kind, seed):
    """Returns the AUROC of the mixed table and of the one-hot columns, and the accuracy of both, in per cent."""
    random = np.random.default_rng(seed)
    normal = random.permutation(np.where(each.is_normal)[0])
    half = len(normal) // 2
    test = np.concatenate([normal[half:], np.where(~each.is_normal)[0]])
    figures = []
    for one_hot in (False, True):
        train_file, test_file, flags = files(program, each, normal[:half], test, one_hot)
        bundle = program.train(kind, train_file, *NETWORK, *flags, "--seed", seed)
        figures.append(100 * roc_auc_score(~each.is_normal[test], program.errors(bundle, test_file)))
    rows = random.permutation(len(each.table))
    train, test = rows[: len(rows) * 7 // 10], rows[len(rows) * 7 // 10 :]
    for one_hot in (False, True):
        train_file, test_file, flags = files(program, each, train, test, one_hot)
        bundle = program.train(kind, train_file, *NETWORK, *flags, "--seed", seed)
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        probe.fit(program.codes(bundle, train_file), each.classes[train])
        figures.append(100 * probe.score(program.codes(bundle, test_file), each.classes[test]))
    return figures


def files(program, each, train, test, one_hot):
    """Writes the rows of both parts, and returns the paths and the flags of training."""
    train, test = each.table.iloc[train], each.table.iloc[test]
    if one_hot:
        columns = OneHot(train, each.text_columns())
        return program.save("train.csv", columns.of(train)), program.save("test.csv", columns.of(test)), ONE_HOT
    return program.save("train.csv", train), program.save("test.csv", test), []


if __name__ == "__main__":
    main()
