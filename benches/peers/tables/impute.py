"""Compares imputation with scikit-learn's: `just bench-peers impute`.

    python impute.py NARROWS

10 and 30 % of the cells of every table are hidden at random, in training rows (80 %) and test rows alike; the models
are fitted to the training rows. The error of numbers is the root mean squared error of the hidden test cells divided
by the standard deviation of the whole column, averaged over columns; that of categories is the share of wrong levels.
scikit-learn's imputers take standardised numbers, and a category as one-hot columns, of which the largest is the level,
or as one column of ordinal codes, which are rounded: IterativeImputer takes both, because it predicts the one-hot
columns of a category from each other. The mean and the most frequent level are the reference.
"""

import sys
import tempfile

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

import sets
from program import Program

FRACTIONS = [0.1, 0.3]
SEEDS = range(3)
# IterativeImputer and KNNImputer take minutes for more rows.
MOST_ROWS = 4000
NETWORK = ["--missing", "mask", "--hidden", "128", "--latent", 16]


class Encoded:
    """A table as numbers for scikit-learn: standardised numbers, and one-hot columns or standardised ordinal codes. A
    missing cell is NaN."""

    def __init__(self, train, text_columns, is_one_hot):
        self.is_one_hot = is_one_hot
        self.columns = list(train.columns)
        self.text_columns = set(text_columns)
        self.levels = {name: sorted(train[name].dropna().unique()) for name in text_columns}
        numbers = [name for name in self.columns if name not in self.text_columns]
        self.mean, self.deviation = train[numbers].mean(), train[numbers].std(ddof=0).replace(0, 1)

    def of(self, table):
        blocks = []
        for name in self.columns:
            if name in self.text_columns and not self.is_one_hot:
                codes = {level: code for code, level in enumerate(self.levels[name])}
                block = table[name].map(codes).to_numpy(float)[:, None] / max(len(codes) - 1, 1)
            elif name in self.text_columns:
                block = np.stack([(table[name] == level).astype(float) for level in self.levels[name]], axis=1)
                block[table[name].isna().to_numpy()] = np.nan
            else:
                block = ((table[name] - self.mean[name]) / self.deviation[name]).to_numpy(float)[:, None]
            blocks.append(block)
        return np.concatenate(blocks, axis=1)

    def back(self, values):
        columns, first = {}, 0
        for name in self.columns:
            if name in self.text_columns:
                levels = np.array(self.levels[name], dtype=object)
                width = len(levels) if self.is_one_hot else 1
                block = values[:, first : first + width]
                codes = block.argmax(axis=1) if self.is_one_hot else np.rint(block[:, 0] * (len(levels) - 1))
                columns[name] = levels[np.clip(codes, 0, len(levels) - 1).astype(int)]
                first += width
            else:
                columns[name] = values[:, first] * self.deviation[name] + self.mean[name]
                first += 1
        return pd.DataFrame(columns)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    tables = [(each.name, each.table) for each in sets.load()[:3]] + [("diamonds", sets.diamonds())]
    print("| set | hidden | method | error of numbers | wrong categories |\n| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        program = Program(sys.argv[1], scratch)
        for name, table in tables:
            for fraction in FRACTIONS:
                compare(program, name, table.iloc[:MOST_ROWS].reset_index(drop=True), fraction)


def compare(program, name, table, fraction):
    text = [column for column in table.columns if not pd.api.types.is_numeric_dtype(table[column])]
    results = {}
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        table = table.iloc[random.permutation(len(table))].reset_index(drop=True)
        hidden = random.random(table.shape) < fraction
        gaps = table.mask(hidden)
        cut = len(table) * 8 // 10
        train, test, truth = gaps.iloc[:cut], gaps.iloc[cut:], table.iloc[cut:]
        for method, filled in methods(program, train, test, text, seed):
            filled.index = test.index
            results.setdefault(method, []).append(errors(truth, filled, hidden[cut:], text, table.std(ddof=0, numeric_only=True)))
    for method, values in results.items():
        numbers, categories = np.nanmean(np.array(values, dtype=float), axis=0)
        cells = [f"{value:.3f}" if np.isfinite(value) else "" for value in (numbers, categories)]
        print(f"| {name} | {fraction:.0%} | {method} | {cells[0]} | {cells[1]} |", flush=True)


def methods(program, train, test, text, seed):
    """Fills the gaps of the test rows by every method."""
    train_file, test_file = program.save("train.csv", train), program.save("test.csv", test)
    for kind in ("ae", "vae"):
        bundle = program.train(kind, train_file, *NETWORK, "--seed", seed)
        yield f"narrows {kind}", program.imputed(bundle, test_file, "--seed", seed)[list(train.columns)]
    peers = [
        ("mean, most frequent", SimpleImputer(keep_empty_features=True), True),
        ("KNNImputer", KNNImputer(keep_empty_features=True), True),
        ("IterativeImputer, one-hot", IterativeImputer(random_state=seed, keep_empty_features=True), True),
        ("IterativeImputer, ordinal", IterativeImputer(random_state=seed, keep_empty_features=True), False),
    ]
    for name, imputer, is_one_hot in peers:
        encoded = Encoded(train, text, is_one_hot)
        imputer.fit(encoded.of(train))
        yield name, encoded.back(imputer.transform(encoded.of(test)))


def errors(truth, filled, hidden, text, deviations):
    """Returns the mean error of the numbers and the share of wrong categories, over the hidden cells."""
    numbers, wrong = [], []
    for index, name in enumerate(truth.columns):
        rows = hidden[:, index]
        if not rows.any():
            continue
        expected, found = truth[name][rows], filled[name][rows]
        if name in text:
            wrong.extend(expected.astype(str).to_numpy() != found.astype(str).to_numpy())
        elif deviations[name] > 0:
            difference = expected.to_numpy(float) - found.astype(float).to_numpy()
            numbers.append(np.sqrt(np.mean(difference**2)) / deviations[name])
    return np.mean(numbers) if numbers else np.nan, np.mean(wrong) if wrong else np.nan


if __name__ == "__main__":
    main()
